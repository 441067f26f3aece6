#!/usr/bin/env python3
"""A web server in one thread: epoll tells which connections are ready.

GET and HEAD of / are answered with a greeting. A connection stays open for the next
request, as in HTTP/1.1 (RFC 9112). What is not a request is answered with an error,
and the connection is closed. A line may end in LF alone (RFC 9112, section 2.2);
the bodies of requests are read and discarded.

A connection is in one of four states:

    state    what is awaited         what moves it on
    idle     a request               its first byte: request
    request  the rest of a request   it is whole, or wrong, or late (408): reply
    reply    the client must read    all is read: idle, or request if the next one
                                     has begun, or linger if it was the last
    linger   the client must close   nothing

Each state has a time limit in SECONDS. When that has passed, the connection is
closed, after a 408 where the table says so. It is closed at once when the client
has closed and all replies are written.

Our own choices: chunked bodies are not taken (411), unknown methods are answered
like POST (405), and preconditions (If-Match and so on) are ignored.

Without arguments this plays a server and some clients and ends. With --serve it
waits for real clients; with --connect HOST PORT it is one client.
"""
import collections
import email.utils
import errno
import re
import select
import socket
import time

import serving
from console import CommandLine, printable, require, say

SERVER_HOST = 'localhost'
SERVER_PORT = 0  # the kernel picks a free port
GREETING = u'Hello from epoll, w\xf6rld!\n'
BACKLOG = 1024
BUF_SIZE = 4 * 1024  # bytes that are read from a client in its turn
MAX_HEAD = 8 * 1024  # bytes of a request line, and of a whole head
MAX_BODY = 1024 * 1024  # bytes
MAX_WAITING = 64 * 1024  # bytes of unread replies at which we stop reading
MAX_KEPT = 256  # heads, and answers, that are cached
RETRY_SECONDS = 1  # until the next attempt to accept
# How long a client has: to finish a request, to read its replies, to begin another
# request, to close.
SECONDS = {'request': 10, 'reply': 10, 'idle': 75, 'linger': 2}
WORTH_MOVING = 0.02  # a deadline moves by this share of its time limit or more
REASONS = {  # RFC 9110, section 15, and RFC 6585, section 5
    200: 'OK', 400: 'Bad Request', 404: 'Not Found', 405: 'Method Not Allowed',
    408: 'Request Timeout', 411: 'Length Required', 413: 'Content Too Large',
    414: 'URI Too Long', 417: 'Expectation Failed', 421: 'Misdirected Request',
    431: 'Request Header Fields Too Large', 501: 'Not Implemented',
    505: 'HTTP Version Not Supported',
}
CONTINUE = b'HTTP/1.1 100 Continue\r\n\r\n'
SERVER_WIDE = (b'OPTIONS', b'*')  # RFC 9112, section 3.2.4
HEAD_END = re.compile(b'\n\r?\n')
# Empty lines, and what a request line may begin with.
START = re.compile(rb"((?:\r?\n)*)(?:[!#$%&'*+.^_`|~0-9A-Za-z-]|\r?\Z)")
REQUEST_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+) "
                          rb"((?:[!-$&-~]|%[0-9A-Fa-f]{2})+) HTTP/(\d)\.(\d)\Z")
FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):([\t -~\x80-\xff]*)\Z")
HOST = re.compile(rb"(?:\[(?:([0-9a-f:.]+)|v[0-9a-f]+\.[a-z0-9._~!$&'()*+,;=:-]+)\]|"
                  rb"(?:[a-z0-9._~!$&'()*+,;=-]|%[0-9a-f]{2})*)(?::[0-9]*)?\Z",
                  re.IGNORECASE)
LENGTHS = re.compile(rb'([0-9]+)(?:[ \t]*,[ \t]*\1)*\Z')
TARGET = re.compile(rb'(?:http(s)?://(?!:)([^/?#]+)|(?=/))(/[^?#]*)?(?:\?[^#]*)?\Z',
                    re.IGNORECASE)


require(select, 'epoll', 'epoll')


class BadRequest(Exception):
    """The client's request cannot be served; status says why."""

    def __init__(self, status):
        Exception.__init__(self, REASONS[status])
        self.status = status


