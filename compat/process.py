"""Recipes as child processes, each under the interpreter its tree needs.

A server is a child whose first line says where it listens:

    with process.Server(tree, 'tcp_server') as server:
        sock = socket.create_connection(server.address)

Output is bytes, exactly as the script wrote it. Every child is ended, whatever
happens in between, and inherits MARK in its environment, so that a test can
find what a child left behind.
"""
import os
import re
import signal
import subprocess
import tempfile
import threading
import time

from compat import interpreters
from compat import trees

# Seconds to wait for what a child must do.
DEADLINE = float(os.environ.get('PORT_DEADLINE', 20))
MARK = 'PORT_CHILD'

# In a port, warnings are errors, and so are bytes that are compared with text or
# printed as text (-bb). The one exception cannot be ported away: since 3.12 fork()
# warns in a process with threads, and the forking recipe's server runs in a thread.
STRICT = ['-bb', '-W', 'error', '-W', 'ignore:This process:DeprecationWarning']

# Variables that change what a script prints or how Python runs it. Of Python's own, a
# child gets those that say where things are.
STRANGE = re.compile('(FORCE_COLOR|NO_COLOR|COLUMNS|LINES|LANG|LANGUAGE|LC_.*|PYTHON.*)$')
WHERE = ('PYTHONHOME', 'PYTHONPATH')
MOST = 2 ** 23  # bytes of output: a child that writes more would never stop

# Python 2.7 has only the time of day, which somebody may change meanwhile.
clock = getattr(time, 'monotonic', time.time)


class Timeout(AssertionError):
    """What was waited for did not happen in time."""


def wait_until(condition, what, seconds=DEADLINE):
    """Call condition() until its value is true, and return that value. what says what
    is waited for: a text, or a function that returns one. Raises Timeout."""
    end = clock() + seconds
    while True:
        value = condition()
        if value:
            return value
        if clock() > end:
            raise Timeout('waited %s seconds in vain: %s'
                          % (seconds, what() if callable(what) else what))
        time.sleep(0.005)


def python(tree):
    """Return the command that runs a script of a tree, as a list."""
    executable = interpreters.find(tree.major)
    return [executable] + (STRICT if tree.major == 3 else [])


def surroundings():
    """Return our environment without the variables that change what a script does, a
    dict: a test must not depend on where it is started. A child writes no bytecode,
    since one that may write only a few bytes would leave half a file."""
    environment = {name: value for name, value in os.environ.items()
                   if name in WHERE or not STRANGE.match(name)}
    return dict(environment, LANG='C.UTF-8', PYTHONDONTWRITEBYTECODE='1')


def environment_of(tree, base=os.environ):
    """Return the environment that a script of a tree needs, a dict made from base."""
    environment = dict(base)
    if tree.major == 3 and os.path.dirname(tree.path) != trees.ROOT:
        # A copy of the tree elsewhere does not find compat.diesel by itself.
        environment['PYTHONPATH'] = trees.ROOT
    return environment


def keeps_argument_bytes(tree, locale):
    """Return whether a tree's Python, in a locale, knows which bytes were typed as an
    argument: PyPy 3.9 does not in the locale C (CPython: PEP 383 and 538)."""
    code = 'import os, sys; getattr(os, "fsencode", str)(sys.argv[1])'
    with open(os.devnull, 'wb') as nothing:
        return subprocess.call(python(tree) + ['-c', code, b'\xc3\xbc'], stderr=nothing,
                               env=dict(os.environ, LC_ALL=locale)) == 0


