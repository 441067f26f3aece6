"""Ctrl-C on what is not a server: a client that waits, a demonstration."""
import os
import signal
import socket

import pytest

from compat import process
from compat import trees
from tests.names import CHAT, DATAGRAMS, FIGURE, FORKING, MATRIX

# The matrix has no client of its own.
CLIENTS = [name for name in trees.RECIPES if name != MATRIX]
# The figure is printed at once, and then nothing is left to do.
DEMONSTRATIONS = [name for name in trees.RECIPES if name != FIGURE]

# The recipe gets the signal with its own line N. From outside it may come when the
# recipe has ended, and only the interpreter answers.
INTERRUPTED = '''
import os, signal, sys

class Interrupting(object):
    def __init__(self, stream, lines, pid):
        self.stream, self.lines, self.pid = stream, lines, pid

    def write(self, text):
        self.stream.write(text)
        self.lines -= text.count("\\n")
        if self.lines == 0:
            self.stream.flush()
            os.kill(self.pid, signal.SIGINT)

    def __getattr__(self, name):
        return getattr(self.stream, name)

sys.stdout = Interrupting(sys.stdout, %d, os.getpid())
'''

# The signal comes just after a fork: the server does not know yet of its
# child, which has inherited the demonstration's own end of the connection. The client
# has connected, and must not have sent the end of its request by then.
FORKED = '''
import os, signal, sys, time
fork, stdout = os.fork, sys.stdout

def wait():
    for _ in range(%d):
        time.sleep(0.01)  # one long wait could begin just after the signal

def fork_and_interrupt():
    pid = fork()
    if pid:
        os.kill(os.getpid(), signal.SIGINT)
        wait()
    return pid

class Waiting(object):
    def write(self, text):
        stdout.write(text)
        if 'Sending' in text:
            wait()

    def __getattr__(self, name):
        return getattr(stdout, name)

os.fork, sys.stdout = fork_and_interrupt, Waiting()
'''


@pytest.fixture
def silent(folder):
    """A function: the name of a recipe -> a socket that its client can speak to,
    and --connect with its arguments."""
    socks = []

    def listen(name):
        is_unix = name.startswith('unix')
        sock = socket.socket(socket.AF_UNIX if is_unix else socket.AF_INET,
                             socket.SOCK_DGRAM if name in DATAGRAMS
                             else socket.SOCK_STREAM)
        socks.append(sock)
        sock.settimeout(process.DEADLINE)
        path = os.path.join(folder, 's')
        sock.bind(path if is_unix else ('127.0.0.1', 0))
        if name not in DATAGRAMS:
            sock.listen(1)
        where = [path] if is_unix else ['127.0.0.1', str(sock.getsockname()[1])]
        return sock, ['--connect'] + where + ['--name', 'ann'] * (name == CHAT)

    yield listen
    for sock in socks:
        sock.close()
    for name in os.listdir(folder):
        os.unlink(os.path.join(folder, name))


@pytest.mark.hostile
@pytest.mark.rule('keyboard-interrupt')
@pytest.mark.parametrize('name', CLIENTS)
def test_a_client_that_waits_ends_by_the_signal_and_says_nothing(tree, silent, name):
    sock, args = silent(name)
    with process.Child(tree, name, args) as child:
        peer = sock if name in DATAGRAMS else sock.accept()[0]
        if peer is sock:
            peer.recv(1000)
        child.signal(signal.SIGINT)
        status = child.wait()
        peer.close()
        assert (status, child.stderr) == (-signal.SIGINT, b'')


@pytest.mark.hostile
@pytest.mark.rule('keyboard-interrupt')
@pytest.mark.parametrize('line', [1, 3])
@pytest.mark.parametrize('name', DEMONSTRATIONS)
def test_a_demonstration_is_broken_off_without_a_traceback(forked, name, line):
    ended = forked(name, before=INTERRUPTED % line)
    assert (ended.returncode, ended.stderr) == (-signal.SIGINT, b'')


@pytest.mark.hostile
@pytest.mark.about(FORKING)
@pytest.mark.rule('keyboard-interrupt')
def test_a_child_just_forked_ends_with_the_demonstration(forked):
    ended = forked(FORKING, before=FORKED % (100 * process.DEADLINE))
    # That no child is left is judged by the fixture that looks for leftovers.
    assert (ended.returncode, ended.stderr) == (-signal.SIGINT, b'')
