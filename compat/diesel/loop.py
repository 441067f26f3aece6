"""A Loop is a function that runs in a greenlet, until it ends or must wait."""
import functools
import itertools
import time

from greenlet import GreenletExit

from compat.diesel import runtime
from compat.diesel.errors import ApplicationEnd, ParentDiedException, TerminateLoop
from compat.diesel.logmod import log
from compat.diesel.operations import Operations

ids = itertools.count(1)


def running_loop():
    """Return the current loop; raise RuntimeError if there is none."""
    if runtime.current_loop is None:
        raise RuntimeError('this can be called from inside a diesel loop only')
    return runtime.current_loop


class Loop(Operations):
    """A function that is written as if it ran alone, and takes turns with others."""

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
        """Return the CPU seconds that a tracked loop has taken; or, if it is not
        tracked, the whole process."""
        if not self.tracked:
            return time.process_time()
        if self.coroutine is None:
            return self.clock
        return self.clock + self.coroutine.seconds()

    def reset(self):
        """Go back to the state before the first run."""
        self.running = False
        self.wait_for_nothing()
        self._orphan = False     # the parent has died: do not start again,
        self._doomed = False     # and the exception has not been raised yet

    # A life

    def run(self):
        """The body of the greenlet: run the function, then clean up."""
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
            # Not at once: a loop that dies immediately must not take all the time.
            self.hub.call_later(0.5, self._restart)
        elif self.parent is not None:
            self.parent.children.pop(self, None)
            self.parent = None

    def _restart(self):
        if not self._orphan:
            self.clock = self.clocktime()
            self.reset()
            self.wake()

    def kill(self):
        """Raise GreenletExit where the loop waits. The application is ending: if the
        loop asks for its end too, that changes nothing."""
        try:
            self._throw(GreenletExit())
        except (SystemExit, KeyboardInterrupt, ApplicationEnd):
            pass

    def notify_children(self):
        """Send a ParentDiedException to every child."""
        for child in list(self.children):
            child.parent_died()
        self.children = {}

    def parent_died(self):
        """Have a ParentDiedException raised where the loop waits. A loop that has
        not started yet is not told."""
        if self.running:
            self._doomed = True
            self.hub.schedule(self._raise_parent_died)
        self._orphan = self.running or self.deaths > 0

    def _raise_parent_died(self):
        if self._doomed and self.fire_due:
            # It has been given something, perhaps a lock. It takes that first,
            # and nothing after it: see _wait().
            self.hub.schedule(self._raise_parent_died, True)
        elif self._doomed and self.running:
            self._doomed = False
            self._throw(ParentDiedException())

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


def wait_for_socket(sock, timeout, late, write=True):
    """Wait in the current loop until a socket that the hub does not watch can be
    written, or with write=False read. Raise late, an exception, after timeout seconds;
    with None, wait for ever."""
    loop = running_loop()
    hub = loop.hub
    ticket = loop._new_ticket()
    ready = functools.partial(loop._wake_for, ticket, True)
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
