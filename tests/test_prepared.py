"""Programs that run in a fork of a prepared Python: what they get, and how they end."""
import signal

import pytest

from compat import process
from tests import prepared

pytestmark = [pytest.mark.unit, pytest.mark.about()]


@pytest.fixture
def waiting(tree):
    """A function: a source -> a Prepared that has run it. It is ended with the test."""
    started = []

    def start(source):
        started.append(prepared.Prepared(tree, 'a program', source))
        return started[-1]

    yield start
    for one in started:
        one.end()


def test_a_program_has_its_arguments_and_an_empty_input(waiting):
    program = ('import os, sys; '
               'os.write(1, repr((sys.argv[1:], sys.stdin.read())).encode())')
    ended = waiting('').run(program, ['--port', '80'])
    assert (ended.returncode, ended.stderr) == (0, b'')
    assert ended.stdout == b"(['--port', '80'], '')"


def test_what_one_program_does_no_other_sees(waiting):
    one = waiting('import os; os.seen = []; os.write(1, b"ready")')
    program = 'import os; os.seen.append(1); os.write(1, str(os.seen).encode())'
    assert [one.run(program).stdout for _ in range(3)] == [b'[1]'] * 3


def test_the_end_of_each_is_its_own(waiting):
    one = waiting('import os, sys')
    ends = [one.run(program) for program in (
        'import os; os.abort()', 'import sys; sys.exit(3)', '1 // 0', '')]
    assert [ended.returncode for ended in ends] == [-signal.SIGABRT, 3, 1, 0]
    assert b'ZeroDivisionError' in ends[2].stderr
    assert [ended.stdout for ended in ends] == [b''] * 4


FOREVER = '''
import os, time
def sleep_on(deeper):
    if deeper:
        sleep_on(deeper - 1)
    os.write(1, b'asleep')
    time.sleep(1000)
sleep_on(50)
'''


@pytest.fixture
def waited_in_vain(tree, monkeypatch):
    """Some Pythons, one of which has run a program that does not end, and what was said
    of it."""
    pythons = prepared.Pythons()
    pythons.run(tree, 'a program', '', '')
    one, = pythons.waiting.values()
    real = process.clock
    monkeypatch.setattr(process, 'clock',
                        lambda: real() + process.DEADLINE * (b'asleep' in one.stdout))
    with pytest.raises(process.Timeout) as caught:
        pythons.run(tree, 'a program', '', FOREVER)
    monkeypatch.undo()
    yield pythons, str(caught.value)
    pythons.end()


def test_after_one_that_does_not_end_another_begins(tree, waited_in_vain):
    pythons, said = waited_in_vain
    assert 'in vain: a program runs a program; stdout: ' in said
    ended = pythons.run(tree, 'a program', '', 'import os; os.write(1, b"x")')
    assert ended.stdout == b'x'


def test_one_that_does_not_end_says_what_it_was_doing(waited_in_vain):
    pytest.importorskip('faulthandler')
    assert waited_in_vain[1].count(' in sleep_on\\n') == 51


def test_what_cannot_begin_is_said_with_what_it_wrote(waiting):
    with pytest.raises(process.Timeout) as caught:
        waiting('raise ValueError("no beginning")')
    assert 'no beginning' in str(caught.value)
