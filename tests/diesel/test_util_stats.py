"""diesel.util.stats: how much of the processor a piece of a loop takes."""
import pytest

from compat import diesel
from compat.diesel import runtime
from compat.diesel.util.stats import CPUStats
from tests.diesel.test_loops import burn

pytestmark = [pytest.mark.unit, pytest.mark.rule('diesel')]


@pytest.fixture
def measured(run):
    """A function: what a loop does inside a CPUStats, and whether it is tracked -> the
    CPU seconds, while another loop burns 0.3."""
    def measure(work, track=True):
        def main():
            found = []

            def worker():
                burn(0.05)
                stats = CPUStats()
                try:
                    with stats as given:
                        work()
                        assert given is stats
                finally:
                    found.append(stats.cpu_seconds)
                    diesel.fire('measured')
            runtime.current_app.add_loop(diesel.Loop(worker), track=track)
            diesel.fork(burn, 0.3)
            diesel.wait('measured')
            return found[0]
        return run(main)
    return measure


def test_what_a_tracked_loop_takes_is_counted(measured):
    assert 0.05 < measured(lambda: burn(0.1)) < 0.3


def test_what_other_loops_take_meanwhile_is_not_counted(measured):
    def work():
        burn(0.1)
        diesel.sleep()
        diesel.sleep()
    assert 0.05 < measured(work) < 0.3


def test_of_a_loop_that_is_not_tracked_all_is_counted(measured):
    assert measured(lambda: burn(0.1), track=False) > 0.05


def test_what_ends_with_an_exception_is_not_counted(measured):
    assert measured(lambda: burn(0.1) or 1 // 0) == 0
