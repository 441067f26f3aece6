"""study start: a folder in which to write a port of your own."""
import os
import shutil
import tempfile

from compat import trees
from study.commands import CommandLine
from study.errors import StudyError
from study.names import NAMES, SHARED

FIXES = 'fissix.fixes'


def translated(text, name):
    """Return the Python 3 that fissix, the living 2to3, makes of Python 2 source."""
    from fissix import refactor
    tool = refactor.RefactoringTool(refactor.get_fixers_from_package(FIXES))
    return str(tool.refactor_string(text, name))


def start(folder, with_2to3):
    """Make a folder with the originals, or with what fissix makes of them.

    Raises StudyError if the folder is not empty or cannot be written.
    """
    if os.path.basename(os.path.abspath(folder)) == 'py2_original':
        raise StudyError('a folder of that name is run by Python 2: choose another')
    try:
        os.makedirs(folder, exist_ok=True)
        if os.listdir(folder):
            raise StudyError('the folder is not empty: %s' % folder)
        # Whole or not at all: an interrupted start can be tried again.
        with tempfile.TemporaryDirectory(prefix='study-') as made:
            for name in NAMES:
                copy(trees.named('py2_original').script(name),
                     os.path.join(made, name + '.py'), with_2to3)
            for name in os.listdir(made):
                shutil.move(os.path.join(made, name), folder)
    except OSError as error:
        raise StudyError('%s: %s' % (error.filename or folder, error.strerror))


def copy(source, target, with_2to3):
    """Copy a script, with its mode, through fissix if asked to."""
    shutil.copy(source, target)
    if with_2to3:
        with open(target, encoding='utf-8') as script:
            text = script.read()
        with open(target, 'w', encoding='utf-8') as script:
            script.write(translated(text, target))


def main(argv):
    """Make the folder; return the exit status. Raises StudyError."""
    parser = CommandLine(prog='study start', description='Make a folder with a copy of '
                         'the originals, for you to port.')
    parser.add_argument('folder', metavar='DIR', help='new, or empty')
    parser.add_argument('--with-2to3', action='store_true',
                        help='translated by fissix, the living 2to3')
    args = parser.parse_args(argv)
    start(args.folder, args.with_2to3)
    print('%d recipes and the modules that they share%s in %s: make them Python 3, %s '
          'first, and ask: ./toxw study check %s' % (
              len(trees.RECIPES), ', translated by fissix,' if args.with_2to3 else '',
              args.folder, ' and '.join('%s.py' % name for name in SHARED), args.folder))
    return 0
