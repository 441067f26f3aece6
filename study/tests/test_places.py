"""Every place that must know a recipe knows it: CONTRIBUTING.md says what each is for.

A place that walks over trees.RECIPES needs no test here.
"""
import collections
import os
import re

import pytest

from benchmarks import calls, soak
from compat import trees
from study.rulebook import rules
from study.suite import suite
from tests import test_interop
from tests.names import FIGURE, MATRIX

NUMBERS = ['Nine', 'Ten', 'Eleven', 'Twelve', 'Thirteen', 'Fourteen', 'Fifteen']
KINDS = {'unit', 'wire', 'hostile', 'script'}
OWN = 5  # a test about more recipes than so many is about all of them
RULES = rules.load()
ALL = trees.RECIPES + trees.SHARED


def read(path):
    with open(os.path.join(trees.ROOT, path), encoding='utf-8') as source:
        return source.read()


@pytest.fixture(scope='module')
def kinds():
    """Each recipe's kinds of tests, without those that are about all recipes:
    {name: set of kinds}."""
    about, kind, found = collections.defaultdict(set), {}, collections.defaultdict(set)
    for test in suite.tests_about(trees.named('py3'), ALL):
        about[test.function].update(test.about)
        kind[test.function] = test.kind
    for function, names in about.items():
        for name in names if len(names) <= OWN else ():
            found[name].add(kind[function])
    return found


@pytest.mark.parametrize('recipe', trees.RECIPES)
def test_a_recipe_has_tests_of_its_own_of_each_kind(kinds, recipe):
    assert KINDS <= kinds[recipe]


@pytest.mark.parametrize('tree', ['py2_original', 'py3'])
def test_every_file_of_a_tree_is_a_recipe_or_a_shared_module(tree):
    names = [name[:-3] for name in os.listdir(trees.named(tree).path)
             if name.endswith('.py')]
    assert sorted(names) == sorted(ALL)


def test_a_client_of_each_recipe_talks_to_a_server_of_the_other_tree():
    asked = set(test_interop.ON_A_PORT) | set(test_interop.ON_A_PATH)
    assert asked == set(trees.RECIPES) - {MATRIX}  # it has no client of its own


def test_migration_md_walks_through_every_pair():
    walk = read('MIGRATION.md').partition('\n## A walk through each pair\n')[2]
    heads = re.findall(r'^\*\*(.+?)\*\*', walk.partition('\n## ')[0], re.MULTILINE)
    walked = re.findall(r'`(\w+)\.py`', ' '.join(heads))
    assert set(ALL) <= set(walked)


@pytest.mark.parametrize('page', ['README.md', 'MIGRATION.md'])
def test_a_page_says_how_many_recipes_there_are(page):
    number = NUMBERS[len(trees.RECIPES) - 9]
    assert re.search(r'\b%s\b' % number, read(page), re.IGNORECASE)


def test_the_soak_has_a_good_client_for_every_recipe():
    assert set(soak.GOOD) == set(trees.RECIPES)


def test_the_benchmarks_measure_every_recipe_that_answers_as_fast_as_it_can():
    assert set(calls.cases_by_recipe()) == set(trees.RECIPES) - {FIGURE, MATRIX}


@pytest.mark.parametrize('rule', RULES.values(), ids=list(RULES))
def test_the_translators_verdict_is_one_of_three(rule):
    assert re.match(r'(done|half done|silent)\b', rule.fields['2to3'])
