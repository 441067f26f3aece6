"""Modules, names and methods that have another name, another place or none."""
import ast
import os
import re

from study.scanning.findings import Found, at

CHECKS = ('oserror', 'renamed_modules', 'removed_modules', 'dict_views', 'lazy_map',
          'beside_the_script', 'diesel')
RENAMED = {
    'SocketServer': 'socketserver', 'Queue': 'queue', 'BaseHTTPServer': 'http.server',
    'SimpleHTTPServer': 'http.server', 'CGIHTTPServer': 'http.server',
    'httplib': 'http.client', 'urllib2': 'urllib.request', 'urlparse': 'urllib.parse',
    'cPickle': 'pickle', 'ConfigParser': 'configparser', 'xmlrpclib': 'xmlrpc.client',
    'SimpleXMLRPCServer': 'xmlrpc.server', 'DocXMLRPCServer': 'xmlrpc.server',
    'cookielib': 'http.cookiejar', 'Cookie': 'http.cookies', 'HTMLParser': 'html.parser',
    'htmlentitydefs': 'html.entities', 'copy_reg': 'copyreg', 'commands': 'subprocess',
    'Tkinter': 'tkinter', '__builtin__': 'builtins', 'urllib': 'urllib.parse and '
    'urllib.request', 'robotparser': 'urllib.robotparser', 'repr': 'reprlib',
    'UserDict': 'collections', 'dummy_thread': '_dummy_thread', 'anydbm': 'dbm'}
# Those that are no other word.
OLD_MODULES = re.compile(r'\b(SocketServer|BaseHTTPServer|SimpleHTTPServer|ConfigParser'
                         r'|urllib2|httplib|cPickle|xmlrpclib)\b')
REMOVED = {'asyncore': '3.12', 'asynchat': '3.12', 'smtpd': '3.12', 'imp': '3.12',
           'distutils': '3.12', 'cgi': '3.13', 'cgitb': '3.13', 'telnetlib': '3.13',
           'pipes': '3.13', 'crypt': '3.13', 'nntplib': '3.13', 'uu': '3.13',
           'mimetools': '3.0', 'rfc822': '3.0', 'md5': '3.0', 'sha': '3.0',
           'popen2': '3.0', 'sets': '3.0'}
ERRORS = re.compile(r'\b(socket\.error|select\.error|EnvironmentError|WindowsError)\b')
OLD_ERRORS = {'EnvironmentError', 'IOError', 'WindowsError', 'socket.error',
              'select.error', 'socket.herror'}


def docstrings(source):
    """Yield (line, column, text) for the lines of the docstrings."""
    for node in source.nodes(ast.Module, ast.ClassDef, ast.FunctionDef,
                             ast.AsyncFunctionDef):
        first = node.body[0] if node.body else None
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and (
                isinstance(first.value.value, str)):
            for number in range(first.lineno, first.end_lineno + 1):
                yield number, source.lines[number - 1]


def oserror(source, flow):
    if source.major == 3:
        return
    for number, text in docstrings(source):
        for match in ERRORS.finditer(text):
            yield Found(number, match.start(), number, 'The docstring has an old name of '
                        'OSError.')
    for node in source.nodes(ast.Name, ast.Attribute):
        if ast.unparse(node) in OLD_ERRORS and not isinstance(node.ctx, ast.Store):
            yield at(node, '%s is OSError: it works, and may catch more than it did.'
                     % ast.unparse(node))
    yield from as_tuples(source)


def as_tuples(source):
    """Yield where an error of the system is taken for a tuple."""
    for handler in source.nodes(ast.ExceptHandler):
        if not handler.name or not handler.type or not any(
                name in ast.unparse(handler.type) for name in OLD_ERRORS):
            continue
        for node in ast.walk(handler):
            if isinstance(node, ast.Subscript) and (
                    ast.unparse(node.value) == handler.name):
                yield at(node, 'An error cannot be indexed: it has errno and strerror.')


