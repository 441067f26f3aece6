"""What differs between a recipe and its port: groups of changed lines.

A group is what stands between two equal stretches: lines removed from the original and
lines added in the port. There may be none of one kind.
"""
import ast
import difflib
from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """A line on one side. number counts from 1; text has no newline."""

    side: str  # '-' in the original, '+' in the port
    number: int
    text: str


@dataclass(frozen=True)
class Group:
    """Changed lines that belong together, as two tuples of Line."""

    removed: tuple
    added: tuple

    @property
    def lines(self):
        return self.removed + self.added


def read_lines(path):
    """Return the lines of a script, without their newlines."""
    with open(path, encoding='utf-8') as source:
        return source.read().splitlines()


def first_line(lines):
    """Return the first line of a script's docstring."""
    return ast.get_docstring(ast.parse('\n'.join(lines))).splitlines()[0]


def opcodes(old, new):
    """Yield difflib's opcodes for two lists of lines (its documentation says
    what they are)."""
    return difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()


def groups(old, new):
    """Return the Groups between two lists of lines, in order."""
    return [Group(numbered('-', old, i1, i2), numbered('+', new, j1, j2))
            for tag, i1, i2, j1, j2 in opcodes(old, new) if tag != 'equal']


def numbered(side, lines, begin, end):
    """Return lines[begin:end] as a tuple of Line."""
    return tuple(Line(side, number + 1, lines[number]) for number in range(begin, end))


def groups_of(recipe, original, port):
    """Return the Groups of a recipe, given two compat.trees.Tree."""
    return groups(read_lines(original.script(recipe)), read_lines(port.script(recipe)))