Request = collections.namedtuple(
    'Request', 'method target minor keep_alive length expects_continue')


def parse_head(head):
    """Return the Request in the bytes of a head, which include the empty line.

    Raise BadRequest for what RFC 9112 forbids, or what this server cannot do.
    """
    if len(head) > MAX_HEAD:
        raise BadRequest(too_long(head))
    lines = [line[:-1] if line.endswith(b'\r') else line for line in head.split(b'\n')]
    match = REQUEST_LINE.match(lines[0])
    if not match:
        raise BadRequest(400)
    method, target, major, minor = match.groups()
    if major != b'1':
        raise BadRequest(505)
    fields = parse_fields(lines[1:-2])
    check_host(fields.get(b'host', []), minor)
    options = tokens(fields.get(b'connection', []))
    keep_alive = b'close' not in options and (minor != b'0' or b'keep-alive' in options)
    length = body_length(fields, minor)
    return Request(method, target, minor, keep_alive, length,
                   expects_continue(fields, minor))


def too_long(head):
    """Return the status for a head of more than MAX_HEAD bytes, whole or not."""
    return 431 if b'\n' in head[:MAX_HEAD] else 414


def parse_fields(lines):
    """Return a dict: the lower-case name of a field -> the list of its values."""
    fields = {}
    for line in lines:
        match = FIELD.match(line)
        if not match:
            raise BadRequest(400)
        # If the pattern took these blanks, a match could take minutes: there are very
        # many ways to divide a line of blanks between the value and its margins.
        value = match.group(2).strip(b' \t')
        fields.setdefault(match.group(1).lower(), []).append(value)
    return fields


def tokens(values):
    """Return the elements of a list in a field, in lower case, without empty ones
    (RFC 9110, section 5.6.1.2)."""
    words = [word.strip(b' \t').lower() for word in b','.join(values).split(b',')]
    return [word for word in words if word]


def check_host(hosts, minor):
    """Raise BadRequest unless there is one Host (RFC 9112, section 3.2)."""
    if len(hosts) > 1 or (not hosts and minor != b'0'):
        raise BadRequest(400)
    if hosts:
        check_authority(hosts[0])


def check_authority(authority):
    """Raise BadRequest unless these bytes are a host with an optional port (RFC 3986,
    section 3.2)."""
    match = HOST.match(authority)
    if not match:
        raise BadRequest(400)
    try:
        if match.group(1):
            socket.inet_pton(socket.AF_INET6, match.group(1).decode('ascii'))
    except OSError:
        raise BadRequest(400)


def body_length(fields, minor):
    """Return how many bytes follow the head (RFC 9112, section 6)."""
    if b'transfer-encoding' in fields:
        codings = tokens(fields[b'transfer-encoding'])
        if (b'content-length' in fields or minor == b'0'
                or codings[-1:] != [b'chunked']):
            raise BadRequest(400)
        raise BadRequest(411 if len(codings) == 1 else 501)
    match = LENGTHS.match(b','.join(fields.get(b'content-length', [b'0'])))
    if not match:
        raise BadRequest(400)
    # int() of thousands of digits takes long, even if they are zeros.
    digits = match.group(1).lstrip(b'0')
    if len(digits) > 10 or int(digits or 0) > MAX_BODY:
        raise BadRequest(413)
    return int(digits or 0)


def expects_continue(fields, minor):
    """Return whether the client waits before it sends its body (RFC 9110,
    section 10.1.1)."""
    expected = tokens(fields.get(b'expect', []))
    if minor == b'0' or not expected:
        return False
    if expected != [b'100-continue']:
        raise BadRequest(417)
    return True


def status_of(request):
    """Return the status that answers a Request; raise BadRequest for its target."""
    if request.method == b'CONNECT' or (request.method, request.target) == SERVER_WIDE:
        return 405
    match = TARGET.match(request.target)
    if not match:
        raise BadRequest(400)
    secure, authority, path = match.groups()
    if authority:
        check_authority(authority)
    if secure:
        return 421  # this is not TLS (RFC 9110, section 7.4)
    if (path or b'/') != b'/':
        return 404
    return 200 if request.method in (b'GET', b'HEAD') else 405


