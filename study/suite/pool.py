"""Runs tests in several workers at a time, each of which can be ended at any moment.

The code of a port runs in a worker, which is a fork of this process, or in a child of
one. This process itself knows nothing of the port: it hands out one test after the
other, looks after the workers, and replaces each worker in which a test has failed,
since that test may have left a thread or a descriptor there.
"""
import collections
import contextlib
import json
import os
import selectors
import signal
import socket
import time

from study.suite import remains
from study.suite import worker

LIMIT = 30  # seconds for a test: then it is interrupted, by pytest-timeout
KILL = LIMIT + 5  # for a test that cannot be interrupted
# Seconds that the failed tests of a recipe may take together: more of them would cost
# patience and say nothing new.
PATIENCE = 60
MEMORY = 2 ** 30  # bytes, of a worker or of anything that it has started
CROWD = 1000  # processes of one worker
TICK = 0.2  # seconds between two checks of the workers
LOOK = 1  # seconds between two checks of their memory
TOO_LATE = 'the time for all tests was up before it had ended'


class Test:
    """A test that is to be run: pytest's item, and the names that it is about."""

    def __init__(self, item, names):
        self.item, self.names, self.id = item, names, item.nodeid


class Worker:
    """A fork that runs the tests it is given, and has no way to the other workers.
    test is the one that it runs."""

    def __init__(self, items, others):
        self.sock, theirs = socket.socketpair()
        self.pid = os.fork()
        if not self.pid:
            try:
                for one in [self] + others:
                    one.sock.close()
                worker.work(items, theirs)
            finally:
                os._exit(0)  # whatever threads are left, and whatever was raised
        theirs.close()
        self.sock.setblocking(False)
        self.received, self.test, self.begin = b'', None, 0

    def give(self, number, test):
        """Give it the number of a test to run."""
        self.test, self.begin = test, time.monotonic()
        with contextlib.suppress(BrokenPipeError):  # it has died: see trouble()
            self.sock.sendall(b'%d\n' % number)

    @property
    def seconds(self):
        """How long its test has been running."""
        return time.monotonic() - self.begin

    def read(self):
        """Return what it has reported, or None while that is not complete. Code of the
        port may have written there too."""
        try:
            self.received += self.sock.recv(2 ** 20)
        except OSError:
            return None
        if not self.received.endswith(b'\n'):
            return None
        line, self.received = self.received, b''
        try:
            report = json.loads(line)
            if report['id'] == self.test.id:
                return report
        except (ValueError, TypeError, KeyError):
            pass
        return worker.failed(self.test.id, 'what it reported makes no sense')

    def trouble(self):
        """Return what is wrong with it, in words, or ''."""
        if os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            return 'the process in which it ran has ended'
        if self.seconds > KILL:
            return 'it had not ended after %d seconds, and was killed' % KILL
        return ''

    def end(self):
        """Kill it and all that it has started."""
        self.sock.close()
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        remains.kill(self.pid)


class Pool:
    """Runs tests, at_once of them at a time, and all within so many seconds. The tests
    of a recipe end when enough of them have failed; with 0 they all run. write(value)
    is called for each test that has ended."""

    def __init__(self, tests, at_once, enough, seconds, write):
        self.tests, self.at_once, self.write = tests, at_once, write
        self.enough, self.end = enough, time.monotonic() + seconds
        self.failures, self.spent = collections.Counter(), collections.Counter()
        self.waiting = collections.deque(enumerate(tests))
        self.selector, self.workers = selectors.DefaultSelector(), set()
        self.looked = time.monotonic()

    def run(self):
        """Run the tests."""
        try:
            while self.hand_out() or self.workers:
                for key, _ in self.selector.select(TICK):
                    self.take(key.data)
                self.look_after()
        finally:
            for one in list(self.workers):
                self.retire(one)

    def hand_out(self):
        """Let workers begin with the tests that wait, as long as there is room."""
        while self.waiting and len(self.workers) < self.at_once:
            if not self.give(self.hire()):
                break

    def hire(self):
        one = Worker([test.item for test in self.tests], list(self.workers))
        self.selector.register(one.sock, selectors.EVENT_READ, one)
        self.workers.add(one)
        return one

    def retire(self, one):
        self.selector.unregister(one.sock)
        self.workers.remove(one)
        one.end()

    def give(self, one):
        """Give a worker the next test that is still wanted, or retire it; return
        whether there was one."""
        while self.waiting:
            number, test = self.waiting.popleft()
            if not all(map(self.is_done, test.names)):
                one.give(number, test)
                return True
        self.retire(one)
        return False

    def is_done(self, name):
        """Whether enough is known about a recipe."""
        return bool(self.enough) and (self.failures[name] >= self.enough
                                      or self.spent[name] > PATIENCE)

    def take(self, one):
        """Take what a worker has reported, and give it the next test."""
        report = one.read()
        if report is None:
            return
        self.tell(one, report)
        if report['outcome'] == 'failed':
            self.retire(one)
        else:
            self.give(one)

    def tell(self, one, report):
        if report['outcome'] == 'failed':
            for name in one.test.names:
                self.failures[name] += 1
                self.spent[name] += one.seconds
        self.write(report)

    def look_after(self):
        """End the workers that will never report, or whose time is up."""
        hungry = self.hungry()
        late = time.monotonic() > self.end
        if late:
            self.waiting.clear()
        for one in list(self.workers):
            words = one.trouble() or hungry.get(one.pid) or late and TOO_LATE
            if words:
                self.tell(one, worker.failed(one.test.id, words))
                self.retire(one)

    def hungry(self):
        """Return {pid: what it uses too much of} for the workers, from time to time."""
        if time.monotonic() < self.looked + LOOK:
            return {}
        found = remains.appetite([one.pid for one in self.workers])
        self.looked = time.monotonic()
        words = {pid: 'it had started more than %d processes' % CROWD
                 for pid, (count, _) in found.items() if count > CROWD}
        words.update({pid: 'it took more than %d MiB of memory' % (MEMORY >> 20)
                      for pid, (_, size) in found.items() if size > MEMORY})
        return words
