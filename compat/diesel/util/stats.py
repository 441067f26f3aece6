"""How much of the processor something takes."""
from compat.diesel.loop import running_loop


class CPUStats(object):
    """A context: how much of the processor the current loop takes inside it.

        with CPUStats() as stats:
            compute()
        log.info('{0} s', stats.cpu_seconds)

    Of a loop that is not tracked (see Application.add_loop()) it is what the whole
    process takes meanwhile. It is 0 if the context ends with an exception.
    """

    def __init__(self):
        self.caller = running_loop()
        self.cpu_seconds = 0.0

    def __enter__(self):
        self.start_clock = self.caller.clocktime()
        return self

    def __exit__(self, exc_type, exc_val, exc_tb):
        if exc_type is None:
            self.cpu_seconds = self.caller.clocktime() - self.start_clock
