"""Queues, and what is built from them: who gets which item, and when."""
import pytest

from compat import diesel
from compat.diesel.util.queue import (
    Dispatcher, Fanout, Queue, QueueEmpty, QueueTimeout)
from tests.diesel.turns import settle

pytestmark = [pytest.mark.unit, pytest.mark.rule('diesel')]
SHORT = 0.05  # seconds: a wait that is to time out
LONG = 10     # seconds: never reached


def fill(queue, items):
    for item in items:
        queue.put(item)


def take(queue, count):
    return [queue.get(timeout=LONG) for _ in range(count)]


def collect(queue, items):
    """A loop that puts what it takes into the list, without an end."""
    while True:
        items.append(queue.get())


def test_items_come_out_in_the_order_they_were_put_in(run):
    def main():
        queue = Queue()
        fill(queue, range(100))
        return take(queue, 100)
    assert run(main) == list(range(100))


def test_items_keep_their_order_for_a_loop_that_waits(run):
    def main():
        queue = Queue()
        diesel.fork(fill, queue, range(1000))
        return take(queue, 1000)
    assert run(main) == list(range(1000))


def test_items_that_come_while_the_loop_is_busy_keep_their_order(run):
    def main():
        queue, got = Queue(), []

        def produce():
            for item in range(20):
                queue.put(item)
                diesel.sleep()
        diesel.fork(produce)
        while len(got) < 20:
            got.append(queue.get(timeout=LONG))
            diesel.sleep(0.001)
        return got
    assert run(main) == list(range(20))


def test_an_empty_queue_says_so_to_a_loop_that_does_not_wait(run):
    with pytest.raises(QueueEmpty):
        run(lambda: Queue().get(waiting=False))


def test_a_loop_that_does_not_wait_gets_what_is_there(run):
    def main():
        queue = Queue()
        queue.put('item')
        return queue.get(waiting=False), queue.is_empty
    assert run(main) == ('item', True)


def test_an_item_that_does_not_come_is_a_timeout(run):
    with pytest.raises(QueueTimeout):
        run(lambda: Queue().get(timeout=SHORT))


def test_an_item_that_comes_in_time_is_no_timeout(run):
    def main():
        queue = Queue()
        diesel.fork(queue.put, 'item')
        return queue.get(timeout=LONG)
    assert run(main) == 'item'


def test_an_item_that_comes_after_a_timeout_is_not_lost(run):
    def main():
        queue = Queue()
        with pytest.raises(QueueTimeout):
            queue.get(timeout=SHORT)
        queue.put('late')
        settle()
        return queue.get(waiting=False)
    assert run(main) == 'late'


def test_an_item_without_a_value_is_none(run):
    def main():
        queue = Queue()
        queue.put()
        return queue.get(timeout=LONG)
    assert run(main) is None


def test_a_queue_knows_whether_it_is_empty(run):
    def main():
        queue = Queue()
        seen = [queue.is_empty]
        queue.put('item')
        seen.append(queue.is_empty)
        queue.get()
        return seen + [queue.is_empty]
    assert run(main) == [True, False, True]


def test_each_item_goes_to_one_of_those_who_wait(run):
    def main():
        queue, got = Queue(), []
        for _ in range(5):
            diesel.fork(lambda: got.append(queue.get()))
        diesel.sleep()
        fill(queue, range(5))
        settle()
        return sorted(got)
    assert run(main) == [0, 1, 2, 3, 4]


def test_one_item_wakes_one_of_those_who_wait(run):
    def main():
        queue, got = Queue(), []
        for _ in range(3):
            diesel.fork(collect, queue, got)
        diesel.sleep()
        queue.put('item')
        settle()
        return got
    assert run(main) == ['item']


def test_two_loops_share_the_items_of_a_queue_evenly(run):
    def main():
        queue, one, other = Queue(), [], []
        fill(queue, range(20))
        diesel.fork(collect, queue, one)
        diesel.fork(collect, queue, other)
        settle()
        return len(one), len(other), sorted(one + other)
    assert run(main) == (10, 10, list(range(20)))


def test_taking_from_a_full_queue_lets_other_loops_run(run):
    def main():
        queue, turns = Queue(), []
        fill(queue, range(50))

        def other():
            while True:
                turns.append('other')
                diesel.sleep()
        diesel.fork(other)
        take(queue, 50)
        return len(turns) >= 49
    assert run(main)


def test_putting_does_not_wait_for_the_loop_that_takes(run):
    def main():
        queue, got = Queue(), []
        diesel.fork(collect, queue, got)
        diesel.sleep()
        fill(queue, range(10))
        before = list(got)
        settle()
        return before, got
    assert run(main) == ([], list(range(10)))


def test_a_queue_can_be_iterated_over(run):
    def main():
        queue, got = Queue(), []
        diesel.fork(fill, queue, ['a', 'b', 'end', 'c'])
        for item in queue:
            if item == 'end':
                break
            got.append(item)
        return got, next(queue)
    assert run(main) == (['a', 'b'], 'c')


def test_first_tells_which_of_two_queues_has_something(run):
    def main():
        one, other = Queue(), Queue()
        diesel.fork(other.put, 'item')
        which, item = diesel.first(waits=[one, other], sleep=LONG)
        return which is other, item
    assert run(main) == (True, 'item')


def test_first_leaves_the_item_of_the_other_queue_where_it_is(run):
    def main():
        one, other = Queue(), Queue()
        one.put('one')
        other.put('other')
        which, item = diesel.first(waits=[one, other])
        return which is one, item, one.is_empty, other.get(waiting=False)
    assert run(main) == (True, 'one', True, 'other')


