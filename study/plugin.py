"""A pytest plugin: which test is about which recipe, and how each one ended.

study.suite loads it (`-p study.plugin`) and reads what it writes: one JSON
object a line into the file descriptor --study-fd. The first line is a list, all
tests that will run: [{"id": ..., "kind": ..., "rules": [...]}, ...]. Then comes
one line for each test that ended: {"id", "outcome"}, and where it has not passed
its "message" and the whole "text".
"""
import json
import os

import pytest

from compat import trees

KINDS = ('unit', 'script', 'wire', 'interop', 'hostile')


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
        about = [item for item in items if self.recipe in recipes_of(item)]
        chosen = about[self.part::self.parts]
        config.hook.pytest_deselected(
            items=[item for item in items if item not in chosen])
        items[:] = chosen
        self.write([{'id': item.nodeid, 'kind': kind_of(item), 'rules': rules_of(item)}
                    for item in items])

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
    """Return the kind of a test, or '' if no marker says it."""
    kinds = [mark.name for mark in item.iter_markers() if mark.name in KINDS]
    return kinds[0] if kinds else ''


def rules_of(item):
    """Return the rules that a test's markers name, in order."""
    return [name for mark in item.iter_markers('rule') for name in mark.args]


def result(report):
    """Return what to write about a test that was skipped or failed."""
    text = report.longreprtext
    crash = getattr(report.longrepr, 'reprcrash', None)
    message = crash.message if crash else text.strip().rpartition('\n')[2]
    return {'id': report.nodeid, 'outcome': report.outcome, 'message': message,
            'text': text}
