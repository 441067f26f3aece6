"""The relay of datagrams: every client gets a socket of its own towards the server, by
which the server's replies find their way back.

On a socket file that socket is bound in a private folder, unless the client has no path
either. Where a datagram cannot be passed on at once, no further one is read.
"""
import os
import shutil
import tempfile
import time

from study.recording import sockets
from study.recording.conversations import CLIENT, SERVER

AT_ONCE = 64  # datagrams that are read from one socket, before the others get a turn
RETRY_SECONDS = 0.02  # until the next attempt to write to somebody who does not read
QUIET_SECONDS = 1.0  # of silence, after which so many clients count as answered


class Correspondent:
    """A client, by the address that it sends from, and the socket that speaks for it."""

    def __init__(self, address, sock, number):
        self.address, self.sock, self.number = address, sock, number
        self.unanswered = None  # a reply that it has no room for


class DatagramRelay:
    """listening: the socket that datagrams come to. to: the Address of the server.
    journal: a Writer. most: after how many clients it is done, None for never."""

    def __init__(self, listening, to, journal, most=None):
        self.listening, self.to, self.journal, self.most = listening, to, journal, most
        self.watcher = sockets.Watcher()
        self.folder = tempfile.mkdtemp(prefix='study-') if to.is_path else None
        self.clients = {}  # by address; the one that was heard last stands last
        self.held = None  # (client, datagram) that the server has no room for
        self.bytes = 0
        self.heard = time.monotonic()  # when the last datagram came
        self.letting_in = True
        self.watch_listening()

    def step(self, seconds):
        """Do what there is to do within some seconds."""
        unanswered = [client for client in self.clients.values() if client.unanswered]
        if unanswered or self.held:
            seconds = min(seconds, RETRY_SECONDS)
        for owner, _, _ in self.watcher.ready(seconds):
            if owner is self:
                self.take()
            else:
                self.take_replies(owner)
        for client in unanswered:
            self.answer(client, client.unanswered)
        if self.held:
            self.pass_on(*self.held)
        self.journal.flush()

    @property
    def is_done(self):
        """Whether so many clients have come, and nothing more comes."""
        return self.journal.numbers == self.most and self.is_idle

    @property
    def is_idle(self):
        """Whether nothing has come for a while."""
        return time.monotonic() > self.heard + QUIET_SECONDS

    def let_nobody_in(self):
        """Take nothing more from clients."""
        self.letting_in = False
        self.watch_listening()

    def close(self):
        """Close all sockets."""
        for client in self.clients.values():
            client.sock.close()
        self.watcher.close()
        self.listening.close()
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    def watch_listening(self):
        self.watcher.watch(self.listening, self.letting_in and not self.held, False, self)

    def take(self):
        """Take what clients have sent, and pass it on."""
        for _ in range(AT_ONCE):
            if self.held:
                return
            try:
                data, address = self.listening.recvfrom(sockets.MOST_OF_DATAGRAM)
            except OSError:
                return  # nothing is left, or news of a client that is gone
            client = self.client_at(address or None)
            if client:
                self.heard = time.monotonic()
                self.bytes += len(data)
                self.journal.data(client.number, CLIENT, data)
                self.pass_on(client, data)

    def client_at(self, address):
        """Return the Correspondent at an address; None is any client without a path.
        Where no more are let in, there is none for a new one."""
        client = self.clients.pop(address, None)
        if not client:
            if self.journal.numbers == self.most:
                return None
            sock = self.socket_for(address)
            client = Correspondent(address, sock, self.journal.connect(
                unnamed=self.to.is_path and address is None))
            self.watcher.watch(sock, True, False, client)
        self.clients[address] = client
        return client

    def socket_for(self, address):
        """Return a new socket that speaks to the server for the client at an address. If
        there is no descriptor for it, the client that was silent longest gives its own.
        Raises OSError."""
        while True:
            try:
                sock = sockets.outgoing(self.to, True)
                break
            except OSError:
                if not self.clients:
                    raise
                self.forget(next(iter(self.clients)))
        if self.folder and address is not None:
            sock.bind(os.path.join(self.folder, str(self.journal.numbers + 1)))
        sock.connect(self.to.name)
        return sock

    def forget(self, address):
        client = self.clients.pop(address)
        self.watcher.forget(client.sock)
        client.sock.close()

    def pass_on(self, client, data):
        """Send a datagram to the server; hold it if there is no room."""
        self.held = None
        try:
            client.sock.send(data)
        except BlockingIOError:
            self.held = client, data
        except OSError:
            pass  # datagrams may be lost, and that to nobody is
        self.watch_listening()

    def take_replies(self, client):
        """Take what the server says to a client."""
        for _ in range(AT_ONCE):
            if client.unanswered:
                return
            try:
                data = client.sock.recv(sockets.MOST_OF_DATAGRAM)
            except OSError:
                return  # nothing is left, or news that nobody listens
            self.heard = time.monotonic()
            self.bytes += len(data)
            self.journal.data(client.number, SERVER, data)
            self.answer(client, data)

    def answer(self, client, data):
        """Send a reply to a client; keep it if there is no room."""
        client.unanswered = None
        try:
            if client.address is not None:
                self.listening.sendto(data, client.address)
        except BlockingIOError:
            client.unanswered = data
        except OSError:
            pass  # the client is gone
        if client.address in self.clients:
            self.watcher.watch(client.sock, not client.unanswered, False, client)
