"""What the last runs of tox left: each test's outcome on each interpreter.

tests/conftest.py writes a JSON file for each tox environment. Each is taken as it
is, with the time of its run. A file that is being written, or that holds no outcomes,
is left out.
"""
import collections
import datetime
import json
import os
from dataclasses import dataclass

from compat import trees
from study.suite import matrix

FOLDER = os.path.join(trees.ROOT, '.tox', 'results')
WORDS = {'passed': 'ok', 'skipped': 'skip', 'xfailed': 'xfail', 'failed': 'FAIL',
         'error': 'ERROR'}
BROKEN = {'failed', 'error'}


@dataclass(frozen=True)
class Run:
    """What one environment said. tests is {node id: outcome}, when a datetime."""

    environment: str
    python: str
    tree: str
    when: datetime.datetime
    tests: dict

    def count(self, *outcomes):
        return sum(found in outcomes for found in self.tests.values())


def load(folder=FOLDER):
    """Return the Runs of a folder, in the order of the table at the end of ./toxw."""
    runs = [read(os.path.join(folder, name + '.json'), name)
            for name in matrix.ENVIRONMENTS]
    return [run for run in runs if run]


def read(path, environment):
    """Return the Run in a file, or None if there is none."""
    try:
        with open(path, encoding='utf-8') as source:
            found = json.load(source)
    except (OSError, ValueError):
        return None
    if not found.get('tests'):
        return None
    when = datetime.datetime.fromtimestamp(os.path.getmtime(path))
    return Run(environment, found['python'], found['tree'], when, found['tests'])


class File:
    """A file of tests: its runs and its rows. A row is (rest of the node id, outcome or
    None of each run); those with a failure come first."""

    def __init__(self, name, ids, runs):
        self.name = name
        self.slug = slug(name)
        self.runs = [run for run in runs if any(test in run.tests for test in ids)]
        self.rows = [(test.partition('::')[2] or test,
                      [run.tests.get(test) for run in self.runs]) for test in ids]
        self.rows.sort(key=lambda row: not BROKEN.intersection(row[1]))
        self.counts = collections.Counter(
            outcome for _, row in self.rows for outcome in row if outcome)
        self.broken = not BROKEN.isdisjoint(self.counts)


def slug(name):
    """Return the anchor of a file of tests on the page of results."""
    return name.removeprefix('tests/').removesuffix('.py').replace('/', '-')


def by_file(runs):
    """Return the Files of all runs, those with a failure first."""
    ids = {}
    for run in runs:
        for test in run.tests:
            ids.setdefault(test.partition('::')[0], {})[test] = None
    files = [File(name, tests, runs) for name, tests in sorted(ids.items())]
    return sorted(files, key=lambda file: not file.broken)


def of_test(runs, file, name):
    """Count the outcomes of a test function, with all parameters and in all runs."""
    start = '%s::%s' % (file, name)
    return collections.Counter(
        outcome for run in runs for test, outcome in run.tests.items()
        if test == start or test.startswith(start + '['))
