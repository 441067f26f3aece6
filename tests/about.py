"""Which recipes a test is about: what `study check` goes by.

The first of these that a test has decides:

    @pytest.mark.about('udp_server', ...)   on the test, or else its class or module
    a parameter whose value is the name of a recipe
    a module of the name test_<recipe>.py

A test about no recipe says so: @pytest.mark.about(). A shared module of the trees has
a name like a recipe's.
"""
import pytest

from compat import trees

NAMES = trees.RECIPES + trees.SHARED
KNOWN = frozenset(NAMES)


def recipes_of(item):
    """Return the names of the recipes and shared modules that a test, a pytest.Item,
    is about, a frozenset. Raises pytest.UsageError if nothing says it, or if there is
    no recipe of that name."""
    marker = item.get_closest_marker('about')
    if marker is not None:
        return marked(item, marker)
    named = parameters_of(item) or module_of(item)
    if not named:
        raise pytest.UsageError('%s: which recipe is it about? See tests/about.py.'
                                % item.nodeid)
    return named


def marked(item, marker):
    unknown = sorted(set(marker.args) - KNOWN)
    if unknown or marker.kwargs:
        raise pytest.UsageError('%s: its marker about() names no recipe: %s'
                                % (item.nodeid, ', '.join(unknown) or marker.kwargs))
    return frozenset(marker.args)


def parameters_of(item):
    """Return the recipes among the values of a test's parameters."""
    parameters = getattr(item, 'callspec', None)
    values = parameters.params.values() if parameters else ()
    return KNOWN.intersection(value for value in values if isinstance(value, str))


def module_of(item):
    """Return the recipe that is named by the module of a test."""
    module = item.module.__name__.rpartition('.')[2]
    return KNOWN.intersection([module[len('test_'):]])
