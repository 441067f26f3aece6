"""Events that stay set, so that a loop that comes late does not wait for ever."""
from compat.diesel.functions import first, fire, signal
from compat.diesel.events import StopWaitDispatch, Waiter


class EventTimeout(Exception):
    """The event was not set in time."""


class Event(Waiter):
    """Off until set(): then all loops that wait go on, and so do those that come
    later, until clear(). wait(event) and first(waits=[event]) take it too; its
    value is None."""

    def __init__(self):
        self.is_set = False

    def set(self):
        """Let all loops go on."""
        if not self.is_set:
            self.is_set = True
            fire(self)

    def clear(self):
        """Have loops wait again."""
        self.is_set = False

    def ready_early(self):
        return self.is_set

    def process_fire(self, value):
        if not self.is_set:
            raise StopWaitDispatch()
        return value

    def wait(self, timeout=None):
        """Wait until the event is set. timeout: seconds; None and 0 are for ever.

        Raise EventTimeout.
        """
        which, _ = first(waits=[self], sleep=timeout or None)
        if which is not self:
            raise EventTimeout()


class Countdown(Event):
    """An event that is set by the last of count calls of tick().

    Unlike the real library's it is set from the start if there is nothing to
    count.
    """

    def __init__(self, count):
        Event.__init__(self)
        self.remaining = count
        self.is_set = count <= 0

    def tick(self):
        """Count one job as done."""
        self.remaining -= 1
        if self.remaining <= 0:
            self.set()


class Signal(Event):
    """An event that is set by a signal of the operating system.

    It stays set, as every event does, until rearm(). A loop may be busy when the
    signal comes, and finds the event set later. Raises ExistingSignalHandler if
    the program handles the signal in another way.

    Once set it leaves the next signal alone, which has its default effect then:
    for most that is the end of the process.
    """

    def __init__(self, signum):
        Event.__init__(self)
        self.signum = signum
        self.rearm()

    def rearm(self):
        """Wait for the next signal."""
        self.clear()
        signal(self.signum, self.set)
