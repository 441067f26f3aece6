"""Which tests check runs, and that a verdict comes whatever a port does."""
import os
import shutil
import subprocess
import sys
import time

import pytest

from compat import process
from compat import trees
from study.suite import remains
from study.suite import suite
from study.tests.tool import environment, study

FIGURE, TCP, WEB = 'server_hierarchy', 'tcp_server', 'simple_web_server_with_epoll'
IMPORT = 'import contextlib\n'
ANSWER = '    def answer(self, data):\n'
MOST = 150  # seconds: 90 where nothing else runs
COLLECT = '''
import sys
import pytest
from tests import about

class Plugin:
    def pytest_collection_finish(self, session):
        for item in session.items:
            recipes = ' '.join(about.recipes_of(item))
            sys.stderr.write(item.nodeid + '\\t' + recipes + '\\n')

pytest.main(['--collect-only', '-q', 'tests'], plugins=[Plugin()])
'''


def whole_suite():
    """Return {id: the names that it is about, as text} of all that pytest collects."""
    child = subprocess.run([sys.executable, '-c', COLLECT], cwd=trees.ROOT, text=True,
                           stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                           env=dict(process.surroundings(), PYTHONDONTWRITEBYTECODE=''))
    return dict(line.split('\t') for line in child.stderr.splitlines())


def test_what_check_runs_and_the_tests_about_no_recipe_are_the_whole_suite():
    listed = study('check', 'py3', '--list').stdout.splitlines()
    everything = whole_suite()
    assert len(listed) == len(set(listed)) > 1000
    assert set(listed) == {test for test, about in everything.items() if about}


def test_the_tests_about_one_recipe_are_those_that_say_so():
    listed = study('check', 'py3', '--list', '--recipe', WEB).stdout.splitlines()
    assert set(listed) == {test for test, about in whole_suite().items()
                           if WEB in about.split()}
    assert any('test_hostile_http.py' in test for test in listed)


# A verdict in bounded time, whatever a port does


@pytest.fixture
def port(tmp_path):
    """A function: lines for the handler's answer() -> a tree with the shared modules
    and a copy of tcp_server that does that first, and threading imported."""
    def make(*lines):
        for name in trees.SHARED + (TCP,):
            shutil.copy(trees.named('py3').script(name), str(tmp_path))
        path = tmp_path / (TCP + '.py')
        text = path.read_text()
        assert text.count(ANSWER) == text.count(IMPORT) == 1
        text = text.replace(
            IMPORT, IMPORT + 'import os\nimport signal\nimport threading\n'
            'EVERY_SIGNAL = signal.valid_signals()\n')
        path.write_text(text.replace(ANSWER, ANSWER + ''.join(
            '        %s\n' % line for line in lines)))
        return trees.Tree(str(tmp_path))
    return make


HARM = {
    'spins': ['while True: pass'],
    'ignores signals': ['signal.pthread_sigmask(signal.SIG_BLOCK, EVERY_SIGNAL)',
                        'while True: pass'],
    'leaves a thread': ['threading.Thread(target=threading.Event().wait).start()'],
    'leaves a child that ignores signals': [
        'if not os.fork():',
        '    os.setsid()',
        '    signal.pthread_sigmask(signal.SIG_BLOCK, EVERY_SIGNAL)',
        '    while True: signal.pause()'],
    'prints without end': ['while True: print("x" * 99999)'],
    'sends without end': ['while True:',
                          '    self.request.sendall(b"x" * 9999)',
                          '    threading.Event().wait(0.01)'],
    'ends the process': ['os._exit(0)'],
    'leaves a copy of itself': ['if not os.fork():', '    os.setsid()'],
    'writes where it should not': ['for number in range(3, 30):',
                                   '    try: os.write(number, b"{}\\n")',
                                   '    except OSError: pass'],
}


@pytest.mark.parametrize('harm', HARM)
def test_a_verdict_comes_and_nothing_is_left(port, harm):
    begin = time.monotonic()
    tree = port(*HARM[harm])
    result = suite.run(tree, [TCP], deadline=2, seconds=3)[0]
    assert result.failed
    assert time.monotonic() - begin < MOST
    assert started_in(tree.path) == []


def started_in(folder):
    """Return the pids of processes that run something in a folder."""
    return [pid for pid in remains.everybody()
            if os.fsencode(folder) in remains.read(pid, 'cmdline')]


DESCRIPTORS = '''
import os, resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
for _ in range(1100):
    os.set_inheritable(os.open(os.devnull, os.O_RDONLY), True)
os.close(0)
os.execv(sys.executable, [sys.executable, '-m', 'study'] + sys.argv[1:])
'''


# Together, as far as they do not contradict each other.
@pytest.mark.parametrize('command, variables', [
    (['-m', 'study'], {'FORCE_COLOR': '1', 'PYTHONSAFEPATH': '1', 'LC_ALL': 'C',
                       'PYTHONWARNINGS': 'always', 'PYTHONPATH': trees.ROOT}),
    (['-c', DESCRIPTORS], {'NO_COLOR': '1', 'PYTHONUTF8': '1'})],
    ids=['variables', 'a closed stdin, many descriptors, and others'])
def test_the_verdict_does_not_depend_on_who_asks(command, variables):
    child = subprocess.run(
        [sys.executable] + command + ['check', 'py3', '--recipe', FIGURE],
        cwd=trees.ROOT, env=environment(**variables), text=True, capture_output=True)
    assert (child.returncode, child.stderr) == (0, '')
