"""What a loop can do: read, send, sleep, wait for events, for threads and signals.

The functions of the module functions call these on the loop that runs.
"""
from compat.diesel.buffer import BufAny
from compat.diesel.connection import CLOSED, UNSENT_LIMIT, Connection
from compat.diesel.errors import ConnectionClosed, ParentDiedException
from compat.diesel.events import EarlyValue
from compat.diesel.udp import datagram as _datagram
from compat.diesel.waiting import Waiting

CRLF = b'\r\n'


class Operations(Waiting):
    """The methods of a Loop that wait, or may have to."""

    def input_op(self, sentinel_or_receive=BufAny):
        """Return the next message; see until() and receive()."""
        stack = self.connection_stack
        conn = stack[-1] if stack else self.check_connection()
        if isinstance(conn, Connection):  # as _check_input(), without another call
            message = conn.check_incoming(sentinel_or_receive)
            if message is None:
                self._wait_input(conn, None)
        else:
            message = self._check_foreign(sentinel_or_receive, None)
        if message is not None:
            return message
        return self.app.runhub.switch()

    def _check_input(self, sentinel, name):
        """Return the next message of the connection in use. If there is none yet,
        return None and wait for it; name is what first() calls it."""
        stack = self.connection_stack
        conn = stack[-1] if stack else self.check_connection()
        if not isinstance(conn, Connection):
            return self._check_foreign(sentinel, name)
        message = conn.check_incoming(sentinel)
        if message is None:
            self._wait_input(conn, name)
        return message

    def _check_foreign(self, sentinel, name):
        """The same for a connection of the program's own. Its check_incoming(sentinel,
        callback) returns a message, or something false, or a function to be used in
        place of callback. That is left in its waiting_callback: the program has the
        hub call it with a message or an Exception. cleanup() is called when the loop
        no longer waits."""
        conn = self.check_connection()
        ticket = self._new_ticket()

        def callback(message):
            if name is not None and not isinstance(message, Exception):
                message = name, message
            self._wake_for(ticket, message)

        found = conn.check_incoming(sentinel, callback)
        if found and not callable(found):
            return found
        conn.waiting_callback = found or callback
        self._foreign = conn
        return None

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

        If the event has a value at once, nothing else is waited for: return True,
        after which the others have a turn all the same.
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
        """Take the value of the event whose wait_id is what. It wakes the loop when
        its turn comes, and nothing else does."""
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
            message = self._check_input(sentinel, name)
            if message is not None:
                return name, message
        for event in waits or ():
            if self._wait(event, lambda value, event=event: (event, value)):
                return self.dispatch()
        if sleep is not None:
            self._sleep(sleep, ('sleep', True))
        return self.dispatch()

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

    def signal(self, sig):
        """Wait for a signal."""
        ticket = self._new_ticket()
        self._signal(sig, lambda: self._wake_for(ticket, True))
        return self.dispatch()

    def _signal(self, sig, cb):
        self.hub.add_signal_handler(sig, cb)


def value_alone(value):
    """What wait() returns for a value."""
    return value
