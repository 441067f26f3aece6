"""study demo: every recipe's demonstration in both trees, side by side.

    ./toxw run -e demo          (python -m study demo [RECIPE ...])

Each tree runs under an interpreter of its own. What may differ from one run to
the next (pids, ports, temporary paths) is first put in a normal form; every
line that still differs is marked with a "|" between the columns. The last line
counts what agreed; the exit status is 1 if anything did not.
"""
import difflib
import itertools
import re
import shutil
import sys
import textwrap

from compat import interpreters
from compat import process
from compat import trees
from study.commands import CommandLine
from study.names import recipe_named

# What differs from run to run, and what is shown in its place. The forking client cuts
# five characters off its reply, which leaves a piece of a longer pid.
NORMAL = [
    (r'(received: )\d*:? *(?=Hello echo)', r'\1<rest of pid>'),
    (r'(PID:? )\d+', r'\1<pid>'),
    (r'(=\[)\d+(?=:)', r'\1<pid>'),
    (r'(127\.0\.0\.1:)\d+', r'\1<port>'),
    (r'/\S*/recipe-\w+', '<folder>'),
]


def normal(line):
    """Return a line in the form that is the same in every run."""
    for pattern, replacement in NORMAL:
        line = re.sub(pattern, replacement, line)
    return line


def transcript(tree, recipe):
    """Run a demonstration; return its lines, with its errors and exit status."""
    child = process.run(tree, recipe)
    lines = [normal(line) for line in child.lines]
    lines += child.stderr.decode('utf-8', 'replace').splitlines()
    return lines + ['[exit status %d]' % child.popen.returncode]


def pairs(left, right):
    """Align two transcripts: yield (line or None, line or None)."""
    matcher = difflib.SequenceMatcher(None, left, right, autojunk=False)
    for _, i1, i2, j1, j2 in matcher.get_opcodes():
        yield from itertools.zip_longest(left[i1:i2], right[j1:j2])


def print_side_by_side(left, right):
    """Print two transcripts in columns; return (lines that agree, that differ)."""
    width = max(30, (shutil.get_terminal_size((160, 24)).columns - 3) // 2)
    same = different = 0
    for one, other in pairs(left, right):
        agree = one == other
        same, different = same + agree, different + (not agree)
        cells = itertools.zip_longest(wrapped(one, width), wrapped(other, width),
                                      fillvalue='')
        for a, b in cells:
            print(('%-*s %s %s' % (width, a, ' ' if agree else '|', b)).rstrip())
    return same, different


def wrapped(line, width):
    return textwrap.wrap(line or '', width, drop_whitespace=False) or ['']


def compare(recipes, original, port):
    """Show the recipes of both trees; return how many agree, and their lines."""
    agreed = same = different = 0
    for recipe in recipes:
        print('\n== %s ==' % recipe)
        counts = print_side_by_side(transcript(original, recipe),
                                    transcript(port, recipe))
        agreed, same, different = (agreed + (not counts[1]), same + counts[0],
                                   different + counts[1])
    return agreed, same, different


def show(recipes, tree):
    """Show the recipes of one tree."""
    for recipe in recipes:
        print('\n== %s ==' % recipe)
        print('\n'.join(transcript(tree, recipe)))


def main(argv):
    """Show the demonstrations; return 0 if all agree, else 1. Raises StudyError."""
    parser = CommandLine(prog='study demo', description='The demonstrations of both '
                         'trees side by side, and mark each line that differs.')
    parser.add_argument('recipes', nargs='*', metavar='RECIPE', help='default: all')
    args = parser.parse_args(argv)
    recipes = [recipe_named(name) for name in args.recipes] or trees.RECIPES
    original, port = trees.named('py2_original'), trees.named('py3')
    try:
        python2 = interpreters.find(2)
    except interpreters.InterpreterMissing as missing:
        show(recipes, port)
        print('\n%s Only the Python 3 half was run: %d recipes.'
              % (missing, len(recipes)))
        return 0
    print('%s: %s\n%s: %s' % (original.name, python2, port.name, sys.executable))
    agreed, same, different = compare(recipes, original, port)
    print('\n%d of %d recipes agree: %d lines the same, %d different.'
          % (agreed, len(recipes), same, different))
    return 0 if agreed == len(recipes) else 1
