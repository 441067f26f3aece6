"""Ctrl-C on what is no server: a client that waits, a demonstration."""
import os
import signal
import socket

import pytest

from compat import process
from compat import trees

CHAT = 'chat_server_with_select'
MATRIX = 'server_matrix'  # it has no client of its own
DATAGRAMS = ['udp_server', 'unix_datagram_server']
CLIENTS = [name for name in trees.RECIPES if name != MATRIX]


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
@pytest.mark.parametrize('name', trees.RECIPES)
def test_a_demonstration_is_broken_off_without_a_traceback(tree, name):
    with process.Child(tree, name) as child:
        child.wait_for_line('')
        child.signal(signal.SIGINT)
        assert child.wait() in (0, -signal.SIGINT)
        assert child.stderr == b''
