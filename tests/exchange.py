"""What a client may say to any server first, and the answer that it must get."""
import os
import re
import socket

from compat.process import DEADLINE
from tests.frames import frame
from tests.names import CHAT, DATAGRAMS, FIGURE, MATRIX, WEB
from tests.talk import Conversation


def greet(client, name):
    """Have a Conversation say something that the server of a recipe answers."""
    if name == CHAT:
        client.send(frame(b'ann'))
    elif name == WEB:
        client.send(b'GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    elif name != FIGURE:  # which speaks first
        client.send(b'hello\r\n')


def expect_answer(client, name):
    """Assert that what a Conversation hears next is the answer to greet()."""
    if name == CHAT:
        client.expect(frame(b'* Welcome, ann. Others here: 0'))
    elif name == WEB:
        assert client.read_line() == b'HTTP/1.1 200 OK\r\n'
    elif name == FIGURE:
        assert client.read_line() == b'BaseRequestHandler\n'
    elif name == MATRIX:
        assert re.match(b'[0-9.]+ [0-9.]+\n', client.read_line())
    else:
        assert client.read_line().lower().endswith(b'hello\r\n')


def ask(name, address, folder, patience=DEADLINE):
    """Assert that a new client of a server gets its answer, and go. folder: for the
    socket file of a client that needs one; patience: seconds to wait for a datagram."""
    if name in DATAGRAMS:
        ask_datagram(address, folder, patience)
        return
    client = Conversation(address)
    try:
        greet(client, name)
        expect_answer(client, name)
        if name == CHAT:  # its name is free again when the server has closed
            client.end()
            client.expect_end()
    finally:
        client.close()


def ask_datagram(address, folder, patience):
    is_unix = isinstance(address, str)
    sock = socket.socket(socket.AF_UNIX if is_unix else socket.AF_INET,
                         socket.SOCK_DGRAM)
    path = os.path.join(folder, 'client')
    try:
        sock.settimeout(patience)
        sock.bind(path if is_unix else ('127.0.0.1', 0))
        sock.sendto(b'hello', address)
        assert sock.recv(100) == b'HELLO'
    finally:
        sock.close()
        if is_unix:
            os.unlink(path)
