"""Threads: work that would hold up the loops, and its way back to them."""
import threading
import time

import pytest
from six.moves import _thread

from compat import diesel
from compat.diesel import core
from compat.diesel import runtime
from compat.process import DEADLINE
from tests.diesel.turns import settle, wait_until

pytestmark = [pytest.mark.unit, pytest.mark.rule('diesel')]


def in_thread(f, *args):
    """Run f(*args) in a thread that is not diesel's; return the Thread."""
    thread = threading.Thread(target=f, args=args)
    thread.start()
    return thread


def test_thread_returns_what_the_function_returns(run):
    assert run(lambda: diesel.thread(pow, 2, 10)) == 1024


def test_thread_passes_keywords(run):
    assert run(lambda: diesel.thread(dict, a=1)) == {'a': 1}


def test_none_and_false_come_back_too(run):
    assert run(lambda: [diesel.thread(lambda: None),
                        diesel.thread(lambda: False)]) == [None, False]


def test_the_function_runs_in_another_thread(run):
    def main():
        return diesel.thread(_thread.get_ident) == _thread.get_ident()
    assert run(main) is False


def test_what_the_function_raises_is_raised_in_the_loop(run):
    def main():
        try:
            diesel.thread(int, 'x')
        except ValueError:
            return 'caught'
    assert run(main) == 'caught'


def test_other_loops_go_on_while_a_thread_works(run):
    def main():
        gate = threading.Event()

        def other():
            settle()
            gate.set()

        diesel.fork(other)
        return diesel.thread(gate.wait, DEADLINE)
    assert run(main) is True


def test_twenty_threads_work_at_once(run):
    def main():
        begun, done = [], []
        gate = threading.Event()

        def work(number):
            begun.append(number)
            return gate.wait(DEADLINE) and number

        def worker(number):
            done.append(diesel.thread(work, number))

        for number in range(20):
            diesel.fork(worker, number)
        wait_until(lambda: len(begun) == 20, 'all threads have begun')
        before = len(done)
        gate.set()
        wait_until(lambda: len(done) == 20, 'all threads are done')
        return before, sorted(done)
    assert run(main) == (0, list(range(20)))


def test_one_thread_after_the_other(run):
    def main():
        return [diesel.thread(abs, -number) for number in range(50)]
    assert run(main) == list(range(50))


def test_fork_from_thread_runs_among_the_loops(run):
    def main():
        got = []
        here = _thread.get_ident()

        def forked(value):
            diesel.sleep()
            got.append((value, _thread.get_ident() == here))

        diesel.thread(diesel.fork_from_thread, forked, 5)
        wait_until(lambda: got, 'the loop gets it')
        return got
    assert run(main) == [(5, True)]


def test_fork_from_thread_passes_keywords(run):
    def main():
        got = []

        def forked(one, two):
            got.append((one, two))

        in_thread(lambda: diesel.fork_from_thread(forked, 1, two=2)).join()
        wait_until(lambda: got, 'the loop gets it')
        return got
    assert run(main) == [(1, 2)]


def test_a_thread_can_wake_a_loop_with_a_value(run):
    def main():
        got = []
        loop = diesel.fork(lambda: got.append(diesel.wait('never')))
        diesel.sleep()
        hub = runtime.current_app.hub
        in_thread(hub.schedule_loop_from_other_thread, loop, 'from outside').join()
        wait_until(lambda: got, 'the loop gets it')
        return got
    assert run(main) == ['from outside']


def test_a_thread_can_start_a_loop(run):
    def main():
        got = []
        loop = diesel.Loop(got.append, 'started')
        hub = runtime.current_app.hub
        in_thread(hub.schedule_loop_from_other_thread, loop,
                  core.ContinueNothing).join()
        wait_until(lambda: got, 'the loop gets it')
        return got
    assert run(main) == ['started']


def test_a_thread_can_make_an_idle_hub_look(run):
    def main():
        loop = core.current_loop

        def outside():
            time.sleep(0.05)  # by then the hub has nothing to do
            runtime.current_app.hub.schedule_loop_from_other_thread(loop, 'awake')

        in_thread(outside)
        return diesel.wait('never')
    assert run(main) == 'awake'


@pytest.mark.parametrize('f, expected', [(lambda: 5, "5"), (lambda: 1 // 0, "Zero")],
                         ids=['result', 'error'])
def test_the_hub_hands_on_what_came_of_a_thread(run, f, expected):
    def main():
        got = []
        here = _thread.get_ident()
        runtime.current_app.hub.run_in_thread(
            lambda value: got.append((repr(value), _thread.get_ident() == here)),
            f)
        wait_until(lambda: got, 'the hub hands it on')
        return got
    (text, in_the_hub), = run(main)
    assert text.startswith(expected)
    assert in_the_hub
