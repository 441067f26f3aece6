"""Loops: whose turn it is, how long one sleeps, and what an error in one does."""
import os
import time

import pytest

from compat import diesel
from compat.diesel import runtime
from tests.diesel.turns import settle, wait_until

pytestmark = [pytest.mark.unit, pytest.mark.rule('diesel')]


def test_sleep_returns_true(run):
    assert run(lambda: [diesel.sleep(), diesel.sleep(0.01)]) == [True, True]


def test_sleep_takes_its_time(run):
    def main():
        start = time.time()
        diesel.sleep(0.1)
        return time.time() - start
    assert run(main) > 0.06  # the real library wakes up to 0.03 s early


def test_a_loop_that_sleeps_less_wakes_first(run):
    def main():
        woken = []

        def sleeper(seconds):
            diesel.sleep(seconds)
            woken.append(seconds)

        for seconds in (0.6, 0.2, 0.4):
            diesel.fork(sleeper, seconds)
        wait_until(lambda: len(woken) == 3, 'all wake')
        return woken
    assert run(main) == [0.2, 0.4, 0.6]


def test_a_negative_sleep_is_refused(run):
    with pytest.raises(AssertionError):
        run(lambda: diesel.sleep(-1))


def test_loops_that_sleep_for_nothing_take_turns(run):
    turns = []

    def player(name):
        for _ in range(3):
            turns.append(name)
            diesel.sleep()

    def main():
        diesel.fork(player, 'a')
        diesel.fork(player, 'b')
        for _ in range(5):
            diesel.sleep()
    run(main)
    assert turns == ['a', 'b'] * 3


def test_loops_start_in_the_order_in_which_they_were_given(run):
    started = []
    run(lambda: started.append('main'), lambda: started.append('first'),
        lambda: started.append('second'))
    assert started == ['first', 'second', 'main']


def test_a_forked_loop_does_not_run_before_its_maker_waits(run):
    def main():
        order = []
        diesel.fork(order.append, 'forked')
        order.append('maker')
        diesel.sleep()
        return order + ['maker again']
    assert run(main) == ['maker', 'forked', 'maker again']


def test_what_a_forked_loop_forks_runs_before_a_sleeping_loop(run):
    def main():
        order = []

        def child():
            order.append('child')
            diesel.fork(order.append, 'grandchild')

        diesel.fork(child)
        diesel.sleep()
        return order + ['maker again']
    assert run(main) == ['child', 'grandchild', 'maker again']


def test_forked_loops_run_in_order(run):
    def main():
        order = []
        for number in range(100):
            diesel.fork(order.append, number)
        diesel.sleep()
        return order
    assert run(main) == list(range(100))


def test_fork_passes_arguments_on(run):
    def main():
        seen = []
        diesel.fork(lambda *args, **kw: seen.append((args, kw)), 1, 2, three=3)
        diesel.sleep()
        return seen
    assert run(main) == [((1, 2), {'three': 3})]


def test_fork_returns_the_loop(run):
    def main():
        loop = diesel.fork(diesel.wait, 'the end')
        before = loop.running
        diesel.sleep()
        during = loop.running, loop in runtime.current_app.running
        diesel.fire('the end')
        settle()
        return (isinstance(loop, diesel.Loop), before, during, loop.running,
                loop in runtime.current_app.running, loop.deaths)
    assert run(main) == (True, False, (True, True), False, False, 1)


def test_ten_thousand_loops_all_run(run):
    def main():
        done = []

        def worker(number):
            diesel.sleep()
            done.append(number)

        for number in range(10000):
            diesel.fork(worker, number)
        wait_until(lambda: len(done) == 10000, 'all have run', 60)
        return done
    assert run(main, seconds=80) == list(range(10000))


