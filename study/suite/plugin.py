"""A pytest plugin: which test is about which recipe, and how each one ended.

The tests that say most come first: those of single functions, then those on the wire.

study.suite.suite loads it (`-p study.suite.plugin`) and reads what it writes: one JSON
object a line into the file descriptor --study-fd. The first line is a list, all
tests that will run: [{"id": ..., "kind": ..., "rules": [...]}, ...]. Then comes
one line for each test that ended: {"id", "outcome"}, and where it has not passed its
"message", the whole "text", and whether a test's own assertion said so, "asserted".
The last line is null.
"""
import json
import os

import pytest

from compat import trees

KINDS = ('unit', 'wire', 'hostile', 'script', 'interop')  # in the order of the run


def pytest_addoption(parser):
    group = parser.getgroup('study')
    group.addoption('--study-fd', type=int, help='where to write the results')
    group.addoption('--study-recipe', help='run only the tests about this recipe')
    group.addoption('--study-part', help='and of these only a part: 0/4 to 3/4')


def pytest_configure(config):
    config.pluginmanager.register(Results(config), 'study-results')


class Results:
    """Chooses the tests that depend on a recipe, and writes what they say."""

    def __init__(self, config):
        self.target = os.fdopen(config.getoption('--study-fd'), 'w', encoding='utf-8')
        self.recipe = config.getoption('--study-recipe')
        self.part, self.parts = map(int, config.getoption('--study-part').split('/'))
        self.outcomes = {}  # of the test that runs: it has not passed

    def write(self, value):
        self.target.write(json.dumps(value) + '\n')
        self.target.flush()

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config, items):
        about = sorted((item for item in items if self.recipe in recipes_of(item)),
                       key=lambda item: KINDS.index(kind_of(item)))
        chosen = about[self.part::self.parts]
        config.hook.pytest_deselected(
            items=[item for item in items if item not in chosen])
        items[:] = chosen
        self.write([{'id': item.nodeid, 'kind': kind_of(item), 'rules': rules_of(item)}
                    for item in items])

    def pytest_sessionfinish(self):
        """Say that this is all: a child that a port has forked and left behind may
        hold the descriptor open."""
        self.write(None)

    def pytest_runtest_logreport(self, report):
        """A test has three phases, of which the first that does not pass counts."""
        if not report.passed:
            self.outcomes.setdefault(report.nodeid, result(report))
        if report.when == 'teardown':
            passed = {'id': report.nodeid, 'outcome': 'passed'}
            self.write(self.outcomes.pop(report.nodeid, passed))


def recipes_of(item):
    """Return the recipes that a test is about, as a set of names.

    Its parameters name them; or else its file does; or else the test's own code.
    """
    named = set(trees.RECIPES)
    parameters = getattr(item, 'callspec', None)
    found = named.intersection(
        value for value in (parameters.params.values() if parameters else ())
        if isinstance(value, str))
    own = item.path.stem.removeprefix('test_')
    if not found and own in named:
        return {own}
    code = item.function.__code__
    said = list(code.co_consts) + [getattr(item.module, name, None)
                                   for name in code.co_names]
    return found or named.intersection(text for text in said if isinstance(text, str))


def kind_of(item):
    """Return the kind of a test; without a marker it counts as the last one."""
    return next((mark.name for mark in item.iter_markers() if mark.name in KINDS),
                KINDS[-1])


def rules_of(item):
    """Return the rules that a test's markers name, in order."""
    return [name for mark in item.iter_markers('rule') for name in mark.args]


def result(report):
    """Return what to write about a test that was skipped or failed."""
    text = report.longreprtext
    crash = getattr(report.longrepr, 'reprcrash', None)
    message = crash.message if crash else text.strip().rpartition('\n')[2]
    return {'id': report.nodeid, 'outcome': report.outcome, 'message': message,
            'text': text, 'asserted': bool(crash) and is_assertion(crash)}


def is_assertion(crash):
    """Whether a failure is one that the suite itself has asserted, and neither an
    error that came up on the way there nor a wait in vain."""
    tests = os.path.join(trees.ROOT, 'tests', '')
    return (os.path.abspath(crash.path).startswith(tests)
            and crash.message.startswith(('assert ', 'AssertionError')))
