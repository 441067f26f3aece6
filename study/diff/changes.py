"""What differs between a recipe and its port: groups of changed lines.

A group is what stands between two equal stretches: lines removed from the original and
lines added in the port. There may be none of one kind.
"""
import ast
import difflib
from dataclasses import dataclass, field
from functools import cached_property

from study.diff import tokens


class Source:
    """A whole script on one side, for the tokens of its lines."""

    def __init__(self, side, texts):
        self.side, self.texts = side, texts

    @cached_property
    def tokens(self):
        return tokens.by_line(self.side, self.texts)


@dataclass(frozen=True)
class Line:
    """A line on one side. number counts from 1; text has no newline."""

    side: str  # '-' in the original, '+' in the port
    number: int
    text: str
    source: Source = field(default=None, compare=False, repr=False)

    @property
    def tokens(self):
        """What tokens.by_line() makes of it."""
        return self.source.tokens.get(self.number, []) if self.source else []


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


def lines_of(side, texts):
    """Return the Lines of a whole script, given their texts."""
    source = Source(side, texts)
    return [Line(side, number, text, source) for number, text in enumerate(texts, 1)]


def opcodes(old, new):
    """Return difflib's opcodes for two lists of Lines (its documentation says what they
    are)."""
    texts = ([line.text for line in lines] for lines in (old, new))
    return difflib.SequenceMatcher(None, *texts, autojunk=False).get_opcodes()


def groups(old, new):
    """Return the Groups between two lists of Lines, in order."""
    return [Group(tuple(old[i1:i2]), tuple(new[j1:j2]))
            for tag, i1, i2, j1, j2 in opcodes(old, new) if tag != 'equal']


def sides(recipe, original, port):
    """Return the Lines of a recipe in two compat.trees.Tree."""
    return [lines_of(side, read_lines(tree.script(recipe)))
            for side, tree in (('-', original), ('+', port))]


def groups_of(recipe, original, port):
    """Return the Groups of a recipe, given two compat.trees.Tree."""
    return groups(*sides(recipe, original, port))
