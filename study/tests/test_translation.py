"""MIGRATION.md's table of what a translator leaves broken is true."""
import pytest

from compat import trees
from study.commands import start
from study.names import NAMES
from study.rulebook import rules
from study.suite import suite
from study.suite import translation

# Two recipes whose tests end soon, of which one breaks early and one late.
TRIED = ['server_hierarchy', 'echo_server_with_diesel']


@pytest.fixture(scope='module')
def tree(tmp_path_factory):
    folder = tmp_path_factory.mktemp('translated')
    start.start(str(folder), True)
    return trees.Tree(str(folder))


ROWS = translation.recorded()


def test_every_recipe_and_every_shared_module_has_its_row():
    assert tuple(ROWS) == NAMES


def test_the_table_counts_the_tests_of_today():
    tests = suite.tests_about(trees.named('py3'), NAMES)
    for name in NAMES:
        today = sum(name in test.about for test in tests)
        assert abs(ROWS[name].ran - today) <= today // 20, name  # or make it anew


def test_a_row_is_written_as_it_is_read():
    with open(rules.PATH, encoding='utf-8') as source:
        lines = source.read().splitlines()
    assert all(str(row) in lines for row in ROWS.values())


def test_every_demonstration_ends_as_the_table_says(tree):
    found = translation.demonstrations(tree)
    assert tuple(found) == NAMES
    for recipe, end in found.items():
        assert ROWS[recipe].may_end(end), (recipe, end)


def test_an_end_is_written_with_the_other_that_the_table_knows():
    found = translation.with_others({'tcp_server': 'hangs', 'udp_server': 'hangs'})
    assert found == {'tcp_server': ROWS['tcp_server'].demonstration,
                     'udp_server': 'hangs'}


def test_the_suite_names_the_rules_that_the_table_says(tree):
    found = translation.rows(tree, TRIED, dict.fromkeys(TRIED), enough=suite.ENOUGH)
    assert [row.rule for row in found] == [ROWS[recipe].rule for recipe in TRIED]
    assert all(row.failed for row in found)
