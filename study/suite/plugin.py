"""A pytest plugin: it runs the tests about some recipes, and writes how each one ended.

study.suite.suite loads it (`-p study.suite.plugin`) and reads what it writes: one JSON
object a line, into the file descriptor --study-fd. The first line is a list of all
tests about these recipes: [{"id": ..., "kind": ..., "rules": [...], "about": [...]},
...]. Then comes one line for each test that ended (see study.suite.worker). The last
line is null.

The tests run in forks of this process (see study.suite.pool). Those that say most
come first: the tests of single functions, then those on the wire.
"""
import json
import os

import pytest

from study.suite import pool
from tests import about

KINDS = ('unit', 'wire', 'hostile', 'script', 'interop')  # in the order of the run


def pytest_addoption(parser):
    group = parser.getgroup('study')
    group.addoption('--study-fd', type=int, help='where to write the results')
    group.addoption('--study-names', help='of recipes and shared modules, with commas '
                    'between them: only the tests about these')
    group.addoption('--study-without', help='names: no test that is about one of these')
    group.addoption('--study-workers', type=int, help='how many run tests at a time')
    group.addoption('--study-enough', type=int, help='failed tests of a recipe; 0: all')
    group.addoption('--study-seconds', type=int, help='for all tests together')


def pytest_configure(config):
    config.pluginmanager.register(Session(config), 'study-session')


class Session:
    """Chooses the tests, has them run, and writes what they say."""

    def __init__(self, config):
        self.target = os.fdopen(config.getoption('--study-fd'), 'w', encoding='utf-8')
        self.names = set(config.getoption('--study-names').split(','))
        self.without = set(config.getoption('--study-without').split(','))

    def write(self, value):
        self.target.write(json.dumps(value) + '\n')
        self.target.flush()

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config, items):
        chosen = sorted((item for item in items if names_of(item) & self.names
                         and not names_of(item) & self.without),
                        key=lambda item: KINDS.index(kind_of(item)))
        config.hook.pytest_deselected(
            items=[item for item in items if item not in chosen])
        items[:] = chosen

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session):
        """Run the tests, in place of pytest's own loop, which does the rest: it
        complains of what could not be collected."""
        if session.testsfailed:
            return None
        tests = [pool.Test(item, names_of(item) & self.names) for item in session.items]
        self.write([{'id': test.id, 'kind': kind_of(test.item),
                     'rules': rules_of(test.item), 'about': sorted(test.names)}
                    for test in tests])
        option = session.config.getoption
        if not session.config.option.collectonly:
            pool.Pool(tests, option('--study-workers'), option('--study-enough'),
                      option('--study-seconds'), self.write).run()
        self.write(None)
        return True


def names_of(item):
    """Return the recipes and shared modules that a test is about, a set of names."""
    return set(about.recipes_of(item))


def kind_of(item):
    """Return the kind of a test; without a marker it counts as the last one."""
    return next((mark.name for mark in item.iter_markers() if mark.name in KINDS),
                KINDS[-1])


def rules_of(item):
    """Return the rules that a test's markers name, in order."""
    return [name for mark in item.iter_markers('rule') for name in mark.args]