def test_an_exception_in_one_loop_leaves_the_others_alone(run):
    def main():
        beats = []

        def heart():
            while True:
                beats.append(1)
                diesel.sleep()

        diesel.fork(heart)
        diesel.fork(lambda: 1 // 0)
        diesel.sleep()
        before = len(beats)
        diesel.sleep()
        diesel.sleep()
        return len(beats) - before
    assert run(main) == 2


@pytest.mark.parametrize('error', [
    diesel.TerminateLoop, diesel.ParentDiedException, ValueError, GeneratorExit])
def test_an_error_ends_its_loop(run, error):
    def main():
        after = []

        def victim():
            raise error()
            after.append('went on')

        loop = diesel.fork(victim)
        diesel.sleep()
        return after, loop.running, loop.deaths
    assert run(main) == ([], False, 1)


def test_finally_clauses_run_when_a_loop_terminates(run):
    def main():
        cleaned = []

        def victim():
            try:
                raise diesel.TerminateLoop()
            finally:
                cleaned.append(True)

        diesel.fork(victim)
        diesel.sleep()
        return cleaned
    assert run(main) == [True]


def test_a_loop_bears_the_name_of_its_function_or_its_label(run):
    def main():
        def worker():
            diesel.label('the worker')
            diesel.sleep()

        loop = diesel.fork(worker)
        before = loop.loop_label
        diesel.sleep()
        return 'worker' in before, loop.loop_label
    assert run(main) == (True, 'the worker')


def test_a_loop_in_text_is_its_number_and_its_callable(run):
    def main():
        loop = diesel.Loop(main)
        return str(loop) == '<Loop id=%s callable=%s>' % (loop.id, main)
    assert run(main)


def test_loops_have_different_numbers(run):
    assert run(lambda: len({diesel.Loop(abs).id for _ in range(10)})) == 10


def test_any_callable_can_be_a_loop(run):
    class Adder(object):
        total = 0

        def __call__(self, *numbers):
            self.total += sum(numbers)

    def main():
        adder = Adder()
        runtime.current_app.add_loop(diesel.Loop(adder, 1, 2))
        diesel.fork(adder, 3)
        diesel.sleep()
        return adder.total
    assert run(main) == 6


def test_the_hub_can_wake_a_loop_with_a_value(run):
    def main():
        got = []
        loop = diesel.fork(lambda: got.append(diesel.sleep(60)))
        diesel.sleep()
        runtime.current_app.hub.schedule(lambda: loop.wake('early'))
        diesel.sleep()
        return got
    assert run(main) == ['early']


def test_the_hub_can_wake_a_loop_with_an_exception(run):
    def main():
        got = []

        def sleeper():
            try:
                diesel.sleep(60)
            except ValueError as error:
                got.append(str(error))

        loop = diesel.fork(sleeper)
        diesel.sleep()
        runtime.current_app.hub.schedule(lambda: loop.wake(ValueError('get up')))
        diesel.sleep()
        return got
    assert run(main) == ['get up']


def test_a_loop_that_was_woken_early_is_not_woken_again(run):
    def main():
        woken = []

        def sleeper():
            woken.append(diesel.sleep(0.2))
            woken.append(diesel.sleep(60))

        loop = diesel.fork(sleeper)
        diesel.sleep()
        runtime.current_app.hub.schedule(lambda: loop.wake('early'))
        diesel.sleep(0.2)  # a later timer than the first of the sleeper
        settle()
        return woken
    assert run(main) == ['early']


def test_a_loop_can_be_run_for_a_class_with_state(run):
    class Counter(object):
        def __init__(self):
            self.count = 0

        def run(self):
            while True:
                self.count += 1
                diesel.sleep()

    def main():
        counter = Counter()
        diesel.fork(counter.run)
        for _ in range(5):
            diesel.sleep()
        return counter.count
    assert run(main) == 5


def burn(seconds):
    """Keep the processor busy for so many CPU seconds."""
    end = sum(os.times()[:2]) + seconds
    while sum(os.times()[:2]) < end:
        pass


def test_the_cpu_time_of_a_loop_can_be_counted(run):
    def main():
        def worker():
            burn(0.05)
            diesel.sleep()
            forked.append(diesel.fork(burn, 0.01))
            diesel.sleep()

        forked = []
        loop = diesel.Loop(worker)
        runtime.current_app.add_loop(loop, track=True)
        diesel.sleep()
        burn(0.15)
        diesel.sleep()
        diesel.sleep()
        return loop.clocktime(), loop.tracked, forked[0].tracked
    seconds, tracked, forked = run(main)
    assert 0.03 < seconds < 0.15
    assert (tracked, forked) == (True, True)


def test_the_loops_of_one_application_do_not_go_on_in_the_next(run):
    beats = []

    def heart():
        while True:
            beats.append(1)
            diesel.sleep()

    run(diesel.sleep, heart)
    before = len(beats)
    assert before > 0
    run(settle)
    assert len(beats) == before
