"""Events, countdowns and signals that loops wait for."""
import os
import signal

import pytest

from compat import diesel
from compat.diesel.events import Waiter
from compat.diesel.util.event import Countdown, Event, EventTimeout, Signal
from tests.diesel.turns import settle

pytestmark = [pytest.mark.unit, pytest.mark.rule('diesel')]
SHORT = 0.05  # seconds: a wait that is to time out
LONG = 10     # seconds: a wait that is not


@pytest.fixture
def usr1():
    """A signal that nobody handles, before and after the test."""
    signal.signal(signal.SIGUSR1, signal.SIG_DFL)
    yield signal.SIGUSR1
    signal.signal(signal.SIGUSR1, signal.SIG_DFL)


def kill(signum):
    os.kill(os.getpid(), signum)


def waiting_loops(event, names, passed):
    """Fork a loop for each name that notes it when the event has come."""
    def wait(name):
        event.wait()
        passed.append(name)
    for name in names:
        diesel.fork(wait, name)
    diesel.sleep()


def test_a_loop_waits_until_the_event_is_set(run):
    def main():
        event, passed = Event(), []
        waiting_loops(event, ['one'], passed)
        before = list(passed)
        event.set()
        settle()
        return before, passed
    assert run(main) == ([], ['one'])


def test_all_loops_that_wait_for_an_event_go_on(run):
    def main():
        event, passed = Event(), []
        waiting_loops(event, 'abcde', passed)
        event.set()
        settle()
        return sorted(passed)
    assert run(main) == list('abcde')


def test_a_loop_that_comes_after_the_event_does_not_wait(run):
    def main():
        event = Event()
        event.set()
        event.wait(LONG)
        event.wait(LONG)
        return event.is_set
    assert run(main) is True


def test_a_loop_that_comes_after_clear_waits(run):
    def main():
        event = Event()
        event.set()
        event.clear()
        event.wait(SHORT)
    with pytest.raises(EventTimeout):
        run(main)


def test_an_event_that_is_set_for_a_moment_has_come_for_all_who_waited(run):
    def main():
        event, passed = Event(), []
        waiting_loops(event, 'ab', passed)
        event.set()
        event.clear()
        settle()
        return sorted(passed), event.is_set
    assert run(main) == (['a', 'b'], False)


def test_an_event_that_is_set_twice_comes_once(run):
    def main():
        event, passed = Event(), []
        waiting_loops(event, 'a', passed)
        event.set()
        event.set()
        settle()
        return passed
    assert run(main) == ['a']


def test_an_event_that_does_not_come_is_a_timeout(run):
    with pytest.raises(EventTimeout):
        run(lambda: Event().wait(SHORT))


def test_an_event_that_comes_in_time_is_no_timeout(run):
    def main():
        event = Event()
        diesel.fork(event.set)
        event.wait(LONG)
        return 'in time'
    assert run(main) == 'in time'


def test_after_a_timeout_the_event_can_be_waited_for_again(run):
    def main():
        event = Event()
        with pytest.raises(EventTimeout):
            event.wait(SHORT)
        diesel.fork(event.set)
        event.wait(LONG)
        return 'came'
    assert run(main) == 'came'


def test_first_tells_which_of_two_events_has_come(run):
    def main():
        one, other = Event(), Event()
        diesel.fork(other.set)
        which, value = diesel.first(waits=[one, other], sleep=LONG)
        return which is other, value
    assert run(main) == (True, None)


def test_first_finds_an_event_that_was_set_before(run):
    def main():
        one, other = Event(), Event()
        other.set()
        which, value = diesel.first(waits=[one, other], sleep=LONG)
        return which is other, value
    assert run(main) == (True, None)


def test_an_event_that_lost_in_first_wakes_nobody_later(run):
    def main():
        one, other = Event(), Event()
        diesel.fork(one.set)
        diesel.first(waits=[one, other])
        diesel.fork(other.set)
        return diesel.first(sleep=SHORT)
    assert run(main) == ('sleep', True)


def test_waiting_for_an_event_that_is_set_lets_other_loops_run(run):
    def main():
        event, turns = Event(), []
        event.set()

        def other():
            while True:
                turns.append('other')
                diesel.sleep()
        diesel.fork(other)
        for _ in range(20):
            event.wait()
            diesel.wait(event)
        return len(turns) >= 39
    assert run(main)


