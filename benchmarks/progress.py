"""How far a run is: a line that is replaced on a terminal, plain lines elsewhere."""
import shutil
import sys
import time

OVERHEAD, A_CLIENT = 0.4, 0.0005  # seconds that a round takes: a first guess


def expected(clients):
    """Return about how many seconds a round with so many clients takes."""
    return OVERHEAD + A_CLIENT * clients


class Progress(object):
    """What is done of a run, and how long the rest may take.

    work: the seconds that the run is expected to take; how wrong that is shows soon.
    """

    def __init__(self, work, screen=sys.stderr, clock=time.monotonic):
        self.work, self.done = work, 0.0
        self.screen, self.clock = screen, clock
        self.begin = clock()
        self.last = None  # what a plain line was about

    def step(self, about, detail, seconds):
        """Say what is being measured; seconds: what it is expected to take."""
        text = '%s: %d%% done, %s left' % (about, 100 * self.done / self.work,
                                           self.left())
        if self.screen.isatty():
            width = shutil.get_terminal_size().columns - 1
            self.screen.write('\r\x1b[K' + ('%s (%s)' % (text, detail))[:width])
        elif about != self.last:
            self.screen.write(text + '\n')
        self.screen.flush()
        self.last = about
        self.done += seconds

    def left(self):
        """Return how long the rest takes, as text."""
        pace = (self.clock() - self.begin) / self.done if self.done else 1
        seconds = pace * (self.work - self.done)
        return '%d min' % (seconds / 60 + 1) if seconds > 60 else '%d s' % seconds

    def clear(self):
        """Make room for what is printed next."""
        if self.screen.isatty():
            self.screen.write('\r\x1b[K')
            self.screen.flush()
