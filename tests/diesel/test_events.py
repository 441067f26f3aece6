"""wait() and fire(), and the waiters that decide what waiting loops get."""
import pytest

from compat import diesel
from compat.diesel import runtime
from compat.diesel.events import (
    EarlyValue, StopWaitDispatch, StringWaiter, Waiter, WaitPool)

pytestmark = [pytest.mark.unit, pytest.mark.rule('diesel')]


class Basket(Waiter):
    """Things, each of which goes to one waiting loop."""

    def __init__(self, *things):
        self.things = list(things)

    def process_fire(self, given):
        if not self.things:
            raise StopWaitDispatch()
        return self.things.pop(0)

    def ready_early(self):
        return bool(self.things)


class Listener(object):
    """What a WaitPool takes for a loop."""
    fire_due = False

    def __init__(self):
        self.got = []

    def fire_in(self, what, value):
        self.got.append((what, value))


def waiting(events, log):
    """Fork a loop for each event; it logs what it gets."""
    def waiter(event):
        log.append((event, diesel.wait(event)))
    for event in events:
        diesel.fork(waiter, event)
    diesel.sleep()


def test_wait_returns_what_is_fired(run):
    def main():
        log = []
        waiting(['news'], log)
        diesel.fire('news', 42)
        diesel.sleep()
        return log
    assert run(main) == [('news', 42)]


def test_an_event_may_have_no_value(run):
    def main():
        log = []
        waiting(['news'], log)
        diesel.fire('news')
        diesel.sleep()
        return log
    assert run(main) == [('news', None)]


def test_everybody_who_waits_gets_it(run):
    def main():
        log = []
        waiting(['news'] * 10, log)
        diesel.fire('news', 1)
        diesel.sleep()
        return log
    assert run(main) == [('news', 1)] * 10


def test_nobody_else_gets_it(run):
    def main():
        log = []
        waiting(['news', 'weather'], log)
        diesel.fire('weather', 'rain')
        diesel.sleep()
        return log
    assert run(main) == [('weather', 'rain')]


def test_an_event_for_which_nobody_waits_is_lost(run):
    def main():
        log = []
        diesel.fire('news', 1)
        waiting(['news'], log)
        diesel.sleep()
        return log
    assert run(main) == []


def test_a_loop_that_has_got_something_gets_nothing_more_before_its_turn(run):
    def main():
        log = []
        waiting(['news'], log)
        diesel.fire('news', 'first')
        diesel.fire('news', 'second')
        diesel.sleep()
        return log
    assert run(main) == [('news', 'first')]


def test_an_event_does_not_go_to_a_loop_that_begins_to_wait_because_of_it(run):
    def main():
        log = []

        def eager():
            while True:
                log.append(diesel.wait('news'))

        diesel.fork(eager)
        diesel.sleep()
        diesel.fire('news', 1)
        diesel.sleep()
        diesel.sleep()
        return log
    assert run(main) == [1]


def test_an_error_that_is_fired_is_raised_where_it_is_awaited(run):
    def main():
        log = []

        def waiter():
            try:
                diesel.wait('news')
            except ValueError as error:
                log.append(str(error))

        diesel.fork(waiter)
        diesel.sleep()
        diesel.fire('news', ValueError('bad'))
        diesel.sleep()
        return log
    assert run(main) == ['bad']


def test_the_hub_may_fire(run):
    def main():
        app = runtime.current_app
        app.hub.call_later(0.01, app.waits.fire, 'news', 'from a timer')
        return diesel.wait('news')
    assert run(main) == 'from a timer'


def test_two_loops_play_ping_pong(run):
    def main():
        log = []

        def player(mine, other):
            for _ in range(100):
                log.append((mine, diesel.wait(mine)))
                diesel.fire(other, len(log))

        diesel.fork(player, 'ping', 'pong')
        diesel.fork(player, 'pong', 'ping')
        diesel.sleep()
        diesel.fire('ping', 0)
        while len(log) < 200:
            diesel.sleep()
        return log
    assert run(main) == [(('ping', 'pong')[n % 2], n) for n in range(200)]


def test_loops_that_play_ping_pong_do_not_hold_up_a_sleeping_loop(run):
    def main():
        rounds = []

        def player(mine, other):
            while len(rounds) < 300:
                rounds.append(diesel.wait(mine))
                diesel.sleep()
                diesel.fire(other)

        diesel.fork(player, 'ping', 'pong')
        diesel.fork(player, 'pong', 'ping')
        diesel.sleep()
        diesel.fire('ping')
        turns = 0
        while len(rounds) < 100:
            diesel.sleep()
            turns += 1
        return turns
    assert run(main) >= 100


def test_a_string_waiter_and_its_text_are_one_event(run):
    def main():
        log = []
        waiting(['news', StringWaiter('news')], log)
        diesel.fire(StringWaiter('news'), 1)
        diesel.sleep()
        return log
    assert run(main) == [('news', 1)] * 2


