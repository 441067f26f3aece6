"""What goes wrong for the reader: one line on stderr, and exit status 2."""
import difflib

from compat import trees


class StudyError(Exception):
    """The tool cannot do what it was asked to; str() is the line that says why."""


def recipe_named(name):
    """Return the name of a recipe, given with or without .py. Raises StudyError."""
    recipe = name.removesuffix('.py')
    if recipe in trees.RECIPES:
        return recipe
    close = difflib.get_close_matches(recipe, trees.RECIPES, 1)
    raise StudyError('no such recipe: %s (%s)' % (
        name, 'did you mean %s?' % close[0] if close else '"list" names them'))


def tree_named(name):
    """Return a tree of the project, or of the reader's. Raises StudyError."""
    try:
        if name in ('py2_original', 'py3'):
            return trees.named(name)
        return trees.Tree(name)
    except trees.TreeError as error:
        raise StudyError(str(error))


def rule_named(found, name):
    """Return a rule of those found, a dict by id. Raises StudyError."""
    if name in found:
        return found[name]
    close = difflib.get_close_matches(name, found, 1)
    raise StudyError('no such rule: %s (%s)' % (
        name, 'did you mean %s?' % close[0] if close else 'MIGRATION.md has them'))
