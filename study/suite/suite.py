"""The shared suite, run against a folder: one pytest, and some forks of it that run the
tests (see study.suite.pool)."""
import contextlib
import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile

from compat import process
from compat import trees
from study.errors import StudyError
from study.suite import pool
from study.suite import remains
from study.suite.outcome import Outcome, Result

AT_ONCE = 4  # tests: they mostly wait, so that several share the processors well
ENOUGH = 12  # failed tests of a recipe: more would say nothing new
SECONDS = 1800  # for all tests, however many fail
GOODBYE = 10  # seconds that pytest gets to end, after its last word
# Seconds that a test waits for what never comes. A port with one mistake may have
# dozens of such tests; in a faithful one none takes a second.
DEADLINE = 8
NEEDED = {'pytest': 'pytest', 'pytest_timeout': 'pytest-timeout', 'six': 'six',
          'greenlet': 'greenlet', 'hypothesis': 'hypothesis'}
# Variables: pytest may keep its bytecode, and writes no results for tox.
NOT_OURS = ('PYTHONDONTWRITEBYTECODE', 'PORT_RESULTS', 'PORT_TREE')
# Its tests are about compat.diesel and no recipe: a test holds that.
LEFT_OUT = os.path.join('tests', 'diesel')


def require_packages():
    """Raise StudyError if the suite cannot run with this Python."""
    missing = [package for module, package in NEEDED.items()
               if importlib.util.find_spec(module) is None]
    if missing:
        raise StudyError('the suite needs packages that are not here: %s -m pip '
                         'install %s' % (sys.executable, ' '.join(missing)))


def tests_about(tree, names):
    """Return the tests about some recipes and shared modules as Outcomes, in the order
    of the run. None is run. Raises StudyError."""
    options = ['--collect-only', '--study-without', '']
    return list(Run(tree, names, options).tests(lambda known, test: None))


def run(tree, names, progress=lambda known, test: None, enough=ENOUGH,
        at_once=AT_ONCE, deadline=DEADLINE, seconds=SECONDS, without=()):
    """Run the tests about some recipes and shared modules of a tree; return a Result of
    each, in order. A test about several of them is run once; a test that is also about
    a name in without is not run.

    The tests of a recipe end when enough of them have failed; with 0 all are run. What
    has not ended after so many seconds has failed. progress(known, test) is called with
    the number of tests that were found and None, and with 0 and the Outcome of each
    that has ended. Raises StudyError if the tests do not run at all.
    """
    if not names:
        return []
    options = ['--study-enough', str(enough), '--study-workers', str(at_once),
               '--study-seconds', str(seconds), '--study-without', ','.join(without)]
    results = {name: Result(name) for name in names}
    for test in Run(tree, names, options, deadline).tests(progress):
        for name in test.about:
            results[name].tests[test.id] = test
    return list(results.values())


class Run:
    """One pytest, from its start to the last process that it leaves behind."""

    def __init__(self, tree, names, options, deadline=DEADLINE):
        self.tree, self.names, self.options = tree, names, options
        self.deadline, self.mark = deadline, '%d-%s' % (os.getpid(), os.urandom(8).hex())

    def tests(self, progress):
        """Run it, and return the tests as Outcomes. Raises StudyError."""
        folder, found = tempfile.mkdtemp(prefix='study-'), {}
        reading, writing = os.pipe()
        try:
            with open(os.path.join(folder, 'output'), 'w+b') as log:
                child = self.start(folder, writing, log)
                os.close(writing)
                with ending(child), open(reading, encoding='utf-8') as lines:
                    whole = take_all(lines, found, progress)
                log.seek(0)
                if not (whole and found):
                    raise StudyError('the tests did not run: ' + complaint(log.read()))
        finally:
            remains.kill_marked(self.mark)
            shutil.rmtree(folder, ignore_errors=True)
        return found.values()

    def start(self, folder, descriptor, log):
        """Start pytest; its results go to the descriptor."""
        environment = {name: value for name, value in process.surroundings().items()
                       if not name.startswith('PYTEST') and name not in NOT_OURS}
        environment.update({'TMPDIR': folder, 'PORT_DEADLINE': str(self.deadline),
                            'PYTEST_DISABLE_PLUGIN_AUTOLOAD': '1',
                            remains.MARK: self.mark})
        return subprocess.Popen(
            [sys.executable, '-b', '-m', 'pytest', '-vv', '-p', 'study.suite.plugin',
             '-p', 'no:cacheprovider', '-p', 'pytest_timeout',
             '-p', '_hypothesis_pytestplugin',
             '--timeout', str(pool.LIMIT), '--timeout-method', 'signal',
             # hypothesis does so among its examples; for a child it is an error.
             '-W', 'ignore:Comparison between bytes and int:BytesWarning',
             '--ignore', LEFT_OUT, '--tree', self.tree.path,
             '--study-names', ','.join(self.names), '--study-fd', str(descriptor)]
            + self.options + ['tests'],
            cwd=trees.ROOT, env=environment, pass_fds=[descriptor],
            start_new_session=True, stdin=subprocess.DEVNULL, stdout=log, stderr=log)


@contextlib.contextmanager
def ending(child):
    """A context: when it is left, pytest ends by itself, or as if by Ctrl-C where there
    was an exception; in any case it ends."""
    try:
        yield
    except BaseException:
        child.send_signal(signal.SIGINT)
        raise
    finally:
        try:
            child.wait(GOODBYE)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def take_all(lines, found, progress):
    """Take what the plugin writes; return whether it has come to its last word."""
    for line in lines:
        message = json.loads(line)
        if message is None:
            return True
        take(found, message, progress)
    return False


def take(found, message, progress):
    """Add what the plugin wrote to the tests that were found, a dict by id."""
    if isinstance(message, list):
        found.update({entry['id']: Outcome(**entry) for entry in message})
        progress(len(message), None)
        return
    test = found[message['id']]
    for name, value in message.items():
        setattr(test, name, value)
    progress(0, test)


def complaint(output):
    """Return the line of pytest's output that says best what went wrong."""
    lines = output.decode('utf-8', 'replace').strip().splitlines() or ['']
    return next((line for line in lines if re.search('[Ee]rror: ', line)), lines[-1])
