"""Loops, which are greenlets, and connections, which wake them.

A Loop runs a function until it has to wait; then it switches to the greenlet of
the hub. Whatever it waits for calls its wake() from there. All waiting goes
through Loop._wait_for(); all that a loop waits for at once (first()) is given up
when one of it comes.
"""
import collections
import itertools
import socket
import ssl

from greenlet import GreenletExit, greenlet

from compat.diesel import runtime
from compat.diesel.buffer import BufAny, Buffer
from compat.diesel.clock import ClockedGreenlet
from compat.diesel.events import EarlyValue
from compat.diesel.logmod import log
from compat.diesel.pipeline import Pipeline, PipelineCloseRequest

BUFSIZ = 65536             # bytes read or sent at once
CRLF = b'\r\n'
SENTINEL_LIMIT = 1 << 20   # bytes that until() reads before it gives up
UNREAD_LIMIT = 1 << 20     # bytes kept for a loop that does not ask for them
UNSENT_LIMIT = 1 << 20     # bytes queued before send() waits for the peer

UNREAD_PACKETS = 1024       # UDP packets kept for a loop that does not ask

CLOSED = 'Cannot complete TCP socket operation: associated connection is closed'
BY_PEER = 'Connection closed by remote host'
BY_US = 'Connection closed'

ContinueNothing = object()
ids = itertools.count(1)
current_loop = None  # the loop that runs, or has run last when the hub does

WOULD_BLOCK = (BlockingIOError, InterruptedError, ssl.SSLWantReadError,
               ssl.SSLWantWriteError)


class ConnectionClosed(socket.error):
    """The peer has closed the connection. buffer: what it said before, of which
    nobody has made sense yet, as bytes or None."""

    def __init__(self, msg, buffer=None):
        socket.error.__init__(self, msg)
        self.buffer = buffer


class ClientConnectionClosed(socket.error):
    """The server has closed the connection of a Client's call."""

    def __init__(self, msg, buffer=None, addr=None, port=None):
        socket.error.__init__(self, msg)
        self.buffer = buffer
        self.addr = addr
        self.port = port

    def __str__(self):
        text = socket.error.__str__(self)
        if self.addr and self.port:
            text += ' (addr=%s, port=%s)' % (self.addr, self.port)
        return text


class ClientConnectionError(socket.error):
    """A client could not connect."""


class ClientConnectionTimeout(socket.error):
    """A client has not got its connection in time."""


class ApplicationEnd(Exception):
    """Ends the application; it passes through the loop that asks for the end."""


class LoopKeepAlive(Exception):
    """The loop has ended and is to be started again."""


class ParentDiedException(Exception):
    """The loop that has forked this one as its child is at its end."""


class TerminateLoop(Exception):
    """Ends the current loop, and its connection, without a word in the log."""


class datagram(object):
    """A sentinel for first() and receive(): the next UDP packet."""


datagram = _datagram = datagram()


class Datagram(bytes):
    """A UDP packet; addr is where it comes from."""

    def __new__(cls, payload, addr):
        self = bytes.__new__(cls, payload)
        self.addr = addr
        return self


def _loop():
    if current_loop is None:
        raise RuntimeError('this can be called from inside a diesel loop only')
    return current_loop


def until(sentinel):
    """Return what the peer sends up to and with the sentinel, which is bytes."""
    return current_loop.input_op(sentinel)


def until_eol():
    """Return the next line, with the carriage return and newline at its end."""
    return current_loop.input_op(CRLF)


def receive(spec=BufAny):
    """Return exactly spec bytes, or whatever comes next, or with the argument
    datagram the next UDP packet."""
    return current_loop.input_op(spec)


def send(o, priority=5):
    """Send bytes or a binary file; what has a higher priority goes first.

    Unlike the real library's this waits if the peer does not read, once
    UNSENT_LIMIT bytes have piled up.
    """
    return current_loop.send(o, priority)


def wait(event):
    """Wait for an event (a name, or a Waiter) and return its value."""
    return current_loop.wait(event)


def fire(event, value=None):
    """Give the value to all loops that wait for the event."""
    return current_loop.fire(event, value)


def sleep(v=0):
    """Wait for v seconds; with 0 let everybody else have a turn."""
    return current_loop.sleep(v)


