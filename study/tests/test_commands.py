"""list, run, diff and start, as a reader uses them."""
import os
import re
import shutil
import signal
import subprocess

import pytest

from compat import interpreters
from compat import trees
from study.diff import changes
from study.names import NAMES
from study.tests.tool import COMMAND, environment, on_a_terminal, study

ESCAPE = '\x1b['


@pytest.fixture
def server():
    """A function: arguments -> `study run` as a child that has said it listens."""
    children = []

    def start(*arguments):
        child = subprocess.Popen(COMMAND + ['run'] + list(arguments), cwd=trees.ROOT,
                                 stdout=subprocess.PIPE, env=environment())
        children.append(child)
        assert b'listening on' in child.stdout.readline()
        return child

    yield start
    for child in children:
        child.kill()
        child.wait()
        child.stdout.close()


def two_interpreters():
    try:
        return bool(interpreters.find(2))
    except interpreters.InterpreterMissing:
        return False


needs_python2 = pytest.mark.skipif(not two_interpreters(), reason='no Python 2.7 here')


@pytest.mark.parametrize('arguments, words', [
    (['sing'], 'no such command: sing'),
    (['run'], 'which recipe?'),
    (['run', 'gopher'], 'no such recipe: gopher'),
    (['run', 'console'], 'it runs nothing by itself'),
    (['run', 'tcp_serve'], 'did you mean tcp_server?'),
    (['run', 'tcp_server', '--tree', '/no/such'], 'no such folder: /no/such'),
    (['run', 'tcp_server', '--tree', trees.ROOT], 'no recipe in folder: '),
    (['diff'], 'which recipe?'),
    (['diff', 'gopher'], 'no such recipe: gopher'),
    (['diff', '--rule', 'oserrors'], 'did you mean oserror?'),
    (['check'], 'DIR'),
    (['check', '/no/such'], 'no such folder: /no/such'),
    (['check', trees.ROOT], 'no recipe in folder: '),
    (['check', 'py3', '--recipe', 'gopher'], 'no such recipe: gopher'),
    (['check', 'py2_original'], 'need Python 2'),
    (['demo', 'gopher'], 'no such recipe: gopher'),
    (['scan'], 'FILE|DIR'),
    (['scan', '/no/such'], 'no such file or folder: /no/such'),
    (['scan', 'py3', '--rule', 'oserrors'], 'did you mean oserror?'),
    (['scan', '.ci'], 'no .py file in .ci'),
    (['start', trees.ROOT], 'the folder is not empty'),
    (['start', '/proc/no/such'], 'No such file or directory'),
    (['start', 'x/py2_original'], 'choose another'),
], ids=' '.join)
def test_what_cannot_be_done_is_one_line_and_status_2(arguments, words):
    child = study(*arguments)
    assert (child.returncode, child.stdout) == (2, '')
    assert words in child.stderr
    assert len(child.stderr.splitlines()) == 1


def test_without_a_python_2_the_original_is_one_line_and_status_2(tmp_path):
    child = study('run', 'tcp_server', '--tree', 'py2_original', PATH=str(tmp_path),
                  PYENV_ROOT=str(tmp_path), PORT_PYTHON2='')
    assert child.returncode == 2
    assert child.stderr.startswith('study: No Python 2.7 found')
    assert len(child.stderr.splitlines()) == 1


@pytest.mark.parametrize('arguments', [[], ['list'], ['run'], ['diff'], ['check'],
                                       ['start'], ['demo'], ['report'], ['scan'],
                                       ['record'], ['replay']])
def test_help_names_the_command(arguments):
    child = study(*arguments, '--help')
    assert child.returncode == 0
    assert child.stdout.startswith('usage: study' + ''.join(
        ' ' + name for name in arguments))


def test_list_has_every_recipe_with_its_lines_and_rules():
    child = study('list', COLUMNS='120')
    assert (child.returncode, child.stderr) == (0, '')
    for recipe in NAMES:
        assert '\n' + recipe in child.stdout
    groups = changes.groups_of('tcp_server', trees.named('py2_original'),
                               trees.named('py3'))
    assert '%d/%d' % (sum(len(group.removed) for group in groups),
                      sum(len(group.added) for group in groups)) in child.stdout
    assert 'octal-literals' in child.stdout
    assert '\npy3 ' in child.stdout
    assert ESCAPE not in child.stdout


# run

@pytest.mark.parametrize('arguments, status', [
    (['tcp_server', '--serve', '--port', 'http'], 2),
    (['tcp_server.py', '--serve', '--host', 'no such host'], 1),
    (['--tree', 'py3', 'tcp_server', '--help'], 0)])
def test_the_exit_status_is_that_of_the_recipe(arguments, status):
    assert study('run', *arguments).returncode == status


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_for_the_recipe(server, number):
    child = server('tcp_server', '--serve')
    child.send_signal(number)
    assert child.wait(10) == 0


def test_a_recipe_that_a_signal_kills_is_a_death_by_that_signal(server):
    child = server('tcp_server', '--serve')
    child.send_signal(signal.SIGKILL)
    assert child.wait(10) == -signal.SIGKILL


def test_a_port_of_the_readers_own_is_run(tmp_path):
    (tmp_path / 'tcp_server.py').write_text('print("mine")\n')
    assert study('run', 'tcp_server', '--tree', str(tmp_path)).stdout == 'mine\n'


def test_a_recipe_that_the_folder_has_not_is_one_line(tmp_path):
    (tmp_path / 'tcp_server.py').write_text('')
    child = study('run', 'udp_server', '--tree', str(tmp_path))
    assert child.stderr == 'study: no recipe udp_server in folder: %s\n' % tmp_path


