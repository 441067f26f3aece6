"""The hub: timers, callbacks and sockets, without loops."""
import socket
import time

import pytest

from compat import diesel
from compat.diesel import runtime
from tests.diesel.turns import settle, wait_until

pytestmark = [pytest.mark.unit, pytest.mark.rule('diesel')]


def hub():
    return runtime.current_app.hub


@pytest.fixture
def pair():
    """Two sockets that are connected with each other."""
    one, two = socket.socketpair()
    for sock in (one, two):
        sock.setblocking(False)
    yield one, two
    for sock in (one, two):
        sock.close()


def test_a_timer_calls_with_its_arguments(run):
    def main():
        got = []
        hub().call_later(0.01, lambda *args, **kw: got.append((args, kw)), 1, b=2)
        wait_until(lambda: got, 'the timer calls')
        settle()
        return got
    assert run(main) == [((1,), {'b': 2})]


def test_timers_call_in_the_order_of_their_time(run):
    def main():
        got = []
        for seconds in (0.6, 0.2, 0.4):
            hub().call_later(seconds, got.append, seconds)
        wait_until(lambda: len(got) == 3, 'the timers call')
        return got
    assert run(main) == [0.2, 0.4, 0.6]


def test_a_timer_is_pending_until_it_calls(run):
    def main():
        got = []
        timer = hub().call_later(0.05, got.append, 1)
        before = timer.pending
        wait_until(lambda: got, 'the timer calls')
        return before, timer.pending
    assert run(main) == (True, False)


def test_a_timer_can_be_cancelled(run):
    def main():
        got = []
        timer = hub().call_later(0.02, got.append, 1)
        timer.cancel()
        pending = timer.pending
        diesel.sleep(0.04)  # a later timer
        settle()
        return got, pending
    assert run(main) == ([], False)


def test_a_timer_can_be_cancelled_while_others_wait(run):
    def main():
        got = []
        timers = [hub().call_later(0.2, got.append, n) for n in range(5)]
        diesel.sleep()
        diesel.sleep()
        timers[1].cancel()
        timers[3].cancel()
        diesel.sleep(0.2)  # a later timer
        settle()
        return sorted(got)
    assert run(main) == [0, 2, 4]


def test_a_timer_that_has_called_can_be_cancelled(run):
    def main():
        got = []
        timer = hub().call_later(0.01, got.append, 1)
        wait_until(lambda: got, 'the timer calls')
        timer.cancel()
        settle()
        return got
    assert run(main) == [1]


def test_a_timer_knows_when_it_is_due(run):
    def main():
        soon, late = [hub().call_later(seconds, lambda: None) for seconds in (0, 60)]
        return soon.due, late.due, late.trigger_time > soon.trigger_time + 59
    assert run(main) == (True, False, True)


def test_a_timer_is_due_a_little_early(run):
    def main():
        from compat.diesel.hub import Timer
        soon = hub().call_later(60, lambda: None)
        soon.trigger_time -= 60 - Timer.ALLOWANCE * 0.9
        return Timer.ALLOWANCE, soon.due
    assert run(main) == (0.03, True)


def test_a_timer_may_start_another(run):
    def main():
        got = []

        def again():
            got.append(1)
            if len(got) < 3:
                hub().call_later(0.01, again)

        again()
        wait_until(lambda: len(got) == 3, 'the third timer calls')
        settle()
        return got
    assert run(main) == [1, 1, 1]


def test_callbacks_are_called_in_their_order(run):
    def main():
        got = []
        for number in range(10):
            hub().schedule(lambda number=number: got.append(number))
        before = list(got)
        diesel.sleep()
        return before, got
    assert run(main) == ([], list(range(10)))


def test_a_callback_for_the_next_pass_comes_after_those_for_this_one(run):
    def main():
        got = []
        hub().schedule(lambda: got.append('next'), True)
        hub().schedule(lambda: got.append('this'))
        diesel.sleep()
        return got
    assert run(main) == ['this', 'next']


def test_a_callback_may_fire_and_fork(run):
    def main():
        got = []
        hub().call_later(0.01, diesel.fork, got.append, 'forked')
        hub().call_later(0.05, diesel.fire, 'news', 'fired')
        got.append(diesel.wait('news'))
        return got
    assert run(main) == ['forked', 'fired']


def test_an_error_in_a_callback_leaves_the_others_alone(run):
    def main():
        got = []
        hub().call_later(0.01, lambda: 1 // 0)
        hub().call_later(0.05, got.append, 'later')
        hub().schedule(lambda: 1 // 0)
        hub().schedule(lambda: got.append('next'))
        wait_until(lambda: 'later' in got, 'the timer calls')
        return got
    assert run(main) == ['next', 'later']


def test_a_socket_that_has_something_calls(run, pair):
    one, two = pair

    def main():
        got = []
        hub().register(one, lambda: got.append(one.recv(10)), None, None)
        settle()
        before = list(got)
        two.send(b'hello')
        wait_until(lambda: got, 'the socket calls')
        hub().unregister(one)
        return before, got
    assert run(main) == ([], [b'hello'])


def test_a_socket_calls_for_writing_only_while_it_is_asked_for(run, pair):
    one, _ = pair

    def main():
        got = []

        def write():
            got.append(1)
            hub().disable_write(one)

        hub().register(one, lambda: None, write, None)
        settle()
        before = list(got)
        hub().enable_write(one)
        wait_until(lambda: got, 'the socket calls')
        settle()
        hub().unregister(one)
        return before, got
    assert run(main) == ([], [1])


def test_a_socket_that_is_no_longer_watched_calls_nobody(run, pair):
    one, two = pair

    def main():
        got = []
        hub().register(one, lambda: got.append(1), None, None)
        hub().unregister(one)
        hub().unregister(one)
        two.send(b'hello')
        settle()
        return got
    assert run(main) == []


def test_a_socket_can_be_watched_again(run, pair):
    one, two = pair

    def main():
        got = []
        for name in 'ab':
            hub().register(one, lambda: got.append((name, one.recv(10))), None, None)
            two.send(b'hello')
            wait_until(lambda: got and got[-1][0] == name, 'the socket calls')
            hub().unregister(one)
        return got
    assert run(main) == [('a', b'hello'), ('b', b'hello')]


def test_a_busy_socket_does_not_hold_up_a_timer(run, pair):
    one, two = pair

    def main():
        two.send(b'never read')
        hub().register(one, lambda: None, None, None)
        start = time.time()
        diesel.sleep(0.1)
        hub().unregister(one)
        return time.time() - start
    assert run(main) > 0.05


def test_a_hub_says_what_it_is_made_of(run):
    assert 'epoll' in run(lambda: hub().describe).lower()


def test_a_hub_lets_others_run_whatever_a_loop_schedules(run):
    def main():
        hub().call_later(0.02, lambda: got.append('timer'))
        got = []

        def again():
            if not got:
                hub().schedule(again, True)

        again()
        wait_until(lambda: got, 'the timer calls')
        return got
    assert run(main) == ['timer']
