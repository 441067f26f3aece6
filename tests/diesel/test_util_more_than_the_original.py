"""What diesel.util does beyond the real library: see diesel.GUARANTEES."""
import multiprocessing
import os
import signal
import socket
import time

import pytest

from compat import diesel
from compat.diesel.util.event import Countdown, Event
from compat.diesel.util.lock import Lock
from compat.diesel.util.pool import ConnectionPool, ThreadPool
from compat.diesel.util.process import ProcessPool, spawn, term
from compat.diesel.util.queue import Queue
from tests.diesel.test_more_than_the_original import guaranteed
from tests.diesel.test_util_process import end, result
from tests.diesel.turns import settle, wait_until

pytestmark = [pytest.mark.unit, pytest.mark.rule('diesel')]
LONG = 10  # seconds: never reached


class Odd(Exception):
    """An exception that pickle can write, and cannot read."""

    def __init__(self, one, other):
        Exception.__init__(self, '%s and %s' % (one, other))


def raise_odd():
    raise Odd('this', 'that')


def end_pool(pool):
    """End the processes of a pool; wait for them and for those they replaced."""
    end(*pool.all_procs)
    wait_until(lambda: not multiprocessing.active_children(), 'the processes end')


def kill_myself():
    os.kill(os.getpid(), signal.SIGKILL)


@guaranteed('a dead process is an EOFError')
def test_a_call_whose_process_is_killed_is_an_error(run):
    def main():
        process = spawn(kill_myself)
        try:
            for _ in range(2):  # then it is dead already
                with pytest.raises(EOFError):
                    process()
        finally:
            end(process)
    run(main)


@guaranteed('a dead process is an EOFError')
def test_a_call_whose_process_is_terminated_is_an_error(run):
    def main():
        process = spawn(time.sleep)
        diesel.fork(term, process)
        try:
            with pytest.raises(EOFError):
                process(LONG)
        finally:
            end(process)
    run(main)


@guaranteed('every exception comes out of a process')
def test_an_exception_that_cannot_be_unpickled_is_told_in_words(run):
    with pytest.raises(RuntimeError) as caught:
        run(lambda: result(raise_odd))
    assert str(caught.value) == 'Odd: this and that'
    assert 'in raise_odd' in caught.value.original_traceback


@guaranteed('every exception comes out of a process')
def test_an_argument_that_cannot_be_pickled_is_an_error_of_the_call(run):
    def main():
        process = spawn(bool)
        try:
            with pytest.raises(Exception, match='pickle|local object'):
                process(lambda: None)
            return process(1)
        finally:
            end(process)
    assert run(main) is True


@guaranteed('a pool replaces its processes')
def test_a_pool_goes_on_after_the_death_of_a_process(run):
    def main():
        pool = ProcessPool(1, lambda die: kill_myself() if die else os.getpid())
        pool.pool()
        try:
            before = pool(False)
            with pytest.raises(EOFError):
                pool(True)
            return pool(False) != before
        finally:
            end_pool(pool)
    assert run(main) is True


@guaranteed('a pool replaces its processes')
def test_a_pool_goes_on_after_a_caller_has_died_in_the_middle(run):
    def main():
        pool = ProcessPool(1, time.sleep)
        pool.pool()

        def parent():
            diesel.fork_child(pool, LONG)
            settle()
        diesel.fork(parent)
        settle(100)
        try:
            return pool(0)
        finally:
            end_pool(pool)
    assert run(main) is None


@guaranteed('a process lets go of the sockets')
def test_a_peer_sees_the_end_though_a_process_was_started_meanwhile(served):
    processes = []

    def handler(addr):
        processes.append(spawn(bool))
        diesel.send(b'bye')

    def client(address):
        sock = socket.create_connection(address, LONG)
        try:
            received = b''
            while True:
                data = sock.recv(100)
                if not data:
                    return received
                received += data
        finally:
            sock.close()
            for process in processes:
                process.proc.terminate()
                process.proc.join()
            del processes[:]
    assert served(handler, client) == b'bye'


@guaranteed('a failed connection is not lent')
def test_a_connection_that_cannot_be_made_leaves_its_place_to_the_next(run):
    class Conn(object):
        is_closed = False
    attempts = []

    def make():
        attempts.append(1)
        if len(attempts) < 3:
            raise ZeroDivisionError
        return Conn()

    def main():
        pool = ConnectionPool(make, None, pool_max=1, poll_max_timeout=LONG)
        for _ in range(2):
            with pytest.raises(ZeroDivisionError):
                pool.get()
        return pool.get().is_closed
    assert run(main) is False


@guaranteed('nothing to count is counted')
def test_a_countdown_of_nothing_is_over(run):
    assert run(lambda: Countdown(0).wait(LONG)) is None


@guaranteed('the finalizer is the last')
def test_the_finalizer_waits_for_the_loop_that_replaces_a_failed_one(run):
    def main():
        events, done = [], Event()
        items = iter([0, 1])

        def handle(item):
            settle(10)
            events.append(item)
            if item == 0:
                raise ZeroDivisionError
        pool = ThreadPool(1, handle, lambda: next(items), done.set)
        diesel.fork(pool)
        done.wait(LONG)
        return events
    assert run(main) == [0, 1]


@guaranteed('first come, first served')
def test_a_lock_goes_to_the_loop_that_has_waited_longest(run):
    def main():
        lock, got = Lock(), []

        def enter(name):
            with lock:
                got.append(name)
                diesel.sleep()
        for name in range(30):
            diesel.fork(enter, name)
        settle(100)
        return got
    assert run(main) == list(range(30))


@guaranteed('no item is lost')
def test_a_loop_that_dies_with_its_parent_loses_no_item(run):
    def main():
        queue, got = Queue(), []
        queue.inp.extend(range(100))

        def take():
            while True:
                got.append(queue.get())

        def parent():
            diesel.fork_child(take)
            diesel.wait('end')
        diesel.fork(parent)
        settle(3)
        diesel.fire('end')
        settle()
        return len(got) < 10, got + list(queue.inp)
    assert run(main) == (True, list(range(100)))
