"""study list: the recipes, what each teaches, how much differs, the interpreters."""
import concurrent.futures

from rich.table import Table

from compat import interpreters
from compat import trees
from study import output
from study.commands import CommandLine
from study.diff import changes
from study.names import NAMES
from study.rulebook import rules


def teaches(recipe):
    """Return the first line of a recipe's docstring."""
    return changes.first_line(changes.read_lines(trees.named('py3').script(recipe)))


def differing(recipe):
    """Return the changed groups of a recipe."""
    return changes.groups_of(recipe, trees.named('py2_original'), trees.named('py3'))


def counts(groups):
    """Return how many lines of the original and of the port differ, as text."""
    return '%d/%d' % (sum(len(group.removed) for group in groups),
                      sum(len(group.added) for group in groups))


def involved(groups, found):
    """Return the ids of the rules that explain a recipe's groups, in their order."""
    names = {name for group in groups for name in rules.of_group(found, group)}
    return [name for name in found if name in names]


def table():
    """Return the table of recipes, to be printed with rich."""
    found, rows = rules.load(), Table(box=None, padding=(0, 2, 1, 0), pad_edge=False)
    rows.add_column('recipe', style='bold', no_wrap=True)
    rows.add_column('what it teaches', min_width=14, ratio=3, overflow='fold')
    rows.add_column('lines that\ndiffer in\n2/3', justify='right', no_wrap=True)
    rows.add_column('rules', style='cyan', ratio=4, min_width=22)
    for recipe in NAMES:
        groups = differing(recipe)
        rows.add_row(recipe, teaches(recipe), counts(groups),
                     ', '.join(involved(groups, found)))
    return rows


def interpreter_lines():
    """Yield a line for the interpreter of each tree, and one for all that are here."""
    for tree in (trees.named('py2_original'), trees.named('py3')):
        try:
            yield '%-13s %s' % (tree.name, interpreters.find(tree.major))
        except interpreters.InterpreterMissing as missing:
            yield '%-13s %s' % (tree.name, missing)
    with concurrent.futures.ThreadPoolExecutor() as pool:  # each starts processes
        here = list(pool.map(is_here, interpreters.VERSIONS))
    yield '%-13s %s' % ('all found', ', '.join(
        '%d.%d' % version for version, found in zip(interpreters.VERSIONS, here)
        if found) or 'none')


def is_here(version):
    """Return whether an interpreter of a version, a pair of numbers, is here."""
    try:
        return bool(interpreters.find(*version))
    except interpreters.InterpreterMissing:
        return False


def main(argv):
    """Print the list; return the exit status."""
    CommandLine(prog='study list', description='The recipes, what each teaches, how '
                'many lines differ, the rules involved, and the interpreters found.'
                ).parse_args(argv)
    with output.paged() as console:
        console.print(table())
        console.print('Interpreters')
        for line in interpreter_lines():
            console.print(line, markup=False, highlight=False, soft_wrap=True)
    return 0
