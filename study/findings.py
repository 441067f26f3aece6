"""Which rule a port has broken, judged by the tests that fail.

A test that fails speaks for the rules that it guards, the less the more they are.
A unit test speaks loudest: it fails for what it tests, where a script's test fails
for whatever goes wrong before its last line. A rule most of whose tests pass is
probably not the one.
"""
import collections
from dataclasses import dataclass, field

WEIGHT = {'unit': 4, 'wire': 2, 'hostile': 2, 'script': 1}


@dataclass
class Finding:
    """A rule, or None for tests that guard none, and the tests that fail for it."""

    rule: object
    tests: list = field(default_factory=list)


def scores(tests):
    """Return {rule id: how much speaks for it}, for the rules of failed tests.

    The variants of one test speak once, together.
    """
    failed, total = collections.Counter(), collections.Counter()
    variants = collections.Counter(test.function for test in tests)
    for test in tests:
        for rule in test.rules:
            weight = WEIGHT[test.kind] / len(test.rules) / variants[test.function]
            total[rule] += weight
            if test.failed:
                failed[rule] += weight
    return {rule: failed[rule] ** 2 / total[rule] for rule in failed}


def ranked(tests, rules):
    """Return the Findings, the likeliest rule first, what guards no rule last.

    tests are all tests of a recipe, rules a dict by id. A test stands under the
    likeliest of its rules.
    """
    found = scores(tests)
    order = sorted(found, key=found.get, reverse=True)
    findings = {name: Finding(rules[name]) for name in order if name in rules}
    others = Finding(None)
    for test in tests:
        if test.failed:
            names = [name for name in findings if name in test.rules]
            (findings[names[0]] if names else others).tests.append(test)
    return [finding for finding in list(findings.values()) + [others] if finding.tests]
