"""Follows bytes, and texts that are to be bytes, through a file.

What a socket gives is bytes, and goes through assignment, unpacking, slicing, methods
and the functions of the same file. A text goes the same ways, and remembers where it
stands and which uses it came through. Where a text meets bytes, or is sent, there is a
Hit. Conditions are not looked at, and order only where one assignment is sure to be the
last before a use (assignments.py): otherwise a variable is all that it ever is.
"""
import ast
import collections
from typing import NamedTuple

from study.scanning import assignments
from study.scanning import library
from study.scanning import scopes
from study.scanning.calls import Calls
from study.scanning.values import (BASES, BYTES, FILE, FLOAT, INTEGER, NONE, NOTHING,
                                   PRINTED, REQUEST, SOCKET, TRUTH, Object, Text, Use,
                                   objects, texts, words)

PASSES = 12  # at most, until nothing new is found
ARITHMETIC = (ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Pow, ast.LShift, ast.RShift,
              ast.BitOr, ast.BitAnd, ast.BitXor)


class Hit(NamedTuple):
    """A text where bytes must be. place: the node at which it is found out."""

    text: Text
    place: object


class Flow(Calls):
    """After run(): hits, and places, {what: nodes} of which checks know the meaning."""

    def __init__(self, source):
        self.source = source
        self.scopes = scopes.Scopes(source.tree)
        self.cells = collections.defaultdict(set)
        self.hits, self.spoken = set(), set()
        self.places = collections.defaultdict(set)
        self.settled = {}  # target of the one assignment that counts, by use of a name
        self.guarded = {}  # whether a name's type is asked before its use
        self.owners = {}  # class of the file by the node of a method
        for one in self.scopes.classes.values():
            for method in one.methods.values():
                self.owners[method] = one

    def run(self):
        for _ in range(PASSES):
            before = sum(map(len, self.cells.values()))
            for scope in list(self.scopes.functions.values()):
                self.parameters(scope)
                self.block(scope.body, scope)
            if sum(map(len, self.cells.values())) == before:
                break
        return self

    # Cells

    def add(self, cell, value):
        self.cells[cell] |= value

    def load(self, cell, node):
        """Return what a cell holds; its texts note the use."""
        return used(self.cells[cell], Use(cell, node))

    def contents(self, thing, node=None):
        """Return what a container holds."""
        return frozenset(self.cells['content', thing.site])

    def key(self, thing):
        return frozenset(self.cells['key', thing.site])

    def made(self, kind, site, value=NOTHING):
        """Return a new container with contents."""
        self.add(('content', site), value)
        return frozenset([Object(kind, site)])

    def attribute_cells(self, value, name):
        """Return the cells of an attribute: those of the classes that have it."""
        known = [one.site for one in objects(value, 'instance', 'class')]
        if not known:
            known = [one for one in self.scopes.classes.values()
                     if self.cells.get(('attribute', one.root, name))]
        return list(dict.fromkeys(('attribute', one.root, name) for one in known))

    # What a parameter is before anybody is seen to call

    def parameters(self, scope):
        names = scope.parameters
        owner = self.owners.get(scope)
        if owner and names:
            mine = {Object('instance', owner)}
            if any(base.endswith(library.DISPATCHERS) for base in owner.all_bases()):
                mine.add(SOCKET)
            self.give(scope, names[0], mine)
            if scope.node.name in library.GIVEN_BYTES and len(names) > 1:
                self.give(scope, names[1], {BYTES})
        for name in names:
            if name in library.SOCKET_NAMES:
                self.give(scope, name, {SOCKET})
        if names[-2:] == ['reader', 'writer']:
            self.give(scope, 'reader', {FILE})

    def give(self, scope, name, value):
        """Give a parameter of a function a value."""
        self.add(('name', scope, name), value)
        self.add(('assigned', scope.parameter(name)), value)

    # Statements

    def block(self, statements, scope):
        for statement in statements:
            self.statement(statement, scope)

    def statement(self, node, scope):
        method = getattr(self, 'do_' + type(node).__name__, None)
        if method:
            method(node, scope)
        else:
            self.inner(node, scope)

    def inner(self, node, scope):
        """Go through the expressions and the blocks of a statement."""
        for _, value in ast.iter_fields(node):
            for part in value if isinstance(value, list) else [value]:
                if isinstance(part, ast.expr):
                    self.value(part, scope)
                elif isinstance(part, ast.AST):
                    self.statement(part, scope)

    def do_FunctionDef(self, node, scope):
        for default, name in zip(reversed(node.args.defaults),
                                 reversed(self.scopes.functions[node].parameters)):
            self.give(self.scopes.functions[node], name, self.value(default, scope))
        if self.scopes.functions[node] not in self.owners:
            self.add(('name', scope, node.name),
                     {Object('function', self.scopes.functions[node])})

    do_AsyncFunctionDef = do_FunctionDef

    def do_ClassDef(self, node, scope):
        made = self.scopes.classes[node.name]
        self.add(('name', scope, node.name), {Object('class', made)})
        for part in node.body:
            if isinstance(part, ast.Assign):
                value = self.value(part.value, scope)
                for target in part.targets:
                    if isinstance(target, ast.Name):
                        self.add(('attribute', made.root, target.id), value)
            self.statement(part, scope)

    def do_Assign(self, node, scope):
        value = self.value(node.value, scope)
        for target in node.targets:
            self.bind(target, value, scope)

    def do_AnnAssign(self, node, scope):
        if node.value:
            self.bind(node.target, self.value(node.value, scope), scope)

    def do_AugAssign(self, node, scope):
        self.bind(node.target, self.operation(
            node, self.value(node.target, scope), node.op,
            self.value(node.value, scope), node.value), scope)

    def do_For(self, node, scope):
        whole = self.value(node.iter, scope)
        if is_only_bytes(whole):
            self.places['items'].add(node.iter)
        self.bind(node.target, self.items(whole), scope)
        self.block(node.body + node.orelse, scope)

    do_AsyncFor = do_For

    def do_With(self, node, scope):
        for item in node.items:
            value = self.value(item.context_expr, scope)
            if item.optional_vars:
                self.bind(item.optional_vars, value, scope)
        self.block(node.body, scope)

    do_AsyncWith = do_With

    def do_Return(self, node, scope):
        value = self.value(node.value, scope) if node.value else frozenset([NONE])
        self.add(('return', scope), value)

    def do_Raise(self, node, scope):
        if isinstance(node.exc, ast.Call):
            value = frozenset().union(*[self.value(part, scope)
                                        for part in node.exc.args])
            # Only a repr of bytes is wrong in an error's words.
            self.add(('raised', ast.unparse(node.exc.func)),
                     {one for one in texts(value) if one.mixed})
            self.value(node.exc, scope)

    def do_ExceptHandler(self, node, scope):
        if node.name and node.type is not None:
            self.add(('name', scope.scope_of(node.name), node.name),
                     self.cells['raised', ast.unparse(node.type)])
        self.block(node.body, scope)

    def do_Expr(self, node, scope):
        value = self.value(node.value, scope)
        if isinstance(scope.node, ast.Lambda):
            self.add(('return', scope), value)

    # Targets

    def bind(self, target, value, scope):
        """Let a target have a value."""
        if isinstance(target, ast.Name):
            owner = scope.scope_of(target.id)
            self.add(('name', owner, target.id), value)
            self.add(('assigned', target), value)
        elif isinstance(target, ast.Attribute):
            for cell in self.attribute_cells(self.value(target.value, scope),
                                             target.attr):
                self.add(cell, value)
        elif isinstance(target, ast.Subscript):
            self.store(target, value, scope)
        elif isinstance(target, (ast.Tuple, ast.List)):
            for place, part in enumerate(target.elts):
                self.bind(part, self.item(value, place), scope)
        elif isinstance(target, ast.Starred):
            self.bind(target.value, self.made('list', target, self.items(value)), scope)

    def store(self, target, value, scope):
        key = self.value(target.slice, scope)
        for thing in objects(self.value(target.value, scope), 'dict', 'list'):
            if not isinstance(target.slice, ast.Slice):
                self.add(('content', thing.site), value)
                self.add(('key', thing.site), key)
                self.meet(self.key(thing), key, target)

    def item(self, value, place):
        """Return what stands at a place of a value that is unpacked."""
        found = set()
        if REQUEST in value:
            found.add((BYTES, SOCKET)[place] if place < 2 else NONE)
        for thing in objects(value, 'tuple'):
            found |= self.cells['item', thing.site, place]
        for thing in objects(value, 'list', 'dict'):
            found |= self.key(thing) if thing.kind == 'dict' else self.contents(thing)
        return frozenset(found)

    def items(self, value):
        """Return what a loop over a value gives."""
        found = set()
        if FILE in value:
            found.add(BYTES)
        for thing in objects(value, 'list', 'memory'):
            found |= self.contents(thing)
        for thing in objects(value, 'dict'):
            found |= self.key(thing)
        for thing in objects(value, 'tuple'):
            for place in range(self.length(thing)):
                found |= self.cells['item', thing.site, place]
        if BASES in value:
            found.add(BASES)
        return frozenset(found)

    def length(self, thing):
        return max((cell[2] + 1 for cell in list(self.cells)
                    if cell[0] == 'item' and cell[1] is thing.site), default=0)

    def tuple(self, site, *values):
        for place, value in enumerate(values):
            self.add(('item', site, place), value)
        return frozenset([Object('tuple', site)])

    # Expressions

    def value(self, node, scope):
        """Return what an expression can be."""
        method = getattr(self, 'of_' + type(node).__name__, None)
        if method:
            return method(node, scope)
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self.value(child, scope)
        return NOTHING

    def of_Constant(self, node, scope):
        value = node.value
        if isinstance(value, str):
            return frozenset([Text(node)])
        kinds = {bytes: BYTES, bool: TRUTH, int: INTEGER, float: FLOAT, type(None): NONE}
        return frozenset([kinds[type(value)]]) if type(value) in kinds else NOTHING

    def of_JoinedStr(self, node, scope):
        value = frozenset().union(*(self.value(part.value, scope) for part in node.values
                                    if isinstance(part, ast.FormattedValue)
                                    and part.conversion != ord('r')))
        return self.formatted(frozenset([Text(node)]), value, node)

    def of_Name(self, node, scope):
        name = node.id
        whole = self.scopes.dotted(node, scope)
        if whole and name in self.scopes.imported:
            return library.gives(whole) if whole == 'sys.stdout' else NOTHING
        owner = scope.scope_of(name)
        if node not in self.settled:
            self.settled[node] = owner is scope and assignments.last(
                self.source, scope, node)
            self.guarded[node] = owner is scope and assignments.is_guarded(
                self.source, scope.node, node)
        use = Use(('name', owner, name), node)
        seen = self.settled[node]
        value = used(self.cells['assigned', seen] if seen else self.cells[use.cell], use)
        return words(value) if self.guarded[node] else value

    def of_Attribute(self, node, scope):
        whole = self.scopes.dotted(node, scope)
        if whole in ('sys.stdout', 'sys.stderr'):
            return frozenset([PRINTED])
        value = self.value(node.value, scope)
        if node.attr == '__bases__':
            return frozenset([BASES])
        if node.attr == 'name' and 'thread' in value:
            return self.thread_name(node, scope)
        found = set()
        for cell in self.attribute_cells(value, node.attr):
            found |= self.load(cell, node)
        for one in objects(value, 'instance', 'class'):
            method = one.site.method(node.attr)
            if method:
                found.add(Object('function', method))
        return frozenset(found | self.of_a_handler(node, value))

    def of_a_handler(self, node, value):
        """Return what an attribute is that the library gives a request handler."""
        if self.attribute_cells(frozenset(), node.attr):
            return set()
        found = {'request': REQUEST, 'connection': SOCKET, 'rfile': FILE, 'wfile': FILE
                 }.get(node.attr)
        mine = any('Handler' in base for one in objects(value, 'instance')
                   for base in one.site.all_bases())
        if found and (mine or found is FILE):
            return {found}
        if node.attr == 'socket' and objects(value, 'instance'):
            return {SOCKET}
        if found is None and node.attr in library.SOCKET_NAMES:
            return {SOCKET}
        return set()

    def of_BinOp(self, node, scope):
        return self.operation(node, self.value(node.left, scope), node.op,
                              self.value(node.right, scope), node.right)

    def operation(self, node, left, operator, right, operand):
        """Return what an operation gives."""
        if isinstance(operator, ast.Add):
            self.meet(left, right, node)
            if isinstance(node, ast.AugAssign):
                for thing in objects(left, 'list'):
                    self.add(('content', thing.site), self.items(right))
            return left | right
        if isinstance(operator, ast.Mod) and (texts(left) or BYTES in left):
            return self.formatted(left, right, node)
        if isinstance(operator, ast.Mult) and (texts(left) or BYTES in left
                                               or objects(left, 'list')):
            return left
        if isinstance(operator, ARITHMETIC) or isinstance(operator, ast.Mod):
            return self.number(node, left, operator, right)
        return NOTHING

    def number(self, node, left, operator, right):
        both = left | right
        if isinstance(operator, ast.Div) and INTEGER in both and FLOAT not in both:
            self.places['divisions'].add(node)
        if FLOAT in both:
            return frozenset([FLOAT])
        return frozenset([INTEGER]) if INTEGER in both else NOTHING

    def formatted(self, form, values, node):
        """Return a text into which values are put: the operands' texts go with it."""
        inner = set(values)
        for thing in objects(values, 'tuple'):
            for place in range(self.length(thing)):
                inner |= self.cells['item', thing.site, place]
        for thing in objects(values, 'list', 'dict'):
            inner |= self.contents(thing)
        mixed = self.shows(form) and (
            BYTES in inner or any(one.mixed for one in texts(inner)))
        found = {one._replace(formatted=True, mixed=one.mixed or mixed)
                 for one in texts(form)}
        if BYTES in form:
            found.add(BYTES)
            self.strike(inner, node)
        return frozenset(found | set(texts(inner)))

    def shows(self, form):
        """Return whether a format shows bytes where nobody can mean it: %r may be meant,
        in Python 3."""
        words_of_it = [one.node.value for one in texts(form)
                       if isinstance(getattr(one.node, 'value', None), str)]
        return self.source.major == 2 or not words_of_it or any(
            '%s' in word or '{' in word and '!r' not in word for word in words_of_it)

    def of_BoolOp(self, node, scope):
        return frozenset().union(*(self.value(part, scope) for part in node.values))

    def of_IfExp(self, node, scope):
        self.value(node.test, scope)
        return self.value(node.body, scope) | self.value(node.orelse, scope)

    def of_Compare(self, node, scope):
        sides = [self.value(part, scope) for part in [node.left] + node.comparators]
        for operator, one, other in zip(node.ops, sides, sides[1:]):
            if isinstance(operator, (ast.In, ast.NotIn)):
                self.meet(one, self.items(other) | other, node)
            elif not isinstance(operator, (ast.Is, ast.IsNot)):
                self.compare(one, other, node)
        return frozenset([TRUTH])

    def compare(self, one, other, node):
        """Compare two values, or the items of two tuples or lists."""
        tuples = objects(one, 'tuple')[:1] + objects(other, 'tuple')[:1]
        if len(tuples) == 2 and not objects(one | other, 'list'):
            for place in range(min(map(self.length, tuples))):
                self.meet(self.item(one, place), self.item(other, place), node)
            return
        if objects(one, 'tuple', 'list') and objects(other, 'tuple', 'list'):
            one, other = self.items(one), self.items(other)
        self.meet(one, other, node)

    def meet(self, one, other, place):
        """Let two values meet that must both be bytes, if one is. A function of Python 3
        may be called with both: what stands on both sides proves nothing there."""
        both = set()
        if self.source.major == 3:
            both = {text.node for text in texts(one)}.intersection(
                text.node for text in texts(other))
        if BYTES in other:
            self.strike(one, place, both)
        if BYTES in one:
            self.strike(other, place, both)

    def strike(self, value, place, but=()):
        """Take down the texts of a value that must be bytes, without those at some
        nodes."""
        for text in texts(value):
            if text.node not in but:
                self.hits.add(Hit(text, place))

    def of_Subscript(self, node, scope):
        value = self.value(node.value, scope)
        index = self.value(node.slice, scope)
        if self.scopes.dotted(node.value, scope) == 'sys.argv':
            return frozenset([Text(node, 'argument')])
        if isinstance(node.slice, ast.Slice):
            return value
        number = node.slice.value if isinstance(node.slice, ast.Constant) else None
        if is_only_bytes(value):
            self.places['items'].add(node)
            return frozenset([BYTES])
        found = set(texts(value))
        if isinstance(number, int) and number >= 0:
            found |= self.item(words(value), number)
        else:
            found |= self.items(frozenset(objects(value, 'list', 'tuple')))
        for thing in objects(value, 'dict'):
            found |= self.contents(thing)
            self.meet(self.key(thing), index, node)
        return frozenset(found)

    def of_Tuple(self, node, scope):
        return self.tuple(node, *(self.value(part, scope) for part in node.elts))

    def of_List(self, node, scope):
        return self.made('list', node, frozenset().union(
            *(self.value(part, scope) for part in node.elts)))

    of_Set = of_List

    def of_Starred(self, node, scope):
        return self.items(self.value(node.value, scope))

    def of_Dict(self, node, scope):
        for key, part in zip(node.keys, node.values):
            value = self.value(part, scope)
            if key is None:
                value = frozenset()
            else:
                self.add(('key', node), self.value(key, scope))
            self.add(('content', node), value)
        return frozenset([Object('dict', node)])

    def generators(self, node, scope):
        for one in node.generators:
            whole = self.value(one.iter, scope)
            if is_only_bytes(whole):
                self.places['items'].add(one.iter)
            self.bind(one.target, self.items(whole), scope)
            for test in one.ifs:
                self.value(test, scope)

    def of_ListComp(self, node, scope):
        self.generators(node, scope)
        return self.made('list', node, self.value(node.elt, scope))

    of_SetComp = of_GeneratorExp = of_ListComp

    def of_DictComp(self, node, scope):
        self.generators(node, scope)
        self.add(('key', node), self.value(node.key, scope))
        return self.made('dict', node, self.value(node.value, scope))

    def of_Lambda(self, node, scope):
        return frozenset([Object('function', self.scopes.functions[node])])

    def of_Await(self, node, scope):
        return self.value(node.value, scope)

    def of_NamedExpr(self, node, scope):
        value = self.value(node.value, scope)
        self.bind(node.target, value, scope)
        return value

    def of_Yield(self, node, scope):
        if node.value:
            self.add(('content', scope), self.value(node.value, scope))
        self.add(('return', scope), {Object('list', scope)})
        return NOTHING

    def of_UnaryOp(self, node, scope):
        value = self.value(node.operand, scope)
        return frozenset([TRUTH]) if isinstance(node.op, ast.Not) else words(value)

    def thread_name(self, node, scope):
        """Return the text that a thread's name is. That of a subclass with a run() of its
        own is as it was."""
        owner = self.owners.get(scope)
        if owner and scope.node.name == 'run' and any(
                base.endswith('Thread') for base in owner.all_bases()):
            return frozenset([Text(node, 'subclass')])
        return frozenset([Text(node, 'thread')])


def used(value, use):
    """Return a value whose texts note a use."""
    return frozenset(mark.used(use) if isinstance(mark, Text) else mark
                     for mark in value)


def is_only_bytes(value):
    """Return whether a value is bytes, or perhaps a text that is to be, and nothing that
    has items of another kind."""
    return BYTES in value and not objects(value, 'list', 'tuple', 'dict', 'memory') and (
        FILE not in value and REQUEST not in value)
