"""first(): the earliest of several things, and which it was."""
import time

import pytest

from compat import diesel
from compat.diesel import core, runtime
from compat.diesel.events import StringWaiter, Waiter
from tests.diesel.turns import settle, wait_until

pytestmark = [pytest.mark.unit, pytest.mark.rule('diesel')]


class Ready(Waiter):
    """A waiter that always has something."""

    def ready_early(self):
        return True

    def process_fire(self, given):
        return 'had it'


def later(seconds, event, value=None):
    """Fire an event in a while."""
    def wait_and_fire():
        diesel.sleep(seconds)
        diesel.fire(event, value)
    diesel.fork(wait_and_fire)


def test_a_sleep_alone(run):
    assert run(lambda: diesel.first(sleep=0.01)) == ('sleep', True)


def test_a_sleep_for_nothing(run):
    assert run(lambda: diesel.first(sleep=0, waits=['never'])) == ('sleep', True)


def test_an_event_and_its_value(run):
    def main():
        later(0, 'news', 42)
        return diesel.first(waits=['news'])
    assert run(main) == ('news', 42)


def test_an_event_without_a_value(run):
    def main():
        later(0, 'news')
        return diesel.first(waits=['news'])
    assert run(main) == ('news', None)


def test_the_earlier_of_two_events(run):
    def main():
        later(5, 'late', 1)
        later(0.01, 'early', 2)
        return diesel.first(waits=['late', 'early'])
    assert run(main) == ('early', 2)


def test_the_event_before_the_end_of_the_sleep(run):
    def main():
        later(0.01, 'news', 1)
        return diesel.first(sleep=5, waits=['news'])
    assert run(main) == ('news', 1)


def test_the_end_of_the_sleep_before_the_event(run):
    def main():
        later(5, 'news', 1)
        return diesel.first(sleep=0.05, waits=['news'])
    assert run(main) == ('sleep', True)


def test_a_waiter_is_named_by_itself(run):
    def main():
        waiter = Waiter()
        later(0, waiter, 'value')
        which, value = diesel.first(waits=[waiter, 'never'])
        return which is waiter, value
    assert run(main) == (True, 'value')


def test_a_string_waiter_is_fired_by_its_text(run):
    def main():
        later(0, 'news', 7)
        return diesel.first(waits=[StringWaiter('news')])
    assert run(main) == ('news', 7)


def test_a_waiter_that_has_something_need_not_be_fired(run):
    def main():
        ready = Ready()
        which, value = diesel.first(sleep=5, waits=['never', ready])
        return which is ready, value
    assert run(main) == (True, 'had it')


def test_what_was_not_first_is_given_up(run):
    def main():
        later(0, 'news', 1)
        diesel.first(sleep=0.05, waits=['news', 'other'])
        diesel.fire('other', 0)
        start = time.time()
        later(0.01, 'other', 2)
        diesel.sleep(0.15)
        return time.time() - start > 0.1
    assert run(main)


def test_an_event_that_is_an_error_is_raised(run):
    def main():
        later(0, 'news', ValueError('bad news'))
        return diesel.first(waits=['news'])
    with pytest.raises(ValueError):
        run(main)


def test_two_kinds_of_input_at_once_are_refused(said):
    def handler(addr):
        try:
            diesel.first(until_eol=True, receive=5)
        except AssertionError:
            diesel.send(b'refused')
    assert said(handler) == b'refused'


@pytest.mark.parametrize('source, expected', [
    ({'receive_any': True}, ('receive_any', b'hello\r\nmore')),
    ({'receive': 3}, ('receive', b'hel')),
    ({'until': b'lo'}, ('until', b'hello')),
    ({'until_eol': True}, ('until_eol', b'hello\r\n'))],
    ids=['receive_any', 'receive', 'until', 'until_eol'])
@pytest.mark.parametrize('early', [True, False], ids=['there', 'to-come'])
def test_input_that_is(run, conversation, source, expected, early):
    begun, got = [], []

    def handler(addr):
        begun.append(addr)
        if early:
            diesel.receive(1)  # the rest is in the buffer
        got.append(diesel.first(sleep=5, waits=['never'], **source))
        diesel.fire('done')

    service = diesel.Service(handler, 0, '127.0.0.1')

    def main():
        talk = diesel.thread(conversation, ('127.0.0.1', service.port))
        wait_until(lambda: begun, 'the handler waits')
        talk.send(b'.' * early + b'hello\r\nmore')
        diesel.wait('done')
        return got
    assert run(main, service) == [expected]


def test_a_packet(run):
    got = []

    def handler():
        got.append(diesel.first(sleep=5, datagram=True))
        diesel.fire('done')

    service = diesel.UDPService(handler, 0, '127.0.0.1')

    class Sender(diesel.UDPClient):
        @diesel.call
        def say(self, data):
            diesel.send(data)

    def main():
        sender = Sender(*service.sock.getsockname())
        sender.say(b'packet')
        diesel.wait('done')
        return got
    assert run(main, service) == [('datagram', b'packet')]


