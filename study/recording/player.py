"""Plays the clients of a recording to another server.

The events are done in their order. What a client does is done only when the server has
said, in every conversation, what it had said by then; and no server is read much further
than that, so that a client that did not read does not read now either. A conversation
that differs goes on, and is waited for no more.
"""
import contextlib
import errno
import os
import shutil
import tempfile
import time

from study.errors import StudyError
from study.recording import compare
from study.recording import sockets
from study.recording.conversations import CLIENT, SERVER

LONGEST_PAUSE = 0.02  # seconds between two things that clients do
TURN = 0.1  # seconds that a step takes if nothing happens
RETRY_SECONDS = 0.01  # until the next attempt to connect to a full backlog
SETTLE_SECONDS = 0.2  # for what a server says that nobody expects
MOST_IN_VAIN = 3  # times that patience ends, before all is given up
HOW = {'end': 'the server ends it', 'reset': 'the server resets it',
       'refused': 'nobody listens'}


class Played:
    """One conversation as it is played.

    expected: the place up to which the server should have got by now. ended: how the
    server has ended it: 'end', 'reset', 'refused', or '' if it has not; should_end is how
    it should have by now. wrong: a note on what is wrong where bytes do not say it.
    """

    def __init__(self, number, sock, comparison):
        self.number, self.sock, self.comparison = number, sock, comparison
        self.expected = 0
        self.ended = self.should_end = self.wrong = ''
        self.waiting = []  # messages that are still to be sent
        self.connecting = True
        self.says_end = self.closed = self.is_over = False

    @property
    def is_behind(self):
        """Whether the server has still to say or do something."""
        if self.differs or self.is_over:
            return False
        return (not self.comparison.reached(self.expected)
                or bool(self.should_end) and not self.ended)

    @property
    def differs(self):
        return bool(self.wrong) or self.comparison.differs

    def judge_end(self):
        """Say what is wrong with how the server has ended it."""
        if self.differs or self.is_over:
            return
        self.comparison.finish()
        if not self.comparison.reached(self.expected):
            self.wrong = '%s here' % HOW[self.ended]
        elif self.should_end and self.should_end != self.ended:
            self.wrong = '%s; in the recording %s' % (HOW[self.ended],
                                                      HOW[self.should_end])

    def give_up(self, seconds):
        """Say what the server has not done in time."""
        self.comparison.finish()
        if not self.comparison.received:
            what = 'no answer'
        elif not self.comparison.reached(self.expected):
            what = 'nothing more'
        else:
            what = 'no end'
        self.wrong = '%s in %g seconds' % (what, seconds)

    def difference(self):
        """Return its Difference, or None."""
        return self.comparison.difference(self.wrong)


