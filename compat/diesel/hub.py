"""The event hub: one pass after the other, in the greenlet that runs the app.

A pass runs what is ready, waits until a socket or a timer or another thread has
something, and calls the callbacks. Callbacks may switch to a loop's greenlet,
which comes back here when it has to wait.
"""
import collections
import heapq
import itertools
import selectors
import signal
import socket
import threading
import time

READ = selectors.EVENT_READ
WRITE = selectors.EVENT_WRITE
BURST = 1000  # callbacks that a pass runs before it looks at the sockets again


class ExistingSignalHandler(Exception):
    """The program handles this signal already; diesel leaves its handler alone."""


class Timer(object):
    """A promise to call a function at a certain time. Cancelling only marks it: it
    is dropped when its time comes.

    Unlike the real library's it never calls early.
    """
    ALLOWANCE = 0.03  # seconds that due is true before the time
    __slots__ = ('trigger_time', 'pending', 'f', 'args', 'kw')

    def __init__(self, trigger_time, f, args, kw):
        self.trigger_time = trigger_time
        self.pending = True
        self.f = f
        self.args = args
        self.kw = kw

    def cancel(self):
        """Do not call the function."""
        self.pending = False
        self.f = self.args = self.kw = None  # its time may be far away

    @property
    def due(self):
        """Whether its time has come, or will in a moment."""
        return self.trigger_time - time.monotonic() < self.ALLOWANCE

    def callback(self):
        """Call the function, once."""
        if self.pending:
            self.pending = False
            self.f(*self.args, **self.kw)


