"""Where the commands write: a terminal, with a pager and colours, or plain text.

NO_COLOR and PAGER are honoured as git honours them: a pager only where stdout is a
terminal, less with -FRX unless LESS says otherwise, none where PAGER is empty or
cat. Text for a pipe is as wide as COLUMNS says, or WIDTH.
"""
import contextlib
import os
import shutil
import subprocess
import sys

from rich.console import Console

WIDTH = 120  # columns of plain text where nothing says how many there are


def console(file=None):
    """Return a rich Console that writes to a file (default: stdout)."""
    width = shutil.get_terminal_size((WIDTH, 24)).columns or WIDTH
    return Console(file=file, width=width, highlight=False, soft_wrap=False,
                   force_terminal=sys.stdout.isatty(), legacy_windows=False)


def pager():
    """Return the command that pages, or '' for none."""
    command = os.environ.get('PAGER', 'less').strip()
    if not sys.stdout.isatty() or command in ('', 'cat'):
        return ''
    return command if shutil.which(command.split()[0]) else ''


@contextlib.contextmanager
def paged():
    """A context: a Console whose text goes through the pager, if there is one."""
    command = pager()
    if not command:
        yield console()
        return
    child = subprocess.Popen(command, shell=True, stdin=subprocess.PIPE, text=True,
                             env=dict(os.environ, LESS=os.environ.get('LESS', 'FRX')))
    try:
        yield console(child.stdin)
    except BrokenPipeError:
        pass  # the reader has seen enough
    finally:
        with contextlib.suppress(BrokenPipeError):
            child.stdin.close()
        wait(child)


def wait(child):
    """Wait for a pager. Ctrl-C is meant for it, not for us."""
    while True:
        try:
            return child.wait()
        except KeyboardInterrupt:
            continue