class Player:
    """recording: a Recording. to: the Address of a server. masks: what may differ.
    patience: seconds. stop: is called to end the server; None if it is not ours."""

    def __init__(self, recording, to, masks, patience, stop=None):
        self.recording, self.to, self.patience, self.stop = recording, to, patience, stop
        self.watcher = sockets.Watcher()
        self.folder = None  # of the socket files of datagram clients
        if to.is_path and recording.is_datagram:
            self.folder = tempfile.mkdtemp(prefix='study-')
        self.conversations = {}
        self.replies = replies(recording, masks)
        self.cut = {event.number for event in recording.events  # by their clients
                    if event.what == 'reset' and event.side == CLIENT}
        self.behind = set()
        self.retrying = set()  # those that found the backlog of a socket file full
        self.in_vain = 0
        self.heard = 0  # bytes that were waited for
        self.expected_time = self.done_time = 0.0  # of the recording
        self.settling = False

    def play(self, show=lambda done: None):
        """Play all; return the Played conversations in order. show() is called with the
        number of events that are done. Raises StudyError if nobody listens."""
        after_client = False
        for done, event in enumerate(self.recording.events):
            show(done)
            if event.side == SERVER:
                self.expect(event)
                after_client = False
                continue
            if event.what == 'stop' and not self.stop:
                break
            self.catch_up()
            if self.in_vain == MOST_IN_VAIN:
                break
            if after_client:
                self.pause(event.time - self.done_time)
            self.perform(event)
            self.done_time, after_client = event.time, True
        self.catch_up()
        self.flush()
        self.settle()
        return list(self.conversations.values())

    def close(self):
        """Close every connection."""
        for one in self.conversations.values():
            self.close_one(one)
        self.watcher.close()
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    def expect(self, event):
        """Note what the server should do."""
        one = self.conversations[event.number]
        if event.what == 'data':
            one.expected += 1 if self.recording.is_datagram else len(event.data)
        elif not one.should_end:
            one.should_end = event.what
        self.expected_time = event.time
        if one.ended:
            one.judge_end()
        if one.is_behind:
            self.behind.add(one)
            self.watch(one)

    def catch_up(self):
        """Wait until the server has done what it should."""
        patience = self.patience + max(0, self.expected_time - self.done_time)
        heard, deadline = self.heard, time.monotonic() + patience
        while self.behind:
            self.step(TURN)
            if self.heard != heard:
                heard, deadline = self.heard, time.monotonic() + patience
            if time.monotonic() > deadline:
                self.in_vain += 1
                for one in self.behind:
                    one.give_up(patience)
                self.behind.clear()

    def pause(self, seconds):
        """Let as much time pass as in the recording, but not much."""
        self.step_until(time.monotonic() + min(seconds, LONGEST_PAUSE))

    def step_until(self, deadline):
        while time.monotonic() < deadline:
            self.step(max(0, deadline - time.monotonic()))

    def flush(self):
        """Let the server read what was said to it."""
        deadline = time.monotonic() + self.patience
        while time.monotonic() < deadline and any(
                one.waiting and not one.closed for one in self.conversations.values()):
            self.step(TURN)

    def settle(self):
        """See what the server does that nobody expects."""
        self.settling = True
        watched = list(self.conversations.values())
        for one in watched:
            self.watch(one)
        deadline = time.monotonic() + SETTLE_SECONDS
        while time.monotonic() < deadline and not all(one.closed or one.ended
                                                      for one in watched):
            self.step(max(0, deadline - time.monotonic()))
        for one in watched:
            one.comparison.finish()
            if one.ended and not (one.should_end or one.says_end or one.is_over
                                  or one.differs):
                one.wrong = '%s here' % HOW[one.ended]

    def perform(self, event):
        """Do what a client does."""
        if event.what == 'stop':
            self.flush()
            self.stop()
            return
        if event.what in ('connect', 'unnamed'):
            self.begin(event.number, event.what == 'unnamed')
            return
        one = self.conversations[event.number]
        if event.what == 'data':
            one.waiting.append(event.data)
            self.write(one)
        elif event.what == 'end':
            one.says_end = True
            self.write(one)
        else:
            one.is_over = True
            self.close_one(one, reset=True)

    def begin(self, number, unnamed):
        """Begin a conversation."""
        try:
            sock = sockets.outgoing(self.to, self.recording.is_datagram)
            if self.folder and not unnamed:
                sock.bind(os.path.join(self.folder, str(number)))
        except OSError as error:
            raise StudyError('%s: %s' % (self.to, error.strerror))
        kind = compare.Datagrams if self.recording.is_datagram else compare.Comparison
        one = Played(number, sock, kind(*self.replies.get(number, (b'',))))
        one.comparison.is_cut = number in self.cut
        self.conversations[number] = one
        if not self.recording.is_datagram:
            sockets.at_once(sock)
        self.connect(one)

    def connect(self, one):
        """Connect, or find out whether that has succeeded."""
        error = one.sock.connect_ex(self.to.name)
        self.retrying.discard(one)
        if error in (0, errno.EISCONN):
            one.connecting = False
        elif error not in sockets.WAITING:
            self.has_ended(one, 'refused')
        elif error == errno.EAGAIN:
            self.retrying.add(one)
        self.watch(one)

    def step(self, seconds):
        """Read and write what can be within some seconds."""
        if self.retrying:
            seconds = min(seconds, RETRY_SECONDS)
        for one, readable, writable in self.watcher.ready(seconds):
            if writable and not one.closed:
                self.write(one)
            if readable and not one.closed:
                self.read(one)
        for one in list(self.retrying):
            self.write(one)

    def write(self, one):
        """Send what can be sent now."""
        if one.connecting and not one.ended:
            self.connect(one)
        if one.closed or one.connecting or one.ended == 'refused':
            return
        try:
            while one.waiting:
                sent = one.sock.send(one.waiting[0])
                if self.recording.is_datagram or sent == len(one.waiting[0]):
                    one.waiting.pop(0)
                else:
                    one.waiting[0] = memoryview(one.waiting[0])[sent:]
        except BlockingIOError:
            pass
        except OSError:
            one.waiting.clear()  # what it reads will show how the server has ended
        if one.says_end and not one.waiting:
            sockets.end_sending(one.sock)
            if one.ended:
                self.close_one(one)
        self.watch(one)

    def read(self, one):
        """Take what the server says."""
        try:
            data = one.sock.recv(sockets.MOST_OF_DATAGRAM if self.recording.is_datagram
                                 else sockets.MOST)
        except BlockingIOError:
            return
        except ConnectionRefusedError:
            self.has_ended(one, 'refused')
            return
        except OSError:
            self.has_ended(one, 'reset')
            return
        if not (data or self.recording.is_datagram):
            self.has_ended(one, 'end')
            return
        if one in self.behind:
            self.heard += max(1, len(data))
        one.comparison.feed(data)
        self.look_at(one)

    def has_ended(self, one, how):
        """Note that the server has ended a conversation. Raises StudyError if there was
        no server at all."""
        if how == 'refused' and not self.heard and not self.stop:
            raise StudyError('nobody listens on %s' % self.to)
        one.ended = how
        one.judge_end()
        if one.says_end and not one.waiting or how != 'end':
            self.close_one(one)
        self.look_at(one)

    def look_at(self, one):
        """See whether a conversation is still behind."""
        if not one.is_behind:
            self.behind.discard(one)
        self.watch(one)

    def watch(self, one):
        """Wait for what a conversation can do next."""
        if not one.closed:
            read = not one.ended and not one.connecting and (
                one in self.behind or one.differs or self.settling)
            write = not one.ended and one not in self.retrying and (
                bool(one.waiting) or one.connecting)
            self.watcher.watch(one.sock, read, write, one)

    def close_one(self, one, reset=False):
        if one.closed:
            return
        one.closed = True
        self.behind.discard(one)
        self.retrying.discard(one)
        self.watcher.forget(one.sock)
        with contextlib.suppress(OSError):
            if reset:
                sockets.reset(one.sock)
            else:
                one.sock.close()


def replies(recording, masks):
    """Return {number of a conversation: (what its server says, masks)}: bytes, or with
    datagrams a list of them."""
    said = {}
    for event in recording.events:
        if event.side == SERVER and event.what == 'data':
            said.setdefault(event.number, []).append(event.data)
    return {number: (pieces if recording.is_datagram else b''.join(pieces), masks)
            for number, pieces in said.items()}
