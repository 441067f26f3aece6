"""Which rule a port has broken, judged by the tests that fail.

A test that fails speaks for the rules that it guards: the more there are, the less for
each. A unit test speaks loudest: it fails for what it tests, while the test of a script
fails for whatever goes wrong before its last line. A test that fails by its own
assertion speaks louder than one that does not get that far. A rule most of whose tests
pass is probably not the broken one. And where Python has said what is wrong, in the
words that MIGRATION.md gives for a rule, that counts whatever the test was about.
"""
import collections
from dataclasses import dataclass, field

from study.rulebook import words

WEIGHT = {'unit': 4, 'wire': 2, 'hostile': 2, 'script': 1, 'interop': 1}
UNASSERTED = 0.25  # of the weight, for a test that an error ended before its assertion
SAID = 4  # for a test that fails with the words of a rule


@dataclass
class Finding:
    """A rule, or None for tests that guard none, and the tests that fail for it."""

    rule: object
    tests: list = field(default_factory=list)


def speaks_for(test, rules):
    """Return the ids of the rules whose words stand in the error of a failed test."""
    return speaking(words.of_test(test), rules)


def speaking(said, rules):
    """Return the ids of the rules whose words stand in a text."""
    return [rule.id for rule in rules.values()
            if any(piece in said for piece in rule.errors)]


def scores(tests, rules):
    """Return {rule id: how much speaks for it}, without rules for which nothing does.

    The variants of one test speak together, as one.
    """
    failed, total, said = (collections.Counter() for _ in range(3))
    variants = collections.Counter(test.function for test in tests)
    for test in tests:
        share = 1 / variants[test.function]
        for name in test.rules:
            weight = WEIGHT[test.kind] * share / len(test.rules)
            total[name] += weight
            if test.failed:
                failed[name] += weight * (1 if test.asserted else UNASSERTED)
        if test.failed:
            for name in speaks_for(test, rules):
                said[name] += SAID * share
    found = {name: said[name] + (failed[name] ** 2 / total[name] if total[name] else 0)
             for name in rules}
    return {name: score for name, score in found.items() if score}


def ranked(tests, rules):
    """Return the Findings: the likeliest rule first, and last what speaks for no rule.

    tests are those of a recipe that were run, rules a dict by id. A test stands under the
    likeliest of the rules that it guards or speaks for.
    """
    found = scores(tests, rules)
    order = sorted(found, key=found.get, reverse=True)
    findings = {name: Finding(rules[name]) for name in order}
    others = Finding(None)
    for test in tests:
        if test.failed:
            named = set(test.rules) | set(speaks_for(test, rules))
            likeliest = next((name for name in order if name in named), None)
            findings.get(likeliest, others).tests.append(test)
    return [finding for finding in list(findings.values()) + [others] if finding.tests]
