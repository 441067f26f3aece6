"""What flow.py knows of a value: a set of marks, each a word, a Text or an Object."""
from typing import NamedTuple

BYTES, SOCKET, REQUEST, FILE = 'bytes', 'socket', 'request', 'file'
MATCH, STRUCT, THREAD = 'match', 'struct', 'thread'
NONE, INTEGER, FLOAT, TRUTH = 'none', 'integer', 'float', 'truth'
BASES, PRINTED = 'bases', 'printed'  # what __bases__ gives; a stream of the screen
NOTHING = frozenset()
LONGEST = 5  # uses that a Text remembers


class Use(NamedTuple):
    """A place where a variable, an attribute or a function's result is used."""

    cell: tuple
    node: object


class Text(NamedTuple):
    """A text, where it comes from, and through which uses it came.

    kind: literal, call (of what gives text), argument (of the command line), thread (its
    name), or subclass (the name of a thread to which 3.10 adds nothing). formatted:
    values were put into it; mixed: bytes among them.
    """

    node: object
    kind: str = 'literal'
    uses: tuple = ()
    formatted: bool = False
    mixed: bool = False

    def used(self, use):
        """Return it after one use more."""
        if len(self.uses) >= LONGEST or use in self.uses:
            return self
        return self._replace(uses=self.uses + (use,))


class Object(NamedTuple):
    """A thing with contents of its own. site: the node that makes it, or what the file
    defines. kind: list, dict, tuple, memory, function, class, instance, regex."""

    kind: str
    site: object


def texts(value):
    return [mark for mark in value if isinstance(mark, Text)]


def objects(value, *kinds):
    return [mark for mark in value if isinstance(mark, Object) and mark.kind in kinds]


def words(value):
    """Return a value without its texts."""
    return frozenset(mark for mark in value if not isinstance(mark, Text))