@needs_python2
def test_the_original_runs_under_python_2():
    child = study('run', 'server_hierarchy', '--tree', 'py2_original', '--help')
    assert (child.returncode, child.stderr) == (0, '')


@needs_python2
def test_both_run_side_by_side():
    child = study('run', 'tcp_server', '--both', COLUMNS='121')
    assert child.returncode == 0
    left = [line[:59].rstrip() for line in child.stdout.splitlines() if line[0] != ' ']
    right = [line[62:] for line in child.stdout.splitlines() if line[0] == ' ']
    assert (left.pop(0), right.pop(0)) == ('py2_original', 'py3')
    assert left[1:] == right[1:]
    assert left[-1] == '[exit status 0]'


@needs_python2
def test_the_worse_status_of_both_is_kept():
    assert study('run', '--both', 'tcp_server', '--no-such-option').returncode == 2


# diff

@pytest.mark.parametrize('recipe', NAMES)
def test_the_patch_turns_the_original_into_the_port(tmp_path, recipe):
    if not shutil.which('patch'):
        pytest.skip('no patch on this machine')
    original, port = (trees.named(name) for name in ('py2_original', 'py3'))
    shutil.copy(original.script(recipe), tmp_path)
    subprocess.run(['patch', '-s', '-p1', '-d', str(tmp_path)], check=True, text=True,
                   input=study('diff', recipe, '--unified').stdout)
    with open(port.script(recipe)) as source:
        assert (tmp_path / (recipe + '.py')).read_text() == source.read()


def test_the_patch_of_a_rule_is_that_rules_alone():
    text = study('diff', '--unified', '--rule', 'integer-division').stdout
    changed = [line for line in text.splitlines() if re.match('[+-][^+-]', line)]
    assert changed == [
        '-        % (count, len(services), 100 * count / len(services)))',
        '+        % (count, len(services), 100 * count // len(services)))',
        '-BUF_SIZE = MAX_FRAME / 16', '+BUF_SIZE = MAX_FRAME // 16']


def test_a_change_is_marked_and_explained():
    lines = study('diff', 'udp_server', COLUMNS='100').stdout.splitlines()
    place = next(n for n, line in enumerate(lines) if 'import SocketServer' in line)
    number = lines[place].split()[0]
    assert lines[place].split() == [number, 'import', 'SocketServer', '|', number,
                                    'import', 'socketserver']
    assert lines[place + 1].split() == ['^' * 12, '^' * 12]
    assert lines[place + 2].startswith(
        '      * renamed-modules: modules have lower-case names. ')


@pytest.mark.parametrize('columns', [60, 100, 160, 200])
def test_no_line_is_wider_than_the_screen(columns):
    text = study('diff', 'chat_server_with_select', COLUMNS=str(columns)).stdout
    assert max(map(len, text.splitlines())) <= columns
    assert ESCAPE not in text


def test_a_wide_screen_has_the_rules_beside_the_change():
    text = study('diff', 'udp_server', COLUMNS='180').stdout
    assert any('import SocketServer' in line and 'renamed-modules: ' in line
               for line in text.splitlines())


def test_a_rule_is_shown_wherever_it_occurs():
    text = study('diff', '--rule', 'octal-literals').stdout
    assert 'py3/serving.py' in text
    assert 'py3/unix_datagram_server.py' in text
    assert 'py3/tcp_server.py' not in text
    assert 'MIGRATION.md#octal-literals-an-octal-number-says-so' in text


def test_a_rule_without_a_line_names_its_tests():
    assert 'test_a_frame_is_four_bytes' in study('diff', '--rule', 'struct-sizes').stdout


def test_a_terminal_has_colours_unless_it_says_no():
    coloured = on_a_terminal('diff', 'udp_server', PAGER='cat')
    assert ESCAPE + '34m' in coloured  # a keyword
    plain = on_a_terminal('diff', 'udp_server', PAGER='cat', NO_COLOR='1')
    assert '[3' not in plain and '[9' not in plain  # the codes of colours
    assert ESCAPE + '1;4m' in plain  # bold and underlined


def test_a_terminal_has_a_pager_and_a_pipe_has_none():
    assert on_a_terminal('diff', 'udp_server', PAGER='echo paged; cat >/dev/null;'
                         ) == 'paged\n'
    assert 'paged' not in study('diff', 'udp_server', PAGER='echo paged').stdout


def test_a_reader_that_has_seen_enough_is_no_error():
    child = subprocess.run('%s -m study diff chat_server_with_select | head -1'
                           % COMMAND[0], shell=True, cwd=trees.ROOT, text=True,
                           capture_output=True, env=environment())
    assert (len(child.stdout.splitlines()), child.stderr) == (1, '')


# start

def test_start_makes_a_copy_of_the_originals(tmp_path):
    assert study('start', str(tmp_path / 'mine')).returncode == 0
    for recipe in NAMES:
        with open(trees.named('py2_original').script(recipe)) as source:
            assert (tmp_path / 'mine' / (recipe + '.py')).read_text() == source.read()


def test_what_2to3_makes_is_python_3_and_runs_where_it_may(tmp_path):
    assert study('start', str(tmp_path), '--with-2to3').returncode == 0
    for recipe in NAMES:
        path = tmp_path / (recipe + '.py')
        compile(path.read_text(), str(path), 'exec')
        assert os.access(path, os.X_OK) == os.access(
            trees.named('py2_original').script(recipe), os.X_OK)