def test_an_event_while_a_line_is_awaited(said):
    def handler(addr):
        diesel.receive(1)
        later(0.01, 'news', b'event')
        which, value = diesel.first(until_eol=True, waits=['news'])
        diesel.send(which.encode('ascii') + b' ' + value)
    assert said(handler, b'.half a li') == b'news event'


def test_half_a_line_is_kept_when_the_sleep_is_first(run, conversation):
    got = []

    def handler(addr):
        diesel.receive(1)
        got.append(diesel.first(until_eol=True, sleep=0.05))
        diesel.send(b'go on')
        got.append(diesel.until_eol())
        diesel.fire('done')

    service = diesel.Service(handler, 0, '127.0.0.1')

    def client():
        talk = conversation(('127.0.0.1', service.port))
        talk.send(b'.half')
        talk.expect(b'go on')
        talk.send(b' whole\r\n')

    def main():
        diesel.fork(diesel.thread, client)
        diesel.wait('done')
        return got
    assert run(main, service) == [('sleep', True), b'half whole\r\n']


def test_the_end_of_the_connection_is_raised(run, conversation):
    got = []

    def handler(addr):
        try:
            diesel.first(until_eol=True, sleep=5, waits=['never'])
        except diesel.ConnectionClosed as error:
            got.append(error.buffer)
        diesel.fire('done')

    service = diesel.Service(handler, 0, '127.0.0.1')

    def client():
        talk = conversation(('127.0.0.1', service.port))
        talk.send(b'half a li')
        talk.close()

    def main():
        diesel.fork(diesel.thread, client)
        diesel.wait('done')
        return got
    assert run(main, service) == [b'half a li']


def test_the_sleep_that_was_not_first_wakes_nobody_later(said):
    def handler(addr):
        diesel.first(until_eol=True, sleep=0.05)
        start = time.time()
        diesel.sleep(0.15)
        diesel.send(b'slept' if time.time() - start > 0.1 else b'woken')
    assert said(handler, b'line\r\n') == b'slept'


class Mailbox(object):
    """A connection of a program's own, in memory."""
    closed = False

    def __init__(self, *messages):
        self.messages = list(messages)
        self.conditions = []
        self.waiting_callback = None

    def check_incoming(self, condition, callback):
        self.conditions.append(condition)
        return self.messages.pop(0) if self.messages else None

    def cleanup(self):
        self.waiting_callback = None

    def close(self):
        self.closed = True

    def deliver(self, message):
        """Give a message to the loop that waits, if one does."""
        callback = self.waiting_callback
        if callback:
            runtime.current_app.hub.schedule(lambda: callback(message))


@pytest.fixture
def by_mail(run):
    """A function: what a loop with a Mailbox does, the messages in it, and those to
    come -> what that returns; or raises."""
    def start(use, *there, **later):
        box, got = Mailbox(*there), []

        def reader():
            core.current_loop.connection_stack.append(box)
            try:
                got.append(use())
            except diesel.ConnectionClosed as error:
                got.append(error)

        def main():
            diesel.fork(reader)
            for message in later.get('later', ()):
                settle()
                box.deliver(message)
            settle()
            return got, box
        return run(main)
    return start


def test_a_connection_of_ones_own_has_a_message(by_mail):
    got, box = by_mail(lambda: diesel.first(until_eol=True, waits=['never']), b'hello')
    assert got == [('until_eol', b'hello')]
    assert box.conditions == [b'\r\n'] and box.closed


def test_a_connection_of_ones_own_is_waited_for(by_mail):
    got, box = by_mail(lambda: [diesel.first(until_eol=True, sleep=60),
                                diesel.receive(5)], later=[b'hello', b'again'])
    assert got == [[('until_eol', b'hello'), b'again']]
    assert box.conditions == [b'\r\n', 5]


def test_a_connection_of_ones_own_may_fail(by_mail):
    got, box = by_mail(lambda: diesel.first(until_eol=True, sleep=60),
                       later=[diesel.ConnectionClosed('gone')])
    assert [str(error) for error in got] == ['gone']


def test_a_connection_of_ones_own_that_is_not_first_is_told(by_mail):
    got, box = by_mail(lambda: [diesel.first(until_eol=True, sleep=0),
                                diesel.wait('never')], later=[b'late'])
    assert (got, box.waiting_callback) == ([], None)


def test_a_connection_of_ones_own_may_take_the_callback_on(run):
    class Doubler(Mailbox):
        def check_incoming(self, condition, callback):
            return lambda message: callback(message * 2)

    def main():
        box, got = Doubler(), []

        def reader():
            core.current_loop.connection_stack.append(box)
            got.append(diesel.receive())
        diesel.fork(reader)
        settle()
        box.deliver(b'ab')
        settle()
        return got
    assert run(main) == [b'abab']
