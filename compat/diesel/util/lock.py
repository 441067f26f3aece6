"""A lock between loops.

Loops take turns only where they wait. So a lock is needed only where a loop waits in
the middle of something that must not be disturbed.
"""
import collections

from compat.diesel.functions import fire, wait
from compat.diesel.events import StopWaitDispatch, Waiter


class Lock(Waiter):
    """A lock that at most count loops hold at a time. They get it in the order in
    which they wait: a loop that wants it again at once has to queue.

        with lock: ...

    In the real library the order is that of a hash table.
    """

    def __init__(self, count=1):
        self.count = count  # how many more can take it

    def acquire(self):
        """Take the lock; wait until it can be had."""
        if self.count == 0:
            wait(self)
        else:
            self.count -= 1

    def release(self):
        """Give the lock to the next loop that waits."""
        self.count += 1
        fire(self)

    def __enter__(self):
        self.acquire()

    def __exit__(self, *args, **kw):
        self.release()

    @property
    def is_locked(self):
        """Whether acquire() would wait."""
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