def thread(f, *args, **kw):
    """Return f(*args, **kw), computed in a thread while other loops go on."""
    return current_loop.thread(f, *args, **kw)


def first(*args, **kw):
    """Wait for the first of several things; return (which, its value).

    sleep: seconds. waits: a list of events. And at most one of
    receive_any=True, receive=count, until=sentinel, until_eol=True,
    datagram=True. Which is that keyword, or the event.
    """
    return current_loop.first(*args, **kw)


def label(label):
    """Give the current loop a name for the log."""
    return current_loop.label(label)


def fork(f, *args, **kw):
    """Run f(*args, **kw) in a loop of its own; return the Loop."""
    return current_loop.fork(False, f, *args, **kw)


def fork_child(f, *args, **kw):
    """As fork(), but when the current loop ends, the new one ends as well: it
    gets a ParentDiedException."""
    return current_loop.fork(True, f, *args, **kw)


def fork_from_thread(f, *args, **kw):
    """As fork(), for threads that are not diesel's."""
    loop = Loop(f, *args, **kw)
    app = runtime.current_app
    app.hub.call_from_other_thread(lambda: app.add_loop(loop))


def signal(sig, callback=None):
    """Wait for a signal; or have callback() called at the next one.

    Raise ExistingSignalHandler if the program handles it already.
    """
    if callback is None:
        return current_loop.signal(sig)
    return current_loop._signal(sig, callback)


class call(object):
    """Makes a method of a Client talk over the client's connection.

    Inside it send(), until() and so on use that connection. When the server
    closes it, the caller gets a ClientConnectionClosed.
    """

    def __init__(self, f, inst=None):
        self.f = f
        self.client = inst

    def __get__(self, inst, cls):
        return call(self.f, inst)

    def __call__(self, *args, **kw):
        client = self.client
        if not client.connected:
            raise ClientConnectionClosed(
                'Client call failed: client connection was closed',
                addr=client.addr, port=client.port)
        stack = _loop().connection_stack
        stack.append(client.conn)
        try:
            return self.f(client, *args, **kw)
        except ConnectionClosed as error:
            raise ClientConnectionClosed(
                error.args[0], buffer=error.buffer,
                addr=client.addr, port=client.port) from None
        finally:
            stack.pop()


