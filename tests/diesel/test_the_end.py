"""What becomes of the loops that still wait when the application ends."""
import signal
import sys
import time

import pytest

from compat import diesel
from compat.diesel import runtime
from compat.diesel.util.lock import Lock
from compat.diesel.util.process import ProcessPool
from compat.diesel.util.queue import Queue
from compat.process import DEADLINE
from tests.diesel.test_more_than_the_original import guaranteed
from tests.diesel.turns import settle, wait_until

pytestmark = [pytest.mark.hostile, pytest.mark.rule('diesel')]

PROGRAM = '''
import gc
import sys
from compat import diesel
from compat.diesel import runtime
from compat.diesel.util.lock import Lock
from compat.diesel.util.queue import Queue

class Listener(diesel.Client):
    @diesel.call
    def hear(self):
        return diesel.until_eol()

def run():
    app = diesel.Application(allow_app_replacement=True)
    queue, lock = Queue(), Lock()
    service = diesel.Service(lambda addr: diesel.until_eol(), 0, '127.0.0.1')

    def listen():
        with Listener('127.0.0.1', service.port) as client:
            client.hear()

    def hold():
        with lock:
            diesel.sleep(60)

    def main():
        for _ in range(7):
            for wait in (listen, hold, queue.get, lambda: diesel.sleep(60),
                         lambda: diesel.wait('news'),
                         lambda: diesel.first(waits=['news', queue], sleep=60)):
                diesel.fork(wait)
        diesel.fork_child(lambda: diesel.sleep(60))
        while len(app.running) < 51:
            diesel.sleep(0.001)
        diesel.quickstop()

    diesel.quickstart(main, service, __app=app)

diesel.set_log_level(diesel.loglevels.DISABLED)
for _ in range(%d):
    run()
gc.collect()
sys.stdout.write('done')
'''


@pytest.mark.parametrize('times', [1, 10])
def test_fifty_loops_that_wait_are_no_word_at_the_end(program, times):
    child = program(PROGRAM % times)
    assert (child.stdout, child.stderr, child.wait()) == (b'done', b'', 0)


@guaranteed('waiting loops are ended')
def test_a_loop_that_waits_is_ended_with_the_application(run):
    ended = []

    def waits(wait):
        try:
            wait()
        finally:
            ended.append(runtime.is_running())

    def main():
        for wait in (lambda: diesel.sleep(60), Queue().get):
            diesel.fork(waits, wait)
        diesel.fork_child(waits, lambda: diesel.wait('news'))
        settle()
    run(main)
    assert ended == [True, True, True]


@guaranteed('waiting loops are ended')
def test_what_an_ended_loop_gives_up_nobody_takes(run):
    lock = Lock()

    def hold(log):
        with lock:
            log.append('held')
            diesel.sleep(60)

    def main():
        log = []
        diesel.fork(hold, log)
        diesel.fork(hold, log)
        settle()
        return log
    assert run(main) == ['held']
    assert not lock.is_locked


@guaranteed('waiting loops are ended')
@pytest.mark.parametrize('last_word', [
    diesel.quickstop, lambda: 1 // 0, lambda: diesel.sleep(60), sys.exit],
    ids=['quickstop', 'error', 'sleep', 'exit'])
def test_whatever_an_ended_loop_does_last_the_others_are_ended(run, last_word):
    ended = []

    def waits(last):
        try:
            diesel.sleep(60)
        finally:
            ended.append(True)
            last()

    def main():
        for last in (last_word, lambda: None):
            diesel.fork(waits, last)
        settle()
        return 'done'
    assert run(main) == 'done'
    assert len(ended) == 2


@guaranteed('waiting loops are ended')
def test_a_loop_that_does_not_end_is_logged_and_left(program):
    child = program('''
from compat import diesel
def stubborn():
    while True:
        try:
            diesel.sleep(60)
        except:
            pass
def main():
    diesel.sleep()
    diesel.quickstop()
diesel.quickstart(stubborn, main)
import gc
gc.collect()
''')
    last = child.stderr.decode('ascii').splitlines()[-1]
    assert 'ERROR|<Loop id=' in last and last.endswith('does not end')
    assert child.wait() == 0


@guaranteed('waiting loops are ended')
def test_a_pool_starts_no_process_when_the_application_has_ended(run):
    pool = ProcessPool(1, time.sleep)

    def main():
        pool.pool()
        diesel.fork(pool, 60)
        wait_until(lambda: pool.all_procs[0].in_call, 'the process is at work')
    run(main)
    pool.all_procs[0].proc.join(DEADLINE)
    assert pool.all_procs[0].proc.exitcode == -signal.SIGTERM
    pool.all_procs[0].proc = None  # it has a descriptor
