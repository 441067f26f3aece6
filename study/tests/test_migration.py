"""MIGRATION.md cannot rot: its rules, its snippets and its tests are checked."""
import ast
import collections
import glob
import os

import pytest

from compat import trees
from study.diff import changes
from study.names import NAMES
from study.rulebook import rules
from study.tests import test_statements as statements

ORIGINAL, PORT = trees.named('py2_original'), trees.named('py3')
RULES = rules.load()


def marked_tests():
    """Return {rule id: names of the tests that carry it}."""
    found = collections.defaultdict(set)
    pattern = os.path.join(trees.ROOT, 'tests', '**', 'test_*.py')
    for path in glob.glob(pattern, recursive=True):
        with open(path, encoding='utf-8') as source:
            for node in ast.walk(ast.parse(source.read())):
                if isinstance(node, ast.FunctionDef):
                    for name in marks(node):
                        found[name].add(node.name)
    return found


def marks(function):
    """Return the rules that a test's decorators name."""
    return [argument.value for decorator in function.decorator_list
            if isinstance(decorator, ast.Call)
            and ast.unparse(decorator.func) in ('pytest.mark.rule', 'rule')
            for argument in decorator.args]


MARKED = marked_tests()
# The tests of what is said about Python have rules for parameters.
for each in statements.WITH_EXAMPLE:
    MARKED[each].add('test_an_example_does_what_its_rule_says')
for each in statements.STATEMENTS:
    MARKED[each[0]].add('test_what_a_rule_states_is_so')


def every_group():
    return [(recipe, group) for recipe in NAMES
            for group in changes.groups_of(recipe, ORIGINAL, PORT)]


@pytest.mark.parametrize('recipe', NAMES)
def test_every_differing_line_is_explained_by_one_to_three_rules(recipe):
    wrong = []
    for group in changes.groups_of(recipe, ORIGINAL, PORT):
        claims = rules.of_group(RULES, group)
        for line in group.lines:
            names = [name for name in claims if line in claims[name]]
            if not 1 <= len(names) <= 3:
                wrong.append('%s%d: %s %s' % (line.side, line.number, line.text, names))
    assert not wrong, '\n'.join(wrong)


def test_no_rule_explains_more_than_two_fifths_of_all_lines():
    count, total = collections.Counter(), 0
    for _, group in every_group():
        total += len(group.lines)
        for name, lines in rules.of_group(RULES, group).items():
            count[name] += len(lines)
    assert max(count.values()) <= 0.4 * total, count.most_common(3)


@pytest.mark.parametrize('name', RULES)
def test_a_rule_is_whole(name):
    rule = RULES[name]
    assert set(rule.fields) - set(rules.MORE_FIELDS) == set(rules.FIELDS)
    assert rule.why
    assert rule.tests


@pytest.mark.parametrize('name', RULES)
def test_the_tests_of_a_rule_carry_its_name(name):
    assert set(RULES[name].tests) <= MARKED[name], sorted(MARKED[name])


def test_every_rule_of_a_test_is_in_migration_md():
    assert set(MARKED) <= set(RULES)


@pytest.mark.parametrize('name', [name for name in RULES if RULES[name].claims])
def test_a_rule_that_claims_lines_explains_some_and_shows_one(name):
    shown = [changes.Group(*(tuple(changes.Line(side, 0, line[1:])
                                   for line in example.lines if line[0] == side)
                             for side in '-+')) for example in RULES[name].examples]
    groups = shown or [group for _, group in every_group()]
    assert any(RULES[name].explained(group) for group in groups)
    assert RULES[name].snippets or shown


def test_a_rule_that_no_script_needed_explains_no_line_of_one():
    assert [(name, lines) for _, group in every_group()
            for name, lines in rules.of_group(RULES, group).items()
            if RULES[name].examples] == []


@pytest.mark.parametrize('name', RULES)
def test_a_snippet_stands_in_the_trees(name):
    for snippet in RULES[name].snippets:
        for side, tree in (('-', ORIGINAL), ('+', PORT)):
            whole = '\n'.join(changes.read_lines(tree.script(snippet.recipe)))
            wanted = '\n'.join(line[1:] for line in snippet.lines
                               if line[0] in (side, ' '))
            assert wanted in whole, snippet.recipe
