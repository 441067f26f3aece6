#!/usr/bin/env python2.7
"""A chat room in one thread: select() says which sockets are ready.

A frame is a length in bytes, as four bytes in network order, and that much UTF-8
text. The first frame of a client is its name; each later one is said to all
others. The server answers in frames: "* ..." is news, "<name> ..." is what
somebody said, "! ..." is why the connection ends. What a client says has at most
MAX_FRAME bytes; the server puts the client's name in front.

Nobody waits for anybody: each client has a buffer of what it must still read, and
a client that lets MAX_WAITING bytes pile up is dropped.

A connection is in one of three states:

    state    meaning                   what moves it on
    new      it has no name yet        a first frame: named, or parting if that
                                       cannot be its name; end-of-file: closed
    named    it reads what others say  end-of-file, or a frame that is not allowed:
                                       parting; too much left unread: closed
    parting  it may read what is left  all is read and it has closed, or
                                       LINGER_SECONDS have passed: closed

A reset closes it in any state. When it leaves "named", the others are told.

Without arguments this plays a server and three clients, and ends. With --serve
it serves real clients; with --connect HOST PORT --name NAME it is one client,
which says each line of its input.
"""
import argparse
import collections
import errno
import os
import re
import select
import socket
import struct
import sys
import time
import unicodedata

import serving
from console import CommandLine, Failure, say

SERVER_HOST = 'localhost'
SERVER_PORT = 0  # the kernel picks a free port
BACKLOG = 128
HEADER = struct.Struct('!I')
MAX_FRAME = 64 * 1024
BUF_SIZE = MAX_FRAME / 16
MAX_NAME = 64  # bytes
MAX_WAITING = 1024 * 1024  # bytes that a client may leave unread
MAX_CLIENTS = 1000  # select() takes descriptors below 1,024; some are ours
LINGER_SECONDS = 10  # for a parting client to read and close
RETRY_SECONDS = 1  # until the next attempt to accept
WIDE = sys.maxunicode > 0xffff  # else a character beyond it is two
# Controls, and what Unicode calls format characters (category Cf).
CONTROL = re.compile(
    u'[\0-\x1f\x7f-\x9f\xad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u17b4\u17b5'
    u'\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|' + (
    u'[\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3'
    u'\U0001d173-\U0001d17a\U000e0001-\U000e007f]' if WIDE else
    u'\ud804[\udcbd\udccd]|\ud80d[\udc30-\udc3f]|\ud82f[\udca0-\udca3]'
    u'|\ud834[\udd73-\udd7a]|\udb40[\udc01-\udc7f]'))
# Other invisible characters: fillers, variation selectors.
UNSEEN = re.compile(
    u'[\u034f\u115f\u1160\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0]|'
    + (u'[\U000e0100-\U000e01ef]' if WIDE else u'\udb40[\udd00-\uddef]'))


def printable(text):
    """Return text with control and non-ASCII characters as escapes."""
    return text.encode('unicode_escape')


def harmless(text):
    """Return text with escapes for what could control a terminal or reorder it."""
    return CONTROL.sub(lambda match: printable(match.group()), text)


def as_seen(name):
    """Return a name as a reader sees it: without invisible characters, with
    no blanks around it, and composed (Unicode's form NFC)."""
    return unicodedata.normalize('NFC', UNSEEN.sub('', CONTROL.sub('', name))).strip()


class ChatError(Failure):
    """The conversation cannot go on; str() says why."""


def framed(text):
    """Return the frame of a text, as bytes."""
    data = text.encode('utf-8')
    return HEADER.pack(len(data)) + data


def decoded(data):
    """Return the text of a frame's bytes; raise ChatError if it is not UTF-8."""
    try:
        text = data.decode('utf-8')
    except UnicodeDecodeError:
        raise ChatError('that is not UTF-8')
    # The decoder takes half a surrogate pair, which is not UTF-8 either
    # (RFC 3629, section 3).
    if re.search('\xed[\xa0-\xbf]', data):
        raise ChatError('that is not UTF-8')
    return text


