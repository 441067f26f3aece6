"""What a mechanical translation leaves broken: the rows of MIGRATION.md's table.

    python -m study.suite.translation     translates, runs all tests, prints the rows

It takes some minutes, and SECONDS at most. study/tests/test_translation.py holds the
table to the truth.
"""
import concurrent.futures
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass

from compat import process
from compat import trees
from study.commands import start
from study.names import NAMES
from study.rulebook import findings
from study.rulebook import rules
from study.rulebook import words
from study.suite import remains
from study.suite import suite

HEADING = '## What a mechanical translation leaves broken'
ROW = re.compile(r'\| `(\w+)` \| (.+?) \| (\d+) of (\d+) \| (?:`([\w-]+)`|none) \|$')
PATIENCE = 10  # seconds that a demonstration gets
SECONDS = 780  # for all tests
AT_ONCE = 8  # tests: most of them fail, and those that fail mostly wait
DEADLINE = 4  # seconds for what a test waits for
HANGS = 'hangs'
NOTHING = '–'  # instead of a demonstration, which a shared module does not have
OR = ', or '  # between two ends, where that depends on which thread comes first
RUNS = 'runs'


@dataclass(frozen=True)
class Row:
    """A row of the table. demonstration says how it ends, failed and ran count tests,
    rule is the id of the rule that `study check` names first, or None."""

    recipe: str
    demonstration: str
    failed: int
    ran: int
    rule: str

    def may_end(self, end):
        """Return whether its demonstration may end like this."""
        return end in self.demonstration.split(OR)

    def __str__(self):
        return '| `%s` | %s | %d of %d | %s |' % (
            self.recipe, self.demonstration, self.failed, self.ran,
            '`%s`' % self.rule if self.rule else 'none')


def recorded(path=rules.PATH):
    """Return the Rows that stand in MIGRATION.md, as a dict by recipe."""
    with open(path, encoding='utf-8') as source:
        text = source.read().partition(HEADING)[2]
    found = [ROW.match(line) for line in text.splitlines()]
    rows = [Row(match[1], match[2], int(match[3]), int(match[4]), match[5])
            for match in found if match]
    return {row.recipe: row for row in rows}


def demonstration(tree, recipe):
    """Run a recipe; return how it ends: with which error, or that it runs or hangs."""
    child = subprocess.Popen(
        process.python(tree) + [tree.script(recipe)], text=True, cwd=trees.ROOT,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        env=process.environment_of(tree, process.surroundings()),
        start_new_session=True)
    try:
        said, hangs = child.communicate(timeout=PATIENCE)[1], False
    except subprocess.TimeoutExpired:
        remains.kill(child.pid)
        said, hangs = child.communicate()[1], True
    remains.kill(child.pid)
    errors = words.worth_reading(words.last_lines(said)) or said.splitlines()
    if errors:
        error = '`%s`' % errors[-1].partition('. Did you mean')[0]  # said since 3.10
        return error + (', and hangs' if hangs else '')
    return HANGS if hangs else RUNS


def demonstrations(tree):
    """Return {name: how its demonstration ends}, several at a time."""
    with concurrent.futures.ThreadPoolExecutor(suite.AT_ONCE) as pool:
        ends = pool.map(lambda recipe: demonstration(tree, recipe), trees.RECIPES)
    return dict(dict.fromkeys(trees.SHARED, NOTHING), **dict(zip(trees.RECIPES, ends)))


def with_others(ends):
    """Return ends, each with the other ends that MIGRATION.md knows for it."""
    known = recorded()
    return {recipe: known[recipe].demonstration
            if recipe in known and known[recipe].may_end(end) else end
            for recipe, end in ends.items()}


def rows(tree, chosen, ends, enough=0):
    """Run the tests of some recipes and shared modules, each until enough have failed,
    and return their Rows. ends is {name: how its demonstration ends}."""
    found = []
    for result in suite.run(tree, chosen, enough=enough, at_once=AT_ONCE,
                            deadline=DEADLINE, seconds=SECONDS):
        ranked = findings.ranked(result.ran, rules.load())
        first = ranked[0].rule if ranked else None
        found.append(Row(result.recipe, ends[result.recipe], len(result.failed),
                         len(result.ran), first and first.id))
    return found


def main():
    with tempfile.TemporaryDirectory() as folder:
        start.start(os.path.join(folder, 'translated'), True)
        tree = trees.Tree(os.path.join(folder, 'translated'))
        for row in rows(tree, NAMES, with_others(demonstrations(tree))):
            print(row)
    return 0


if __name__ == '__main__':
    sys.exit(main())