class Loop(object):
    """A function that runs as if alone, between others that do so too."""

    def __init__(self, loop_callable, *args, **kw):
        self.loop_callable = loop_callable
        self.args = args
        self.kw = kw
        self.loop_label = str(loop_callable)
        self.keep_alive = False
        self.tracked = False
        self.clock = 0.0             # CPU seconds of earlier lives, if tracked
        self.app = runtime.current_app  # or the one that takes the loop later
        self.hub = self.app and self.app.hub
        self.id = next(ids)
        self.deaths = 0
        self.children = {}           # a set in order
        self.parent = None
        self.connection_stack = []
        self.reset()

    def __str__(self):
        return '<Loop id=%s callable=%s>' % (self.id, self.loop_callable)

    def enable_tracking(self):
        """From the next start on, count the CPU time: see clocktime()."""
        self.tracked = True

    def clocktime(self):
        """Return the CPU seconds that a tracked loop has taken."""
        if not self.tracked or self.coroutine is None:
            return self.clock
        return self.clock + self.coroutine.seconds()

    def reset(self):
        """Be as before the first run."""
        self.running = False
        self.fire_due = False
        self.coroutine = None
        self._timer = None
        self._ticket = None      # what comes for an older wait has another one
        self._input = None       # the connection whose input we wait for,
        self._input_name = None  # and what first() calls it
        self._drain = None       # the connection whose output we wait for
        self._handlers = {}      # wait_id -> what first() returns for a value
        self._orphan = False     # the parent has died: stay dead, too
        self._doomed = False     # and the news of it is still to be raised

    # A life

    def run(self):
        """The body of the greenlet: run the function, then tell who must know."""
        try:
            self.loop_callable(*self.args, **self.kw)
        except (TerminateLoop, ParentDiedException, GreenletExit):
            pass
        except (SystemExit, KeyboardInterrupt, ApplicationEnd):
            raise
        except BaseException:
            log.trace().error('-- Unhandled Exception in local loop <{0}> --',
                              self.loop_label)
        finally:
            self._end()

    def _end(self):
        self.clear_pending_events()
        for conn in self.connection_stack:
            conn.close()
        self.connection_stack = []
        self.app.running.pop(self, None)
        self.running = False
        self.notify_children()
        self.deaths += 1
        if self.keep_alive and self.app._run and not self._orphan:
            log.warning('(Keep-Alive loop {0} died; restarting)', self)
            # Half a second: a loop that dies at once must not take all the time.
            self.hub.call_later(0.5, self._restart)
        elif self.parent is not None:
            self.parent.children.pop(self, None)
            self.parent = None

    def _restart(self):
        if not self._orphan:
            self.clock = self.clocktime()
            self.reset()
            self.wake()

    def notify_children(self):
        """Send a ParentDiedException to every child."""
        for child in list(self.children):
            child.parent_died()
        self.children = {}

    def parent_died(self):
        """Take the news: it is raised where the loop waits. A loop that has not
        begun yet does not hear of it."""
        if self.running:
            self._doomed = True
            self.hub.schedule(self._raise_parent_died)
        self._orphan = self.running or self.deaths > 0

    def _raise_parent_died(self):
        if self._doomed and self.fire_due:
            # It has been given something, a lock perhaps: it takes that first,
            # and nothing more; see _wait().
            self.hub.schedule(self._raise_parent_died, True)
        elif self._doomed and self.running:
            self._doomed = False
            self._throw(ParentDiedException())

    # To wait and to be woken

    def start(self):
        """Make the greenlet and run it until it waits; only the hub calls this."""
        self.running = True
        self.app.running[self] = None
        kind = ClockedGreenlet if self.tracked else greenlet
        self.coroutine = kind(self.run, self.app.runhub)
        self._resume()

    def wake(self, value=ContinueNothing):
        """Run the loop until it waits again; only the hub may call this.

        value is what the operation returns on which the loop waits; an Exception
        is raised there.
        """
        if self.coroutine is None:
            return self.start()
        if isinstance(value, Exception):
            return self._throw(value)
        self.clear_pending_events()
        if value is ContinueNothing:
            self._resume()
        else:
            self._resume(value)

    def _resume(self, *value):
        global current_loop
        current_loop = self
        self.coroutine.switch(*value)

    def _throw(self, error):
        """Raise an error where the loop waits."""
        global current_loop
        self.clear_pending_events()
        current_loop = self
        self.coroutine.throw(error)

    def take_input(self, message):
        """Wake the loop with what its connection has received."""
        global current_loop
        if self._input_name is None:  # it waits for nothing else
            self._input = None
        else:
            message = (self._input_name, message)
            self.clear_pending_events()
        current_loop = self
        self.coroutine.switch(message)

    def clear_pending_events(self):
        """Give up all that the loop waits for."""
        self._ticket = None
        self.fire_due = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._input is not None:
            self._input.waiter = None
            self._input.buffer.clear_term()
            self._input = self._input_name = None
        if self._drain is not None:
            self._drain.drain_waiters.pop(self, None)
            self._drain = None
        if self._handlers:
            self._handlers = {}
            self.app.waits.clear(self)

    def dispatch(self):
        """Let others run; return the value with which we are woken."""
        return self.app.runhub.switch()

    def _new_ticket(self):
        ticket = self._ticket = object()
        return ticket

    def _wake_for(self, ticket, value):
        """Wake the loop if it still waits as it did when it got the ticket."""
        if self._ticket is ticket:
            self.wake(value)

    def reschedule_with_this_value(self, value):
        """Be woken with a value in the next pass of the hub."""
        self._schedule(value, True)

    def _schedule(self, value, reschedule=False):
        ticket = self._new_ticket()
        self.hub.schedule(lambda: self._wake_for(ticket, value), reschedule)

    # Operations

    def input_op(self, sentinel_or_receive=BufAny):
        """Return the next message; see until() and receive()."""
        stack = self.connection_stack
        if not stack:
            self.check_connection()
        conn = stack[-1]
        if sentinel_or_receive is _datagram:
            message = conn.next_datagram()
        else:
            buffer = conn.buffer
            buffer.set_term(sentinel_or_receive)
            message = buffer.check()
        if message is not None:
            return message
        self._wait_input(conn, None)
        return self.app.runhub.switch()

    def _wait_input(self, conn, name):
        if conn.closed or conn.waiter is not None:
            conn.buffer.clear_term()
            if conn.closed:
                raise ConnectionClosed(CLOSED, buffer=conn.buffer.pop() or None)
            raise RuntimeError('another loop waits for input on this connection')
        if conn.paused:
            conn.resume_reading()
        conn.waiter = self
        self._input = conn
        self._input_name = name

    def check_connection(self):
        """Return the connection in use; raise RuntimeError if there is none and
        ConnectionClosed if it is closed."""
        if not self.connection_stack:
            raise RuntimeError(
                'Cannot complete TCP socket operation: no associated connection')
        conn = self.connection_stack[-1]
        if conn.closed:
            raise ConnectionClosed(CLOSED)
        return conn

    def send(self, o, priority=5):
        """See the function of that name."""
        conn = self.check_connection()
        conn.queue_outgoing(o, priority)
        if conn.pipeline.size > UNSENT_LIMIT and conn.waits_for_peer:
            self._drain = conn
            conn.drain_waiters[self] = None
            self.dispatch()

    def sleep(self, v=0):
        """See the function of that name. Returns True."""
        self._sleep(v, True)
        return self.dispatch()

    def _sleep(self, v, result):
        assert v >= 0, 'cannot sleep for %s seconds' % v
        if v == 0:
            self.reschedule_with_this_value(result)
        else:
            self._timer = self.hub.call_later(v, self.wake, result)

    def wait(self, event):
        """See the function of that name."""
        self._wait(event, value_alone)
        return self.dispatch()

    def _wait(self, event, make):
        """Wait for an event; make(value) is what the loop is woken with.

        If there is no need to wait, nothing else is waited for, others have a
        turn all the same, and True is returned.
        """
        if self._doomed:
            self._doomed = False
            self.clear_pending_events()
            raise ParentDiedException()
        wait_id = self.app.waits.wait(self, event)
        if isinstance(wait_id, EarlyValue):
            self.clear_pending_events()
            self.fire_due = True
            self.reschedule_with_this_value(make(wait_id.val))
            return True
        self._handlers[wait_id] = make
        return False

    def fire(self, event, value=None):
        """See the function of that name."""
        self.app.waits.fire(event, value)

    def fire_in(self, what, value):
        """Take the value of the event with that wait_id: it wakes the loop when
        its turn comes, and nothing else will."""
        if not isinstance(value, Exception):
            value = self._handlers[what](value)
        self.clear_pending_events()
        self.fire_due = True
        self._schedule(value)

    def first(self, sleep=None, waits=None, receive_any=None, receive=None,
              until=None, until_eol=None, datagram=None):
        """See the function of that name."""
        sources = [(name, sentinel) for name, given, sentinel in (
            ('receive_any', receive_any, BufAny), ('receive', receive, receive),
            ('until', until, until), ('until_eol', until_eol, CRLF),
            ('datagram', datagram, _datagram)) if given]
        assert len(sources) <= 1, ('only 1 of (receive_any, receive, until, '
                                   'until_eol, datagram) may be provided')
        for name, sentinel in sources:
            message = self._first_input(name, sentinel)
            if message is not None:
                return name, message
        for event in waits or ():
            if self._wait(event, lambda value, event=event: (event, value)):
                return self.dispatch()
        if sleep is not None:
            self._sleep(sleep, ('sleep', True))
        return self.dispatch()

    def _first_input(self, name, sentinel):
        conn = self.connection_stack[-1] if self.connection_stack \
            else self.check_connection()
        if sentinel is _datagram:
            message = conn.next_datagram()
        else:
            conn.buffer.set_term(sentinel)
            message = conn.buffer.check()
        if message is None:
            self._wait_input(conn, name)
        return message

    def thread(self, f, *args, **kw):
        """See the function of that name."""
        ticket = self._new_ticket()

        def work():
            try:
                return f(*args, **kw), None
            except BaseException as error:
                return None, error

        self.hub.run_in_thread(lambda outcome: self._wake_for(ticket, outcome), work)
        result, error = self.dispatch()
        if error is not None:
            raise error
        return result

    def fork(self, make_child, f, *args, **kw):
        """See fork() and fork_child()."""
        loop = Loop(f, *args, **kw)
        if make_child:
            self.children[loop] = None
            loop.parent = self
        self.app.add_loop(loop, track=self.tracked)
        return loop

    def label(self, label):
        """See the function of that name."""
        self.loop_label = label

    def signal(self, sig):
        """Wait for a signal."""
        ticket = self._new_ticket()
        self._signal(sig, lambda: self._wake_for(ticket, True))
        return self.dispatch()

    def _signal(self, sig, cb):
        self.hub.add_signal_handler(sig, cb)


