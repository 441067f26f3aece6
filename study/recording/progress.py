"""How far it has got: one line on stderr, if that is a terminal."""
import sys
import time

EVERY = 0.2  # seconds


class Progress:
    """A context in which show() writes the line anew; at the end it is gone."""

    def __init__(self):
        self.is_wanted, self.last = sys.stderr.isatty(), time.monotonic()
        self.shown = False

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        if self.shown:
            self.write('')

    def show(self, text):
        """Show a text, unless the last one is too young."""
        if self.is_wanted and time.monotonic() > self.last + EVERY:
            self.last, self.shown = time.monotonic(), True
            self.write(text)

    def write(self, text):
        sys.stderr.write('\r\x1b[K' + text)
        sys.stderr.flush()
