"""The shared suite, run against a folder: each recipe in a pytest of its own.

The tests mostly wait, so several recipes share the processors well.
"""
import concurrent.futures
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field

from compat import trees
from study.errors import StudyError

AT_ONCE = 3  # recipes
LIMIT = 60  # seconds for a test that would never end by itself
# Seconds that a test waits for what never comes: a port with one mistake may have
# dozens of such tests, and one that is faithful needs no second.
DEADLINE = '8'
NEEDED = {'pytest': 'pytest', 'pytest_timeout': 'pytest-timeout', 'six': 'six',
          'greenlet': 'greenlet', 'hypothesis': 'hypothesis'}


@dataclass
class Test:
    """A test and how it ended.

    kind is its marker: 'unit', 'wire'... outcome is 'passed', 'failed', 'skipped', or
    '' if the run was cut off; message says in short why, text is the traceback.
    """

    id: str
    kind: str
    rules: list
    outcome: str = ''
    message: str = ''
    text: str = ''

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
        return self.outcome in ('failed', '')


@dataclass
class Result:
    """What the suite says about one recipe. tests is a dict by id."""

    recipe: str
    tests: dict = field(default_factory=dict)

    @property
    def failed(self):
        """The tests that failed, as a list."""
        return [test for test in self.tests.values() if test.failed]


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


def run(tree, recipes, progress=lambda result, test: None):
    """Run the tests of some recipes against a tree; return their Results.

    progress(result, None) is called when the tests of a recipe are known, and
    progress(result, test) when one has ended, from several threads.
    Raises StudyError if a recipe's tests do not run at all.
    """
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        running = [pool.submit(run_recipe, tree, recipe, progress)
                   for recipe in recipes]
        try:
            return [future.result() for future in running]
        finally:
            pool.shutdown(cancel_futures=True)


def run_recipe(tree, recipe, progress):
    """Run the tests of one recipe; return its Result. Raises StudyError."""
    result = Result(recipe)
    folder = tempfile.mkdtemp(prefix='study-')
    reading, writing = os.pipe()
    try:
        with open(os.path.join(folder, 'output'), 'w+b') as output:
            child = start(tree, recipe, folder, writing, output)
            os.close(writing)
            with open(reading, encoding='utf-8') as lines:
                for line in lines:
                    take(result, json.loads(line), progress)
            status = child.wait()
            output.seek(0)
            if status not in (0, 1) or not result.tests:
                raise StudyError('the tests of %s did not run: %s'
                                 % (recipe, last_line(output.read())))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return result


def start(tree, recipe, folder, descriptor, output):
    """Start pytest on a recipe; its results go to the descriptor."""
    environment = {name: value for name, value in os.environ.items()
                   if name not in ('PORT_RESULTS', 'PORT_TREE', 'PYTEST_ADDOPTS')}
    environment.update(TMPDIR=folder, PORT_DEADLINE=DEADLINE)
    return subprocess.Popen(
        [sys.executable, '-m', 'pytest', '-p', 'study.plugin', '-p', 'no:cacheprovider',
         '--tree', tree.path, '--study-fd', str(descriptor), '--study-recipe', recipe,
         '--timeout', str(LIMIT), '--timeout-method', 'signal'] + files_about(recipe),
        cwd=trees.ROOT, env=environment, pass_fds=[descriptor],
        stdin=subprocess.DEVNULL, stdout=output, stderr=output)


def take(result, message, progress):
    """Add what the plugin wrote to a result."""
    if isinstance(message, list):
        for entry in message:
            result.tests[entry['id']] = Test(**entry)
        progress(result, None)
        return
    test = result.tests[message['id']]
    test.outcome = message['outcome']
    test.message, test.text = message.get('message', ''), message.get('text', '')
    progress(result, test)


def last_line(output):
    return output.decode('utf-8', 'replace').strip().rpartition('\n')[2]
