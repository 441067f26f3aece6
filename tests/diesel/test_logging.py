"""What diesel says on stderr, and how it is told to be quiet."""
import re

import pytest

from compat import diesel
from compat.diesel import logmod
from tests.diesel.test_more_than_the_original import guaranteed

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
def logged(forked_program):
    """A function: the source of a program -> its lines on stderr."""
    def start(source):
        return forked_program(PROGRAM + source).stderr.decode('utf-8').splitlines()
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


def test_the_time_is_utc(forked_program):
    hour = 'print(time.strftime("[%Y/%m/%d %H:", time.gmtime()))\n'
    child = forked_program(
        'import os, time; os.environ["TZ"] = "XYZ-05:30"; time.tzset()' + PROGRAM
        + hour + 'diesel.log.info("now")\n' + hour)
    hours = child.stdout.decode('ascii').split('\n')[:2]
    assert child.stderr.decode('ascii').startswith(tuple(hours))


def test_a_newline_in_a_message_begins_no_line(logged):
    line, = logged('diesel.log.warning("{0}", "hello\\n[2012/05/30] forged")')
    assert line.endswith('WARNING|hello\\n[2012/05/30] forged')


def test_newlines_can_be_asked_for(logged):
    lines = logged('diesel.log.options(suppress_newlines=False).info("one\\ntwo")')
    assert [lines[0].split('|')[1], lines[1]] == ['one', 'two']


@pytest.mark.parametrize('call', [
    'info("{0} {1}", 1)', 'info("a {b}")', 'info("{", 1)', 'error("{0.nothing}", 1)',
    'trace().error("{0} {1}", 1)', 'options(style="odd").info("{0}", 1)',
    'info("{0}", lambda: 1 // 0)', 'fields(a=lambda: 1 // 0).info("{0}", 1)'])
def test_what_cannot_be_formatted_is_said_and_the_program_goes_on(logged, call):
    lines = logged('''
def main():
    diesel.log.%s
    diesel.log.info('went on')
    diesel.quickstop()
diesel.quickstart(main)
''' % call)
    texts = [line.split('|', 1)[-1] for line in lines]
    assert 'went on' in texts
    assert any('format' in text for text in texts)


@pytest.mark.parametrize('style, message, values', [
    ('percent', '%s and %s', '1, 2'), ('%', '%(a)s and %(b)s', 'a=1, b=2'),
    ('dollar', '$a and $b', 'a=1, b=2'), ('$', '${a} and $b', 'a=1, b=2'),
    ('braces', '{0} and {b}', '1, b=2')])
def test_a_message_may_have_another_style(logged, style, message, values):
    line, = logged('diesel.log.options(style=%r).info(%r, %s)' % (
        style, message, values))
    assert line.endswith('{diesel} INFO|1 and 2')


def test_a_function_among_the_values_is_called(logged):
    line, = logged('diesel.log.info("{0} {a}", lambda: 1, a=lambda: 2)')
    assert line.endswith('{diesel} INFO|1 2')


def test_an_unknown_option_is_refused():
    with pytest.raises(ValueError):
        diesel.log.options(nonsense=True)


def test_a_logger_has_a_least_level(logged):
    lines = logged('''
diesel.log.min_level = levels.ERROR
for log in (diesel.log, diesel.log.name('named'), diesel.logmod.olog):
    log.warning('a warning')
    log.error('an error')
''')
    assert [line.split('] ')[1] for line in lines] == [
        '{diesel} ERROR|an error', '{named} ERROR|an error', 'WARNING|a warning',
        'ERROR|an error']


def test_a_traceback_is_there_only_where_there_is_an_exception(logged):
    lines = logged('diesel.log.trace().error("nothing")')
    assert [line.split('|')[1] for line in lines] == ['nothing']


def test_a_traceback_can_be_given(logged):
    text = '\n'.join(logged('''
try:
    1 // 0
except ZeroDivisionError:
    error = __import__('sys').exc_info()
diesel.log.trace(error).error('failed')
'''))
    assert 'ERROR|failed\nTraceback' in text and 'ZeroDivisionError' in text


@guaranteed('log lines have their fields')
@pytest.mark.parametrize('call, line', [
    ('fields(room=5).info("hello")', 'INFO room=5|hello'),
    ('fields(b=2, a=lambda: 1).fields(c="x\\ny").info("hello")',
     'INFO a=1 b=2 c=x\\ny|hello'),
    ('fields_dict({"a room": 5}).error("hello")', 'ERROR a room=5|hello'),
    ('struct(room=5)', 'INFO room=5|'),
    ('struct_dict({"a room": 5})', 'INFO a room=5|')])
def test_a_line_has_fields(logged, call, line):
    assert [one.split('{diesel} ')[1] for one in logged('diesel.log.' + call)] == [line]


@guaranteed('log lines have their fields')
def test_what_goes_to_wsgi_errors_is_no_format_string(logged):
    pytest.importorskip('h11')
    line, = logged('from compat.diesel.protocols.http import FileLikeErrorLogger\n'
                   'FileLikeErrorLogger(diesel.log).write("a {brace} {0}")')
    assert line.endswith('ERROR|a {brace} {0}')


@guaranteed('a log that nobody reads ends nothing')
def test_a_log_that_nobody_can_read_ends_nothing(forked_program):
    child = forked_program(PROGRAM + '''
import os
import sys
def main():
    diesel.log.info('to nobody')
    os.write(1, b'went on')
    os._exit(0)
reading, writing = os.pipe()
os.close(reading)
os.dup2(writing, 2)
diesel.quickstart(main)
''')
    assert child.stdout == b'went on'


def test_lines_of_twiggy_come_out_beside_those_of_diesel(logged):
    pytest.importorskip('twiggy')
    lines = logged('''
from twiggy import log
log.name('mine').info('hello {0}', 'you\\nthere')
log.debug('not this')
try:
    1 // 0
except ZeroDivisionError:
    log.trace('error').error('failed')
set_log_level(levels.ERROR)
log.info('nor this')
''')
    assert [line.split('] ')[-1] for line in lines[:3]] == [
        '{mine} INFO|hello you\\nthere', 'ERROR|failed',
        'Traceback (most recent call last):']
    assert lines[-1].startswith('ZeroDivisionError')
