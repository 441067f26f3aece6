"""Wait in a loop for a condition, or until nothing more can happen, and never for
a fixed time."""
from compat import diesel
from compat.diesel import runtime
from compat.process import clock, DEADLINE, Timeout

PAUSE = 0.005  # seconds in which the other loops, threads and peers go on


def settle(turns=50):
    """Let all loops have this many turns: then those that are left wait for what
    only the caller can do."""
    for _ in range(turns):
        diesel.sleep()


def wait_until(condition, what, seconds=DEADLINE / 2.0):
    """Let the others go on until condition() is true; return its first true value.

    Raise Timeout, which says what was waited for, after seconds: by default less
    than the run of the whole test may take.
    """
    end = clock() + seconds
    while True:
        value = condition()
        if value:
            return value
        if clock() > end:
            raise Timeout('waited %s seconds in vain: %s' % (seconds, what))
        diesel.sleep(PAUSE)


def wait_for_restarts():
    """Wait until every kept-alive loop that has ended by now has been started
    again, if it is at all: one that ends later has been."""
    starts = []
    settle()
    runtime.current_app.add_loop(diesel.Loop(starts.append, 1), keep_alive=True)
    wait_until(lambda: len(starts) > 1, 'a kept-alive loop is started again')
    settle()
