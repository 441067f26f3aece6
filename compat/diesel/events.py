"""Who waits for which event.

An event is any text or number (fire('name', value)), or a Waiter: an object
that decides for itself what those who wait for it get.
"""


class EarlyValue(object):
    """What a WaitPool says if nobody needs to wait: val is the value."""

    def __init__(self, val):
        self.val = val


class StaticValue(object):
    """A value that is known when the event is fired."""

    def __init__(self, value):
        self.value = value


class StopWaitDispatch(Exception):
    """Raised by process_fire(): nobody else gets this event."""


class Waiter(object):
    """Something that loops can wait for. Queues, locks and events are such."""

    @property
    def wait_id(self):
        """Text that is this waiter's own."""
        return str(id(self))

    def process_fire(self, given):
        """Return what a waiting loop gets for the value that was fired."""
        return StaticValue(given)

    def ready_early(self):
        """Whether there is no need to wait: process_fire(None) is the value."""
        return False


class StringWaiter(str, Waiter):
    """A plain name as a Waiter."""

    @property
    def wait_id(self):
        return str(self)


class WaitPool(object):
    """A table of events and of those who wait, first come first served.

    Those who wait have fire_in(wait_id, value), which takes the value, and
    fire_due, which is true once they have got something and not run since.
    """

    def __init__(self):
        self.waits = {}       # wait_id -> {who: None}, a set in order
        self.loop_refs = {}   # who -> {waiter}

    def wait(self, who, what):
        """Note that who waits for what; return its wait_id.

        If what has something at once, nothing is noted and an EarlyValue is
        returned.
        """
        if not isinstance(what, Waiter):
            if not isinstance(what, str):
                raise TypeError('cannot wait for %r' % (what,))
            what = StringWaiter(what)
        if what.ready_early():
            value = what.process_fire(None)
            return EarlyValue(value.value if isinstance(value, StaticValue) else value)
        wait_id = what.wait_id
        self.waits.setdefault(wait_id, {})[who] = None
        self.loop_refs.setdefault(who, {})[wait_id] = None
        return wait_id

    def fire(self, what, value):
        """Give the value to those who wait for what."""
        if not isinstance(what, Waiter):
            what = StringWaiter(what)
        wait_id = what.wait_id
        for who in list(self.waits.get(wait_id, ())):
            if who.fire_due:
                continue
            try:
                who.fire_in(wait_id, what.process_fire(value))
            except StopWaitDispatch:
                break

    def clear(self, who):
        """Forget all that who waits for."""
        for wait_id in self.loop_refs.pop(who, ()):
            waiting = self.waits[wait_id]
            del waiting[who]
            if not waiting:
                del self.waits[wait_id]
