"""A recipe's two files as blocks: what is the same, and each change with its rules."""
import itertools
import re
from dataclasses import dataclass, field

from compat import trees
from study.diff import aligned
from study.diff import changes
from study.report import colour
from study.rulebook import rules as rulebook

FOLD = 12  # this many equal lines are too many to show
CONTEXT = 3  # lines that stay above and below a change
NAMED = re.compile(r'\s*(class \w+|def \w+)')


@dataclass(frozen=True)
class Cell:
    """One line of one side. indent counts the spaces it begins with."""

    number: int
    html: str
    indent: int


@dataclass(frozen=True)
class Same:
    """Equal lines. rows are pairs of Cells; hidden ones wait to be opened."""

    rows: list
    hidden: bool = False
    names: str = ''


@dataclass
class Change:
    """Lines that differ. rows are pairs of a Cell or None; rules maps the id of
    each rule that explains some of the lines to those Lines. after holds each Same that
    follows, up to the next change."""

    number: int
    rows: list
    rules: dict
    lines_of: list  # the Lines of each row, so that a rule can pick its own
    new: set  # rules not met before in this pair
    after: list = field(default_factory=list)

    def rows_of(self, name):
        """Return the rows in which a rule explains a line."""
        return [row for row, lines in zip(self.rows, self.lines_of)
                if self.rules[name].intersection(lines)]

    def numbers_of(self, name):
        """Return which lines a rule explains, as '−12–14, 17 +13'."""
        sides = []
        for sign, side in (('−', '-'), ('+', '+')):
            found = sorted(line.number for line in self.rules[name]
                           if line.side == side)
            if found:
                sides.append(sign + ', '.join(ranges(found)))
        return ' '.join(sides)


def ranges(numbers):
    """Yield rising numbers as text; numbers without a gap between them as '12–14'."""
    runs = itertools.groupby(enumerate(numbers), lambda item: item[1] - item[0])
    for _, run in runs:
        first, *others = [number for _, number in run]
        yield '%d–%d' % (first, others[-1]) if others else str(first)


class Side:
    """A script of a tree, its lines and their colours."""

    def __init__(self, tree, recipe):
        self.lines = changes.lines_of({2: '-', 3: '+'}[tree.major],
                                      changes.read_lines(tree.script(recipe)))
        self.pieces = colour.lines('\n'.join(self.texts), tree.major)

    @property
    def texts(self):
        return [line.text for line in self.lines]

    def cell(self, index, spans=()):
        line = self.lines[index]
        return Cell(index + 1, colour.marked(self.pieces[index], spans),
                    aligned.indent(line.text))

    def names(self, begin, end):
        """Say which classes and functions begin within lines."""
        found = [NAMED.match(line.text) for line in self.lines[begin:end]]
        return ', '.join(match.group(1) for match in found if match)


class Pair:
    """A recipe: the Same that it begins with, its changes, and what it teaches."""

    def __init__(self, recipe, rules):
        self.recipe = recipe
        self.original = Side(trees.named('py2_original'), recipe)
        self.port = Side(trees.named('py3'), recipe)
        self.teaches = changes.first_line(self.port.texts)
        self.head, self.changes = [], []
        self._compare(rules)
        self.removed, self.added = self._count(0), self._count(1)

    def _count(self, side):
        return sum(row[side] is not None for change in self.changes
                   for row in change.rows)

    @property
    def rules(self):
        """{rule id: how many changes it explains}, the most frequent first."""
        count = {}
        for change in self.changes:
            for name in change.rules:
                count[name] = count.get(name, 0) + 1
        return dict(sorted(count.items(), key=lambda item: (-item[1], item[0])))

    def _compare(self, rules):
        old, new, met = self.original.lines, self.port.lines, set()
        for tag, i1, i2, j1, j2 in changes.opcodes(old, new):
            if tag == 'equal':
                after = self.changes[-1].after if self.changes else self.head
                after.extend(self._equal(i1, i2, j1))
                continue
            group = changes.Group(tuple(old[i1:i2]), tuple(new[j1:j2]))
            explained = rulebook.of_group(rules, group)
            self.changes.append(self._change(group, explained, set(explained) - met))
            met.update(explained)

    def _equal(self, begin, end, at):
        """Yield equal lines: one Same, or three whose middle one is hidden."""
        total = len(self.original.lines)
        above = begin + (CONTEXT if begin else 0)
        below = end - (CONTEXT if end < total else 0)
        if below - above < FOLD:
            above = below = end
        for first, last, hidden in ((begin, above, False), (above, below, True),
                                    (below, end, False)):
            if first < last:
                rows = [(self.original.cell(index), self.port.cell(index - begin + at))
                        for index in range(first, last)]
                yield Same(rows, hidden, self.original.names(first, last))

    def _change(self, group, explained, new):
        rows = aligned.rows(group)
        return Change(len(self.changes) + 1, [self._row(*row) for row in rows],
                      explained, [row[:2] for row in rows], new)

    def _row(self, old, new, alike):
        marks = aligned.spans(old.text, new.text) if alike else ((), ())
        return (old and self.original.cell(old.number - 1, marks[0]),
                new and self.port.cell(new.number - 1, marks[1]))