def reply(status, request=None, head_only=False):
    """Return the bytes of a reply; without a request, the connection's last."""
    text = GREETING if status == 200 else REASONS[status] + '\n'
    body = text.encode('utf-8')
    lines = ['HTTP/1.1 %d %s' % (status, REASONS[status]),
             'Date: %s' % email.utils.formatdate(time.time(), usegmt=True),
             'Content-Type: text/plain; charset=utf-8',
             'Content-Length: %d' % len(body)]
    if status == 405:
        lines.append('Allow: GET, HEAD')
    if request is None or not request.keep_alive:
        lines.append('Connection: close')
    elif request.minor == b'0':
        lines.append('Connection: keep-alive')
    head = '\r\n'.join(lines + ['', '']).encode('ascii')
    return head if head_only else head + body


def keep(memory, key, value):
    """Put a value into a dict that holds at most MAX_KEPT."""
    if len(memory) >= MAX_KEPT:
        memory.clear()
    memory[key] = value


class Connection(object):
    """What the server knows of one client."""

    def __init__(self, sock):
        self.sock = sock
        self.incoming = bytearray()
        self.outgoing = bytearray()
        self.request = None  # the one whose body is arriving
        self.left = 0  # bytes of that body
        self.head_only = False  # the request, or what has come of it, is a HEAD
        self.events = select.EPOLLIN  # what epoll watches it for
        self.state = 'idle'  # what is awaited: see SECONDS
        self.answered = False  # whether a request was answered since rest()
        self.due = 0  # bytes that the client must read to get more time
        self.at_end = False  # no more input will come from the client
        self.last = False  # no further request is taken

    def awaited(self):
        """Return the state in which this connection waits."""
        if self.outgoing:
            return 'reply'
        if self.last:
            return 'linger'
        return 'request' if self.incoming or self.request else 'idle'


