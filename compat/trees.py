"""The recipes, and the folders ("trees") that hold a version of each.

A tree is a folder with a script for each recipe, and the shared modules that the
scripts import. py2_original/ needs Python 2; every other tree, a reader's own port
included, needs Python 3.
"""
import contextlib
import os
import sys

import six

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

RECIPES = (
    'tcp_server',
    'udp_server',
    'unix_stream_server',
    'unix_datagram_server',
    'server_hierarchy',
    'server_matrix',
    'forking_mixin_socket_server',
    'threading_mixin_socket_server',
    'chat_server_with_select',
    'simple_web_server_with_epoll',
    'echo_server_with_diesel',
)
# In the order in which they import each other, and are ported.
SHARED = ('console', 'serving')


class TreeError(Exception):
    """The folder is not a tree, or a recipe is missing from it."""


class Tree(object):
    """A folder of recipes. path is absolute, name its last part, major the
    version of Python it needs (2 or 3)."""

    def __init__(self, path):
        self.path = os.path.abspath(path)
        self.name = os.path.basename(self.path)
        self.major = 2 if self.name == 'py2_original' else 3
        if not os.path.isdir(self.path):
            raise TreeError('no such folder: %s' % self.path)
        if not any(os.path.exists(self.script(name)) for name in RECIPES):
            raise TreeError('no recipe in folder: %s' % self.path)

    def script(self, recipe):
        """Return the path of a recipe's file, whether or not it is there."""
        return os.path.join(self.path, recipe + '.py')


def named(name):
    """Return one of the project's own trees: 'py2_original' or 'py3'."""
    return Tree(os.path.join(ROOT, name))


def current_tree():
    """Return the tree under test: the folder that PORT_TREE names, or else the
    project's own for the running Python. Raises TreeError."""
    return Tree(os.environ.get('PORT_TREE')
                or os.path.join(ROOT, 'py2_original' if six.PY2 else 'py3'))


def load(name, tree=None):
    """Import a recipe or a shared module of a tree and return the module.

    It gets a name of its own, so that two trees never share one, and it is
    executed anew at each call, together with the shared modules that it imports.
    Raises TreeError if the file is not there, and whatever the recipe raises,
    SyntaxError for the wrong Python included.
    """
    tree = tree or current_tree()
    with _shared_modules_of(tree):
        return _load(name, tree)


def _load(name, tree):
    path = tree.script(name)
    if not os.path.exists(path):
        raise TreeError('no recipe %s in %s' % (name, tree.path))
    return _load_source('_recipe_of_%s_%s' % (tree.name, name), path)


@contextlib.contextmanager
def _shared_modules_of(tree):
    """Let "import console" find the tree's own, and nobody else's."""
    before = {name: sys.modules.pop(name, None) for name in SHARED}
    try:
        for name in SHARED:
            if os.path.exists(tree.script(name)):
                sys.modules[name] = _load(name, tree)
        yield
    finally:
        for name in SHARED:
            sys.modules.pop(name, None)
            if before[name]:
                sys.modules[name] = before[name]


if six.PY2:
    def _load_source(name, path):
        import imp
        sys.modules.pop(name, None)  # else imp fills the old module again
        with open(path) as source:
            return imp.load_module(name, source, path, ('.py', 'U', imp.PY_SOURCE))
else:
    def _load_source(name, path):
        from importlib import util
        spec = util.spec_from_file_location(name, path)
        module = sys.modules[name] = util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module
