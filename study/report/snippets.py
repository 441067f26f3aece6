"""The snippets of rules as rows, as pairs.py makes them of whole files."""
import itertools

from study.diff import aligned
from study.diff import changes
from study.report import colour
from study.report.pairs import Cell


def rows(snippet):
    """Return a rules.Snippet as rows, each a pair of a Cell or None. The Cells have
    no numbers."""
    found = []
    for equal, lines in itertools.groupby(snippet.lines, lambda line: line[0] == ' '):
        found += same(lines) if equal else changed(list(lines))
    return found


def same(lines):
    return [(cell(line[1:], 2), cell(line[1:], 3)) for line in lines]


def changed(lines):
    group = changes.Group(*(tuple(changes.Line(side, 0, line[1:]) for line in lines
                                  if line[0] == side) for side in '-+'))
    found = []
    for old, new, alike in aligned.rows(group):
        marks = aligned.spans(old.text, new.text) if alike else ((), ())
        found.append((old and cell(old.text, 2, marks[0]),
                      new and cell(new.text, 3, marks[1])))
    return found


def cell(text, major, spans=()):
    pieces = colour.lines(text, major)[0]
    return Cell('', colour.marked(pieces, spans), aligned.indent(text))
