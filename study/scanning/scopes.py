"""The functions and classes of a file, and which name means what in it."""
import ast
from dataclasses import dataclass, field

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


@dataclass(eq=False)
class Class:
    """A class of the file. bases: their names as written."""

    name: str
    bases: list
    methods: dict = field(default_factory=dict)
    outer: list = field(default_factory=list)  # classes of the file among the bases
    fields: tuple = ()  # of a namedtuple

    @property
    def root(self):
        """The class whose attributes these are: the first base in the file, if any."""
        return self.outer[0].root if self.outer else self

    def method(self, name):
        found = self.methods.get(name)
        for base in self.outer:
            found = found or base.method(name)
        return found

    def all_bases(self):
        return self.bases + [name for base in self.outer for name in base.all_bases()]


@dataclass(eq=False)
class Function:
    """A function, or the module itself. owner: the Class of a method."""

    node: object
    parent: object = None
    owner: object = None
    names: set = field(default_factory=set)

    @property
    def body(self):
        body = self.node.body
        return body if isinstance(body, list) else [ast.Expr(body)]

    @property
    def parameters(self):
        if isinstance(self.node, ast.Module):
            return []
        arguments = self.node.args
        return [one.arg for one in arguments.posonlyargs + arguments.args]

    def parameter(self, name):
        """Return the node of a parameter."""
        arguments = self.node.args
        return next(one for one in arguments.posonlyargs + arguments.args
                    if one.arg == name)

    @property
    def rest(self):
        """The name of the parameter with a star, or None."""
        star = None if isinstance(self.node, ast.Module) else self.node.args.vararg
        return star and star.arg

    def scope_of(self, name):
        """Return the Function, from this one outwards, in which a name is bound."""
        scope = self
        while scope.parent and name not in scope.names:
            scope = scope.parent
        return scope


class Scopes:
    """All of a file: functions by their node, classes by name, what was imported."""

    def __init__(self, tree):
        self.functions, self.classes, self.imported = {}, {}, {}
        self.module = Function(tree)
        self.functions[tree] = self.module
        self._walk(tree, self.module, None)
        for one in self.classes.values():
            one.outer = [self.classes[name] for name in one.bases
                         if name in self.classes and self.classes[name] is not one]

    def _walk(self, node, scope, owner):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, FUNCTIONS):
                self._function(child, scope, owner)
            elif isinstance(child, ast.ClassDef):
                scope.names.add(child.name)
                self.classes[child.name] = made = Class(
                    child.name, [ast.unparse(base) for base in child.bases])
                self._walk(child, scope, made)
            else:
                self._names(child, scope)
                self._walk(child, scope, owner)

    def _function(self, node, scope, owner):
        made = self.functions[node] = Function(node, scope, owner)
        if not isinstance(node, ast.Lambda):
            if owner:
                owner.methods[node.name] = made
            else:
                scope.names.add(node.name)
        arguments = node.args
        made.names.update(one.arg for one in arguments.posonlyargs + arguments.args
                          + arguments.kwonlyargs)
        made.names.update(one.arg for one in (arguments.vararg, arguments.kwarg) if one)
        for default in arguments.defaults + arguments.kw_defaults:
            if default is not None:
                self._walk(ast.Expr(default), scope, None)
        for child in made.body:
            self._walk(ast.Module([child], []), made, None)
        shared = {name for one in ast.walk(node) if isinstance(one, ast.Global)
                  for name in one.names}
        made.names -= shared

    def _names(self, node, scope):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            scope.names.add(node.id)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            scope.names.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            self._imported(node)

    def _imported(self, node):
        for alias in node.names:
            if isinstance(node, ast.ImportFrom):
                whole = '%s.%s' % (node.module or '', alias.name)
                self.imported[alias.asname or alias.name] = whole
            else:
                name = alias.asname or alias.name.partition('.')[0]
                self.imported[name] = alias.name if alias.asname else name

    def dotted(self, node, scope):
        """Return what an expression names in a module, 'socket.socket', or the name of
        what is built in; '' for anything else."""
        parts = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return ''
        name = node.id
        if name in self.imported:
            return '.'.join([self.imported[name]] + parts[::-1])
        bound = name in scope.scope_of(name).names
        return '' if bound or parts else name

    def methods_named(self, name):
        """Return the methods of that name, of any class."""
        return [one.methods[name] for one in self.classes.values()
                if name in one.methods]
