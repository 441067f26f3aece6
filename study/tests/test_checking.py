"""check, as a reader uses it: one small port, with and without a mistake."""
import os
import shutil
import signal
import subprocess

import pytest

from compat import process
from compat import trees
from study import output
from study.commands import check
from study.rulebook import rules
from study.suite.outcome import Outcome, Result
from study.tests.tool import COMMAND, environment, on_a_terminal, study

HIERARCHY = 'server_hierarchy'
RULES = rules.load()


@pytest.fixture
def port(tmp_path):
    """A function: (old, new) -> the path of a folder that has a copy of one recipe
    of py3/, changed, and of the shared modules."""
    def make(*changes):
        for name in trees.SHARED + (HIERARCHY,):
            shutil.copy(trees.named('py3').script(name), str(tmp_path))
        with open(trees.named('py3').script(HIERARCHY)) as source:
            text = source.read()
        for old, new in changes:
            assert text.count(old) == 1
            text = text.replace(old, new)
        (tmp_path / (HIERARCHY + '.py')).write_text(text)
        return str(tmp_path)
    return make


MISTAKE = (' if base is not object', '')


def test_a_faithful_port_is_status_0(port):
    child = study('check', port(), '--recipe', HIERARCHY)
    assert (child.returncode, child.stderr) == (0, ''), child.stdout
    assert child.stdout.splitlines()[0].startswith(HIERARCHY)
    assert ' faithful (' in child.stdout
    assert '\n1 of 1 recipes in ' in child.stdout


def test_a_mistake_is_status_1_and_its_rule_comes_first(port):
    child = study('check', port(MISTAKE), '--recipe', HIERARCHY)
    assert (child.returncode, child.stderr) == (1, '')
    assert 'NOT faithful: ' in child.stdout
    lines = child.stdout.splitlines()
    place = lines.index('  1. object-base: ' + RULES['object-base'].title)
    assert lines[place + 1].strip() == RULES['object-base'].link
    assert '\n       test_nobody_inherits_from_object' in child.stdout
    assert '\nTraceback' not in child.stdout


def test_the_traceback_is_there_for_the_asking(port):
    child = study('check', port(MISTAKE), '--recipe', HIERARCHY, '--verbose')
    assert 'test_server_hierarchy.py:' in child.stdout


def test_a_missing_recipe_and_one_that_does_not_compile_are_a_line_each(port):
    folder = port(('def main():', 'print message\n\n\ndef main():'))
    lines = study('check', folder).stdout.splitlines()
    assert lines[1].split()[:2] == ['udp_server', 'missing']
    assert any(line.startswith(HIERARCHY) and 'does not compile: line ' in line
               for line in lines)
    assert any(line.strip().startswith('print-function: ') for line in lines)
    assert lines[-1].startswith('0 of 11 recipes and 2 of 2 shared modules in ')


def test_a_shared_module_that_is_not_ported_is_said_first_and_once(port):
    folder = port()
    shutil.copy(trees.named('py2_original').script('console'), folder)
    lines = study('check', folder, '--recipe', HIERARCHY).stdout.splitlines()
    assert lines[0].startswith('console ')
    assert 'does not compile: line ' in lines[0] and 'port it first' in lines[0]
    assert lines[1].split()[0] == 'print-function:'
    assert [line.split()[:3] for line in lines if ' waits ' in line] == [
        ['serving', 'waits', 'for'], [HIERARCHY, 'waits', 'for']]
    assert lines[-1].startswith('0 of 1 recipes in ')


def test_a_shared_module_that_cannot_be_imported_is_named_with_its_rule(port):
    folder = port()
    path = os.path.join(folder, 'serving.py')
    with open(path) as source:
        text = source.read().replace('socketserver', 'SocketServer')
    with open(path, 'w') as target:
        target.write(text)
    lines = study('check', folder, '--recipe', HIERARCHY).stdout.splitlines()
    assert lines[0].startswith('serving ')
    assert "cannot be imported: ModuleNotFoundError: No module named" in lines[0]
    assert lines[1].split()[0] == 'renamed-modules:'


def test_a_shared_module_is_checked_with_the_recipes_that_import_it(port):
    child = study('check', port(), '--recipe', 'console')
    assert (child.returncode, child.stderr) == (0, ''), child.stdout
    words = [line.split()[:2] for line in child.stdout.splitlines()]
    assert ['console', 'faithful'] in words and [HIERARCHY, 'faithful'] in words
    assert '1 of 1 recipes and 2 of 2 shared modules in ' in child.stdout