def take_frame(buf, longest):
    """Remove the first frame from a bytearray and return its bytes, or None if
    it is not complete; raise ChatError if it has more bytes than longest."""
    if len(buf) < HEADER.size:
        return None
    length, = HEADER.unpack_from(buf)
    if length > longest:
        raise ChatError('a frame is too long')
    end = HEADER.size + length
    if len(buf) < end:
        return None
    data = bytes(buf[HEADER.size:end])
    del buf[:end]
    return data


class Member(object):
    """What the server knows of one connection."""

    def __init__(self, sock):
        self.sock = sock
        self.name = None  # until its first frame, and when it has left
        self.incoming = bytearray()
        self.outgoing = bytearray()
        self.watched = True, False  # for reading, for writing
        self.at_end = False  # no more input will come from it


class ChatServer(object):
    """The room. All that it does happens between two calls of ready()."""

    def __init__(self, host, port):
        """Listen on (host, port); raise socket.error if that fails."""
        self.listening = serving.listen(host, port, BACKLOG)
        serving.refuse_beyond_select(self.listening)
        self.server_address = self.listening.getsockname()
        self.wakeup, self.waker = socket.socketpair()
        self.members = {}  # by socket
        self.named = {}  # those that have joined, by as_seen(name)
        self.unsent = set()  # members with something new to read
        self.parting = collections.OrderedDict()  # member -> deadline
        self.paused = False
        self.stopping = False
        self.readers = set()
        self.writers = set()
        for sock in (self.listening, self.wakeup, self.waker):
            sock.setblocking(False)
        self.watch(self.listening, True, False)
        self.watch(self.wakeup, True, False)

    def watch(self, sock, reading, writing):
        """Set what to watch a socket for; with neither, forget it."""
        for wanted, socks in ((reading, self.readers), (writing, self.writers)):
            if wanted:
                socks.add(sock)
            else:
                socks.discard(sock)

    def ready(self):
        """Wait; return the sockets to read from, and those to write to."""
        try:
            readable, writable, _ = select.select(self.readers, self.writers, [],
                                                  self.patience())
        except select.error, error:
            if error.args[0] != errno.EINTR:
                raise
            return [], []  # a signal: look at self.stopping
        return readable, writable

    def patience(self):
        """Return how many seconds ready() may wait, or None for no limit."""
        deadlines = self.parting.values()[:1]
        if self.paused:
            deadlines.append(time.time() + RETRY_SECONDS)
        return max(0, min(deadlines) - time.time()) if deadlines else None

    def serve_forever(self):
        """Serve until stop() is called."""
        while not self.stopping:
            readable, writable = self.ready()
            if self.paused:
                self.watch(self.listening, True, False)
            for sock in readable:
                self.read(sock)
                self.flush()
            for sock in writable:
                if sock in self.members:
                    self.write(self.members[sock])
            self.drop_overdue()
            self.flush()

    def stop(self):
        """End the loop, from a signal handler or another thread."""
        self.stopping = True
        self.waker.send('x')

    def close(self):
        """Close every connection and the listening socket."""
        names = sorted(member.name for member in self.members.values())
        say('Server closing, clients: %s'
            % (', '.join(printable(name or '-') for name in names) or 'none'))
        for sock in self.members.keys():
            self.forget(sock)
        for sock in (self.listening, self.wakeup, self.waker):
            self.watch(sock, False, False)
            sock.close()

    def read(self, sock):
        """Read once from a socket that is ready."""
        if sock is self.listening:
            self.accept()
        elif sock in self.members:
            self.read_member(self.members[sock])

    def accept(self):
        """Let one client in, if there is room."""
        if len(self.members) >= MAX_CLIENTS:
            self.pause('%d clients are as many as select() takes' % MAX_CLIENTS)
            return
        try:
            sock, _ = self.listening.accept()
        except socket.error, error:
            if error.errno in serving.OUT_OF_DESCRIPTORS:
                self.pause(error.strerror)
            return  # else the client left while it waited
        self.paused = False
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.members[sock] = Member(sock)
        self.watch(sock, True, False)

    def pause(self, reason):
        """Accept nobody for a while: new clients wait in the backlog."""
        if not self.paused:
            say('Nobody is let in for now: %s' % reason)
        self.paused = True
        self.watch(self.listening, False, False)

    def read_member(self, member):
        try:
            data = member.sock.recv(BUF_SIZE)
        except socket.error, error:
            if error.errno != errno.EAGAIN:
                self.drop(member)
            return
        if not data:
            member.at_end = True
            self.part(member)
        elif member not in self.parting:
            member.incoming += data
            self.take_frames(member)

    def take_frames(self, member):
        """Act on each complete frame. The others are told of all of them at once."""
        news = bytearray()
        try:
            data = take_frame(member.incoming, MAX_FRAME)
            while data is not None:
                news += self.take(member, data)
                data = take_frame(member.incoming, MAX_FRAME)
            self.broadcast(member, news)
        except ChatError, error:
            self.broadcast(member, news)
            self.post(member, '! %s' % error)
            self.part(member)

    def take(self, member, data):
        """Take one frame, a name or something to say; return the news as a frame."""
        text = decoded(data)
        if member.name is None:
            return self.join(member, data, text)
        return framed('<%s> %s' % (member.name, text))

    def join(self, member, data, name):
        """Let a member join and return the news as a frame; raise ChatError if it
        cannot have that name."""
        seen = as_seen(name)
        if seen in self.named:
            raise ChatError('that name is taken')
        if not 1 <= len(data) <= MAX_NAME or CONTROL.search(name):
            raise ChatError('a name has 1 to %d bytes, and no control character'
                            % MAX_NAME)
        if not seen:
            raise ChatError('nothing can be seen of that name')
        others = len(self.named)
        member.name = name
        self.named[seen] = member
        say('%s joined' % printable(name))
        self.post(member, '* Welcome, %s. Others here: %d' % (name, others))
        return framed('* %s joined' % name)

    def broadcast(self, speaker, news):
        """Send frames to all but the speaker. They are queued for all at once, so
        everybody reads everything in the same order."""
        for member in self.named.values():
            if news and member is not speaker:
                member.outgoing += news
                self.unsent.add(member)

    def post(self, member, text):
        """Say something to one member."""
        member.outgoing += framed(text)
        self.unsent.add(member)

    def flush(self):
        """Write to all who have something new to read."""
        while self.unsent:
            self.write(self.unsent.pop())

    def write(self, member):
        """Write what the kernel takes; then see to what is left."""
        try:
            sent = member.sock.send(member.outgoing)
            del member.outgoing[:sent]
        except socket.error, error:
            if error.errno != errno.EAGAIN:
                self.drop(member)
                return
        if len(member.outgoing) > MAX_WAITING:
            self.drop(member)
        elif member in self.parting and not member.outgoing:
            self.say_goodbye(member)
        else:
            self.attend(member)

    def attend(self, member):
        """Watch a member for what it can do next, if that has changed."""
        watched = not member.at_end, bool(member.outgoing)
        if watched != member.watched:
            member.watched = watched
            self.watch(member.sock, *watched)

    def part(self, member):
        """Take leave: write what the member has still to read, then wait for its
        close. To close with unread input would reset the connection."""
        self.leave(member)
        self.parting.setdefault(member, time.time() + LINGER_SECONDS)
        self.unsent.add(member)

    def say_goodbye(self, member):
        """All has been written: half-close, or close."""
        self.attend(member)
        try:
            member.sock.shutdown(socket.SHUT_WR)
        except socket.error:
            member.at_end = True  # it is gone
        if member.at_end:
            self.drop(member)

    def drop_overdue(self):
        """Close the connections that have been parting for too long."""
        for member, deadline in self.parting.items():
            if deadline <= time.time():
                self.drop(member)

    def drop(self, member):
        """Close a connection now."""
        self.leave(member)
        self.forget(member.sock)

    def leave(self, member):
        """Tell the others that a member has left, if they knew of it."""
        name, member.name = member.name, None
        if name is not None:
            del self.named[as_seen(name)]
            say('%s left' % printable(name))
            self.broadcast(member, framed('* %s left' % name))

    def forget(self, sock):
        member = self.members.pop(sock)
        self.unsent.discard(member)
        self.parting.pop(member, None)
        self.watch(sock, False, False)
        sock.close()


