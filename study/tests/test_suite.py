"""Which tests check runs, and that a verdict comes whatever a port does."""
import os
import subprocess
import sys

import pytest

from compat import process
from compat import trees
from study.names import NAMES
from study.suite import fit
from study.suite import pool
from study.suite import remains
from study.suite import suite
from study.rulebook import rules
from study.tests.tool import study

WEB = 'simple_web_server_with_epoll'
RULES = rules.load()
COLLECT = '''
import sys
import pytest
from tests import about

class Plugin:
    def pytest_collection_finish(self, session):
        for item in session.items:
            sys.stderr.write(item.nodeid + '\\t' + ' '.join(about.recipes_of(item)) + '\\n')

pytest.main(['--collect-only', '-q', 'tests'], plugins=[Plugin()])
'''


def whole_suite():
    """Return {id: the names that it is about, as text} of all that pytest collects."""
    child = subprocess.run([sys.executable, '-c', COLLECT], cwd=trees.ROOT, text=True,
                           stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                           env=process.surroundings())
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


class Item:
    """A test without pytest."""

    def __init__(self, name):
        self.nodeid = name
