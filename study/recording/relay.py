"""The relay of streams: every client gets a connection of its own to the server, and
what passes is written down.

One thread, which never blocks. A side is read only while less than LIMIT bytes wait for
the other: so a client that does not read holds up its server, as it would without us.
"""
import errno
import time

from study.recording import sockets
from study.recording.conversations import CLIENT, SERVER

LIMIT = 256 * 1024  # bytes that may wait for one side
ACCEPT_AT_ONCE = 64  # clients, before the others get their turn
RETRY_SECONDS = 0.02  # until the next attempt to accept, or to connect to a full backlog


class End:
    """One end of a conversation: the socket of the client or that of the server.

    waiting: the bytes that are still to be written to it. said_end: 'end' or 'reset'
    when no more will come from it. told: whether it knows that no more will come to it.
    """

    def __init__(self, sock, side, number):
        self.sock, self.side, self.number = sock, side, number
        self.waiting = bytearray()
        self.said_end = ''
        self.told = self.connecting = self.retrying = self.closed = False
        self.peer = None


class StreamRelay:
    """listening: the socket that clients come to. to: the Address of the server.
    journal: a Writer. most: how many clients are let in, None for all."""

    def __init__(self, listening, to, journal, most=None):
        self.listening, self.to, self.journal, self.most = listening, to, journal, most
        self.watcher = sockets.Watcher()
        self.ends = set()
        self.retrying = []  # ends that could not connect yet
        self.resting_until = None
        self.accepted = self.bytes = 0
        self.watch_listening(True)

    def step(self, seconds):
        """Do what there is to do within some seconds."""
        if self.resting_until or self.retrying:
            seconds = min(seconds, RETRY_SECONDS)
        for owner, readable, writable in self.watcher.ready(seconds):
            if owner is self:
                self.accept()
            else:
                self.serve(owner, readable, writable)
        if self.resting_until and time.monotonic() > self.resting_until:
            self.watch_listening(True)
        retrying, self.retrying = self.retrying, []
        for end in retrying:
            if not end.closed:
                self.connect(end)
        self.journal.flush()

    @property
    def is_done(self):
        """Whether all clients that were to come have come, and have gone."""
        return self.accepted == self.most and not self.ends

    @property
    def is_idle(self):
        """Whether no conversation goes on."""
        return not self.ends

    def let_nobody_in(self):
        """Take no more clients."""
        self.most = self.accepted
        self.watch_listening(False)

    def close(self):
        """Cut off what still goes on."""
        for end in list(self.ends):
            self.close_end(end)
        self.watcher.close()
        self.listening.close()

    def watch_listening(self, wanted):
        wanted = wanted and self.accepted != self.most
        self.watcher.watch(self.listening, wanted, False, self)
        self.resting_until = None

    def accept(self):
        """Let clients in. Each needs two descriptors: where there are none, it waits in
        the backlog until there are."""
        for _ in range(ACCEPT_AT_ONCE):
            if self.accepted == self.most:
                self.watch_listening(False)
                return
            try:
                server = sockets.outgoing(self.to, False)
            except OSError as error:
                self.rest(error)
                return
            try:
                client = self.listening.accept()[0]
            except OSError as error:
                server.close()
                self.rest(error)
                return
            self.begin(client, server)

    def rest(self, error):
        """Take no clients for a moment, if there is no descriptor left."""
        if error.errno in sockets.OUT_OF_DESCRIPTORS:
            self.watch_listening(False)
            self.resting_until = time.monotonic() + RETRY_SECONDS

    def begin(self, client, server):
        """Begin a conversation."""
        self.accepted += 1
        number = self.journal.connect()
        client.setblocking(False)
        near, far = End(client, CLIENT, number), End(server, SERVER, number)
        near.peer, far.peer = far, near
        self.ends.update((near, far))
        sockets.at_once(client)
        sockets.at_once(server)
        far.connecting = True
        self.connect(far)
        if not far.closed:
            self.watch(near)

    def connect(self, end):
        """Connect to the server, or find out whether that has succeeded."""
        error = end.sock.connect_ex(self.to.name)
        end.retrying = error == errno.EAGAIN  # the backlog of a socket file is full
        if error in (0, errno.EISCONN):
            end.connecting = False
            self.pass_on(end)
        elif end.retrying:
            self.retrying.append(end)
        elif error in sockets.WAITING:
            self.watch(end)
        else:
            self.journal.ended(end.number, SERVER, 'refused')
            self.close_conversation(end, reset=end.peer)

    def serve(self, end, readable, writable):
        """Read from an end, or write to it."""
        if end.closed:
            return
        if end.connecting:
            self.connect(end)
            return
        if readable:
            self.read(end)
        if writable and not end.closed:
            self.pass_on(end)

    def read(self, end):
        """Take what an end says, and pass it on."""
        try:
            data = end.sock.recv(sockets.MOST)
        except BlockingIOError:
            return
        except OSError:
            self.was_reset(end)
            return
        if data:
            self.bytes += len(data)
            self.journal.data(end.number, end.side, data)
            end.peer.waiting += data
        else:
            end.said_end = 'end'
            self.journal.ended(end.number, end.side, 'end')
        self.pass_on(end.peer)

    def was_reset(self, end):
        """Note that an end is gone. What it has said before still reaches the other."""
        if end.said_end != 'reset':
            end.said_end = 'reset'
            self.journal.ended(end.number, end.side, 'reset')
        end.waiting.clear()
        end.told = True
        self.pass_on(end.peer)

    def pass_on(self, end):
        """Write to an end what waits for it; when that is all, how its peer ended."""
        if not end.connecting and end.waiting and end.said_end != 'reset':
            try:
                del end.waiting[:end.sock.send(end.waiting)]
            except BlockingIOError:
                pass
            except OSError:
                self.was_reset(end)
                return
        if not (end.waiting or end.connecting):
            if end.peer.said_end == 'reset':
                self.close_conversation(end, reset=end)
                return
            if end.peer.said_end and not end.told:
                end.told = True
                sockets.end_sending(end.sock)
        if end.told and end.peer.told and end.said_end and end.peer.said_end:
            self.close_conversation(end)
            return
        self.watch(end)
        self.watch(end.peer)

    def watch(self, end):
        """Wait for what an end can do next."""
        if not end.closed:
            self.watcher.watch(
                end.sock, not (end.said_end or end.connecting)
                and end.peer.said_end != 'reset' and len(end.peer.waiting) < LIMIT,
                (end.connecting or bool(end.waiting)) and not end.retrying, end)

    def close_conversation(self, end, reset=None):
        """Close both ends; reset is the one that must read an error, if any."""
        for one in (end, end.peer):
            self.close_end(one, one is reset)

    def close_end(self, end, reset=False):
        if end.closed:
            return
        end.closed = True
        self.ends.discard(end)
        self.watcher.forget(end.sock)
        if reset:
            sockets.reset(end.sock)
        else:
            end.sock.close()
        if self.resting_until:
            self.watch_listening(True)  # now there is a descriptor again
