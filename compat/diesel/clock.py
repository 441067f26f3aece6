"""How much of the processor a loop takes: Application.add_loop(track=True)."""
import time

from greenlet import greenlet


class ClockedGreenlet(greenlet):
    """A greenlet that counts the CPU seconds for which it runs."""
    taken = 0.0      # seconds, without those since it was entered
    entered = None   # process_time() then, or None while others run

    def switch(self, *values):
        """Run until the greenlet switches back."""
        return self._clocked(greenlet.switch, values)

    def throw(self, *error):
        """Raise an error in the greenlet, and run it as switch() does."""
        return self._clocked(greenlet.throw, error)

    def _clocked(self, enter, arguments):
        self.entered = time.process_time()
        try:
            return enter(self, *arguments)
        finally:
            self.taken = self.seconds()
            self.entered = None

    def seconds(self):
        """Return the CPU seconds that it has taken so far."""
        if self.entered is None:
            return self.taken
        return self.taken + time.process_time() - self.entered