def renamed_modules(source, flow):
    if source.major == 3:
        return
    names = {}  # as they are called here: of which module
    for node in source.nodes(ast.Import):
        for alias in node.names:
            if alias.name in RENAMED:
                names[alias.asname or alias.name] = alias.name
                yield moved(node, alias.name)
    for node in source.nodes(ast.ImportFrom):
        if node.module in RENAMED:
            yield moved(node, node.module)
    parents = source.parents
    for node in source.nodes(ast.Name):
        module = names.get(node.id)
        if module and node.id == module and isinstance(node.ctx, ast.Load):
            alone = not isinstance(parents.get(node), ast.Attribute)
            yield at(node, '%s is %s.' % (module, RENAMED[module])
                     + (' 2to3 leaves it here.' if alone else ''),
                     'silent' if alone else 'done')
    for number, text in docstrings(source):
        for match in OLD_MODULES.finditer(text):
            yield Found(number, match.start(), number,
                        'The docstring has the old name of a module.', 'silent')


def moved(node, name):
    return at(node, '%s is %s.' % (name, RENAMED[name]), 'done')


def removed_modules(source, flow):
    for node in source.nodes(ast.Import, ast.ImportFrom):
        if any(is_a_choice(one) for one in source.around(node)):
            continue
        names = [alias.name for alias in node.names] if isinstance(
            node, ast.Import) else [node.module]
        for name in names:
            if name in REMOVED:
                yield at(node, 'There is no %s since %s.' % (name, REMOVED[name]))


def is_a_choice(node):
    """Return whether what stands in a node is for some Pythons only."""
    if isinstance(node, ast.Try):
        return any(one.type is not None and 'Error' in ast.unparse(one.type)
                   for one in node.handlers)
    return isinstance(node, ast.If) and any(
        word in ast.unparse(node.test) for word in ('version', 'PY2', 'PY3'))


def beside_the_script(source, flow):
    folder = os.path.dirname(source.path)
    if source.major == 3 or not os.path.exists(os.path.join(folder, '__init__.py')):
        return
    for node in source.nodes(ast.Import):
        for alias in node.names:
            if os.path.exists(os.path.join(folder, alias.name + '.py')):
                yield at(node, 'In a package, "import %s" means the one at the top: '
                         'from . import %s.' % (alias.name, alias.name))


def views(source):
    """Yield (call of keys(), values() or items(), what it is called on)."""
    for node in source.nodes(ast.Call):
        if (isinstance(node.func, ast.Attribute) and not node.args
                and node.func.attr in ('keys', 'values', 'items')):
            yield node, ast.unparse(node.func.value)


def dict_views(source, flow):
    if source.major == 2:
        for node in source.nodes(ast.Call):
            name = getattr(node.func, 'attr', '')
            if name in ('iterkeys', 'itervalues', 'iteritems') and not node.args:
                yield at(node, '%s() is %s().' % (name, name[4:]), 'done')
    for node, thing in views(source):
        parent = source.parents[node]
        if isinstance(parent, ast.For) and parent.iter is node:
            if changes(source, parent.body, thing, set()) or (
                    closes(parent.body) and is_shared(source, node.func.value)
                    and changes(source, [source.tree], thing, set())):
                yield at(node, 'The loop may change the dictionary: go through a list of '
                         'it.', 'silent')
        elif is_used_as_list(source, node, parent):
            yield at(node, '%s() gives no list any more.' % node.func.attr, 'done')


def is_used_as_list(source, node, parent):
    if isinstance(parent, (ast.Subscript, ast.BinOp)):
        return not isinstance(getattr(parent, 'op', ast.Add()), ast.Mod)
    if isinstance(parent, ast.Attribute):  # d.keys().sort()
        return True
    if isinstance(parent, ast.Assign) and isinstance(parent.targets[0], ast.Name):
        name = parent.targets[0].id
        function = next((one for one in source.around(parent) if isinstance(
            one, (ast.FunctionDef, ast.AsyncFunctionDef))), source.tree)
        return any(isinstance(one, (ast.Attribute, ast.Subscript))
                   and ast.unparse(one.value) == name for one in ast.walk(function))
    return False


