"""Whether a file of a port can be tested at all, and if not, why."""
import os
import re
import warnings

from compat import process
from study import names
from study.rulebook import words

PATIENCE = 10  # seconds for an import
IMPORT = ('import importlib, sys; sys.path.insert(0, sys.argv[1]); '
          'importlib.import_module(sys.argv[2])')


class Unfit(Exception):
    """A file that cannot be tested; str() says why, rule is the Rule that explains
    it or None."""

    def __init__(self, why, rule=None):
        Exception.__init__(self, why)
        self.rule = rule


def unfit(tree, chosen, rules):
    """Return {name: Unfit} for the chosen recipes and shared modules that cannot be
    tested. First come the shared modules that are the reason. rules is a dict by id."""
    found, asked = {}, needed(tree, chosen).union(chosen)
    for name in filter(asked.__contains__, names.NAMES):
        try:
            require_fit(tree, name, rules, found)
        except Unfit as reason:
            found[name] = reason
    return found


def needed(tree, chosen):
    """Return the shared modules that some files of a tree import, and those that
    these import, as a set."""
    found = set().union(*(imported(tree, name) for name in chosen))
    return found if found <= set(chosen) else needed(tree, found.union(chosen))


def with_users(tree, chosen, unfit):
    """Return the chosen names, and with a shared module the recipes that import it and
    can be tested: most of what it does is tested through them."""
    shared = set(chosen).intersection(names.SHARED)
    return [name for name in names.NAMES if name in chosen
            or shared & needed(tree, [name]) and name not in unfit]


def imported(tree, name):
    """Return the shared modules that a file imports, as a set. It need not compile."""
    try:
        with open(tree.script(name), encoding='utf-8', errors='replace') as source:
            text = source.read()
    except OSError:
        return set()
    return {module for module in names.SHARED if module != name and re.search(
        r'^\s*(from %s import|import\b.*\b%s\b)' % (module, module), text, re.M)}


def require_fit(tree, name, rules, broken):
    """Raise Unfit for a file that is not there, that does not compile, or that imports
    a broken module; and for a shared module that cannot be imported."""
    require_syntax(tree.script(name), rules)
    for module in broken:
        if module in imported(tree, name):
            raise Unfit('waits for %s' % module)
    if name in names.SHARED:
        require_import(tree, name, rules)


def require_syntax(path, rules):
    """Raise Unfit unless a file compiles without a warning, as it must where warnings
    are errors."""
    try:
        with open(path, 'rb') as source, warnings.catch_warnings():
            warnings.simplefilter('error')
            compile(source.read(), path, 'exec', dont_inherit=True)
    except OSError as error:
        raise Unfit('missing' if not os.path.exists(path) else error.strerror)
    except SyntaxError as error:
        raise Unfit('does not compile: line %s: %s' % (error.lineno, error.msg),
                    syntax_rule(rules, (error.text or '').rstrip(), error.msg))
    except (ValueError, Warning) as error:
        raise Unfit('does not compile: %s' % error)


def syntax_rule(rules, line, message=''):
    """Return the rule that explains why a line is no Python 3, or None. It is one of
    those that 2to3 does completely: one that Python's message speaks of, or else one
    that the line waits for."""
    done = [rule for rule in rules.values() if rule.fields['2to3'].startswith('done')]
    for rule in done:
        if any(piece in message for piece in rule.errors):
            return rule
    for rule in done:
        if any(claim.waits_in(line) for claim in rule.claims):
            return rule
    return None


def require_import(tree, name, rules):
    """Raise Unfit for a module that cannot be imported."""
    try:
        with process.Child(tree, name, [tree.path, name],
                           command=['-c', IMPORT]) as child:
            status = child.wait(PATIENCE)
    except process.Timeout:
        raise Unfit('cannot be imported: the import does not end')
    if status:
        said = words.last_lines(words.plain(child.stderr.decode('utf-8', 'replace')))
        line = said[-1] if said else 'exit status %d' % status
        rule = next((rule for rule in rules.values()
                     if any(piece in line for piece in rule.errors)), None)
        raise Unfit('cannot be imported: %s' % line, rule)
