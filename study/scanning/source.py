"""Python source, of 2 or of 3, as trees.

Python 2 is parsed by fissix, whose tree keeps every character, and then written so that
ast reads it too, on the same lines (normal.py). What follows values works on ast alone,
and so on both.
"""
import ast
import collections
import contextlib
import re
import sys
import tokenize
import warnings
from dataclasses import dataclass, field
from functools import cached_property

from fissix import pygram, pytree
from fissix.pgen2 import driver, parse
from fissix.pgen2 import tokenize as old_tokenize

from study.errors import StudyError
from study.scanning import normal

# Names that only Python 2 has: where a text is good Python 2 and 3, they decide.
OLD_NAMES = frozenset('xrange raw_input unicode basestring unichr long'.split())
OLD_METHODS = frozenset('has_key iteritems itervalues iterkeys maxint getcwdu'.split())
OLD_MODULES = frozenset('SocketServer BaseHTTPServer SimpleHTTPServer urllib2 httplib '
                        'urlparse cPickle StringIO cStringIO ConfigParser Queue thread '
                        'commands xmlrpclib'.split())
NEW_MODULES = frozenset('socketserver queue http urllib.request urllib.parse io builtins '
                        'configparser asyncio selectors'.split())
DEPTH = 4000  # calls within calls: a long sum of literals needs some for each
FIRST_LINE = re.compile(r'#!.*\bpython([23])?')
GRAMMARS = (pygram.python_grammar, pygram.python_grammar_no_print_statement)
BAD = (parse.ParseError, old_tokenize.TokenError, IndentationError, SyntaxError,
       UnicodeDecodeError, ValueError, MemoryError)


class SourceError(StudyError):
    """A file cannot be read as Python; str() is the line that says why."""


@dataclass
class Source:
    """A file. major is 2 or 3; concrete is fissix's tree, or None where it knows a
    newer syntax not; tree is that of ast."""

    path: str
    text: str
    major: int
    concrete: object = field(repr=False)
    tree: object = field(repr=False)
    bound: dict = field(default_factory=dict, repr=False)  # see assignments.py
    asked: dict = field(default_factory=dict, repr=False)

    @cached_property
    def lines(self):
        return self.text.split('\n')

    @cached_property
    def every_node(self):
        """The nodes of ast, in order."""
        return list(ast.walk(self.tree))

    @cached_property
    def parents(self):
        """{node of ast: the node that it stands in}."""
        return {child: node for node in self.every_node
                for child in ast.iter_child_nodes(node)}

    @cached_property
    def by_type(self):
        """{type of fissix's: its nodes and leaves, in order}."""
        found = collections.defaultdict(list)
        for node in self.concrete.pre_order() if self.concrete else ():
            found[node.type].append(node)
        return found

    def around(self, node):
        """Yield the nodes that a node stands in, from the inside."""
        while node in self.parents:
            node = self.parents[node]
            yield node

    def nodes(self, *kinds):
        """Return the nodes of some kinds, in order."""
        return [node for node in self.every_node if isinstance(node, kinds)]

    def imports(self, module):
        """Return whether a module is imported."""
        return any(alias.name.split('.')[0] == module
                   for node in self.nodes(ast.Import) for alias in node.names) or any(
                       (node.module or '').split('.')[0] == module
                       for node in self.nodes(ast.ImportFrom))


def read(path, major=None):
    """Return the Source in a file. major says which Python it is for, None leaves that
    to the text. Raises SourceError."""
    try:
        with tokenize.open(path) as opened:
            text = opened.read()
    except OSError as error:
        raise SourceError('%s: %s' % (path, error.strerror))
    except (SyntaxError, UnicodeDecodeError):  # no encoding named: Python 2 took any
        with open(path, encoding='latin-1') as opened:
            text = opened.read()
    return parsed(path, text.replace('\r\n', '\n').replace('\r', '\n'), major)


@contextlib.contextmanager
def deep(path):
    """A context in which calls may go deeper: trees are gone through by recursion. Raises
    SourceError where that is not deep enough."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(DEPTH)
    try:
        yield
    except RecursionError:
        raise SourceError('%s: it is nested too deeply' % path)
    finally:
        sys.setrecursionlimit(limit)


def parsed(path, text, major=None):
    """Return the Source that a text is. Raises SourceError."""
    with deep(path):
        return parsed_at_once(path, text, major)


def parsed_at_once(path, text, major):
    if '\0' in text:
        raise SourceError('%s: it has zero bytes, and is no Python' % path)
    new = new_tree(text)
    if major == 3 or (major is None and new is not None and not looks_old(text, new)):
        if new is None:
            raise SourceError('%s: it is no Python 3' % path)
        return Source(path, text, 3, old_tree(text, GRAMMARS[1:]), new)
    concrete = old_tree(text, GRAMMARS)
    if concrete is None:
        raise SourceError('%s: it is neither Python 2 nor Python 3' % path)
    tree = new_tree(normal.written(concrete))
    if tree is None:
        raise SourceError('%s: it cannot be read as Python 2' % path)
    return Source(path, text, 2, concrete, tree)


def looks_old(text, tree):
    """Return whether a text that is good Python 3, as a tree, is meant for Python 2."""
    first = FIRST_LINE.match(text)
    if first and first.group(1):
        return first.group(1) == '2'
    modules, names, bound = set(), set(), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            modules.add(node.module)
        elif isinstance(node, ast.Name):
            (names if isinstance(node.ctx, ast.Load) else bound).add(node.id)
        elif isinstance(node, ast.Attribute):
            names.add(node.attr)
    if modules & NEW_MODULES:  # it knows both
        return False
    return bool(modules & OLD_MODULES or names & OLD_METHODS
                or (names - bound) & OLD_NAMES)


def new_tree(text):
    """Return the tree of ast, or None."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')  # about escapes: a rule is about them
            return ast.parse(text)
    except BAD:
        return None


def old_tree(text, grammars):
    """Return fissix's tree by the first grammar that fits, or None."""
    for grammar in grammars:
        try:
            tool = driver.Driver(grammar, convert=pytree.convert)
            return tool.parse_string(text if text.endswith('\n') else text + '\n')
        except BAD:
            pass
    return None