def is_shared(source, node):
    """Return whether others than this function may change a dictionary: it is an
    attribute, or stands in the module."""
    return isinstance(node, ast.Attribute) or not any(
        isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef)) and any(
            isinstance(name, ast.Name) and ast.unparse(name) == ast.unparse(node)
            and isinstance(name.ctx, ast.Store) for name in ast.walk(one))
        for one in source.around(node))


def ends_the_loop(source, node):
    """Return whether the block of a node ends the loop around it."""
    inside = next(one for one in source.around(node) if isinstance(one, ast.stmt))
    parent = source.parents[inside]
    return any(isinstance(block, list) and inside in block
               and isinstance(block[-1], (ast.Return, ast.Break, ast.Raise))
               for _, block in ast.iter_fields(parent))


def closes(body):
    """Return whether a loop closes what it goes through: somebody else may then take it
    out of the dictionary."""
    return any(isinstance(node, ast.Attribute) and node.attr in (
        'close', 'shutdown', 'handle_close', 'stop', 'kill')
        for part in body for node in ast.walk(part))


def changes(source, body, thing, seen, depth=3):
    """Return whether statements, or the functions of the file that they call, add to a
    dictionary or take from it."""
    last = thing.rpartition('.')[2]
    methods = {one.name: one for one in source.nodes(ast.FunctionDef)}
    for node in (one for part in body for one in ast.walk(part)):
        if isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load):
            if names(node.value) == last and not ends_the_loop(source, node):
                return True
        if not isinstance(node, ast.Call):
            continue
        name = names(node.func)
        if isinstance(node.func, ast.Attribute) and name in (
                'pop', 'popitem', 'clear', 'setdefault', 'update') and (
                    names(node.func.value) == last) and not ends_the_loop(source, node):
            return True
        if depth and name in methods and name not in seen:
            seen.add(name)
            if changes(source, methods[name].body, thing, seen, depth - 1):
                return True
    return False


def names(node):
    """Return the last name of an expression."""
    return getattr(node, 'attr', getattr(node, 'id', ''))


def lazy_map(source, flow):
    for node in source.nodes(ast.Call):
        if flow.scopes.dotted(node.func, flow.scopes.module) not in (
                'map', 'filter', 'zip') or not node.args:
            continue
        parent, name = source.parents[node], node.func.id
        if isinstance(parent, ast.Expr):
            yield at(node, '%s() does nothing until somebody asks.' % name)
        elif isinstance(parent, (ast.Subscript, ast.BinOp, ast.Compare)) or (
                isinstance(parent, (ast.If, ast.While)) and parent.test is node) or (
                    isinstance(parent, ast.Call) and names(parent.func) == 'len'):
            yield at(node, '%s() gives no list.' % name)
        elif isinstance(parent, (ast.Assign, ast.Return)) and source.major == 2:
            yield at(node, 'What %s() gives can be gone through once, and is no list.'
                     % name)


def diesel(source, flow):
    """The import, and what a program does and says for its sake."""
    if source.major == 3 or not source.imports('diesel'):
        return
    for node in source.nodes(ast.Import, ast.ImportFrom):
        if 'diesel' in [alias.name for alias in node.names] + [
                getattr(node, 'module', '')]:
            yield at(node, 'No release of diesel runs on Python 3.')
    for node in source.nodes(ast.Constant):
        if isinstance(node.value, str) and 'pip install diesel' in node.value:
            yield at(node, 'There is no diesel to install for Python 3.')
    for node in source.nodes(ast.Call):
        if 'OpenSSL' in ast.unparse(node) and names(node.func) == 'filterwarnings':
            yield at(node, 'diesel imported OpenSSL: without it this is not needed.')
