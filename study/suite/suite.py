"""The shared suite, run against a folder: each recipe in a pytest of its own, and
one that is tested alone in several.

The tests mostly wait, so several runs share the processors well.
"""
import concurrent.futures
import contextlib
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field

from compat import trees
from study.errors import StudyError

AT_ONCE = 4  # runs of pytest
ENOUGH = 12  # failed tests of a recipe: more of them say no more
LIMIT = 60  # seconds for a test that would never end by itself
# Seconds that a test waits for what never comes: a port with one mistake may have
# dozens of such tests, and one that is faithful needs no second.
DEADLINE = '8'
NEEDED = {'pytest': 'pytest', 'pytest_timeout': 'pytest-timeout', 'six': 'six',
          'greenlet': 'greenlet', 'hypothesis': 'hypothesis'}


@dataclass
class Outcome:
    """A test and how it ended.

    kind is its marker: 'unit', 'wire'... outcome is 'passed', 'failed', 'skipped', or
    '' if it was not run; message says in short why, text is the traceback, and
    asserted says that an assertion of the suite failed, and no error came before it.
    """

    id: str
    kind: str
    rules: list
    outcome: str = ''
    message: str = ''
    text: str = ''
    asserted: bool = False

    @property
    def name(self):
        """Its name, with its parameters."""
        return self.id.rpartition('::')[2]

    @property
    def function(self):
        """The id without the parameters."""
        return self.id.partition('[')[0]

    @property
    def failed(self):
        return self.outcome == 'failed'


@dataclass
class Result:
    """What the suite says about one recipe. tests is a dict by id."""

    recipe: str
    tests: dict = field(default_factory=dict)

    @property
    def failed(self):
        """The tests that failed, as a list."""
        return [test for test in self.tests.values() if test.failed]

    @property
    def ran(self):
        """The tests that were run, as a list."""
        return [test for test in self.tests.values() if test.outcome]


def files():
    """Return the files of the suite, which are below the project's root."""
    found = []
    for folder, _, names in os.walk(os.path.join(trees.ROOT, 'tests')):
        found += [os.path.relpath(os.path.join(folder, name), trees.ROOT)
                  for name in names if name.startswith('test_') and name.endswith('.py')]
    return sorted(found)


def files_about(recipe):
    """Return the files of the suite in which a recipe's name stands."""
    return [path for path in files() if recipe in read(os.path.join(trees.ROOT, path))
            or 'trees.RECIPES' in read(os.path.join(trees.ROOT, path))]


def read(path):
    with open(path, encoding='utf-8') as source:
        return source.read()


def require_packages():
    """Raise StudyError if the suite cannot run with this Python."""
    missing = [package for module, package in NEEDED.items()
               if importlib.util.find_spec(module) is None]
    if missing:
        raise StudyError('the suite needs packages that are not here: %s -m pip '
                         'install %s' % (sys.executable, ' '.join(missing)))


def run(tree, recipes, progress=lambda known, test: None, enough=ENOUGH):
    """Run the tests of some recipes against a tree; return their Results.

    A recipe's tests end when enough of them have failed; with 0 all are run.
    progress(known, test) is called from several threads: with the number of tests
    that were found and None, and with 0 and the Outcome of one that has ended.
    Raises StudyError if a recipe's tests do not run at all.
    """
    results, children = [Result(recipe) for recipe in recipes], []
    parts = max(1, AT_ONCE // max(1, len(recipes)))
    more = ['--maxfail', str(-(-enough // parts))]
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        running = [pool.submit(run_part, tree, result,
                               more + ['--study-part', '%d/%d' % (part, parts)], progress,
                               children)
                   for result in results for part in range(parts)]
        try:
            for future in running:
                future.result()
        except BaseException:  # Ctrl-C or not: nothing goes on without us
            pool.shutdown(wait=False, cancel_futures=True)
            interrupt(children)
            raise
    for result in results:
        result.tests = dict(sorted(result.tests.items()))
    return results


def interrupt(children):
    """Let runs of pytest end as by Ctrl-C, which ends what they have started."""
    for child in children:
        if child.poll() is None:
            child.send_signal(signal.SIGINT)


def end_group(child):
    """Kill what a child that led a session of its own has left behind."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)


def run_part(tree, result, options, progress, children):
    """Run a part of a recipe's tests, which pytest's options choose, and add what they
    say to its Result, and the process to children. Raises StudyError."""
    folder = tempfile.mkdtemp(prefix='study-')
    reading, writing = os.pipe()
    try:
        with open(os.path.join(folder, 'output'), 'w+b') as log:
            child = start(tree, result.recipe, options, folder, writing, log)
            children.append(child)
            os.close(writing)
            with open(reading, encoding='utf-8') as lines:
                messages = iter(lambda: json.loads(next(lines, 'null')), None)
                known = sum(take(result, message, progress) for message in messages)
            status = child.wait()
            end_group(child)
            log.seek(0)
            if status not in (0, 1) or not known:
                raise StudyError('the tests of %s did not run: %s'
                                 % (result.recipe, last_line(log.read())))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def start(tree, recipe, options, folder, descriptor, log):
    """Start pytest on a recipe; its results go to the descriptor."""
    environment = {name: value for name, value in os.environ.items()
                   if name not in ('PORT_RESULTS', 'PORT_TREE', 'PYTEST_ADDOPTS')}
    environment.update(TMPDIR=folder, PORT_DEADLINE=DEADLINE)
    return subprocess.Popen(
        [sys.executable, '-m', 'pytest', '-vv', '-p', 'study.suite.plugin',
         '-p', 'no:cacheprovider', '--timeout', str(LIMIT), '--timeout-method', 'signal',
         '--tree', tree.path, '--study-recipe', recipe, '--study-fd', str(descriptor)]
        + options + files_about(recipe),
        cwd=trees.ROOT, env=environment, pass_fds=[descriptor], start_new_session=True,
        stdin=subprocess.DEVNULL, stdout=log, stderr=log)


def take(result, message, progress):
    """Add what the plugin wrote to a result; return how many tests it made known."""
    if isinstance(message, list):
        result.tests.update({entry['id']: Outcome(**entry) for entry in message})
        progress(len(message), None)
        return len(message)
    test = result.tests[message['id']]
    for name, value in message.items():
        setattr(test, name, value)
    progress(0, test)
    return 0


def last_line(output):
    return output.decode('utf-8', 'replace').strip().rpartition('\n')[2]