class Client(object):
    """One connection to a room."""

    def __init__(self, ip, port, name):
        """Connect and send a name, as bytes; raise socket.error if nobody
        listens."""
        self.incoming = bytearray()
        self.sock = socket.create_connection((ip, port))
        serving.refuse_beyond_select(self.sock)
        self.send(name)

    def send(self, data):
        """Send a frame of UTF-8 bytes; raise ChatError if it is too long."""
        if len(data) > MAX_FRAME:
            raise ChatError('a line has %d bytes at most' % MAX_FRAME)
        self.sock.sendall(HEADER.pack(len(data)) + data)

    def receive(self):
        """Read once. Return the texts of complete frames, or None at the end."""
        data = self.sock.recv(BUF_SIZE)
        if not data:
            return None
        self.incoming += data
        return [decoded(frame) for frame in iter(self.next_frame, None)]

    def next_frame(self):
        return take_frame(self.incoming, MAX_FRAME + MAX_NAME + len('<> '))

    def close(self):
        """Leave the room."""
        self.sock.close()


def show(text):
    """Print what came from the server, in UTF-8 whatever the locale; raise ChatError
    if it is a refusal."""
    if text.startswith('! '):
        raise ChatError(printable(text[2:]))
    sys.stdout.write(harmless(text).encode('utf-8') + '\n')
    sys.stdout.flush()


