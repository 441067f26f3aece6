"""What holds beyond what the real library does: see diesel.GUARANTEES."""
import io
import os
import select
import signal
import socket

import pytest

from compat import diesel
from compat.diesel import core
from compat.diesel import runtime
from compat.process import DEADLINE
from tests.diesel import tls
from tests.diesel.turns import settle, wait_for_restarts, wait_until

pytestmark = [pytest.mark.hostile, pytest.mark.rule('diesel')]


def guaranteed(name):
    """A mark: the test is of something that not every library does."""
    return pytest.mark.skipif(name not in diesel.GUARANTEES,
                              reason='no guarantee of the real library: ' + name)


def wait_for_standstill(sent):
    """Wait until a loop that sends what it notes in the list waits for its peer."""
    before = 0
    while before == 0 or before != len(sent):
        before = len(sent)
        diesel.sleep(0.02)  # the kernel, too, may have something to do
        settle()


def closed_while(read, conversation, data, run):
    """Return the ConnectionClosed that read() raises when the peer sends data."""
    got = []

    def handler(addr):
        try:
            read()
        except diesel.ConnectionClosed as error:
            got.append(error)
        diesel.fire('done')

    service = diesel.Service(handler, 0, '127.0.0.1')

    def client():
        try:
            conversation(('127.0.0.1', service.port)).send(data)
        except socket.error:
            pass  # it is closed while we send

    def main():
        diesel.fork(diesel.thread, client)
        diesel.wait('done')
        return got[0]
    return run(main, service)


@guaranteed('a line has a limit')
@pytest.mark.parametrize('read', [
    diesel.until_eol, lambda: diesel.first(until=b'END', sleep=60)],
    ids=['until_eol', 'first'])
def test_a_line_that_never_ends_is_an_error(run, conversation, read):
    error = closed_while(read, conversation, b'x' * (3 * core.SENTINEL_LIMIT), run)
    assert str(error) == 'No end of message in %d bytes' % core.SENTINEL_LIMIT


@guaranteed('a line has a limit')
def test_a_line_that_never_ends_disturbs_nobody(served, conversation):
    def handler(addr):
        diesel.send(diesel.until_eol())

    def client(address):
        other = conversation(address)
        try:
            conversation(address).send(b'x' * (3 * core.SENTINEL_LIMIT))
        except socket.error:
            pass
        other.send(b'hello\r\n')
        return other.read_all()
    assert served(handler, client) == b'hello\r\n'


@guaranteed('a line has a limit')
def test_what_nobody_reads_is_not_all_kept(served, conversation):
    kept = []

    def handler(addr):
        diesel.receive(1)
        conn = core.current_loop.connection_stack[-1]
        wait_until(lambda: len(conn.buffer) > core.UNREAD_LIMIT, 'the limit is reached')
        settle()
        kept.append(len(conn.buffer))
        diesel.send(b'%d' % sum(len(diesel.receive(2 ** 16)) for _ in range(160)))

    def client(address):
        talk = conversation(address)
        talk.send(b'!' + b'x' * (160 * 2 ** 16))
        return talk.read_all()
    assert served(handler, client) == b'%d' % (160 * 2 ** 16)
    assert kept[0] <= core.UNREAD_LIMIT + core.BUFSIZ


@guaranteed('send waits for the peer')
def test_send_waits_for_a_peer_that_does_not_read(run, conversation):
    sent = []

    def handler(addr):
        for _ in range(1000):
            diesel.send(b'x' * 2 ** 16)
            sent.append(2 ** 16)

    service = diesel.Service(handler, 0, '127.0.0.1')

    def main():
        talk = diesel.thread(conversation, ('127.0.0.1', service.port))
        wait_for_standstill(sent)
        before = len(sent)
        diesel.thread(talk.read, 8 * 2 ** 20)
        wait_until(lambda: len(sent) > before, 'the handler goes on')
        return before * 2 ** 16
    assert run(main, service) < 20 * 2 ** 20  # the limit, and what the sockets take


@guaranteed('send waits for the peer')
def test_send_ends_with_an_error_when_the_peer_goes(run, conversation):
    sent, got = [], []

    def handler(addr):
        try:
            for _ in range(1000):
                diesel.send(b'x' * 2 ** 16)
                sent.append(2 ** 16)
        except diesel.ConnectionClosed as error:
            got.append(error)
        diesel.fire('done')

    service = diesel.Service(handler, 0, '127.0.0.1')

    def main():
        talk = diesel.thread(conversation, ('127.0.0.1', service.port))
        wait_for_standstill(sent)
        talk.close()
        diesel.wait('done')
        return len(got)
    assert run(main, service) == 1


