"""A Python that has begun and imported, and runs each program in a fork of itself.

A start takes a tenth of a second, and almost all of it goes to what every start does:
Python begins, and imports. Here that is done once for many programs that end by
themselves. What depends on the beginning (an option of Python, a closed stdin, the
locale) needs a start of its own: compat.process.
"""
import collections
import os
import signal
import subprocess

from compat import kernel
from compat import process

# Its argument is the source to begin with. A request is a length in a line, and then a
# source and arguments, with \0 between.
PROGRAM = r'''
import gc, os, sys
requests, nothing = os.fdopen(os.dup(0), 'rb'), os.open(os.devnull, os.O_RDONLY)
os.dup2(nothing, 0)
os.close(nothing)
text = getattr(os, 'fsdecode', str)
exec(sys.argv[1], {'__name__': 'prepared'})
if hasattr(gc, 'freeze'):
    gc.freeze()  # else the end of each would look at, and so copy, what all share
os.write(1, b'\0')
os.write(2, b'\0')
while True:
    length = requests.readline()
    if not length:
        break
    words = [text(word) for word in requests.read(int(length)).split(b'\0')]
    pid = os.fork()
    if not pid:
        requests.close()
        sys.argv[1:] = words[1:]
        exec(words[0], {'__name__': '__main__'})
        sys.exit()
    status = os.waitpid(pid, 0)[1]
    os.write(1, b'\0')
    os.write(2, ('\0%d\0' % status).encode('ascii'))
'''

# What imports a recipe, and what runs it as Python runs a script.
IMPORT = '''
import os, runpy, sys
script = %r
sys.path[0] = os.path.dirname(script)
runpy.run_path(script)
'''
RUN = '''
import os, runpy, sys
sys.argv[0] = %r
sys.path[0] = os.path.dirname(sys.argv[0])
runpy.run_path(sys.argv[0], run_name='__main__')
'''


class Ended(collections.namedtuple('Ended', 'returncode stdout stderr')):
    """How a program has ended: a negative status is the signal that ended it."""

    @property
    def lines(self):
        """The complete lines of stdout, as text."""
        return self.stdout.decode('utf-8', 'replace').split('\n')[:-1]


class Prepared(process.Child):
    """A Python that waits for programs to run. source: what it does first. Raises
    compat.process.Timeout."""

    def __init__(self, tree, name, source):
        process.Child.__init__(self, tree, name, command=['-c', PROGRAM, source],
                               stdin=subprocess.PIPE)
        self.count = 0
        try:
            self.wait_for_ends()
        except process.Timeout:
            self.end()
            raise

    def run(self, source, args=()):
        """Run a program until it ends, and return an Ended. args: texts or bytes.
        Raises compat.process.Timeout."""
        words = [word if isinstance(word, bytes) else word.encode('utf-8')
                 for word in (source,) + tuple(args)]
        request = b'\0'.join(words)
        os.write(self.popen.stdin.fileno(), b'%d\n%s' % (len(request), request))
        self.count += 1
        self.wait_for_ends()
        stderr, status = self.stderr.split(b'\0')[-3:-1]
        return Ended(as_popen_says(int(status)), self.stdout.split(b'\0')[-2], stderr)

    def wait_for_ends(self):
        """Wait until it is ready, and all its programs have ended. Raises
        compat.process.Timeout."""
        def have_ended():
            if self.popen.poll() is not None and not self._reading():
                raise process.Timeout('%s ended before its programs; %s'
                                      % (self.recipe, self.said))
            return (self.stdout.count(b'\0'), self.stderr.count(b'\0')) == (
                1 + self.count, 1 + 2 * self.count)
        process.wait_until(have_ended, lambda: '%s runs a program; %s' % (
            self.recipe, self.last_words()), process.DEADLINE)

    def last_words(self):
        """Abort its program, then itself, and return all that they have written. Each
        says what it was doing: at the same time, one text would run into the other."""
        for pid in kernel.children(self.pid):
            self._abort(pid)
        return process.Child.last_words(self)

    def _abort(self, pid):
        try:
            os.kill(pid, signal.SIGABRT)
            process.wait_until(lambda: pid not in kernel.children(self.pid), 'it ends', 5)
        except (OSError, process.Timeout):
            pass  # it has just ended, or blocks the signal


class Pythons(object):
    """Those that wait for programs: {(the path of a tree, a name): Prepared}."""

    def __init__(self):
        self.waiting = {}

    def run(self, tree, name, first, source, args=()):
        """Run a program in a fork of the Prepared of this name, which has begun with the
        source first. Return an Ended. Raises compat.process.Timeout."""
        key = tree.path, name
        if key not in self.waiting:
            self.waiting[key] = Prepared(tree, name, first)
        try:
            return self.waiting[key].run(source, args)
        except process.Timeout:
            self.waiting.pop(key).end()
            raise

    def end(self):
        """End all of them."""
        for one in self.waiting.values():
            one.end()


def imported(tree, name):
    """Return a source that imports a recipe."""
    return IMPORT % tree.script(name)


def source(tree, name, before):
    """Return a program that runs these statements, and then a recipe."""
    return before + RUN % tree.script(name)


def as_popen_says(status):
    """Return an exit status of waitpid() as subprocess does (man 2 waitpid)."""
    signal_number = status & 0x7f
    return -signal_number if signal_number else status >> 8
