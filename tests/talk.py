"""A conversation in bytes: send these, expect those, before a deadline."""
import select
import socket
import struct

from compat.process import DEADLINE

SILENCE = 0.2  # seconds in which a wrong answer would have come


def to(address):
    """The arguments that make a recipe a client of this address."""
    return ['--connect'] + ([address] if isinstance(address, str)
                            else [address[0], str(address[1])])


def connected(address):
    """Return a stream socket that is connected to (host, port) or to a path."""
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.settimeout(DEADLINE)
    try:
        sock.connect(address)
    except socket.error:
        sock.close()
        raise
    return sock


class Conversation(object):
    """A client of a stream server. address: (host, port) or a socket's path."""

    def __init__(self, address):
        self.sock = connected(address)
        if self.sock.family == socket.AF_INET:
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, data):
        """Send all of the bytes."""
        self.sock.sendall(data)

    def end(self):
        """Say that nothing more will be sent; answers can still come."""
        self.sock.shutdown(socket.SHUT_WR)

    def read(self, count):
        """Return exactly count bytes, or fewer if the peer closes before."""
        data = b''
        while len(data) < count:
            piece = self.sock.recv(count - len(data))
            if not piece:
                break
            data += piece
        return data

    def read_line(self):
        """Return the bytes up to and including the next newline."""
        data = b''
        while not data.endswith(b'\n'):
            waiting = self.sock.recv(65536, socket.MSG_PEEK)
            if not waiting:
                break
            data += self.sock.recv(waiting.find(b'\n') + 1 or len(waiting))
        return data

    def read_all(self):
        """Return all bytes until the peer closes."""
        data = b''
        while True:
            piece = self.sock.recv(65536)
            if not piece:
                return data
            data += piece

    def expect(self, data):
        """Assert that exactly these bytes come next."""
        assert self.read(len(data)) == data

    def expect_end(self):
        """Assert that the peer closes and sends nothing before."""
        assert self.read_all() == b''

    def expect_silence(self):
        """Assert that nothing comes for a while, not even the end."""
        assert select.select([self.sock], [], [], SILENCE)[0] == []

    def reset(self):
        """Break the connection: the peer sees ECONNRESET (SO_LINGER 0)."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                             struct.pack('ii', 1, 0))
        self.sock.close()

    def close(self):
        self.sock.close()
