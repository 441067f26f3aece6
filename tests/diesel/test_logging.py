"""What diesel says on stderr, and how it is told to be quiet."""
import re

import pytest

from compat import diesel
from compat.diesel import logmod

pytestmark = [pytest.mark.unit, pytest.mark.rule('diesel')]

LEVELS = ['DEBUG', 'INFO', 'NOTICE', 'WARNING', 'ERROR', 'CRITICAL']

PROGRAM = '''
from compat import diesel
from compat.diesel.logmod import levels, set_log_level
def end():
    diesel.sleep()
    diesel.quickstop()
'''


@pytest.fixture
def logged(program):
    """A function: the source of a program -> its lines on stderr."""
    def start(source):
        return program(PROGRAM + source).stderr.decode('utf-8').splitlines()
    return start


def test_levels_are_in_order():
    levels = [getattr(diesel.levels, name) for name in LEVELS + ['DISABLED']]
    assert levels == sorted(levels)
    assert len(set(levels)) == 7
    assert [str(level) for level in levels] == LEVELS + ['DISABLED']


def test_levels_compare():
    levels = diesel.levels
    assert levels.DEBUG < levels.INFO <= levels.INFO < levels.CRITICAL
    assert levels.ERROR > levels.WARNING >= levels.NOTICE
    assert levels.ERROR == levels.ERROR != levels.WARNING


def test_levels_have_three_homes():
    assert diesel.loglevels is diesel.levels is logmod.levels


def test_a_line_has_its_time_its_name_and_its_level(logged):
    line, = logged('diesel.log.warning("hello {0} {name}", 5, name="x")')
    time, text = line.split('] ')
    assert re.match(r'\[\d{4}/\d\d/\d\d \d\d:\d\d:\d\d$', time)
    assert text == '{diesel} WARNING|hello 5 x'


def test_a_logger_may_have_another_name(logged):
    line, = logged('diesel.log.name("chat").info("hello")')
    assert line.endswith('{chat} INFO|hello')


def test_less_grave_lines_can_be_left_out(logged):
    lines = logged(''.join(
        'set_log_level(levels.%s)\n' % least + ''.join(
            'diesel.log.%s("%s")\n' % (level.lower(), least) for level in LEVELS)
        for least in LEVELS + ['DISABLED']))
    assert [line.split('} ')[1] for line in lines] == [
        level + '|' + least for number, least in enumerate(LEVELS)
        for level in LEVELS[number:]]


def test_information_is_shown_from_the_start(logged):
    lines = logged('diesel.log.debug("quiet")\ndiesel.log.info("loud")')
    assert [line.split('|')[1] for line in lines] == ['loud']


def test_the_start_and_the_end_are_logged(logged):
    lines = [line.split('} ')[1] for line in logged('diesel.quickstart(end)')]
    assert [re.sub('<.*>', '<hub>', line) for line in lines] == [
        'WARNING|Starting diesel <hub>',
        'WARNING|-- ApplicationEnd raised.. exiting main loop --',
        'INFO|Ending diesel application']


def test_an_error_in_a_loop_is_logged_with_its_label_and_traceback(logged):
    text = '\n'.join(logged('''
def worker():
    diesel.label('the worker')
    raise ValueError('because')
diesel.quickstart(worker, end)
'''))
    assert 'ERROR|-- Unhandled Exception in local loop <the worker> --' in text
    assert 'Traceback (most recent call last):' in text
    assert 'ValueError: because' in text


@pytest.mark.parametrize('error', ['TerminateLoop', 'ParentDiedException'])
def test_the_end_of_a_loop_on_purpose_is_not_logged(logged, error):
    text = '\n'.join(logged('def worker(): raise diesel.%s()\n'
                            'diesel.quickstart(worker, end)' % error))
    assert error not in text and 'Traceback' not in text


def test_an_error_in_a_callback_is_logged(logged):
    text = '\n'.join(logged('''
def main():
    diesel.runtime.current_app.hub.schedule(lambda: 1 // 0)
diesel.quickstart(main, end)
'''))
    assert 'ERROR|' in text
    assert 'ZeroDivisionError' in text


def test_a_traceback_can_be_asked_for(logged):
    text = '\n'.join(logged('''
try:
    1 // 0
except ZeroDivisionError:
    diesel.log.trace().error('failed')
'''))
    assert 'ERROR|failed\nTraceback (most recent call last):' in text
    assert 'ZeroDivisionError' in text


def test_a_loop_that_is_started_again_is_logged(logged):
    text = '\n'.join(logged('''
def main():
    diesel.runtime.current_app.add_loop(diesel.Loop(abs, -1), keep_alive=True)
diesel.quickstart(main, end, end)
'''))
    assert re.search(r'WARNING\|\(Keep-Alive loop <Loop id=\d+ callable=.*> died; '
                     r'restarting\)', text)
