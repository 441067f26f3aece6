"""The tool as a reader starts it: a child process, in a pipe or on a terminal."""
import os
import pty
import subprocess
import sys

from compat import process
from compat import trees

COMMAND = [sys.executable, '-m', 'study']


def environment(**more):
    """Return the environment without what would change the output, and with more."""
    return dict({name: value for name, value in os.environ.items()
                 if name not in ('NO_COLOR', 'PAGER', 'LESS', 'COLUMNS')}, **more)


def study(*arguments, **more):
    """Run a command of study to its end; return a subprocess.CompletedProcess whose
    output is text."""
    return subprocess.run(COMMAND + list(arguments), cwd=trees.ROOT, text=True,
                          capture_output=True, timeout=120, env=environment(**more))


def on_a_terminal(*arguments, **more):
    """Run a command of study with its output on a terminal; return what it wrote."""
    leader, follower = pty.openpty()
    child = subprocess.Popen(COMMAND + list(arguments), cwd=trees.ROOT,
                             stdin=subprocess.DEVNULL, stdout=follower,
                             stderr=follower, env=environment(TERM='xterm', **more))
    os.close(follower)
    written = b''
    while True:
        try:
            data = os.read(leader, 65536)
        except OSError:  # Linux: EIO when the last writer has gone
            break
        if not data:
            break
        written += data
    os.close(leader)
    child.wait(process.DEADLINE)
    return written.decode('utf-8').replace('\r\n', '\n')