def say_lines(client, data):
    """Send each whole line of data; return what is left of it."""
    lines = data.split('\n')
    for line in lines[:-1]:
        client.send(line)
    return lines[-1]


def converse(client):
    """Say each line of the input and show what the others say, to the end of
    both; raise ChatError if the server ends it first."""
    inputs = [0, client.sock]
    line = ''
    while client.sock in inputs:
        for ready in select.select(inputs, [], [])[0]:
            if ready is client.sock:
                texts = client.receive()
                for text in texts or []:
                    show(text)
                if texts is None:
                    inputs.remove(client.sock)
            else:
                data = os.read(0, BUF_SIZE)
                line = say_lines(client, line + data)
                if not data:
                    if line:
                        client.send(line)
                    client.sock.shutdown(socket.SHUT_WR)
                    inputs.remove(0)
    if 0 in inputs:
        raise ChatError('the server closed the connection')


def play(name, server):
    """Return a new client of a server, once the server has welcomed it."""
    client = Client(server.server_address[0], server.server_address[1], name)
    hear(name, client)
    return client


def hear(name, client):
    """Print the next thing that a client reads."""
    texts = client.receive()
    if texts is None:
        raise ChatError('the server closed the connection')
    for text in texts:
        say('%s reads: %s' % (name, printable(text)))


def let_go(server):
    """Shut down every connection: no client may wait for a server that has failed."""
    for sock in server.members.keys():
        sock.shutdown(socket.SHUT_RDWR)


def demonstrate():
    """Play a server and three clients, one step after the other."""
    server = ChatServer(SERVER_HOST, SERVER_PORT)
    with serving.running(server, ChatServer.close, serving.Loop, let_go=let_go):
        ann = play('ann', server)
        bob = play('bob', server)
        hear('ann', ann)
        carl = play('carl', server)
        hear('ann', ann)
        hear('bob', bob)

        ann.send('Hello, everybody!')
        hear('bob', bob)
        hear('carl', carl)
        carl.send(u'Gr\xfc\xdfe!'.encode('utf-8'))
        hear('ann', ann)
        hear('bob', bob)
        ann.close()
        hear('bob', bob)
        hear('carl', carl)
    bob.close()
    carl.close()


def serve(args):
    """Serve until SIGINT or SIGTERM; raise socket.error if it cannot listen."""
    serving.serve_alone(ChatServer(args.host, args.port))


def connect(args):
    """Be one client of the server at args.connect, (host, port)."""
    if args.name is None:
        raise argparse.ArgumentTypeError('argument --name: --connect needs it')
    client = Client(args.connect[0], args.connect[1], args.name)
    try:
        converse(client)
    finally:
        client.close()


def main():
    parser = CommandLine('A chat room for any number of clients.')
    parser.add_server_options(SERVER_HOST, SERVER_PORT)
    parser.add_client_options()
    parser.add_argument('--name', help='the name of that client')
    parser.run(demonstrate, serve, connect)


if __name__ == '__main__':
    main()