def test_a_name_that_came_over_a_socket_is_the_same_name(run):
    def main():
        log = []
        waiting([b'news', 'weather'], log)
        diesel.fire('news', 1)
        diesel.fire(b'weather', 2)
        diesel.sleep()
        return log
    assert run(main) == [(b'news', 1), ('weather', 2)]


@pytest.mark.hostile
def test_what_is_no_event_is_refused(run):
    for use in (diesel.wait, diesel.fire, lambda event: diesel.first(waits=[event])):
        with pytest.raises((TypeError, AttributeError)):
            run(lambda: use(5))


def test_waiters_are_events_of_their_own(run):
    def main():
        log = []
        one, other = Waiter(), Waiter()
        waiting([one, other], log)
        diesel.fire(one, 'value')
        diesel.sleep()
        return log == [(one, 'value')]
    assert run(main)


def test_each_waiting_loop_gets_something_else_from_a_waiter(run):
    def main():
        log = []
        basket = Basket()
        waiting([basket] * 3, log)
        basket.things += ['apple', 'pear']
        diesel.fire(basket)
        diesel.sleep()
        return sorted(value for _, value in log)
    assert run(main) == ['apple', 'pear']


def test_a_loop_that_was_not_served_still_waits(run):
    def main():
        log = []
        basket = Basket()
        waiting([basket] * 3, log)
        for thing in ('apple', 'pear', 'plum'):
            basket.things.append(thing)
            diesel.fire(basket)
            diesel.sleep()
        return [value for _, value in log]
    assert run(main) == ['apple', 'pear', 'plum']


def test_a_waiter_that_has_something_gives_it_at_once(run):
    def main():
        basket = Basket('apple', 'pear')
        return diesel.wait(basket), diesel.wait(basket), basket.things
    assert run(main) == ('apple', 'pear', [])


def test_a_loop_that_always_gets_something_at_once_lets_others_run(run):
    def main():
        turns = []

        def other():
            while True:
                turns.append(1)
                diesel.sleep()

        diesel.fork(other)
        basket = Basket(*range(50))
        for _ in range(50):
            diesel.wait(basket)
        return len(turns)
    assert run(main) >= 49


def test_a_waiter_without_more_gives_what_is_fired():
    waiter = Waiter()
    assert not waiter.ready_early()
    assert waiter.process_fire('given').value == 'given'
    assert isinstance(waiter.wait_id, str)
    assert waiter.wait_id == waiter.wait_id != Waiter().wait_id


def test_a_string_waiter_is_known_by_its_text():
    assert StringWaiter('news').wait_id == 'news'
    assert StringWaiter('news') == 'news'
    assert isinstance(StringWaiter('news'), Waiter)


def test_a_pool_gives_what_is_fired_to_waiting_loops():
    pool, one, other = WaitPool(), Listener(), Listener()
    wait_id = pool.wait(one, 'news')
    pool.wait(other, 'weather')
    pool.fire('news', 5)
    assert one.got == [(wait_id, 5)]
    assert other.got == []


def test_a_pool_forgets_a_loop_that_is_cleared():
    pool, one, other = WaitPool(), Listener(), Listener()
    for who in (one, other):
        pool.wait(who, 'news')
        pool.wait(who, 'weather')
    pool.clear(one)
    pool.fire('news', 1)
    pool.fire('weather', 2)
    assert one.got == []
    assert sorted(other.got) == [('news', 1), ('weather', 2)]


def test_a_pool_shows_who_waits_and_for_what():
    pool, one = WaitPool(), Listener()
    basket = Basket()
    wait_id = pool.wait(one, basket)
    pool.wait(one, 'news')
    assert len(pool.loop_refs[one]) == 2
    assert pool.waits['news'].pop() is one
    assert pool.waits[wait_id].pop() is one
    assert not pool.waits[wait_id]
    with pytest.raises(KeyError):
        pool.waits[wait_id].pop()


def test_a_pool_shows_the_waiter_of_a_name():
    pool, one = WaitPool(), Listener()
    pool.wait(one, 'news')
    waiter = pool.loop_refs[one].pop()
    assert isinstance(waiter, Waiter) and waiter.wait_id == 'news'
    assert not pool.loop_refs[one]


def test_a_pool_can_clear_a_loop_that_waits_for_nothing():
    pool = WaitPool()
    pool.clear(Listener())
    pool.fire('news', 1)


def test_a_pool_passes_over_a_loop_with_something_due():
    pool, busy = WaitPool(), Listener()
    busy.fire_due = True
    pool.wait(busy, 'news')
    pool.fire('news', 1)
    assert busy.got == []


def test_a_pool_says_what_is_there_early():
    early = WaitPool().wait(Listener(), Basket('apple'))
    assert type(early) is EarlyValue
    assert early.val == 'apple'


def test_what_is_there_early_is_not_waited_for():
    pool, one = WaitPool(), Listener()
    basket = Basket('apple')
    pool.wait(one, basket)
    basket.things.append('pear')
    pool.fire(basket, None)
    assert one.got == []