@guaranteed('text is a TypeError')
@pytest.mark.parametrize('thing', [u'text', io.StringIO(u'text')], ids=['text', 'file'])
def test_text_is_refused_with_a_word_why(said, thing):
    def handler(addr):
        try:
            diesel.send(thing)
        except TypeError as error:
            diesel.send(str(error).encode('ascii'))
    assert said(handler) == b'text cannot be sent, only bytes: encode it first'


@guaranteed('text is a TypeError')
def test_a_sentinel_of_text_is_refused(said):
    def handler(addr):
        try:
            diesel.until(u'\r\n')
        except TypeError:
            diesel.send(b'refused')
    assert said(handler) == b'refused'


@guaranteed('lines before the end are read')
def test_lines_that_came_before_the_end_are_still_read(run, conversation):
    lines, gone = [], []

    def handler(addr):
        try:
            wait_until(lambda: gone, 'the peer has gone')
            while True:
                lines.append(diesel.until_eol())
        except diesel.ConnectionClosed as error:
            lines.append(error.buffer)
        diesel.fire('done')

    service = diesel.Service(handler, 0, '127.0.0.1')

    def client():
        talk = conversation(('127.0.0.1', service.port))
        talk.send(b'one\r\ntwo\r\nhalf')
        talk.close()

    def main():
        diesel.thread(client)
        settle()  # the hub, too, has seen the end
        gone.append(True)
        diesel.wait('done')
        return lines
    assert run(main, service) == [b'one\r\n', b'two\r\n', b'half']


@guaranteed('first come, first served')
def test_a_loop_that_waits_longest_is_served_first(run):
    def main():
        order = []

        def waiter(number):
            diesel.wait('news')
            order.append(number)

        for number in range(100):
            diesel.fork(waiter, number)
        diesel.sleep()
        diesel.fire('news')
        diesel.sleep()
        return order
    assert run(main) == list(range(100))


@guaranteed('a child stays dead')
def test_a_kept_alive_child_is_not_started_again_when_its_parent_has_died(run):
    def main():
        starts = []

        def parent():
            diesel.fork_child(starts.append, 1).keep_alive = True
            settle(10)

        diesel.fork(parent)
        wait_for_restarts()
        return starts
    assert run(main) == [1]


@guaranteed('nobody is starved')
def test_loops_that_never_stop_firing_do_not_hold_up_a_client(said):
    def player(mine, other):
        while True:
            diesel.wait(mine)
            diesel.fire(other)

    def handler(addr):
        diesel.fork_child(player, 'ping', 'pong')
        diesel.fork_child(player, 'pong', 'ping')
        diesel.sleep()
        diesel.fire('ping')
        diesel.send(diesel.until_eol())
        settle(5)
    assert said(handler, b'hello', b'\r\n') == b'hello\r\n'


@guaranteed('an empty packet is a packet')
def test_an_empty_packet_does_not_end_a_udp_service(run):
    def handler():
        while True:
            diesel.send(b'[' + diesel.receive(diesel.datagram) + b']')

    service = diesel.UDPService(handler, 0, '127.0.0.1')

    def client(address):
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.settimeout(DEADLINE)
        try:
            for packet in (b'', b'hello'):
                sock.sendto(packet, address)
            return [sock.recv(100), sock.recv(100)]
        finally:
            sock.close()
    assert run(lambda: diesel.thread(client, service.sock.getsockname()), service) == \
        [b'[]', b'[hello]']


@guaranteed('a failed handshake is an error')
def test_a_client_of_a_server_without_tls_gets_an_error(run, certificate):
    service = diesel.Service(lambda addr: diesel.send(b'hello\r\n' * 10), 0,
                             '127.0.0.1')

    def main():
        diesel.Client('localhost', service.port,
                      ssl_ctx=tls.for_client(certificate))
    with pytest.raises(diesel.ClientConnectionError):
        run(main, service)


@guaranteed('a signal just before the wait ends it')
def test_a_signal_wakes_the_hub_before_python_has_run_its_handler(run):
    def main():
        hub = runtime.current_app.hub
        hub.add_signal_handler(signal.SIGUSR1, lambda: None)
        signal.signal(signal.SIGUSR1, lambda *ignored: None)  # the hub's has not run
        os.kill(os.getpid(), signal.SIGUSR1)
        return bool(select.select([hub._wakened], [], [], 0)[0])
    assert run(main) is True
    assert signal.set_wakeup_fd(-1) == -1  # as it was before


@guaranteed('threads may raise anything')
def test_a_thread_that_exits_does_not_leave_its_loop_waiting(run):
    def leave():
        raise KeyboardInterrupt()

    def main():
        try:
            diesel.thread(leave)
        except KeyboardInterrupt:
            return 'told'
    assert run(main) == 'told'
