"""study run: a recipe under the interpreter of its tree, or both side by side."""
import os
import re
import signal
import subprocess
import sys
import textwrap
import threading

from compat import interpreters
from compat import process
from compat import trees
from study import output
from study.commands import CommandLine
from study.errors import StudyError
from study.names import recipe_named, tree_named

USAGE = 'study run RECIPE [--tree py2_original|py3|DIR | --both] [ARGS...]'


def command(tree, recipe, arguments):
    """Return the command that runs a recipe with unbuffered output, as a list.

    Raises StudyError if the recipe or its interpreter is not there.
    """
    if not os.path.exists(tree.script(recipe)):
        raise StudyError('no recipe %s in folder: %s' % (recipe, tree.path))
    try:
        executable = interpreters.find(tree.major)
    except interpreters.InterpreterMissing as missing:
        raise StudyError(missing)
    return [executable, '-u', tree.script(recipe)] + arguments


def become(tree, recipe, arguments):
    """Run a recipe in place of this process, so that it gets our signals and leaves
    its exit status. Raises StudyError."""
    argv = command(tree, recipe, arguments)
    sys.stdout.flush()
    os.execve(argv[0], argv, process.environment_of(tree))


class Column:
    """One of the two scripts that run side by side, and its half of the screen."""

    def __init__(self, tree, recipe, arguments):
        self.name = tree.name
        self.popen = subprocess.Popen(
            command(tree, recipe, arguments), env=process.environment_of(tree),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def read(self, show):
        """Call show(line) for each line that it prints, errors included."""
        for line in self.popen.stdout:
            show(line.decode('utf-8', 'replace').rstrip('\n'))
        self.popen.stdout.close()
        show('[exit status %d]' % status(self.popen.wait()))


def status(returncode):
    """Return the exit status as a shell gives it: 128 + n for death by signal n."""
    return 128 - returncode if returncode < 0 else returncode


def both(recipe, arguments):
    """Run a recipe of both trees side by side as they print; return the worse of
    their exit statuses. Raises StudyError."""
    sides = [trees.named('py2_original'), trees.named('py3')]
    for tree in sides:
        command(tree, recipe, arguments)  # raises before either is started
    columns = [Column(tree, recipe, arguments) for tree in sides]
    width = (output.console().width - 3) // 2
    lock = threading.Lock()

    def shower(left):
        def show(line):
            with lock:
                print_in_column(line, left, width)
        return show

    pass_signals_to([column.popen for column in columns])
    shower(True)(columns[0].name)
    shower(False)(columns[1].name)
    readers = [threading.Thread(target=column.read, args=(shower(column is columns[0]),))
               for column in columns]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    return max(status(column.popen.returncode) for column in columns)


def print_in_column(line, left, width):
    """Print a line of one script in its half of the screen, as it comes."""
    for part in textwrap.wrap(line, width, drop_whitespace=False) or ['']:
        cells = (part, '') if left else ('', part)
        print(('%-*s | %s' % (width, *cells)).rstrip(), flush=True)


def pass_signals_to(children):
    """From now on, pass SIGINT and SIGTERM to the children."""
    def forward(number, frame):
        for child in children:
            # Ctrl-C has reached them already, if the terminal sent it.
            if child.poll() is None and not (number == signal.SIGINT
                                             and sys.stdin.isatty()):
                child.send_signal(number)

    signal.signal(signal.SIGINT, forward)
    signal.signal(signal.SIGTERM, forward)


def split(argv):
    """Return (recipe, our options, the recipe's arguments). Ours stand before or
    right after the recipe's name."""
    recipe, ours, rest = None, [], list(argv)
    while rest:
        if rest[0] == '--':
            rest.pop(0)
            break
        if re.match('--tree$', rest[0]):
            ours += rest[:2]
            del rest[:2]
        elif re.match('--tree=|--both$', rest[0]) or (
                recipe is None and rest[0].startswith('-')):
            ours.append(rest.pop(0))
        elif recipe is None:
            recipe = rest.pop(0)
        else:
            break
    return recipe, ours, rest


def main(argv):
    """Run a recipe; return the exit status, or the recipe's own. Raises StudyError."""
    parser = CommandLine(prog='study run', usage=USAGE, description='Run a recipe under '
                         'the interpreter of its tree. ARGS are for the recipe: '
                         '--serve, --help...')
    parser.add_argument('--tree', default='py3', help='py2_original, py3 (the default) '
                        'or the folder of a port of your own')
    parser.add_argument('--both', action='store_true',
                        help='both trees, side by side as they run')
    name, ours, arguments = split(argv)
    args = parser.parse_args(ours)
    if name is None:
        parser.error('which recipe? "study list" names them')
    recipe = recipe_named(name)
    if args.both:
        return both(recipe, arguments)
    become(tree_named(args.tree), recipe, arguments)