def test_what_could_not_be_asked_is_counted_with_its_reason(capsys):
    tests = {str(number): Outcome(str(number), 'wire', [], outcome, 'no nc here')
             for number, outcome in enumerate(['passed', 'skipped', 'skipped'])}
    checker = check.Checker(output.console(), trees.named('py3'), False, 0)
    checker.say_verdict(Result(HIERARCHY, tests))
    said = capsys.readouterr().out.splitlines()
    assert said[0].split() == [HIERARCHY, 'faithful', '(1', 'tests)']
    assert said[1].strip() == '2 more could not be run: no nc here'


def test_where_not_all_was_run_nothing_is_called_faithful(capsys):
    tests = {str(number): Outcome(str(number), 'wire', [], outcome)
             for number, outcome in enumerate(['passed', ''])}
    checker = check.Checker(output.console(), trees.named('py3'), False, 0)
    checker.say_verdict(Result(HIERARCHY, tests))
    assert 'NOT known: only 1 tests were run (of 2' in capsys.readouterr().out
    assert not check.is_faithful(Result(HIERARCHY, tests))
    assert not check.is_faithful(Result(HIERARCHY))


def test_an_invalid_escape_does_not_compile(port):
    folder = port(('def main():', "PLACE = '\\d'\n\n\ndef main():"))
    lines = study('check', folder, '--recipe', HIERARCHY).stdout.splitlines()
    assert 'does not compile: ' in lines[0] and 'invalid escape' in lines[0]


def test_a_terminal_shows_how_far_it_is(port):
    assert 'tests, 0 failed' in on_a_terminal('check', port(), '--recipe', HIERARCHY)


def test_without_pytest_it_is_one_line_and_status_2(port):
    code = ('import importlib.util as util, sys; found = util.find_spec; '
            'util.find_spec = lambda name: None if name == "pytest" else found(name); '
            'from study.__main__ import main; sys.exit(main(sys.argv[1:]))')
    child = subprocess.run([COMMAND[0], '-c', code, 'check', port()], text=True,
                           capture_output=True, cwd=trees.ROOT, env=environment())
    assert (child.returncode, child.stdout) == (2, '')
    assert child.stderr.endswith('-m pip install pytest\n')
    assert len(child.stderr.splitlines()) == 1


def test_watch_checks_again_when_a_file_changes(port):
    folder = port(('"""Which', 'print message\n"""Which'))
    child = subprocess.Popen(COMMAND + ['check', folder, '--recipe', HIERARCHY,
                                        '--watch'],
                             cwd=trees.ROOT, stdout=subprocess.PIPE, text=True,
                             env=environment(PYTHONUNBUFFERED='1'))
    try:
        assert 'does not compile: line 2' in wait_for(child, 'Watching')
        path = os.path.join(folder, HIERARCHY + '.py')
        with open(path, 'w') as target:
            target.write('\n\n\nprint message\n')
        assert 'does not compile: line 4' in wait_for(child, 'Watching')
        child.send_signal(signal.SIGINT)
        assert child.wait(10) == 1
    finally:
        child.kill()
        child.wait()
        child.stdout.close()


def test_an_interrupted_check_ends_what_it_started(port):
    child = subprocess.Popen(COMMAND + ['check', port()], cwd=trees.ROOT, text=True,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             env=environment(PORT_CHILD='interrupted'))
    process.wait_until(lambda: len(marked()) > 3, 'it runs tests')
    child.send_signal(signal.SIGINT)
    said, errors = child.communicate(timeout=process.DEADLINE)
    assert (child.returncode, errors) == (130, '')
    assert 'faithful' not in said
    process.wait_until(lambda: not marked(), 'nothing is left')


def marked():
    """Return the pids of the processes with the test's mark in their environment."""
    def has_mark(pid):
        try:
            with open('/proc/%s/environ' % pid, 'rb') as source:
                return b'PORT_CHILD=interrupted' in source.read().split(b'\0')
        except OSError:
            return False
    return [pid for pid in os.listdir('/proc') if pid.isdigit() and has_mark(pid)]


def wait_for(child, words):
    """Return what a child prints up to a line with these words."""
    said = ''
    for line in child.stdout:
        said += line
        if words in line:
            return said
    raise AssertionError('it ended, and said: ' + said)


def test_the_anchor_of_a_rule_is_a_heading(port):
    for rule in RULES.values():
        anchor = rule.link.partition('#')[2]
        with open(rules.PATH) as source:
            headings = [line for line in source if line.startswith('### `%s`' % rule.id)]
        assert [rules.slug(line[4:].strip()) for line in headings] == [anchor]
