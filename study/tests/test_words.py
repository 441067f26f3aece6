"""What Python has said is found, however deep in quotes and colours."""
import pytest

from study.rulebook import words
from study.suite.outcome import Outcome

ERROR = "TypeError: a bytes-like object is required, not 'str'"
TRACEBACK = 'Traceback (most recent call last):\n  File "x"\n%s\n' % ERROR
COLOURED = TRACEBACK.replace('TypeError', '\x1b[1;35mTypeError\x1b[0m')


@pytest.mark.parametrize('text', [
    TRACEBACK, repr(TRACEBACK.encode()), repr(repr(TRACEBACK)), repr(COLOURED),
    'waited in vain: %r' % repr('stderr: %r' % TRACEBACK.encode())],
    ids=['plain', 'repr', 'twice', 'coloured', 'thrice'])
def test_the_last_line_of_a_traceback_is_found(text):
    assert words.last_lines(words.plain(text))[-1:] == [ERROR]


def test_what_the_programs_of_a_test_said_is_heard():
    test = Outcome('x', 'wire', [], 'failed', text='E   assert b"" == b"x"',
                   said='noise\n' + TRACEBACK)
    assert ERROR in words.of_test(test)
    assert 'noise' not in words.of_test(test)


def test_the_name_of_a_thread_in_a_traceback_is_no_words():
    said = 'Exception in thread Thread-2 (process_request_thread):\n' + TRACEBACK
    test = Outcome('x', 'wire', [], 'failed', text='E   assert %r' % said, said=said)
    assert '(process_request_thread)' not in words.of_test(test)
