"""Signals: a loop waits for one, or a callback is called at the next one."""
import os
import signal
import time

import pytest

from compat import diesel
from compat import process
from tests.diesel.turns import settle, wait_until

pytestmark = [pytest.mark.unit, pytest.mark.rule('diesel')]

NUMBER = signal.SIGUSR1


@pytest.fixture(autouse=True)
def own_handlers_end_with_the_test():
    before = signal.getsignal(NUMBER)
    yield
    signal.signal(NUMBER, before)


def kill():
    os.kill(os.getpid(), NUMBER)


def test_a_loop_waits_for_a_signal(run):
    def main():
        got = []
        diesel.fork(lambda: got.append(diesel.signal(NUMBER)))
        diesel.sleep()
        kill()
        wait_until(lambda: got, 'the signal comes')
        return got
    assert run(main) == [True]


def test_other_loops_go_on_meanwhile(run):
    def main():
        got = []
        diesel.fork(lambda: got.append(diesel.signal(NUMBER)))
        settle()
        before = list(got)
        kill()
        wait_until(lambda: got, 'the signal comes')
        return before, got
    assert run(main) == ([], [True])


def test_all_who_wait_for_a_signal_get_it(run):
    def main():
        got = []
        for name in 'abc':
            diesel.fork(lambda name=name: got.append((diesel.signal(NUMBER), name)))
        diesel.sleep()
        kill()
        wait_until(lambda: len(got) == 3, 'all get the signal')
        return got
    assert run(main) == [(True, 'a'), (True, 'b'), (True, 'c')]


def test_a_signal_ends_the_wait_of_an_idle_hub(run):
    def main():
        diesel.fork(diesel.thread, kill_when_awaited)
        return diesel.signal(NUMBER)

    def kill_when_awaited():
        process.wait_until(
            lambda: signal.getsignal(NUMBER) not in (signal.SIG_DFL, None),
            'the loop waits for the signal')
        time.sleep(0.05)  # by then the hub has nothing to do
        kill()
    assert run(main) is True


def test_a_callback_is_called(run):
    def main():
        got = []
        diesel.signal(NUMBER, lambda: got.append('called'))
        kill()
        wait_until(lambda: got, 'the callback is called')
        settle()
        return got
    assert run(main) == ['called']


def test_callbacks_are_called_in_their_order(run):
    def main():
        got = []
        for name in 'abc':
            diesel.signal(NUMBER, lambda name=name: got.append(name))
        kill()
        wait_until(lambda: len(got) == 3, 'the callbacks are called')
        return got
    assert run(main) == ['a', 'b', 'c']


def test_a_callback_is_for_one_signal_and_may_ask_for_the_next(run):
    def main():
        got = []

        def again():
            got.append('called')
            if len(got) < 3:
                diesel.signal(NUMBER, again)

        diesel.signal(NUMBER, again)
        for count in (1, 2, 3):
            kill()
            wait_until(lambda: len(got) == count, 'the callback is called')
        settle()
        return got
    # signal() with a callback needs a current loop; the hub calls it between.
    assert run(main) == ['called'] * 3


def test_a_loop_can_wait_for_one_signal_after_the_other(run):
    def main():
        got = []

        def waiter():
            while True:
                got.append(diesel.signal(NUMBER))

        diesel.fork(waiter)
        diesel.sleep()
        for count in (1, 2, 3):
            kill()
            wait_until(lambda: len(got) == count, 'the signal comes')
        return got
    assert run(main) == [True] * 3


def test_after_the_signal_the_program_has_it_back(run):
    def main():
        got = []
        diesel.signal(NUMBER, lambda: got.append('called'))
        during = signal.getsignal(NUMBER)
        kill()
        wait_until(lambda: got, 'the callback is called')
        return during != signal.SIG_DFL, signal.getsignal(NUMBER)
    assert run(main) == (True, signal.SIG_DFL)


def test_a_signal_that_the_program_handles_stays_the_programs(run):
    got = []

    def handler(number, frame):
        got.append(number)

    signal.signal(NUMBER, handler)

    def main():
        with pytest.raises(diesel.ExistingSignalHandler):
            diesel.signal(NUMBER)
        with pytest.raises(diesel.ExistingSignalHandler):
            diesel.signal(NUMBER, got.append)
        kill()
        settle()
        return signal.getsignal(NUMBER) == handler
    assert run(main)
    assert got == [NUMBER]