class Child(object):
    """A running recipe.

    args: its arguments, a list. folder: the working folder (default: the
    project's root). command: replaces [script], for `-m` or a relative path.
    through: a command that executes the one in its arguments (`nice`).
    stdin: a file descriptor, or None for an empty input, or subprocess.PIPE.
    """

    def __init__(self, tree, recipe, args=(), folder=None, command=None, through=(),
                 stdin=None, env=None):
        self.recipe = recipe
        self._output = {'stdout': b'', 'stderr': b''}
        environment = environment_of(tree, surroundings())
        environment.update({MARK: str(os.getpid()), 'PYTHONFAULTHANDLER': '1'})
        environment.update(env or {})
        with open(os.devnull, 'rb') as nothing:
            self.popen = subprocess.Popen(
                list(through) + python(tree) + list(command or [tree.script(recipe)])
                + list(args), cwd=folder or trees.ROOT, env=environment,
                stdin=nothing if stdin is None else stdin, close_fds=True,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.readers = [self._start_reader('stdout'), self._start_reader('stderr')]

    def _start_reader(self, name):
        reader = threading.Thread(target=self._read, args=(name,))
        reader.daemon = True
        reader.start()
        return reader

    def _read(self, name):
        descriptor = getattr(self.popen, name).fileno()
        while True:
            data = os.read(descriptor, 65536)
            if not data:
                return
            self._output[name] += data
            if len(self._output[name]) > MOST:
                self.popen.kill()
                return

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.end()

    @property
    def pid(self):
        return self.popen.pid

    @property
    def returncode(self):
        """Its exit status; None before it was seen to end."""
        return self.popen.returncode

    @property
    def stdout(self):
        """What it has written to stdout so far, as bytes."""
        return self._output['stdout']

    @property
    def stderr(self):
        """What it has written to stderr so far, as bytes."""
        return self._output['stderr']

    @property
    def lines(self):
        """The complete lines of stdout so far, as text."""
        return self.stdout.decode('utf-8', 'replace').split('\n')[:-1]

    def wait_for_line(self, pattern):
        """Wait for a line of stdout that matches the pattern; return the match. Raises
        Timeout."""
        def found():
            for line in self.lines:
                match = re.search(pattern, line)
                if match:
                    return match
            if self.popen.poll() is not None and not self._reading():
                raise Timeout('%s ended with status %s before it printed %r; %s'
                              % (self.recipe, self.popen.returncode, pattern,
                                 self.said))
        return wait_until(found, lambda: '%s prints %r; %s'
                          % (self.recipe, pattern, self.said))

    @property
    def said(self):
        """All that it has written so far, for a message."""
        return 'stdout: %r; stderr: %r' % (self.stdout, self.stderr)

    def last_words(self):
        """Abort it, and return all that it has written, for a message. A Python 3 says
        at the end what each of its threads was doing (faulthandler)."""
        self.signal(signal.SIGABRT)
        for reader in self.readers:
            reader.join(5)
        return self.said

    def _reading(self):
        return any(reader.is_alive() for reader in self.readers)

    def wait(self, seconds=DEADLINE):
        """Wait until it ends and return its exit status. Raises Timeout."""
        wait_until(lambda: self.popen.poll() is not None,
                   lambda: '%s ends; %s' % (self.recipe, self.last_words()), seconds)
        for reader in self.readers:
            reader.join(seconds)
        return self.popen.returncode

    def signal(self, number):
        """Send it a signal."""
        self.popen.send_signal(number)

    def end(self):
        """End it, by force if need be, and close its pipes."""
        if self.popen.poll() is None:
            self.signal(signal.SIGTERM)
        try:
            self.wait()
        finally:
            if self.popen.poll() is None:
                self.popen.kill()
                self.popen.wait()
            for reader in self.readers:
                reader.join(DEADLINE)
            for pipe in (self.popen.stdin, self.popen.stdout, self.popen.stderr):
                if pipe:
                    pipe.close()


class Server(Child):
    """A recipe started with --serve, ready for clients.

    address is (host, port), or the path of the socket file.
    """

    def __init__(self, tree, recipe, args=(), **options):
        Child.__init__(self, tree, recipe, ['--serve'] + list(args), **options)
        try:
            where = str(self.wait_for_line('listening on (.+)$').group(1))
        except AssertionError:
            self.end()
            raise
        host, colon, port = where.rpartition(':')
        self.address = (host, int(port)) if colon else where


def run(tree, recipe, args=(), **options):
    """Run a recipe until it ends and return the Child."""
    with Child(tree, recipe, args, **options) as child:
        child.wait()
    return child


def private_folder():
    """Make a folder that only this user can enter, and return its path. It is short:
    the path of a Unix socket has at most 108 bytes (man 7 unix)."""
    return tempfile.mkdtemp(prefix='port-')
