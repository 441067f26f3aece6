"""The reader's tool: ./toxw study COMMAND, or python3 -m study COMMAND.

Python 3.9 and up.
"""
import importlib
import os
import signal
import sys

from study.errors import StudyError
from study.rulebook.rules import RulesError

COMMANDS = {  # each is a module of study.commands
    'list': 'the recipes, what each teaches, and the interpreters',
    'run': 'run a recipe of either tree, or both side by side',
    'diff': 'a recipe and its port side by side, with the rules',
    'check': 'test a port of your own, and name the rules it breaks',
    'start': 'make a folder in which to write a port of your own',
    'record': 'write down what clients and a server of your own say',
    'replay': 'play that to another server, and name the rules it breaks',
    'demo': 'every demonstration in both trees, and what differs',
    'scan': 'which rules will meet a program of your own, line by line',
    'report': 'the whole of it as a static site, for a browser',
}


def usage():
    rows = ['  %-8s %s' % (name, what) for name, what in COMMANDS.items()]
    return '\n'.join(['usage: study COMMAND [ARGS...]', '', *rows, '',
                      '"study COMMAND --help" says more.'])


def main(argv):
    """Run a command and return the exit status."""
    if not argv or argv[0] in ('-h', '--help'):
        print(usage())
        return 0 if argv else 2
    name, rest = argv[0], argv[1:]
    if name not in COMMANDS:
        return complain('no such command: %s (there are: %s)'
                        % (name, ', '.join(COMMANDS)))
    try:
        return importlib.import_module('study.commands.' + name).main(rest)
    except (StudyError, RulesError) as error:
        return complain(error)
    except ModuleNotFoundError as error:
        return complain('%s is not installed: "./toxw study" has it, or: %s -m pip '
                        'install rich Pygments fissix' % (error.name, sys.executable))
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except BrokenPipeError:
        # Whoever read our output has seen enough: nothing is left to flush.
        sys.stdout = None
        return 0
    except OSError as error:
        sys.stdout = None  # it may be the one that failed
        return complain(error)


def complain(message):
    """Print one line of error; return the exit status of bad use."""
    print('study: %s' % message, file=sys.stderr)
    return 2


def fill_standard_streams():
    """Open what of stdin, stdout and stderr is closed: else the first pipe would get
    its place."""
    descriptor = os.open(os.devnull, os.O_RDWR)
    while descriptor < 3:
        descriptor = os.open(os.devnull, os.O_RDWR)
    os.close(descriptor)


if __name__ == '__main__':
    fill_standard_streams()
    # The demonstrations are one of the two commands of README.md, and need less.
    if sys.version_info < (3, 9) and sys.argv[1:2] != ['demo']:
        sys.exit(complain('needs Python 3.9 or later, and this is %s'
                          % sys.version.split()[0]))
    sys.exit(main(sys.argv[1:]))