class WebServer(object):
    """One epoll object, one listening socket, many connections."""

    def __init__(self, host, port):
        """Listen on (host, port); raise OSError if it cannot."""
        self.listening = serving.listen(host, port, BACKLOG)
        self.server_address = self.listening.getsockname()
        self.wakeup, self.waker = socket.socketpair()
        self.connections = {}  # by descriptor
        # For each state: connection -> deadline, the first to expire first.
        self.deadlines = dict((state, collections.OrderedDict()) for state in SECONDS)
        self.now = time.time()  # when the last wait ended
        self.requests = {}  # by head
        self.answers = {}  # by request, in this second
        self.second = 0
        self.paused = False  # the last attempt to accept found no descriptor
        self.retry_at = None
        self.stopping = False
        for sock in (self.listening, self.wakeup, self.waker):
            sock.setblocking(False)
        self.epoll = select.epoll()
        self.epoll.register(self.listening.fileno(), select.EPOLLIN)
        self.epoll.register(self.wakeup.fileno(), select.EPOLLIN)

    def serve_forever(self):
        """Serve until stop() is called."""
        while not self.stopping:
            ready = self.ready()
            self.now = time.time()
            for descriptor, events in ready:
                if descriptor in self.connections:
                    self.work(self.connections[descriptor], events)
                elif descriptor == self.listening.fileno():
                    self.accept()
            self.expire()
            self.resume()

    def ready(self):
        """Wait; return pairs of a descriptor and its events."""
        return self.epoll.poll(self.patience())

    def patience(self):
        """Return how many seconds ready() may wait, or -1 for no limit."""
        deadlines = [] if self.retry_at is None else [self.retry_at]
        deadlines += [queue[next(iter(queue))]
                      for queue in self.deadlines.values() if queue]
        return max(0, min(deadlines) - time.time()) if deadlines else -1

    def stop(self):
        """End the loop, from a signal handler or another thread."""
        self.stopping = True
        self.waker.send(b'x')

    def close(self):
        """Close every connection and the listening socket."""
        for connection in list(self.connections.values()):
            self.drop(connection)
        for sock in (self.listening, self.wakeup, self.waker):
            sock.close()
        self.epoll.close()

    def accept(self):
        """Let in all who wait, as long as there are descriptors."""
        while True:
            try:
                sock, _ = self.listening.accept()
            except OSError as error:
                if error.errno in serving.OUT_OF_DESCRIPTORS:
                    self.pause(error.strerror)
                return  # else nobody waits, or a client left while it waited
            self.paused = False
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection = Connection(sock)
            self.connections[sock.fileno()] = connection
            self.epoll.register(sock.fileno(), connection.events)
            self.enter(connection, 'idle')

    def pause(self, reason):
        """Accept nobody for a while: new clients wait in the backlog."""
        if not self.paused:
            say('Nobody is let in for now: %s' % reason)
        self.paused = True
        self.retry_at = time.time() + RETRY_SECONDS
        self.epoll.modify(self.listening.fileno(), 0)

    def resume(self):
        """Accept again, when it is time to."""
        if self.retry_at is not None and self.retry_at <= time.time():
            self.retry_at = None
            self.epoll.modify(self.listening.fileno(), select.EPOLLIN)

    def enter(self, connection, state):
        """Put a connection into a state, and give it that state's time."""
        deadline = self.now + SECONDS[state]
        before = self.deadlines[state].get(connection, 0)
        if deadline - before < WORTH_MOVING * SECONDS[state]:
            return
        self.deadlines[connection.state].pop(connection, None)
        connection.state = state
        self.deadlines[state][connection] = deadline

    def expire(self):
        """End the connections that have been in a state for too long."""
        for state, queue in self.deadlines.items():
            while queue and queue[next(iter(queue))] <= self.now:
                self.time_out(next(iter(queue)), state)

    def time_out(self, connection, state):
        if state == 'request':
            self.refuse(connection, 408)
            self.work(connection, 0)
        else:
            self.drop(connection)

    def work(self, connection, events):
        """Read or write, as epoll says, and do what follows from it."""
        try:
            if events & ~select.EPOLLOUT:
                self.read(connection)
            self.advance(connection)
        except OSError:
            self.drop(connection)  # reset by its client

    def read(self, connection):
        try:
            data = connection.sock.recv(BUF_SIZE)
        except OSError as error:
            if error.errno != errno.EAGAIN:
                raise
            return
        if not data:
            connection.at_end = True
        elif not connection.last:
            connection.incoming += data

    def advance(self, connection):
        """Take requests and write replies, until neither can go on."""
        progress = True
        while progress:
            while connection.incoming and self.take(connection):
                pass
            progress = connection.outgoing and self.write(connection)
        if connection.at_end and not connection.outgoing:
            self.drop(connection)
        else:
            self.rest(connection)

    def rest(self, connection):
        """Wait for the client. It gets new time for a new state, for a new request,
        and when it has read all that was due: not for each byte that it sends or
        reads."""
        self.watch(connection)
        state = connection.awaited()
        earned, connection.answered = connection.answered, False
        if state == 'reply':
            earned = connection.due <= 0
        if state == connection.state and not earned:
            return
        if state == 'linger':
            # To close while the client still sends would cause a reset, and the
            # client could lose the reply.
            connection.sock.shutdown(socket.SHUT_WR)
        connection.due = len(connection.outgoing)
        self.enter(connection, state)

    def take(self, connection):
        """Take one request, or the body of one; return whether that was possible."""
        if connection.last or len(connection.outgoing) > MAX_WAITING:
            return False
        if connection.request is not None:
            return self.take_body(connection)
        head = self.take_head(connection)
        if head is None:
            return False
        try:
            request = self.request_of(head)
            waits = request.expects_continue and request.length
            if waits and status_of(request) != 200:  # RFC 9110, section 10.1.1
                raise BadRequest(status_of(request))
        except BadRequest as error:
            self.refuse(connection, error.status)
            return False
        connection.request, connection.left = request, request.length
        if waits and not connection.incoming:
            connection.outgoing += CONTINUE
        return self.take_body(connection)

    def request_of(self, head):
        """Return parse_head(head), cached: a client often sends the same head."""
        if head not in self.requests:
            keep(self.requests, head, parse_head(head))
        return self.requests[head]

    def answer_to(self, request):
        """Return a Request's reply, cached: it stays the same for a second."""
        if self.second != int(self.now):
            self.second = int(self.now)
            self.answers.clear()
        if request not in self.answers:
            keep(self.answers, request, reply(status_of(request), request,
                                              request.method == b'HEAD'))
        return self.answers[request]

    def take_head(self, connection):
        """Remove a head and return its bytes, or None if it is not complete."""
        buf = connection.incoming
        start = START.match(buf)
        if not start:
            connection.head_only = False
            self.refuse(connection, 400)
            return None
        if start.end(1):
            del buf[:start.end(1)]
        connection.head_only = buf.startswith(b'HEAD ')
        match = HEAD_END.search(buf)
        if match:
            end = match.end()
            head = bytes(buf[:end])
            del buf[:end]
            return head
        if len(buf) > MAX_HEAD:
            self.refuse(connection, too_long(buf))
        return None

    def take_body(self, connection):
        """Discard what has come of a body; answer when it is complete."""
        if connection.left:
            taken = min(connection.left, len(connection.incoming))
            del connection.incoming[:taken]
            connection.left -= taken
        if connection.left:
            return False
        request, connection.request = connection.request, None
        try:
            connection.outgoing += self.answer_to(request)
        except BadRequest as error:
            self.refuse(connection, error.status)
            return False
        connection.last = not request.keep_alive
        connection.answered = True
        return True

    def refuse(self, connection, status):
        """Answer with an error, the last answer of this connection."""
        connection.outgoing += reply(status, head_only=connection.head_only)
        connection.last = True
        del connection.incoming[:]

    def write(self, connection):
        """Write what the kernel takes; return whether that was anything."""
        try:
            sent = connection.sock.send(connection.outgoing)
        except OSError as error:
            if error.errno != errno.EAGAIN:
                raise
            return False
        del connection.outgoing[:sent]
        connection.due -= sent
        return True

    def watch(self, connection):
        """Tell epoll what to watch a connection for, if that has changed."""
        events = select.EPOLLOUT if connection.outgoing else 0
        if not connection.at_end and len(connection.outgoing) <= MAX_WAITING:
            events |= select.EPOLLIN
        if events != connection.events:
            connection.events = events
            self.epoll.modify(connection.sock.fileno(), events)

    def drop(self, connection):
        """Close a connection now."""
        self.deadlines[connection.state].pop(connection, None)
        del self.connections[connection.sock.fileno()]
        self.epoll.unregister(connection.sock.fileno())
        connection.sock.close()


