"""The screen and the command line of every recipe.

A recipe prints with say(), so that even the reader of a pipe sees each line at once.
It shows bytes with printable(), so that no client can control a terminal. A
CommandLine reads the recipe's options and starts it:

    parser = CommandLine('What the recipe is.')
    parser.add_server_options('localhost', 0)
    parser.add_client_options()
    parser.run(demonstrate, serve, connect)

run() calls one of the three. Every error is one line on stderr; the exit status is 2
for an argument that cannot be used, and 1 for anything else.
"""
import argparse
import codecs
import os
import re
import signal
import sys

# Looked up now, so that no child of a forking server has to.
for name in 'latin-1', 'unicode_escape':
    codecs.lookup(name)


class Failure(Exception):
    """Ends the program with status 1; its str() is the one line of error."""


def say(message):
    """Print one line now, even where stdout is a pipe."""
    print(message)
    sys.stdout.flush()


def report(message):
    """Print one line, but go on serving clients if stdout is dead."""
    try:
        say(message)
    except OSError:
        pass


def printable(data):
    """Return data with control and non-ASCII bytes as escapes, fit to print."""
    return data.decode('latin-1').encode('unicode_escape').decode('ascii')


def renew_stdout():
    """Give a forked child a new stdout: its copy of the parent's may hold half a
    line, which the first flush would print again."""
    sys.stdout = os.fdopen(1, 'w')


def require(module, name, what):
    """End the program if a module lacks a name; the error message calls it what."""
    if not hasattr(module, name):
        script = os.path.basename(sys.argv[0])
        sys.exit('%s: error: no %s on this platform' % (script, what))


def port_number(text):
    """Return text as a port from 0 to 65535, or raise ArgumentTypeError."""
    if not re.match('[0-9]{1,5}$', text) or int(text) > 65535:
        raise argparse.ArgumentTypeError('not a port: %s' % text)
    return int(text)


def socket_path(text):
    """Return text as the path of a socket file, or raise ArgumentTypeError."""
    if not text:
        raise argparse.ArgumentTypeError('not a path: %s' % text)
    return text


def count(text):
    """Return text as a number of requests from 1 up, or raise ArgumentTypeError."""
    if not re.match('[1-9][0-9]{0,8}$', text):
        raise argparse.ArgumentTypeError('not a number of requests: %s' % text)
    return int(text)


class CommandLine(argparse.ArgumentParser):
    """An argument parser that reports each error in one line, and starts the recipe."""

    def __init__(self, description):
        argparse.ArgumentParser.__init__(self, description=description)
        self.color = False  # since Python 3.14 --help has colours on a terminal

    def print_help(self, file=None):
        say(self.format_help().rstrip('\n'))  # argparse would hide a failure

    def error(self, message):
        self.exit(2, '%s: error: %s\n' % (self.prog, message))

    def add_server_options(self, host, port, purpose='serve real clients'):
        """Add --serve, --host and --port; host and port are the defaults."""
        self.add_serve(purpose)
        self.add_argument('--host', default=host, type=os.fsencode,
                          help='address to listen on (default: %(default)s)')
        self.add_argument('--port', type=port_number, default=port,
                          help='port to listen on (default: any free one)')

    def add_client_options(self):
        """Add --connect HOST PORT."""
        self.add_argument('--connect', nargs=2, metavar=('HOST', 'PORT'),
                          help='be one client of the server there')

    def add_path_options(self):
        """Add --serve, --path and --connect PATH, for servers on a socket file."""
        self.add_serve()
        self.add_argument('--path', type=socket_path,
                          help='socket file to make (default: one in a new folder)')
        self.add_argument('--connect', metavar='PATH', type=socket_path,
                          help='be one client of the server there')

    def add_serve(self, purpose='serve real clients'):
        """Add --serve."""
        self.add_argument('--serve', action='store_true',
                          help='%s until SIGINT or SIGTERM' % purpose)

    def add_message(self, message):
        """Add --message; message is the default."""
        self.add_argument('--message', default=message, type=os.fsencode,
                          help='what that client says (default: %(default)s)')

    def run(self, demonstrate, serve, connect=None):
        """Call what the arguments ask for: connect(args), where args.connect is a
        path or (host, port); or serve(args); or else demonstrate(). A Failure or an
        error of the system ends the program."""
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # to end without a traceback
        try:
            os.fstat(1)  # else our first socket would become stdout
            args = self.parse_args()
            if getattr(args, 'connect', None):
                args.connect = self.address(args.connect)
                connect(args)
            elif args.serve:
                serve(args)
            else:
                demonstrate()
        except argparse.ArgumentTypeError as error:
            self.error(error)
        except Failure as error:
            self.fail(error)
        except OSError as error:
            self.give_up_stdout()
            self.fail(error.strerror or error)
        try:
            sys.stdout.flush()
        except OSError:
            self.give_up_stdout()

    def give_up_stdout(self):
        """Drop what could not be printed: Python would try again at its end."""
        try:
            nowhere = os.open(os.devnull, os.O_WRONLY)
        except OSError:
            os.closerange(1, 2)  # only 1, for no other descriptor is left
            nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)

    def address(self, words):
        """Return the words after --connect as an address: a path, or (host, port)."""
        if isinstance(words, str):
            return words
        host, port = words
        return os.fsencode(host), port_number(port)

    def fail(self, error):
        """End the program with one line of error and status 1."""
        self.exit(1, '%s: error: %s\n' % (self.prog, error))