class EventHub(object):
    """Sockets, timers, signals, threads, and callbacks that are ready to run."""

    def __init__(self):
        self.run = True
        self._selector = selectors.DefaultSelector()
        self._select = self._selector.select
        self._registered = self._selector.get_map()
        self._paused = {}   # sockets watched for nothing now -> their callbacks
        self._ready = collections.deque()   # to be called in this pass,
        self._later = collections.deque()   # and in the next one
        self._timers = []
        self._order = itertools.count()   # of two timers due at once, the older
        self._signal_handlers = {}
        self._signals = collections.deque()
        self._old_handlers = {}
        self._old_wakeup = None  # the descriptor that signals woke before
        self._from_threads = collections.deque()
        self._waker, self._wakened = socket.socketpair()
        for sock in (self._waker, self._wakened):
            sock.setblocking(False)
        self.register(self._wakened, self._handle_wakeup, None, None)

    @property
    def describe(self):
        """One line on what this hub is made of."""
        return 'selectors.%s' % type(self._selector).__name__

    def close_all(self):
        """Close every socket that is watched, and what the hub itself has open;
        restore the signal handlers."""
        for sig, handler in self._old_handlers.items():
            signal.signal(sig, handler)
        self._old_handlers.clear()
        if self._old_wakeup is not None:
            signal.set_wakeup_fd(self._old_wakeup)
        for key in list(self._registered.values()):
            key.fileobj.close()
        for fd in self._paused:
            fd.close()
        self._selector.close()
        self._waker.close()
        self.run = False

    # Sockets

    def register(self, fd, read_callback, write_callback, error_callback):
        """Watch a socket for reading. enable_write() watches for writing too.

        The callbacks take no argument. error_callback is not used: an error
        makes a socket readable, and reading tells which error it is.
        """
        self._selector.register(fd, READ, [read_callback, write_callback])

    def unregister(self, fd):
        """Stop watching a socket. If it is not watched, do nothing."""
        self._paused.pop(fd, None)
        try:
            self._selector.unregister(fd)
        except (KeyError, ValueError):
            pass

    def _watch(self, fd, add, remove):
        """Change what a socket is watched for, unless it has been unregistered."""
        key = self._registered.get(fd)
        if key is None:
            if fd in self._paused and add:
                self._selector.register(fd, add, self._paused.pop(fd))
            return
        events = key.events & ~remove | add
        if events:
            self._selector.modify(fd, events, key.data)
        else:
            self._selector.unregister(fd)
            self._paused[fd] = key.data

    def enable_write(self, fd):
        """Watch a socket for writing too."""
        self._watch(fd, WRITE, 0)

    def disable_write(self, fd):
        """Stop watching a socket for writing."""
        self._watch(fd, 0, WRITE)

    def enable_read(self, fd):
        """Watch a socket for reading again."""
        self._watch(fd, READ, 0)

    def disable_read(self, fd):
        """Stop watching a socket for reading, until enable_read()."""
        self._watch(fd, 0, READ)

    # Time

    def call_later(self, interval, f, *args, **kw):
        """Call f(*args, **kw) in interval seconds; return its Timer."""
        timer = Timer(time.monotonic() + interval, f, args, kw)
        heapq.heappush(self._timers, (timer.trigger_time, next(self._order), timer))
        return timer

    def remove_timer(self, t):
        """Cancel a timer."""
        t.cancel()

    def schedule(self, c, reschedule=False):
        """Call c() in this pass, or with reschedule in the next one."""
        (self._later if reschedule else self._ready).append(c)

    # Other threads, and signals

    def wake_from_other_thread(self):
        """End the wait of the hub; safe in any thread and in signal handlers."""
        try:
            self._waker.send(b'!')
        except (BlockingIOError, OSError):
            pass  # it is awake already, or closed

    def call_from_other_thread(self, f):
        """Have the hub call f() soon; safe in any thread."""
        self._from_threads.append(f)
        self.wake_from_other_thread()

    def schedule_loop_from_other_thread(self, l, v=None):
        """Have the hub wake the loop l with the value v; safe in any thread."""
        self.call_from_other_thread(lambda: l.wake(v))

    def run_in_thread(self, reschedule, f, *args, **kw):
        """Run f in a thread of its own, then reschedule(result) in the hub; the
        result is the exception if it raises one."""
        def work():
            try:
                result = f(*args, **kw)
            except Exception as error:
                result = error
            self.call_from_other_thread(lambda: reschedule(result))
        threading.Thread(target=work, daemon=True).start()

    def add_signal_handler(self, sig, callback):
        """Call callback() in the hub, once, when the signal next comes. Then the
        signal has its earlier handler again.

        Raise ExistingSignalHandler if the program handles it.
        """
        if sig not in self._signal_handlers:
            existing = signal.getsignal(sig)
            if existing not in (None, signal.SIG_DFL, signal.SIG_IGN):
                raise ExistingSignalHandler(existing)
            self._signal_handlers[sig] = collections.deque()
            self._old_handlers[sig] = existing
            signal.signal(sig, self._report_signal)
            # A signal that comes just before the wait must end it: by then Python has
            # not run the handler yet.
            if self._old_wakeup is None:
                self._old_wakeup = signal.set_wakeup_fd(self._waker.fileno())
        self._signal_handlers[sig].append(callback)

    def _report_signal(self, sig, frame):
        # This runs between any two bytecodes: only note it.
        self._signals.append(sig)
        self.wake_from_other_thread()

    def _handle_wakeup(self):
        try:
            while self._wakened.recv(4096):
                pass
        except BlockingIOError:
            pass
        while self._signals:
            sig = self._signals.popleft()
            if sig in self._signal_handlers:
                callbacks = self._signal_handlers.pop(sig)
                signal.signal(sig, self._old_handlers.pop(sig))
                self._ready.extend(callbacks)
        while self._from_threads:
            self._from_threads.popleft()()

    # The pass

    def handle_events(self):
        """Run one pass: what is ready, what the sockets have, what is due."""
        ready, later = self._ready, self._later
        for _ in range(BURST):
            if not ready:
                break
            ready.popleft()()
        timers = self._timers
        while timers and not timers[0][2].pending:
            heapq.heappop(timers)
        if ready or later:
            timeout = 0
        elif timers:
            timeout = max(0, timers[0][0] - time.monotonic())
        else:
            timeout = None
        for key, events in self._select(timeout):
            read_callback, write_callback = key.data
            if events & READ:
                read_callback()
            if events & WRITE and write_callback:
                write_callback()
        if timers:
            now = time.monotonic()
            while timers and timers[0][0] <= now:
                heapq.heappop(timers)[2].callback()
        ready.extend(later)
        later.clear()
