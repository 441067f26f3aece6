"""A relay between a client and a server that keeps every byte that passes.

    with StreamRelay(server.address) as relay:
        ...a client of relay.address...
    relay.asked, relay.answered      # bytes: to the server, to the client
"""
import os
import select
import socket
import threading

from compat.process import DEADLINE

MOST = 65536  # bytes that one read or one datagram may bring


def family_of(address):
    return socket.AF_UNIX if isinstance(address, str) else socket.AF_INET


class Relay(object):
    """What both kinds share. target: the server's address; folder: where to put
    socket files, needed only for a server on a path."""

    kind = None

    def __init__(self, target, folder=None):
        self.target, self.folder = target, folder
        self.asked = self.answered = b''
        self.sock = self.bound('relay')
        self.sock.settimeout(DEADLINE)
        self.address = self.sock.getsockname()
        self.thread = threading.Thread(target=self.pass_on)
        self.thread.daemon = True

    def bound(self, name):
        sock = socket.socket(family_of(self.target), self.kind)
        sock.bind(('127.0.0.1', 0) if self.folder is None
                  else os.path.join(self.folder, name))
        return sock

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *exception):
        self.thread.join(DEADLINE)
        self.sock.close()
        assert not self.thread.is_alive(), 'the conversation does not end'

    def keep(self, data, from_client):
        if from_client:
            self.asked += data
        else:
            self.answered += data


class StreamRelay(Relay):
    """Passes on one connection, half-closes included, until both sides end."""

    kind = socket.SOCK_STREAM

    def __init__(self, target, folder=None):
        Relay.__init__(self, target, folder)
        self.sock.listen(1)

    def pass_on(self):
        client = self.sock.accept()[0]
        server = socket.socket(family_of(self.target), self.kind)
        server.connect(self.target)
        peers = {client: server, server: client}
        still_open = [client, server]
        while still_open:
            for sock in select.select(still_open, [], [], DEADLINE)[0]:
                data = sock.recv(MOST)
                if data:
                    self.keep(data, sock is client)
                    peers[sock].sendall(data)
                else:
                    still_open.remove(sock)
                    close_sending_side(peers[sock])
        client.close()
        server.close()


class DatagramRelay(Relay):
    """Passes on one datagram and its one answer."""

    kind = socket.SOCK_DGRAM

    def pass_on(self):
        data, client = self.sock.recvfrom(MOST)
        self.keep(data, True)
        outside = self.bound('outside')
        outside.settimeout(DEADLINE)
        outside.sendto(data, self.target)
        answer = outside.recv(MOST)
        outside.close()
        self.keep(answer, False)
        self.sock.sendto(answer, client)


def close_sending_side(sock):
    """Say that no more will come, to a peer that may be gone already."""
    try:
        sock.shutdown(socket.SHUT_WR)
    except socket.error:
        return