def converse(ip, port, said):
    """Send bytes to (ip, port), and print all that comes back except dates."""
    sock = socket.create_connection((ip, port))
    try:
        sock.sendall(said)
        received = b''.join(iter(lambda: sock.recv(BUF_SIZE), b''))
    finally:
        sock.close()
    for line in received.splitlines():
        if not line.startswith(b'Date: '):
            say('  ' + printable(line))


def demonstrate():
    """Play a server and clients, one after the other."""
    server = WebServer(SERVER_HOST, SERVER_PORT)
    ip, port = server.server_address
    with serving.running(server, WebServer.close, serving.Loop):
        say('GET, with HTTP/1.0:')
        converse(ip, port, b'GET / HTTP/1.0\r\n\r\n')
        say('HEAD, and the connection is to be closed:')
        converse(ip, port, b'HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
        say('Two requests at once, for what is not there and what cannot be done:')
        converse(ip, port,
                 b'GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n'
                 b'DELETE / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
        say('What is no request:')
        converse(ip, port, b'Hello?\r\n\r\n')


def serve(args):
    """Serve until SIGINT or SIGTERM; raise OSError if it cannot listen."""
    serving.serve_alone(WebServer(args.host, args.port))


def connect(args):
    """Be one client of the server at args.connect, (host, port)."""
    ip, port = args.connect
    converse(ip, port, b'GET / HTTP/1.0\r\n\r\n')


def main():
    parser = CommandLine('A web server in one thread, on epoll.')
    parser.add_server_options(SERVER_HOST, SERVER_PORT)
    parser.add_client_options()
    parser.run(demonstrate, serve, connect)


if __name__ == '__main__':
    main()
