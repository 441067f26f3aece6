"""The names that the reader gives: recipes, shared modules, trees, rules."""
import difflib

from compat import trees
from study.errors import StudyError

SHARED = trees.SHARED
NAMES = SHARED + trees.RECIPES  # in the order in which they are ported


def name_of(text):
    """Return the name of a recipe or a shared module, given with or without .py.
    Raises StudyError."""
    name = text.removesuffix('.py')
    if name in NAMES:
        return name
    close = difflib.get_close_matches(name, NAMES, 1)
    raise StudyError('no such recipe: %s (%s)' % (
        text, 'did you mean %s?' % close[0] if close else '"list" names them'))


def recipe_named(text):
    """Return the name of a recipe, which can be run. Raises StudyError."""
    name = name_of(text)
    if name in SHARED:
        raise StudyError('%s is what the recipes share: it runs nothing by itself' % name)
    return name


def tree_named(text):
    """Return a tree of the project, or of the reader's. Raises StudyError."""
    try:
        if text in ('py2_original', 'py3'):
            return trees.named(text)
        return trees.Tree(text)
    except trees.TreeError as error:
        raise StudyError(str(error))


def rule_named(found, text):
    """Return a rule of those found, a dict by id. Raises StudyError."""
    if text in found:
        return found[text]
    close = difflib.get_close_matches(text, found, 1)
    raise StudyError('no such rule: %s (%s)' % (
        text, 'did you mean %s?' % close[0] if close else 'MIGRATION.md has them'))


def counted(good, chosen):
    """Return in words how many of the names are good: '9 of 11 recipes and 2 of 2
    shared modules'."""
    kinds = [('recipes', trees.RECIPES), ('shared modules', SHARED)]
    return ' and '.join('%d of %d %s' % (len(set(good).intersection(names)),
                                         len(set(chosen).intersection(names)), word)
                        for word, names in kinds if set(chosen).intersection(names))
