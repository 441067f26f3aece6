"""Locks: one loop at a time, and what happens when it fails."""
import pytest

from compat import diesel
from compat.diesel.util.event import Countdown
from compat.diesel.util.lock import Lock, synchronized
from tests.diesel.turns import settle

pytestmark = [pytest.mark.unit, pytest.mark.rule('diesel')]
SHORT = 0.05  # seconds: a wait that is to time out
LONG = 10     # seconds: never reached


def run_all(functions):
    """Run each function in a loop of its own, to the end of all."""
    countdown = Countdown(len(functions))

    def body(function):
        try:
            function()
        finally:
            countdown.tick()
    for function in functions:
        diesel.fork(body, function)
    countdown.wait(LONG)


def most_at_once(lock, loops):
    """Return how many of the loops were inside the lock at the same time."""
    inside, most = [], [0]

    def enter():
        with lock:
            inside.append(1)
            most[0] = max(most[0], len(inside))
            settle(3)
            inside.pop()
    run_all([enter] * loops)
    return most[0]


def test_one_loop_at_a_time_holds_a_lock(run):
    assert run(lambda: most_at_once(Lock(), 10)) == 1


def test_a_lock_with_a_count_lets_so_many_in(run):
    assert run(lambda: most_at_once(Lock(3), 10)) == 3


def test_without_a_lock_they_are_all_inside(run):
    assert run(lambda: most_at_once(Lock(100), 10)) == 10


def test_a_lock_tells_whether_one_has_to_wait(run):
    def main():
        lock = Lock()
        seen = [lock.is_locked]
        with lock:
            seen.append(lock.is_locked)
        return seen + [lock.is_locked]
    assert run(main) == [False, True, False]


def test_everyone_who_waits_gets_the_lock_once(run):
    def main():
        lock, got = Lock(), []

        def enter(name):
            with lock:
                got.append(name)
                diesel.sleep()
        run_all([lambda name=name: enter(name) for name in 'abcdefgh'])
        return sorted(got), lock.count
    assert run(main) == (list('abcdefgh'), 1)


def test_a_loop_that_takes_a_lock_again_at_once_queues_behind_the_others(run):
    def main():
        lock, turns = Lock(), []

        def enter(name):
            for _ in range(4):
                lock.acquire()
                turns.append(name)
                diesel.sleep()
                lock.release()
        run_all([lambda: enter('a'), lambda: enter('b')])
        return ''.join(turns)
    assert run(main) in ('abababab', 'babababa')


def test_a_lock_is_free_after_an_exception_inside(run):
    def main():
        lock = Lock()
        with pytest.raises(ZeroDivisionError):
            with lock:
                raise ZeroDivisionError
        return lock.is_locked
    assert run(main) is False


def test_a_loop_that_fails_with_the_lock_leaves_it_to_the_next(run):
    def main():
        lock, got = Lock(), []

        def fails():
            with lock:
                diesel.sleep()
                raise ZeroDivisionError

        def enter():
            with lock:
                got.append('next')
        run_all([fails, enter])
        return got, lock.is_locked
    assert run(main) == (['next'], False)


def test_a_loop_that_is_terminated_leaves_its_lock(run):
    def main():
        lock = Lock()

        def ends():
            with lock:
                diesel.sleep()
                raise diesel.TerminateLoop()
        run_all([ends])
        return lock.is_locked
    assert run(main) is False


def killed(function):
    """Run a function in a loop whose parent dies while it waits."""
    def parent():
        diesel.fork_child(function)
        settle(10)
    diesel.fork(parent)
    settle()


def test_a_loop_that_dies_with_its_parent_leaves_its_lock(run):
    def main():
        lock = Lock()

        def child():
            with lock:
                diesel.sleep(LONG)
        killed(child)
        return lock.is_locked
    assert run(main) is False


def test_a_loop_that_died_while_it_waited_does_not_get_the_lock(run):
    def main():
        lock, got = Lock(), []

        def child():
            with lock:
                got.append('dead child')
        lock.acquire()
        killed(child)
        lock.release()
        settle()
        return got, lock.is_locked
    assert run(main) == ([], False)


def test_a_loop_that_is_given_a_lock_while_its_parent_dies_gives_it_back(run):
    def main():
        lock = Lock()

        def child():
            with lock:
                diesel.sleep()

        def parent():
            diesel.fork_child(child)
            diesel.sleep()

        def give():
            diesel.sleep()
            lock.release()  # to the child, of which the parent has just died
        lock.acquire()
        diesel.fork(parent)
        diesel.fork(give)
        settle()
        return lock.is_locked
    assert run(main) is False


def test_a_lock_can_be_waited_for_with_first(run):
    def main():
        lock = Lock()
        which, _ = diesel.first(waits=[lock], sleep=LONG)
        return which is lock, lock.is_locked
    assert run(main) == (True, True)


def test_a_loop_that_waits_for_a_lock_in_vain_does_not_get_it_later(run):
    def main():
        lock = Lock()
        lock.acquire()
        which, _ = diesel.first(waits=[lock], sleep=SHORT)
        lock.release()
        diesel.sleep()
        return which, lock.is_locked
    assert run(main) == ('sleep', False)


def test_a_lock_that_is_free_is_taken_without_a_turn_of_others(run):
    def main():
        turns = []
        diesel.fork(turns.append, 'other')
        with Lock():
            return list(turns)
    assert run(main) == []


def test_one_key_is_one_lock_for_the_whole_program(run):
    def main():
        most = most_at_once(synchronized('the key'), 3)
        return most, synchronized('the key') is synchronized('the key')
    assert run(main) == (1, True)


def test_loops_with_different_keys_do_not_wait_for_each_other(run):
    def main():
        with synchronized('one key'):
            with synchronized('other key'):
                return 'inside both'
    assert run(main) == 'inside both'


def test_without_a_key_there_is_one_lock_too(run):
    def main():
        with synchronized():
            return synchronized().is_locked, synchronized('a key').is_locked
    assert run(main) == (True, False)