def test_an_error_in_one_loop_that_waited_leaves_the_others_alone(run):
    def main():
        event, passed = Event(), []

        def fails():
            event.wait()
            raise ZeroDivisionError
        diesel.fork(fails)
        waiting_loops(event, 'ab', passed)
        event.set()
        settle()
        return sorted(passed)
    assert run(main) == ['a', 'b']


def test_a_loop_that_dies_while_it_waits_is_forgotten(run):
    def main():
        event, passed = Event(), []

        def child():
            event.wait()
            passed.append('dead child')

        def parent():
            diesel.fork_child(child)
            diesel.sleep()
        diesel.fork(parent)
        waiting_loops(event, 'a', passed)
        settle()
        event.set()
        settle()
        return passed
    assert run(main) == ['a']


def test_a_waiter_of_the_programs_own_has_its_value_early(run):
    class Ready(Waiter):
        def ready_early(self):
            return True

        def process_fire(self, given):
            return 'early: %s' % given

    def main():
        ready = Ready()
        which, value = diesel.first(waits=[ready])
        return diesel.wait(ready), which is ready, value
    assert run(main) == ('early: None', True, 'early: None')


def test_a_countdown_is_over_with_its_last_tick(run):
    def main():
        countdown, passed = Countdown(3), []
        waiting_loops(countdown, 'a', passed)
        seen = []
        for _ in range(3):
            countdown.tick()
            settle()
            seen.append(len(passed))
        return seen
    assert run(main) == [0, 0, 1]


def test_a_countdown_that_is_not_over_is_a_timeout(run):
    def main():
        countdown = Countdown(2)
        countdown.tick()
        countdown.wait(SHORT)
    with pytest.raises(EventTimeout):
        run(main)


def test_more_ticks_than_counted_change_nothing(run):
    def main():
        countdown = Countdown(1)
        for _ in range(3):
            countdown.tick()
        countdown.wait(LONG)
        return countdown.is_set
    assert run(main) is True


def test_a_countdown_is_over_when_all_jobs_are_done(run):
    def main():
        done, countdown = [], Countdown(5)

        def job(number):
            diesel.sleep(0.001 * number)
            done.append(number)
            countdown.tick()
        for number in range(5):
            diesel.fork(job, number)
        countdown.wait(LONG)
        return sorted(done)
    assert run(main) == [0, 1, 2, 3, 4]


def test_a_signal_wakes_the_loop_that_waits_for_it(run, usr1):
    def main():
        event = Signal(usr1)
        diesel.fork(kill, usr1)
        event.wait(LONG)
        return event.is_set
    assert run(main) is True


def test_a_signal_that_comes_while_the_loop_is_busy_is_not_lost(run, usr1):
    def main():
        event = Signal(usr1)
        kill(usr1)
        settle()
        event.wait(LONG)
        return 'noticed'
    assert run(main) == 'noticed'


def test_a_signal_that_does_not_come_is_a_timeout(run, usr1):
    with pytest.raises(EventTimeout):
        run(lambda: Signal(usr1).wait(SHORT))


def test_a_signal_has_come_until_it_is_rearmed(run, usr1):
    def main():
        event = Signal(usr1)
        kill(usr1)
        event.wait(LONG)
        event.wait(LONG)
        event.rearm()
        event.wait(SHORT)
    with pytest.raises(EventTimeout):
        run(main)


def test_a_rearmed_signal_comes_again_and_again(run, usr1):
    def main():
        event, count = Signal(usr1), 0
        for _ in range(5):
            kill(usr1)
            event.wait(LONG)
            count += 1
            event.rearm()
        return count
    assert run(main) == 5


def test_two_that_wait_for_one_signal_both_get_it(run, usr1):
    def main():
        one, other = Signal(usr1), Signal(usr1)
        kill(usr1)
        one.wait(LONG)
        other.wait(LONG)
        return one.is_set, other.is_set
    assert run(main) == (True, True)


def test_a_signal_that_the_program_handles_itself_is_refused(run, usr1):
    def main():
        signal.signal(usr1, lambda signum, frame: None)
        Signal(usr1)
    with pytest.raises(diesel.ExistingSignalHandler):
        run(main)


def test_what_a_signal_calls_can_fire_and_fork(run, usr1):
    def main():
        done = Event()

        def forked():
            diesel.sleep()
            done.set()

        def handler():
            diesel.fire('signal', 'value')
            diesel.fork(forked)
        diesel.signal(usr1, handler)
        diesel.fork(kill, usr1)
        value = diesel.wait('signal')
        done.wait(LONG)
        return value
    assert run(main) == 'value'
