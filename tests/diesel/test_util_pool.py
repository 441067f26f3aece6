"""Pools: connections that are lent, and loops that share work."""
import pytest

from compat import diesel
from compat.diesel.util.event import Event
from compat.diesel.util.pool import (
    ConnectionPool, ConnectionPoolFull, TerminalThreadPool, ThreadPool)
from tests.diesel import runner
from tests.diesel.turns import settle, wait_until

pytestmark = pytest.mark.rule('diesel')
SHORT = 0.05  # seconds: a wait that is to time out
LONG = 10     # seconds: never reached


class Conn(object):
    """Something that a pool can lend."""

    def __init__(self):
        self.is_closed = False

    def close(self):
        self.is_closed = True


def pool_of(made, **options):
    """A ConnectionPool of Conns, which are noted in the list when made."""
    def make():
        made.append(Conn())
        return made[-1]
    return ConnectionPool(make, Conn.close, **options)


@pytest.mark.unit
def test_a_connection_that_came_back_is_lent_again(run):
    def main():
        made = []
        pool = pool_of(made)
        for _ in range(3):
            pool.release(pool.get())
        return len(made)
    assert run(main) == 1


@pytest.mark.unit
def test_two_loops_have_two_connections(run):
    def main():
        pool = pool_of([])
        with pool.connection as one:
            with pool.connection as other:
                return one is other
    assert run(main) is False


@pytest.mark.unit
def test_the_connection_that_came_back_last_is_lent_first(run):
    def main():
        pool = pool_of([])
        one, other = pool.get(), pool.get()
        pool.release(one)
        pool.release(other)
        return pool.get() is other, pool.get() is one
    assert run(main) == (True, True)


@pytest.mark.unit
def test_what_does_not_fit_into_the_pool_is_closed(run):
    def main():
        made = []
        pool = pool_of(made, pool_size=2)
        for conn in [pool.get() for _ in range(3)]:
            pool.release(conn)
        return [conn.is_closed for conn in made]
    assert run(main) == [False, False, True]


@pytest.mark.unit
def test_a_connection_that_broke_while_nobody_used_it_is_not_lent(run):
    def main():
        made = []
        pool = pool_of(made, pool_max=2)
        for conn in [pool.get(), pool.get()]:
            pool.release(conn)
            conn.close()
        return pool.get().is_closed, len(made)
    assert run(main) == (False, 3)


@pytest.mark.unit
def test_a_connection_that_broke_while_it_was_used_is_not_kept(run):
    def main():
        made = []
        pool = pool_of(made)
        with pool.connection as conn:
            conn.close()
        return pool.get().is_closed, len(made), len(pool.connections)
    assert run(main) == (False, 2, 0)


@pytest.mark.unit
def test_a_connection_that_is_closed_when_it_is_made_is_made_again(run):
    def main():
        made = []

        def make():
            made.append(Conn())
            made[-1].is_closed = len(made) < 3
            return made[-1]
        return ConnectionPool(make, Conn.close).get().is_closed, len(made)
    assert run(main) == (False, 3)


@pytest.mark.unit
def test_after_an_error_a_connection_is_closed_not_lent_again(run):
    def main():
        made = []
        pool = pool_of(made)
        with pytest.raises(ZeroDivisionError):
            with pool.connection:
                raise ZeroDivisionError
        with pool.connection as conn:
            return made[0].is_closed, conn.is_closed, len(made)
    assert run(main) == (True, False, 2)


@pytest.mark.unit
def test_a_loop_that_dies_gives_its_connection_back_closed(run):
    def main():
        made = []
        pool = pool_of(made, pool_max=1)

        def child():
            with pool.connection:
                diesel.sleep(LONG)

        def parent():
            diesel.fork_child(child)
            settle(10)
        diesel.fork(parent)
        settle()
        return made[0].is_closed, pool.get() is made[1]
    assert run(main) == (True, True)


@pytest.mark.unit
def test_a_pool_that_has_lent_all_it_may_says_so_after_a_while(run):
    def main():
        pool = pool_of([], pool_max=2, poll_max_timeout=SHORT)
        pool.get()
        pool.get()
        pool.get()
    with pytest.raises(ConnectionPoolFull):
        run(main)


@pytest.mark.unit
def test_without_a_limit_a_pool_lends_all_that_is_asked_for(run):
    def main():
        made = []
        pool = pool_of(made)
        for _ in range(50):
            pool.get()
        return len(made)
    assert run(main) == 50


@pytest.mark.unit
def test_a_loop_that_waits_for_a_full_pool_gets_what_comes_back(run):
    def main():
        made = []
        pool = pool_of(made, pool_max=1, poll_max_timeout=LONG)
        conn = pool.get()
        diesel.fork(pool.release, conn)
        return pool.get() is conn, len(made)
    assert run(main) == (True, 1)


@pytest.mark.unit
def test_many_loops_share_a_few_connections(run):
    def main():
        made, served, done = [], [], Event()
        pool = pool_of(made, pool_max=3, poll_max_timeout=LONG)

        def use(number):
            with pool.connection:
                diesel.sleep()
                served.append(number)
            if len(served) == 30:
                done.set()
        for number in range(30):
            diesel.fork(use, number)
        done.wait(LONG)
        return len(made), sorted(served)
    assert run(main) == (3, list(range(30)))


