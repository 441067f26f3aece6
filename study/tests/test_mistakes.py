"""The catalogue of mistakes fits the trees, and a row of its table says what happened."""
import pytest

from compat import trees
from study.names import NAMES
from study.rulebook import rules
from study.suite import catalogue
from study.suite import mistakes

RULES = rules.load()
FOUND = mistakes.Verdict('newlines', 'test_x', 1.0)
MISSED = mistakes.Verdict(None, '', 1.0)
ONE = catalogue.mistake('what', 'newlines eintr', 'tcp_server', 'old', 'new')
HARMLESS = catalogue.mistake('what', 'eintr', 'tcp_server', 'old', 'new', missed='why')


@pytest.mark.parametrize('mistake', catalogue.MISTAKES, ids=lambda one: one.what)
def test_a_mistake_can_be_made(mistake, tmp_path):
    with open(trees.named('py3').script(mistake.name), encoding='utf-8') as source:
        assert source.read().count(mistake.old) == 1
    assert mistake.old != mistake.new
    assert set(mistake.rules) <= set(RULES)
    assert (mistake.asked or mistake.name) in trees.RECIPES


def rules_of_the_trees():
    """Return the rules that come before those that our scripts did not need."""
    with open(rules.PATH, encoding='utf-8') as source:
        return rules.parse(source.read().partition('## What our scripts did not need')[0])


def test_every_rule_has_its_mistake():
    assert len(catalogue.MISTAKES) >= 60
    named = {name for one in catalogue.MISTAKES for name in one.rules}
    assert set(rules_of_the_trees()) <= named <= set(RULES)
    assert {one.name for one in catalogue.MISTAKES} == set(NAMES)


@pytest.mark.parametrize('mistake, verdict, right, words', [
    (ONE, FOUND, True, 'newlines, by test_x'),
    (ONE, MISSED, False, 'NOT FOUND'),
    (ONE, mistakes.Verdict('oserror', 'test_x', 1.0), False,
     'NOT newlines or eintr, but oserror, by test_x'),
    (ONE, mistakes.Verdict(None, 'test_x', 1.0), False,
     'NOT newlines or eintr, but no rule, by test_x'),
    (HARMLESS, MISSED, True, 'why'),
    (HARMLESS, FOUND, True, 'newlines: why'),
])
def test_a_verdict_is_judged(mistake, verdict, right, words):
    assert mistakes.judged(mistake, verdict) == (right, words)


def test_one_is_found_and_named_from_start_to_end(capsys):
    assert mistakes.main(['object among the bases']) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].split() == ['object', 'among', 'the', 'bases', 'server_hierarchy']
    assert 'object-base, by test_' in said[1]
    assert said[2].startswith('1 mistakes: 1 found, 1 with their rule first; ')
