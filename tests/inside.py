"""A server inside this process: in a thread, or its loop turned by hand.

By hand, the server is a real one, on real sockets (a socketpair for each client), but
its loop runs only until nothing is ready. So the server reads a conversation in the
very pieces that a test sends, and a thousand conversations take a second.
"""
import contextlib
import errno
import socket
import threading

from compat import process

TURNS = 10000  # of a loop that should have come to rest: else it spins
GOODBYES = ['end', 'close', 'reset']  # methods of a Conversation


class Peer(object):
    """The client's end. received: what came so far; ended: nothing more will."""

    def __init__(self, sock):
        self.sock = sock
        self.sock.setblocking(False)
        self.received = b''
        self.ended = False

    def drain(self):
        """Take all that has come."""
        while not self.ended:
            try:
                data = self.sock.recv(65536)
            except socket.error as error:
                if error.errno == errno.EAGAIN:
                    return
                data = b''  # closed while the server had something unread
            self.received += data
            self.ended = not data


class Inside(object):
    """A server whose loop runs in calls of rest().

    server: a WebServer or ChatServer. admit: a function that makes a socket a
    client of it.
    """

    def __init__(self, server, admit):
        self.server = server
        self.peers = []
        self._admit = admit
        self._ready, server.ready = server.ready, self._ready_or_stop
        server.patience = lambda: 0

    def _ready_or_stop(self):
        for peer in self.peers:
            peer.drain()
        found = self._ready()
        self.server.stopping = not any(found)
        self._turns += 1
        assert self._turns < TURNS, 'the loop does not come to rest'
        return found

    def connect(self):
        """Return a new Peer, which the server has let in."""
        ours, theirs = socket.socketpair()
        theirs.setblocking(False)
        self._admit(theirs)
        self.peers.append(Peer(ours))
        return self.peers[-1]

    def rest(self):
        """Let the server work until nothing is ready. Peers read all they can."""
        self._turns = 0
        self.server.stopping = False
        self.server.serve_forever()

    def say(self, peer, data):
        """Send bytes, as far as the server takes them, and let it work."""
        while data:
            try:
                data = data[peer.sock.send(data):]
            except socket.error as error:
                assert error.errno != errno.EAGAIN, 'the server reads no more'
                return  # it has closed
            self.rest()

    def end(self, peer):
        """Half-close a peer, let the server work, and forget it."""
        try:
            peer.sock.shutdown(socket.SHUT_WR)
        except socket.error:
            pass  # the server has closed
        self.rest()
        peer.drain()
        peer.sock.close()
        self.peers.remove(peer)

    def answer(self, pieces):
        """Return all that a new client gets when it sends these pieces, a list of
        bytes, and half-closes."""
        peer = self.connect()
        for piece in pieces:
            self.say(peer, piece)
        self.end(peer)
        assert peer.ended, 'the server keeps a client that has ended'
        return peer.received

    def close(self):
        """Close everything."""
        for peer in self.peers:
            peer.sock.close()
        self.server.close()


def web(module):
    """Return an Inside of the web recipe, a module."""
    server = module.WebServer('127.0.0.1', 0)

    def admit(sock):
        connection = server.connections[sock.fileno()] = module.Connection(sock)
        server.epoll.register(sock.fileno(), connection.events)
        server.enter(connection, connection.state)
    return Inside(server, admit)


def chat(module):
    """Return an Inside of the chat recipe, a module."""
    server = module.ChatServer('127.0.0.1', 0)

    def admit(sock):
        server.members[sock] = module.Member(sock)
        server.watch(sock, True, False)
    return Inside(server, admit)


def pieces(data, cuts):
    """Return data as a list of bytes, cut at each of these indices."""
    edges = [0] + sorted(cut % (len(data) + 1) for cut in cuts) + [len(data)]
    return [data[start:end] for start, end in zip(edges, edges[1:]) if start < end]


@contextlib.contextmanager
def serving(module):
    """Run a server of a module in a thread; at the end, stop and close it."""
    server = module.WebServer('127.0.0.1', 0)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        thread.join(process.DEADLINE)
        server.close()


@contextlib.contextmanager
def ignoring(kind):
    """Ignore an exception of this kind."""
    try:
        yield
    except kind:
        pass


def say_and_go(client, pieces, goodbye):
    """Have a Conversation say pieces, a list of bytes, and end in one of GOODBYES."""
    with ignoring(socket.error):  # it may be refused before it has said all
        for piece in pieces:
            client.send(piece)
        getattr(client, goodbye)()
        if goodbye == 'end':
            client.read_all()
    client.close()