def wait_for_socket(sock, timeout, late, write=True):
    """Have the current loop wait until a socket that nobody watches can be
    written, or read. Raise late after timeout seconds, if that is not None."""
    loop = _loop()
    hub = loop.hub
    ticket = loop._new_ticket()
    ready = lambda: loop._wake_for(ticket, True)  # noqa: E731
    hub.register(sock, ready, ready, None)
    if write:
        hub.enable_write(sock)
    if timeout is not None:
        loop._timer = hub.call_later(timeout, loop._wake_for, ticket, False)
    try:
        if not loop.dispatch():
            raise late
    finally:
        hub.unregister(sock)


def value_alone(value):
    """What wait() returns for a value."""
    return value


class Connection(object):
    """A TCP connection: feeds its buffer, and wakes the loop that waits for it.

    It is read all the time, but not more than UNREAD_LIMIT ahead of the loop.
    What is sent goes into the socket when the loop waits for something, the urgent
    first; what does not fit waits in the pipeline until the peer has read.
    """
    waits_for_peer = True

    def __init__(self, sock, addr):
        self.hub = runtime.current_app.hub
        self.pipeline = Pipeline()
        self.buffer = Buffer()
        self.sock = sock
        self.addr = addr
        self.closed = False
        self.paused = False
        self.waiter = None       # the loop that waits for input
        self.drain_waiters = {}  # loops that wait in send()
        self._writable = False   # the hub watches for writing
        self._flushing = False   # the hub will call flush()
        self._alone = None       # the only thing that was sent in this turn
        self._recv = sock.recv
        self._send = sock.send
        self.hub.register(sock, self.handle_read, self.handle_write,
                          self.handle_error)

    # Input

    def handle_read(self):
        """The socket has something: called by the hub."""
        if self.closed:
            return
        try:
            data = self._recv(BUFSIZ)
        except WOULD_BLOCK:
            return
        except OSError:
            data = b''
        if not data:
            self.shutdown(remote_closed=True)
            return
        message = self.buffer.feed(data)
        if message is not None:
            loop = self.waiter
            self.waiter = None
            loop.take_input(message)
        else:
            self._limit_input()

    def _limit_input(self):
        size = len(self.buffer)
        if self.waiter is None:
            if size > UNREAD_LIMIT:
                self.paused = True
                self.hub.disable_read(self.sock)
        elif size > SENTINEL_LIMIT and self.buffer.wants_sentinel:
            self._shutdown('No end of message in %d bytes' % SENTINEL_LIMIT)

    def resume_reading(self):
        """Read again, after the loop has taken what was there."""
        self.paused = False
        self.hub.enable_read(self.sock)

    def next_datagram(self):
        """There are no datagrams in TCP."""
        raise TypeError('a TCP connection has no datagrams')

    # Output

    def queue_outgoing(self, msg, priority=5):
        """Send bytes or a file in this pass of the hub, or as soon as the peer
        reads. Raise TypeError for text."""
        if self._alone is not None:
            self.pipeline.add(*self._alone)
            self._alone = None
        elif not self._flushing and not self._writable:
            # Mostly there is one short answer: no need to take the long way.
            if type(msg) is bytes and len(msg) < BUFSIZ \
                    and not self.pipeline.closing:
                self._alone = msg, priority
            else:
                self.pipeline.add(msg, priority)
            self._flushing = True
            self.hub.schedule(self.flush)
            return
        self.pipeline.add(msg, priority)

    def flush(self):
        """Send what was queued in this turn: called by the hub."""
        self._flushing = False
        if self.closed:
            return
        if self._alone is None:
            self.handle_write()
        else:
            data = self._alone[0]
            self._alone = None
            self._write(data)
        if not self.closed:
            if self.pipeline.closing and not self.pipeline.size:
                self.shutdown()
            else:
                self.set_writable(not self.pipeline.empty)

    def set_writable(self, val):
        """Have the hub call handle_write() when the socket takes more, or not."""
        if self._writable != val:
            self._writable = val
            if val:
                self.hub.enable_write(self.sock)
            else:
                self.hub.disable_write(self.sock)

    def handle_write(self):
        """The socket takes more: called by the hub."""
        if self.closed:
            return
        try:
            data = self.pipeline.read(BUFSIZ)
        except PipelineCloseRequest:
            self.shutdown()
            return
        self._write(data)
        if self.pipeline.empty:
            self.set_writable(False)
        if self.drain_waiters and self.pipeline.size <= UNSENT_LIMIT // 2:
            for loop in list(self.drain_waiters):
                loop.wake()

    def _write(self, data):
        """Send what the socket takes and put the rest back."""
        try:
            sent = self._send(data) if data else 0
        except WOULD_BLOCK:
            sent = 0
        except OSError:
            self.shutdown(remote_closed=True)
            return
        if sent != len(data):
            self.pipeline.backup(data[sent:])

    def handle_error(self):
        """The socket is broken: called by the hub."""
        self.shutdown(remote_closed=True)

    # The end

    def close(self):
        """Close when all that was queued is sent."""
        if self.closed:
            return
        self.pipeline.close_request()
        if not self._flushing and not self.pipeline.size:
            self.shutdown()

    def shutdown(self, remote_closed=False):
        """Close now; a loop that waits gets a ConnectionClosed."""
        self._shutdown(BY_PEER if remote_closed else BY_US)

    def _shutdown(self, reason):
        if self.closed:
            return
        self.closed = True
        self.hub.unregister(self.sock)
        self.cleanup()
        waiters = list(self.drain_waiters)
        if self.waiter is not None:
            waiters.append(self.waiter)
            rest = self.buffer.pop()
        else:
            rest = None
        for loop in waiters:
            self.hub.schedule(Failure(loop, ConnectionClosed(reason, buffer=rest)))

    def cleanup(self):
        """Close the socket."""
        self.sock.close()