def test_first_takes_one_item_if_both_queues_are_filled_at_once(run):
    def main():
        one, other = Queue(), Queue()

        def produce():
            one.put('item')
            other.put('item')
        diesel.fork(produce)
        diesel.first(waits=[one, other])
        return sorted([one.is_empty, other.is_empty])
    assert run(main) == [False, True]


def test_first_gives_up_a_queue_in_which_nothing_comes(run):
    def main():
        queue = Queue()
        answer = diesel.first(waits=[queue], sleep=SHORT)
        queue.put('late')
        return answer, queue.is_empty
    assert run(main) == (('sleep', True), False)


def test_a_loop_that_died_while_it_waited_takes_no_item(run):
    def main():
        queue, got = Queue(), []

        def parent():
            diesel.fork_child(collect, queue, got)
            diesel.sleep()
        diesel.fork(parent)
        settle()
        queue.put('item')
        return queue.get(timeout=LONG), got
    assert run(main) == ('item', [])


def test_an_item_given_to_a_loop_while_its_parent_dies_is_not_lost(run):
    def main():
        queue, got = Queue(), []

        def parent():
            diesel.fork_child(collect, queue, got)
            diesel.sleep()

        def give():
            diesel.sleep()
            queue.put('item')  # for the child, of which the parent has just died
        diesel.fork(parent)
        diesel.fork(give)
        settle()
        return got
    assert run(main) == ['item']


def test_an_error_in_one_taker_leaves_the_next_items_to_others(run):
    def main():
        queue, got = Queue(), []

        def fails():
            queue.get()
            raise ZeroDivisionError
        diesel.fork(fails)
        diesel.sleep()
        queue.put('poison')
        diesel.sleep()
        fill(queue, 'ab')
        diesel.fork(collect, queue, got)
        settle()
        return got
    assert run(main) == ['a', 'b']


def test_a_thread_can_fill_a_queue(run):
    def main():
        queue = Queue()

        def produce():
            for item in range(10):
                diesel.fork_from_thread(queue.put, item)
        diesel.thread(produce)
        return take(queue, 10)
    assert run(main) == list(range(10))


def subscribe(fanout, items):
    with fanout.sub() as queue:
        collect(queue, items)


def test_every_subscriber_gets_every_message_in_order(run):
    def main():
        fanout, one, other = Fanout(), [], []
        diesel.fork(subscribe, fanout, one)
        diesel.fork(subscribe, fanout, other)
        diesel.sleep()
        for message in range(5):
            fanout.pub(message)
        settle()
        return one, other
    assert run(main) == ([0, 1, 2, 3, 4], [0, 1, 2, 3, 4])


def test_a_loop_that_subscribes_later_gets_what_comes_later(run):
    def main():
        fanout = Fanout()
        fanout.pub('before')
        with fanout.sub() as queue:
            fanout.pub('after')
            return queue.get(), queue.is_empty
    assert run(main) == ('after', True)


def test_a_loop_that_has_left_gets_no_message(run):
    def main():
        fanout = Fanout()
        with fanout.sub() as queue:
            pass
        fanout.pub('message')
        return queue.is_empty, len(fanout.subs)
    assert run(main) == (True, 0)


def test_a_subscriber_that_fails_or_dies_has_left(run):
    def main():
        fanout = Fanout()

        def fails():
            with fanout.sub() as queue:
                queue.get()
                raise ZeroDivisionError

        def parent():
            diesel.fork_child(subscribe, fanout, [])
            settle(10)
        diesel.fork(fails)
        diesel.fork(parent)
        diesel.sleep()  # the parent's turn
        diesel.sleep()  # the child's
        count = len(fanout.subs)
        fanout.pub('message')
        settle()
        return count, len(fanout.subs)
    assert run(main) == (2, 0)


def test_a_slow_subscriber_keeps_no_message_from_the_others(run):
    def main():
        fanout, got = Fanout(), []
        with fanout.sub() as slow:
            diesel.fork(subscribe, fanout, got)
            diesel.sleep()
            for message in range(10):
                fanout.pub(message)
            settle()
            return got, len(slow.inp)
    assert run(main) == (list(range(10)), 10)


def accept(dispatcher, items):
    with dispatcher.accept() as queue:
        collect(queue, items)


def test_a_dispatcher_gives_each_message_to_one(run):
    def main():
        dispatcher, one, other = Dispatcher(), [], []
        diesel.fork(accept, dispatcher, one)
        diesel.fork(accept, dispatcher, other)
        diesel.sleep()
        for message in range(40):
            dispatcher.dispatch(message)
        settle()
        return sorted(one + other), bool(one), bool(other)
    assert run(main) == (list(range(40)), True, True)


def test_a_dispatcher_keeps_messages_until_somebody_comes(run):
    def main():
        dispatcher = Dispatcher()
        dispatcher.dispatch('a')
        dispatcher.dispatch('b')
        with dispatcher.accept() as queue:
            return take(queue, 2), dispatcher.backlog
    assert run(main) == (['a', 'b'], [])


def test_what_somebody_leaves_in_a_dispatcher_goes_to_the_next(run):
    def main():
        dispatcher = Dispatcher()
        with dispatcher.accept():
            dispatcher.dispatch('a')
            dispatcher.dispatch('b')
        with dispatcher.accept() as queue:
            return take(queue, 2)
    assert run(main) == ['a', 'b']


def test_a_child_that_always_finds_items_dies_with_its_parent_too(run):
    def main():
        queue, got = Queue(), []
        fill(queue, range(100))

        def parent():
            diesel.fork_child(collect, queue, got)
            diesel.sleep()
            diesel.sleep()
        diesel.fork(parent)
        settle()
        return len(got) < 10
    assert run(main)
