"""Pools: of connections that are used again, and of loops that share work."""
import collections

from compat.diesel.app import quickstop
from compat.diesel.functions import fork, label, sleep
from compat.diesel.logmod import log
from compat.diesel.util.event import Event
from compat.diesel.util.queue import Queue, QueueTimeout


class ConnectionPoolFull(Exception):
    """All connections are in use, and none has come back in time."""


class InfiniteQueue(object):
    """Stands for a Queue that never runs out of None."""

    def get(self, timeout):
        """Return None at once."""

    def put(self):
        """Do nothing."""


class ConnectionPool(object):
    """Connections that are lent, given back and lent again.

        pool = ConnectionPool(lambda: MyClient('host', 1234), MyClient.close)
        with pool.connection as client: ...

    init_callable() makes one, close_callable(conn) closes one; they have
    is_closed, as a Client has. pool_size: how many are kept while nobody needs
    them. pool_max: how many are lent at a time at most (None: no limit). A loop
    that wants another waits for poll_max_timeout seconds (None: for ever).

    Unlike in the real library a connection that cannot be made does not count as
    lent for ever.
    """

    def __init__(self, init_callable, close_callable, pool_size=5, pool_max=None,
                 poll_max_timeout=5):
        self.init_callable = init_callable
        self.close_callable = close_callable
        self.pool_size = pool_size
        self.poll_max_timeout = poll_max_timeout
        self.connections = collections.deque()  # those that nobody uses
        if pool_max:
            self.remaining_conns = Queue()
            self.remaining_conns.inp.extend([None] * pool_max)
        else:
            self.remaining_conns = InfiniteQueue()

    def get(self):
        """Return a connection that is open: the one that came back last, or a
        new one. Raise ConnectionPoolFull, and what init_callable() raises."""
        try:
            self.remaining_conns.get(timeout=self.poll_max_timeout)
        except QueueTimeout:
            raise ConnectionPoolFull() from None
        try:
            return self._open_connection()
        except BaseException:
            self.remaining_conns.put()
            raise

    def _open_connection(self):
        while self.connections:
            conn = self.connections.pop()
            if not conn.is_closed:
                return conn
        while True:
            conn = self.init_callable()
            if not conn.is_closed:
                return conn
            sleep()  # the peer may go on like this

    def release(self, conn, error=False):
        """Give a connection back. error: it is in an unknown state, close it."""
        self.remaining_conns.put()
        if conn.is_closed:
            return
        if error or len(self.connections) >= self.pool_size:
            self.close_callable(conn)
        else:
            self.connections.append(conn)

    @property
    def connection(self):
        """A context with a connection, which goes back to the pool at its end."""
        return ConnContextWrapper(self, self.get())


class ConnContextWrapper(object):
    """The context that lends a connection; see ConnectionPool.connection."""

    def __init__(self, pool, conn):
        self.pool = pool
        self.conn = conn

    def __enter__(self):
        return self.conn

    def __exit__(self, type, value, tb):
        self.pool.release(self.conn, error=type is not None)


class ThreadPoolDie(object):
    """In the queue of a ThreadPool: one handler loop is to end."""


class ThreadPool(object):
    """Loops (not threads of the system) that share work: itself a callable, to
    be run as a loop.

    generator() returns the next piece of work, and may wait; it raises
    StopIteration when there is no more. It is called when a loop has nothing to
    do. handler(work) does it, in concurrency loops at a time; one that raises is
    logged, and another loop takes its place. finalizer(): runs in a loop when
    all is done.

    Unlike in the real library the finalizer waits for the last handler even if
    all had failed before.
    """

    def __init__(self, concurrency, handler, generator, finalizer=None):
        self.concurrency = concurrency
        self.handler = handler
        self.generator = generator
        self.finalizer = finalizer

    def handler_wrap(self):
        """The body of one handler loop."""
        try:
            label('thread-pool-%s' % self.handler)
            while True:
                self.waiting += 1
                if self.waiting == 1:
                    self.trigger.set()
                work = self.q.get()
                self.waiting -= 1
                if work is ThreadPoolDie:
                    return
                self.handler(work)
        finally:
            self.running -= 1
            if self.waiting == 0:
                self.trigger.set()
            if self.running == 0:
                self.finished.set()

    def __call__(self):
        self.q = Queue()
        self.trigger = Event()   # a handler has nothing to do, or has ended
        self.finished = Event()  # no handler runs
        self.waiting = 0
        self.running = 0
        try:
            self._hand_out()
        finally:
            for _ in range(self.concurrency):
                self.q.put(ThreadPoolDie)
            if self.finalizer:
                self.finished.wait()
                fork(self.finalizer)

    def _hand_out(self):
        while True:
            self._start_handlers()
            if self.waiting == 0:
                self.trigger.wait()
                self.trigger.clear()
            try:
                work = self.generator()
            except StopIteration:
                return
            self.q.put(work)
            sleep()

    def _start_handlers(self):
        for _ in range(self.concurrency - self.running):
            self.running += 1
            self.finished.clear()
            fork(self.handler_wrap)


class TerminalThreadPool(ThreadPool):
    """A ThreadPool that ends the application when all is done."""

    def __call__(self, *args, **kw):
        try:
            ThreadPool.__call__(self, *args, **kw)
        finally:
            self.finished.wait()
            log.warning("TerminalThreadPool's producer exited; issuing quickstop()")
            fork(quickstop)
