"""Queues between loops."""
import collections
import contextlib
import random

from compat.diesel.functions import first, fire
from compat.diesel.events import StopWaitDispatch, Waiter


class QueueEmpty(Exception):
    """The queue is empty, and get() was told not to wait."""


class QueueTimeout(Exception):
    """Nothing was put into the queue in time."""


class Queue(Waiter):
    """First in, first out, without a limit. Loops are served in the order in which
    they wait.

    first(waits=[queue]) takes an item too. Iterating over a queue never ends. inp
    holds the items nobody has taken yet, as a deque.
    """

    def __init__(self):
        self.inp = collections.deque()

    def put(self, i=None):
        """Add an item. Does not wait."""
        self.inp.append(i)
        fire(self)

    def get(self, waiting=True, timeout=None):
        """Take the next item; other loops have a turn meanwhile.

        waiting: whether to wait for one. timeout: seconds; None and 0 are for
        ever. Raise QueueEmpty, QueueTimeout.
        """
        if not (self.inp or waiting):
            raise QueueEmpty()
        which, item = first(waits=[self], sleep=timeout or None)
        if which is not self:
            raise QueueTimeout()
        return item

    def __iter__(self):
        return self

    def __next__(self):
        return self.get()

    next = __next__

    @property
    def is_empty(self):
        """Whether there is nothing to take."""
        return not self.inp

    def ready_early(self):
        return not self.is_empty

    def process_fire(self, value):
        if self.is_empty:
            raise StopWaitDispatch()
        return self.inp.popleft()


class Fanout(object):
    """Gives every message to every subscriber.

        with fanout.sub() as queue:
            for message in queue: ...
    """

    def __init__(self):
        self.subs = {}  # Queue -> None: a set that keeps its order

    def pub(self, m):
        """Put a message into the queue of each subscriber there is."""
        for queue in self.subs:
            queue.put(m)

    @contextlib.contextmanager
    def sub(self):
        """A context in which the caller is a subscriber; gives the Queue."""
        queue = Queue()
        self.subs[queue] = None
        try:
            yield queue
        finally:
            del self.subs[queue]


class Dispatcher(object):
    """Gives every message to one of its receivers, chosen at random.

    While there is none, messages are kept for the first that comes. What a receiver
    has not taken when it leaves goes to the others.
    """

    def __init__(self):
        self.subs = []
        self.backlog = []

    def dispatch(self, m):
        """Hand over a message."""
        if self.subs:
            random.choice(self.subs).put(m)
        else:
            self.backlog.append(m)

    @contextlib.contextmanager
    def accept(self):
        """A context in which the caller is a receiver; gives the Queue."""
        queue = Queue()
        queue.inp.extend(self.backlog)
        self.backlog = []
        self.subs.append(queue)
        try:
            yield queue
        finally:
            self.subs.remove(queue)
            while not queue.is_empty:
                self.dispatch(queue.inp.popleft())
