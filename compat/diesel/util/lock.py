"""A lock between loops.

Loops change places only where they wait: a lock is needed where a loop waits in
the middle of what must not be disturbed.
"""
import collections

from compat.diesel.functions import fire, wait
from compat.diesel.events import StopWaitDispatch, Waiter


class Lock(Waiter):
    """At most count loops hold it at a time. Who waits first gets it first: a
    loop that takes it again at once has to queue.

        with lock: ...

    In the real library the order of those who wait is that of a hash table.
    """

    def __init__(self, count=1):
        self.count = count  # how many more can take it

    def acquire(self):
        """Take the lock, as soon as it can be had."""
        if self.count == 0:
            wait(self)
        else:
            self.count -= 1

    def release(self):
        """Give the lock to the next who waits."""
        self.count += 1
        fire(self)

    def __enter__(self):
        self.acquire()

    def __exit__(self, *args, **kw):
        self.release()

    @property
    def is_locked(self):
        """Whether one has to wait for it."""
        return self.count == 0

    def ready_early(self):
        return not self.is_locked

    def process_fire(self, value):
        if self.is_locked:
            raise StopWaitDispatch()
        self.count -= 1
        return value


class SynchronizeDefault(object):
    """The key of the lock that synchronized() returns without one."""


_sync_locks = collections.defaultdict(Lock)


def synchronized(key=SynchronizeDefault):
    """Return the program's one Lock for a key. It is kept for ever: keys should
    be few.

        with synchronized('log file'): ...
    """
    return _sync_locks[key]
