"""MIGRATION.md cannot rot: its rules, its snippets and its tests are checked."""
import ast
import collections
import glob
import os

import pytest

from compat import trees
from study.diff import changes
from study.diff import tokens
from study.names import NAMES
from study.rulebook import rules
from study.tests import gratuitous
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


def unexplained(recipe, port):
    """Return what no rule explains in a recipe, given the lines of its port, as lines
    "file:line: tokens"."""
    old = changes.read_lines(ORIGINAL.script(recipe))
    groups = changes.groups(changes.lines_of('-', old), changes.lines_of('+', port))
    found = collections.defaultdict(list)
    for group in groups:
        for line, token in rules.left_over(RULES, group):
            found[line.side, line.number].append(shown(token))
    trees_of = {'-': ORIGINAL.name, '+': PORT.name}
    return ['%s/%s.py:%d: %s' % (trees_of[side], recipe, number, ' '.join(words))
            for (side, number), words in found.items()]


def shown(token):
    if tokens.is_start(token):
        return '(an indent of %d)' % (len(token) - 1)
    return repr(token) if token.isspace() else token


@pytest.mark.parametrize('recipe', NAMES)
def test_every_token_that_differs_is_explained(recipe):
    left = unexplained(recipe, changes.read_lines(PORT.script(recipe)))
    assert not left, '\n'.join(left)


@pytest.mark.parametrize('recipe, before, after', gratuitous.CHANGES)
def test_a_change_that_nothing_needs_is_named(recipe, before, after):
    text = '\n'.join(changes.read_lines(PORT.script(recipe)))
    assert text.count(before) == 1
    first = text[:text.index(before)].count('\n') + 1
    place = range(first, first + before.rstrip().count('\n') + 1)
    assert any(line.number in place for line in explained_lines(recipe))
    assert unexplained(recipe, text.replace(before, after).split('\n'))


def explained_lines(recipe):
    """Return the lines of a port that a rule explains."""
    return [line for group in changes.groups_of(recipe, ORIGINAL, PORT)
            for lines in rules.of_group(RULES, group).values()
            for line in lines if line.side == '+']


def test_thirty_changes_are_tried_in_every_file():
    assert len(gratuitous.CHANGES) >= 30
    assert {recipe for recipe, _, _ in gratuitous.CHANGES} == set(NAMES)


@pytest.mark.parametrize('recipe', NAMES)
def test_at_most_three_rules_explain_a_line(recipe):
    for group in changes.groups_of(recipe, ORIGINAL, PORT):
        found = rules.of_group(RULES, group)
        for line in group.lines:
            assert len([name for name in found if line in found[name]]) <= 3, line


def test_every_claim_explains_something():
    groups = [group for _, group in every_group()]
    used = {claim for group in groups for claim, _, _ in rules.explained(RULES, group)}
    assert [(name, claim) for name, rule in RULES.items() for claim in rule.claims
            if not rule.examples and claim not in used] == []


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
    examples = RULES[name].examples
    groups = [group for example in examples for group in changes.groups(
        *(changes.lines_of(side, example.program(side).splitlines()) for side in '-+'))]
    if not examples:
        groups = [group for _, group in every_group()]
    assert any(name in rules.of_group(RULES, group) for group in groups)
    assert RULES[name].snippets or examples


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
