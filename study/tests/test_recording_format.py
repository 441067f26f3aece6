"""The file of a recording: what is written is read, and what is none is refused."""
import io
import os
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compat import trees
from study.errors import StudyError
from study.recording import conversations
from study.recording.conversations import quoted, unquoted

HEAD = 'conversations 1\nkind stream\nto 127.0.0.1:8007\n'
COMMAND = ['run', 'it now', "'", '"', 'line 1\nline 2', '', 'gr\xfcn', '\udcff', '\\']
# Load makes it slow, which says nothing.
patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def load(tmp_path, text):
    path = tmp_path / 'recording'
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return conversations.load(str(path))


def read(text):
    return conversations.Reader('recording').read(io.StringIO(text))


@patient
@given(st.binary())
def test_any_bytes_come_back(data):
    text = quoted(data)
    assert text.isprintable() and text.isascii()
    assert unquoted(text[1:-1]) == data


@pytest.mark.parametrize('text', ['\\u00e9', '\\N{BULLET}', '\\101', '\\a', '\\', '"',
                                  '\\x4', 'gr\xfcn', '\t'])
def test_an_escape_that_is_none_is_refused(text):
    with pytest.raises(ValueError):
        unquoted(text)


@patient
@given(st.lists(st.tuples(st.sampled_from('<>'), st.binary(max_size=3 * 4096))))
def test_what_is_written_is_read(messages):
    file = io.StringIO()
    writer = conversations.Writer(file, 'datagram', 'a/p\xe4th', COMMAND)
    number = writer.connect(unnamed=True)
    for side, data in messages:
        writer.data(number, side, data)
    writer.ended(number, '<', 'end')
    writer.stop()
    writer.screen('stdout', [b'one\n', b'two'])
    writer.status(143, False)
    writer.finish()
    recording = read(file.getvalue())
    assert (recording.kind, recording.to) == ('datagram', 'a/p\xe4th')
    assert recording.command == COMMAND
    assert [(event.side, event.data) for event in recording.events
            if event.what == 'data'] == messages
    assert [event.what for event in recording.events if event.what != 'data'] == [
        'unnamed', 'end', 'stop']
    assert (recording.screen['stdout'], recording.status) == (b'one\ntwo', 143)
    assert not recording.by_itself


def test_a_long_message_stands_in_lines_that_people_can_read():
    file = io.StringIO()
    writer = conversations.Writer(file, 'stream', 'x/y')
    writer.data(writer.connect(), '>', b'x' * 10000)
    assert max(map(len, file.getvalue().splitlines())) < 4200


def test_the_example_of_the_format_can_be_read():
    with open(os.path.join(trees.ROOT, 'study/recording/FORMAT.md')) as page:
        text = re.search('```\n(conversations.*?)```', page.read(), re.DOTALL)[1]
    recording = read(text)
    assert recording.total == 1
    assert recording.screen['stdout'].endswith(b'response: [HELLO\\n]\n')


def test_comments_and_empty_lines_say_nothing():
    assert read(HEAD + '# by hand\n\n0.0 1 connect\nend of 1 conversation\n').total == 1


def test_a_file_whose_lines_end_as_on_another_system_is_read(tmp_path):
    text = (HEAD + '0.0 1 connect\nend of 1 conversation\n').replace('\n', '\r\n')
    assert load(tmp_path, text.encode()).total == 1


@pytest.mark.parametrize('text, words', [
    ('', 'recording: no recording: its first line is not "conversations 1"'),
    (os.urandom(5000).replace(b'conv', b''), 'no recording: its first line'),
    ('hello\n', 'no recording: its first line'),
    ('conversations 2\n', 'of version 2, and this program reads version 1'),
    (HEAD, 'line 3: cut off: the last line is not'),
    (HEAD + '0.0 1 connect\n', 'line 4: cut off: the last line is not'),
    (HEAD + '0.0 1 con', 'line 4: cut off in the middle of a line'),
    (HEAD + '0.0 1 connected\n', 'line 4: no line of a recording: 0.0 1 connected'),
    (HEAD + '0.0 1 connect\nend of 2 conversations\n',
     'line 5: 2 conversations are promised, and there are 1'),
    (HEAD + 'end of 0 conversations\n0.0 1 connect\n', 'line 5: a line after the end'),
    (HEAD + '0.0 1 > "x"\n', 'line 4: conversation 1 has not begun'),
    (HEAD + '0.0 1 connect\n0.0 1 connect\n', 'line 5: conversation 1 begins twice'),
    (HEAD + '0.0 1 connect\n0.0 1 > end\n0.0 1 > "x"\n',
     'line 6: conversation 1: that side has ended'),
    (HEAD + '0.0 1 connect\n0.0 1 > "\\q"\n', 'line 5: no such escape'),
    (HEAD + '0.0 1 connect\n0.0 1 > "gr\xfcn"\n', 'line 5: no such escape, or a byte'),
    (HEAD + '    "x"\n', 'line 4: goes on with a message that has not begun'),
    (HEAD + 'kind packets\n', 'line 4: no such kind: packets'),
    (HEAD + 'command "x\n', 'line 4: a word without its quotation mark'),
], ids=lambda value: re.sub(r'\W+', '-', value[-30:]) if isinstance(value, str) else '')
def test_what_is_no_recording_is_refused_with_its_line(text, words, tmp_path):
    with pytest.raises(StudyError) as error:
        load(tmp_path, text)
    assert words in str(error.value)
    assert '\n' not in str(error.value)


def test_a_recording_cut_anywhere_is_refused(tmp_path):
    text = (HEAD + '0.0 1 connect\n0.1 1 > "hello\\n"\n0.2 1 < end\nstatus 0 by itself\n'
            'end of 1 conversation\n')
    read(text)
    for place in range(len(text)):
        with pytest.raises(StudyError):
            load(tmp_path, text[:place])