class Failure(object):
    """Raises an error in a loop, unless it has stopped waiting meanwhile."""

    def __init__(self, loop, error):
        self.loop = loop
        self.error = error
        loop.clear_pending_events()
        self.ticket = loop._new_ticket()

    def __call__(self):
        if self.loop._ticket is self.ticket:
            self.loop._throw(self.error)


class UDPSocket(Connection):
    """A UDP socket. A client's has one peer, ip and port; a service's answers
    whoever has sent the packet that its loop has received last.

    At most UNREAD_PACKETS packets wait to be received; more are lost, as UDP
    allows. So are packets that the socket does not take at once.
    """
    waits_for_peer = False

    def __init__(self, parent, sock, ip=None, port=None):
        self.parent = parent
        self.remote_addr = None if ip is None else (ip, port)
        self._answers = ip is None
        self._packets = collections.deque()
        Connection.__init__(self, sock, self.remote_addr)

    def handle_read(self):
        """A packet is there: called by the hub."""
        if self.closed:
            return
        try:
            data, addr = self.sock.recvfrom(BUFSIZ)
        except OSError:
            return  # news of an earlier packet: nobody was there to take it
        packet = Datagram(data, addr)
        if self.waiter is None:
            if len(self._packets) < UNREAD_PACKETS:
                self._packets.append(packet)
            return
        loop, self.waiter = self.waiter, None
        loop.take_input(self._taken(packet))

    def _taken(self, packet):
        if self._answers:
            self.remote_addr = self.addr = self.parent.remote_addr = packet.addr
        return packet

    def next_datagram(self):
        """Return the next packet that is there, or None."""
        return self._taken(self._packets.popleft()) if self._packets else None

    def queue_outgoing(self, msg, priority=5):
        """Send one packet to the peer."""
        if isinstance(msg, str):
            raise TypeError('text cannot be sent, only bytes: encode it first')
        if self.remote_addr is None:
            raise RuntimeError('nobody has sent a packet yet that could be answered')
        try:
            self.sock.sendto(msg, self.remote_addr)
        except WOULD_BLOCK:
            pass

    def close(self):
        """Close now: nothing is queued."""
        self.shutdown()
