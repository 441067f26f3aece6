"""How a loop waits and is woken: by whatever comes first of all that it waits for.

The hub runs in a greenlet, and so does each loop. A loop that must wait switches to
the hub's greenlet; whatever it waits for calls its wake() from there.
"""
from greenlet import greenlet

from compat.diesel import runtime
from compat.diesel.clock import ClockedGreenlet

ContinueNothing = object()


class Waiting(object):
    """The greenlet of a Loop, and everything that it waits for.

    A loop that waits for several things (see first()) gives up the others when one
    of them comes.
    """

    def wait_for_nothing(self):
        """Go back to before the first run: no greenlet, nothing to wait for."""
        self.coroutine = None
        self.fire_due = False
        self._timer = None
        self._ticket = None      # tells this wait from earlier ones
        self._input = None       # the connection whose input we wait for,
        self._input_name = None  # and what first() calls it
        self._foreign = None     # the same, if it is the program's own
        self._drain = None       # the connection whose output we wait for
        self._handlers = {}      # wait_id -> what first() returns for a value

    def start(self):
        """Make the greenlet and run it until it waits; only the hub calls this."""
        self.running = True
        self.app.running[self] = None
        kind = ClockedGreenlet if self.tracked else greenlet
        self.coroutine = kind(self.run, self.app.runhub)
        self._resume()

    def wake(self, value=ContinueNothing):
        """Run the loop until it waits again; only the hub may call this.

        value is what the operation in which the loop waits returns; an Exception
        is raised there.
        """
        if self.coroutine is None:
            return self.start()
        if isinstance(value, Exception):
            return self._throw(value)
        self.clear_pending_events()
        if value is ContinueNothing:
            self._resume()
        else:
            self._resume(value)

    def _resume(self, *value):
        runtime.current_loop = self
        self.coroutine.switch(*value)

    def _throw(self, error):
        """Raise an error where the loop waits."""
        self.clear_pending_events()
        runtime.current_loop = self
        self.coroutine.throw(error)

    def take_input(self, message):
        """Wake the loop with what its connection has received."""
        if self._input_name is None:  # it waits for nothing else
            self._input = None
        else:
            message = (self._input_name, message)
            self.clear_pending_events()
        runtime.current_loop = self
        self.coroutine.switch(message)

    def clear_pending_events(self):
        """Give up all that the loop waits for."""
        self._ticket = None
        self.fire_due = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._input is not None:
            self._input.waiter = None
            self._input.buffer.clear_term()
            self._input = self._input_name = None
        if self._foreign is not None:
            self._foreign.cleanup()
            self._foreign = None
        if self._drain is not None:
            self._drain.drain_waiters.pop(self, None)
            self._drain = None
        if self._handlers:
            self._handlers = {}
            self.app.waits.clear(self)

    def dispatch(self):
        """Let others run; return the value with which we are woken."""
        return self.app.runhub.switch()

    def _new_ticket(self):
        ticket = self._ticket = object()
        return ticket

    def _wake_for(self, ticket, value):
        """Wake the loop if it still waits as it did when it got the ticket."""
        if self._ticket is ticket:
            self.wake(value)

    def reschedule_with_this_value(self, value):
        """Be woken with a value in the next pass of the hub."""
        self._schedule(value, True)

    def _schedule(self, value, reschedule=False):
        ticket = self._new_ticket()
        self.hub.schedule(lambda: self._wake_for(ticket, value), reschedule)