class EchoClient(diesel.Client):
    @diesel.call
    def ask(self, line):
        diesel.send(line)
        return diesel.until_eol()


@pytest.mark.wire
def test_calls_of_a_pool_go_over_one_connection_until_it_breaks(run):
    clients = []

    def handler(addr):
        clients.append(addr)
        while True:
            line = diesel.until_eol()
            diesel.send(line)
            if line == b'bye\r\n':
                return

    service = diesel.Service(handler, 0, '127.0.0.1')

    def main():
        pool = ConnectionPool(lambda: EchoClient('127.0.0.1', service.port),
                              EchoClient.close)
        answers = []
        for line in (b'one\r\n', b'bye\r\n', b'two\r\n'):
            with pool.connection as client:
                answers.append(client.ask(line))
                if line == b'bye\r\n':
                    wait_until(lambda: client.is_closed, 'the client hears of the end')
        while pool.connections:
            pool.connections.pop().close()
        settle()
        return answers, len(set(clients))
    assert run(main, service) == ([b'one\r\n', b'bye\r\n', b'two\r\n'], 2)


def generator(items):
    """A function that returns one item after the other, then StopIteration."""
    items = iter(items)
    return lambda: next(items)


def work_off(pool):
    """Run a ThreadPool to its end; its finalizer sets the event."""
    done = Event()
    pool.finalizer = done.set
    diesel.fork(pool)
    done.wait(LONG)


@pytest.mark.unit
def test_the_loops_of_a_pool_do_all_the_work_once(run):
    def main():
        done = []
        work_off(ThreadPool(3, done.append, generator(range(20))))
        return sorted(done)
    assert run(main) == list(range(20))


@pytest.mark.unit
def test_a_pool_of_one_loop_keeps_the_order(run):
    def main():
        done = []

        def handle(item):
            diesel.sleep()
            done.append(item)
        work_off(ThreadPool(1, handle, generator(range(20))))
        return done
    assert run(main) == list(range(20))


@pytest.mark.unit
def test_a_pool_has_as_many_loops_at_work_as_it_was_told(run):
    def main():
        busy, most = [], [0]

        def handle(item):
            busy.append(item)
            most[0] = max(most[0], len(busy))
            settle(10)
            busy.remove(item)
        work_off(ThreadPool(4, handle, generator(range(20))))
        return most[0]
    assert run(main) == 4


@pytest.mark.unit
def test_work_that_fails_is_left_and_the_rest_is_done(run):
    def main():
        done = []

        def handle(item):
            if item % 3 == 0:
                raise ZeroDivisionError
            done.append(item)
        work_off(ThreadPool(2, handle, generator(range(10))))
        return sorted(done)
    assert run(main) == [1, 2, 4, 5, 7, 8]


@pytest.mark.unit
def test_another_loop_takes_the_place_of_one_that_failed(run):
    def main():
        busy, most = [], [0]

        def handle(item):
            if item == 0:
                raise ZeroDivisionError
            busy.append(item)
            most[0] = max(most[0], len(busy))
            settle(10)
            busy.remove(item)
        work_off(ThreadPool(2, handle, generator(range(10))))
        return most[0]
    assert run(main) == 2


@pytest.mark.unit
def test_the_finalizer_runs_once_when_all_is_done(run):
    def main():
        events, done = [], Event()

        def handle(item):
            settle(10 * item)
            events.append(item)

        def finalize():
            events.append('end')
            done.set()
        diesel.fork(ThreadPool(3, handle, generator([3, 2, 1]), finalize))
        done.wait(LONG)
        settle()
        return events
    assert run(main) == [1, 2, 3, 'end']


@pytest.mark.unit
def test_a_pool_without_work_comes_to_its_end(run):
    def main():
        done = []
        work_off(ThreadPool(3, done.append, generator([])))
        return done
    assert run(main) == []


@pytest.mark.unit
def test_work_is_not_fetched_before_a_loop_has_time_for_it(run):
    def main():
        fetched, go_on = [], Event()
        items = iter(range(10))

        def fetch():
            fetched.append(next(items))
            return fetched[-1]
        diesel.fork(ThreadPool(2, lambda item: go_on.wait(), fetch))
        settle()
        waiting = len(fetched)
        go_on.set()
        settle()
        return waiting, len(fetched)
    assert run(main) == (2, 10)


@pytest.mark.unit
def test_work_can_be_waited_for(run):
    def main():
        done = []

        def fetch():
            diesel.sleep(0.002)
            if len(done) == 3:
                raise StopIteration
            return len(done)
        work_off(ThreadPool(2, done.append, fetch))
        return done
    assert run(main) == [0, 1, 2]


@pytest.mark.unit
def test_a_terminal_pool_ends_the_application_when_all_is_done():
    done, timed_out = [], []

    def handle(item):
        diesel.sleep(0.002)
        done.append(item)

    def watchdog():
        diesel.sleep(LONG)
        timed_out.append(True)
        diesel.quickstop()

    diesel.set_log_level(runner.levels.DISABLED)
    app = diesel.Application(allow_app_replacement=True)
    try:
        diesel.quickstart(TerminalThreadPool(2, handle, generator(range(5))),
                          watchdog, __app=app)
    finally:
        runner.close(app)
    assert (sorted(done), timed_out) == ([0, 1, 2, 3, 4], [])
