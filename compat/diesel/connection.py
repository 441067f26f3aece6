"""A TCP connection, which wakes the loop that waits for it."""
from compat.diesel import runtime
from compat.diesel.buffer import Buffer
from compat.diesel.errors import ConnectionClosed
from compat.diesel.pipeline import Pipeline, PipelineCloseRequest

BUFSIZ = 65536             # bytes read or sent at once
SENTINEL_LIMIT = 1 << 20   # bytes that until() reads before it gives up
UNREAD_LIMIT = 1 << 20     # bytes kept for a loop that does not ask for them
UNSENT_LIMIT = 1 << 20     # bytes queued before send() waits for the peer

CLOSED = 'Cannot complete TCP socket operation: associated connection is closed'
BY_PEER = 'Connection closed by remote host'
BY_US = 'Connection closed'


class Connection(object):
    """A TCP connection. It fills its buffer, and wakes the loop that waits for input.

    The socket is read all the time, but never more than UNREAD_LIMIT bytes ahead of
    the loop. What a loop sends goes out when the loop next waits, in the order of
    priority; what the socket does not take stays in the pipeline until the peer reads.
    """
    waits_for_peer = True
    would_block = (BlockingIOError, InterruptedError)  # try again later

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
        self._alone = None       # the only message that was sent in this turn
        self._recv = sock.recv
        self._send = sock.send
        self.hub.register(sock, self.handle_read, self.handle_write,
                          self.handle_error)

    # Input

    def handle_read(self):
        """Read what has arrived. Called by the hub."""
        if self.closed:
            return
        try:
            data = self._recv(BUFSIZ)
        except self.would_block:
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

    def check_incoming(self, condition, callback=None):
        """Return the next message, which ends with the condition, a sentinel; or
        None if it is not there yet."""
        buffer = self.buffer
        buffer.set_term(condition)
        return buffer.check()

    # Output

    def queue_outgoing(self, msg, priority=5):
        """Send bytes or a file in this pass of the hub, or as soon as the peer
        reads. Raise TypeError for text."""
        if self._alone is not None:
            self.pipeline.add(*self._alone)
            self._alone = None
        elif not self._flushing and not self._writable:
            # Usually it is one short answer, which need not go through the pipeline.
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
        """Send what was queued in this turn. Called by the hub."""
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
        """Send more, now that the socket takes it. Called by the hub."""
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
        except self.would_block:
            sent = 0
        except OSError:
            self.shutdown(remote_closed=True)
            return
        if sent != len(data):
            self.pipeline.backup(data[sent:])

    def handle_error(self):
        """Close a broken socket. Called by the hub."""
        self.shutdown(remote_closed=True)

    # The end

    def close(self):
        """Close once everything that was queued has been sent."""
        if self.closed:
            return
        self.pipeline.close_request()
        if not self._flushing and not self.pipeline.size:
            self.shutdown()

    def shutdown(self, remote_closed=False):
        """Close now. A loop that waits for the peer gets a ConnectionClosed."""
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
    """Raises an error in a loop, unless it has been woken meanwhile."""

    def __init__(self, loop, error):
        self.loop = loop
        self.error = error
        loop.clear_pending_events()
        self.ticket = loop._new_ticket()

    def __call__(self):
        if self.loop._ticket is self.ticket:
            self.loop._throw(self.error)
