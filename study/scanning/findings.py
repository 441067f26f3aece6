"""A scan's findings: which rule, where, and what the translator does with it."""
import re
from dataclasses import dataclass

PARTS = ('silent', 'half done', 'done')  # what hurts most stands first


@dataclass(frozen=True)
class Found:
    """What a check has found, before it is known for which rule and in which file.

    line and end count from 1, column from 0. part: one of PARTS where it is not that of
    the rule, else ''.
    """

    line: int
    column: int
    end: int
    sentence: str
    part: str = ''


@dataclass(frozen=True)
class Finding:
    """A rule that applies to lines of a file. column counts from 1."""

    rule: str
    path: str
    line: int
    column: int
    end: int
    part: str
    sentence: str

    @property
    def order(self):
        """What hurts most first, then as it stands in the files."""
        return PARTS.index(self.part), self.path, self.line, self.column, self.rule

    @property
    def lines(self):
        return range(self.line, self.end + 1)


def at(node, sentence, part='', end=None):
    """Return Found at a node of ast; it ends where the node does, or at a line."""
    return Found(node.lineno, node.col_offset, end or node.end_lineno, sentence, part)


def part_of(rule):
    """Return what the translator does with a rule: one of PARTS."""
    word = re.match(r'[a-z ]*', rule.fields.get('2to3', '')).group().strip()
    return word if word in PARTS else 'silent'
