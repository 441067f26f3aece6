"""Classic mistakes of porting, and the rule that `study check` names for each.

    ./toxw run -e mistakes      (python -m study.suite.mistakes [WORD ...])

Each mistake of study.suite.catalogue is made in a copy of py3/, alone, and the tests of
one recipe are run against the copy. With words, only the mistakes whose row has one of
them. The exit status is 1 if a mistake passes that a test should find, or if the rule
named first is not one of its own.
"""
import concurrent.futures
import os
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass

from compat import trees
from study.rulebook import findings
from study.rulebook import rules
from study.suite import catalogue
from study.suite import fit
from study.suite import suite

AT_ONCE = 2  # mistakes
SECONDS = 90  # for the tests of one


@dataclass(frozen=True)
class Verdict:
    """What check says about a mistake. named is the rule that it names first, or None;
    test is the first that speaks for it, '' if nothing was found."""

    named: str
    test: str
    seconds: float


def made(mistake, folder):
    """Make a mistake in a new copy of py3/ and return the copy's path."""
    copy = os.path.join(folder, 'py3')
    shutil.copytree(trees.named('py3').path, copy,
                    ignore=shutil.ignore_patterns('__pycache__'))
    path = os.path.join(copy, mistake.name + '.py')
    with open(path, encoding='utf-8') as source:
        text = source.read()
    if text.count(mistake.old) != 1:
        sys.exit('mistakes: not once in %s: %r' % (mistake.name, mistake.old))
    with open(path, 'w', encoding='utf-8', newline='') as target:
        target.write(text.replace(mistake.old, mistake.new))
    return copy


def verdict(mistake, found):
    """Return what `study check` says first about a mistake, a Verdict. found is all
    rules."""
    folder, begin = tempfile.mkdtemp(), time.monotonic()
    try:
        return Verdict(*said(trees.Tree(made(mistake, folder)),
                             mistake.asked or mistake.name, found),
                       time.monotonic() - begin)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def said(tree, recipe, found):
    """Return the id of the rule that is named first, or None, and the name of a test
    that speaks for it, '' if all is faithful."""
    for reason in fit.unfit(tree, [recipe], found).values():
        return reason.rule and reason.rule.id, str(reason)
    result = suite.run(tree, [recipe], seconds=SECONDS)[0]
    ranked = findings.ranked(result.ran, found)
    if not ranked:
        return None, ''
    return ranked[0].rule and ranked[0].rule.id, ranked[0].tests[0].name


def judged(mistake, verdict):
    """Return whether a mistake was found and named as it should, and words for it."""
    if not verdict.test:
        return bool(mistake.missed), mistake.missed or 'NOT FOUND'
    right = verdict.named in mistake.rules
    words = verdict.named or 'no rule'
    if not right and mistake.missed:
        return True, '%s: %s' % (words, mistake.missed)
    if not right:
        words = 'NOT %s, but %s' % (' or '.join(mistake.rules), words)
    return right, '%s, by %s' % (words, verdict.test)


def row(mistake, verdict, words):
    """Return the two lines of the table for a mistake."""
    where = mistake.name + (', asked: ' + mistake.asked if mistake.asked else '')
    return '%-48s %s\n    %3.0f s  %s' % (mistake.what, where, verdict.seconds, words)


def chosen(wanted):
    """Return the mistakes whose row has one of these words; without words, all."""
    return [mistake for mistake in catalogue.MISTAKES if not wanted or any(
        word in ' '.join((mistake.what, mistake.name, mistake.asked) + mistake.rules)
        for word in wanted)]


def main(wanted):
    found, mistakes, verdicts = rules.load(), chosen(wanted), []
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        running = [pool.submit(verdict, mistake, found) for mistake in mistakes]
        try:
            for mistake, future in zip(mistakes, running):
                verdicts.append((future.result(), *judged(mistake, future.result())))
                print(row(mistake, future.result(), verdicts[-1][2]), flush=True)
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    print('%d mistakes: %d found, %d with their rule first; the longest took %.0f s.' % (
        len(verdicts), sum(bool(one.test) for one, _, _ in verdicts),
        sum(right and bool(one.test) for one, right, _ in verdicts),
        max((one.seconds for one, _, _ in verdicts), default=0)))
    wrong = sum(not right for _, right, _ in verdicts)
    return 'mistakes: %d not found, or not named' % wrong if wrong else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
