"""Who waits for which event.

An event is a name (fire('name', value)), which is text or bytes, or a Waiter: an
object that decides for itself what the loops that wait for it get. As in Python 2, the
name 'news' is the name b'news': it may have come over a socket.
"""
import collections


class EarlyValue(object):
    """What WaitPool.wait() returns if nobody needs to wait: val is the value."""

    def __init__(self, val):
        self.val = val


class StaticValue(object):
    """A value that is known when the event is fired."""

    def __init__(self, value):
        self.value = value


class StopWaitDispatch(Exception):
    """Raised by process_fire(): nobody else gets this event."""


class Waiter(object):
    """Something that loops can wait for, such as a queue, a lock or an event."""

    @property
    def wait_id(self):
        """Text that identifies this waiter."""
        return str(id(self))

    def process_fire(self, given):
        """Return what a waiting loop gets for the value that was fired."""
        return StaticValue(given)

    def ready_early(self):
        """Return True if there is no need to wait: process_fire(None) has the
        value then."""
        return False


class StringWaiter(str, Waiter):
    """A plain name as a Waiter."""

    @property
    def wait_id(self):
        return str(self)


def as_waiter(event):
    """Return an event as a Waiter; raise TypeError if it is none."""
    if isinstance(event, Waiter):
        return event
    if isinstance(event, bytes):
        event = event.decode('latin-1')
    if isinstance(event, str):
        return StringWaiter(event)
    raise TypeError('an event is a name or a Waiter, not %r' % (event,))


def static_or_own(value):
    """Return what is in a StaticValue, and anything else as it is."""
    return value.value if isinstance(value, StaticValue) else value


class Members(dict):
    """A set that keeps the order of adding: {what identifies a member: the member}."""
    __slots__ = ()

    def pop(self):
        """Remove the first member and return it. Raise KeyError if there is none."""
        for key, member in self.items():
            del self[key]
            return member
        raise KeyError('pop from an empty set')


class WaitPool(object):
    """The events, and the loops that wait for them: first come, first served.

    A loop has fire_in(wait_id, value), which takes the value, and fire_due, which is
    true when it has been given something and has not run since.
    """

    def __init__(self):
        self.waits = collections.defaultdict(Members)      # wait_id -> who
        self.loop_refs = collections.defaultdict(Members)  # who -> waiters

    def wait(self, who, what):
        """Note that a loop, who, waits for an event, what; return the event's wait_id.

        If the event has a value at once, note nothing and return an EarlyValue.
        """
        what = as_waiter(what)
        if what.ready_early():
            return EarlyValue(static_or_own(what.process_fire(None)))
        wait_id = what.wait_id
        self.waits[wait_id][who] = who
        self.loop_refs[who][wait_id] = what
        return wait_id

    def fire(self, what, value):
        """Give the value to the loops that wait for an event, what."""
        what = as_waiter(what)
        wait_id = what.wait_id
        for who in list(self.waits.get(wait_id, ())):
            if who.fire_due:
                continue
            try:
                who.fire_in(wait_id, static_or_own(what.process_fire(value)))
            except StopWaitDispatch:
                break

    def clear(self, who):
        """Forget all that a loop, who, waits for."""
        for wait_id in self.loop_refs.pop(who, ()):
            waiting = self.waits[wait_id]
            if who in waiting:
                del waiting[who]
            if not waiting:
                del self.waits[wait_id]
