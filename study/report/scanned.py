"""Files that were scanned, as pages of the report: each line that a rule applies to has
the rule beside it, as a change of a pair has."""
from dataclasses import dataclass, field

from study.diff import aligned
from study.report import colour
from study.report.pairs import CONTEXT, FOLD, NAMED, Cell


@dataclass
class Stretch:
    """Lines that belong together: Cells, and the Findings on them. Lines without any may
    be hidden; names says then which classes and functions begin there."""

    cells: list
    findings: list = field(default_factory=list)
    hidden: bool = False
    names: str = ''


class File:
    """A scanned file. number is its place among the others, from 1."""

    def __init__(self, number, source, findings):
        self.number, self.path, self.lines = number, source.path, source.lines
        self.findings = findings
        self.pieces = colour.lines('\n'.join(self.lines), source.major)
        self.stretches = list(self._stretches())

    @property
    def page(self):
        return 'scanned-%d.html' % self.number

    @property
    def rules(self):
        """{rule id: how many findings}, the most frequent first."""
        count = {}
        for one in self.findings:
            count[one.rule] = count.get(one.rule, 0) + 1
        return dict(sorted(count.items(), key=lambda item: (-item[1], item[0])))

    def _stretches(self):
        """Yield the Stretches: findings whose lines touch are one."""
        at = 0
        for begin, end, found in self._groups():
            yield from self._plain(at, begin)
            yield Stretch(self._cells(begin, end), found)
            at = end
        yield from self._plain(at, len(self.lines))

    def _groups(self):
        """Return [(first line, the line after, Findings)], lines counted from 0."""
        groups = []
        for one in sorted(self.findings, key=lambda one: (one.line, one.column)):
            if groups and one.line - 1 < groups[-1][1]:
                begin, end, found = groups.pop()
                groups.append((begin, max(end, one.end), found + [one]))
            else:
                groups.append((one.line - 1, one.end, [one]))
        return groups

    def _plain(self, begin, end):
        """Yield lines without findings: one Stretch, or three whose middle is hidden."""
        above = begin + (CONTEXT if begin else 0)
        below = end - (CONTEXT if end < len(self.lines) else 0)
        if below - above < FOLD:
            above = below = end
        for first, last, hidden in ((begin, above, False), (above, below, True),
                                    (below, end, False)):
            if first < last:
                heads = map(NAMED.match, self.lines[first:last])
                yield Stretch(self._cells(first, last), [], hidden,
                              ', '.join(head.group(1) for head in heads if head))

    def _cells(self, begin, end):
        return [Cell(index + 1, colour.marked(self.pieces[index]),
                     aligned.indent(self.lines[index])) for index in range(begin, end)]


def files(sources, findings):
    """Return the Files of some Sources that have findings, in order."""
    found = []
    for source in sources:
        mine = [one for one in findings if one.path == source.path]
        if mine:
            found.append(File(len(found) + 1, source, mine))
    return found
