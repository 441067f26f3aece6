# -*- coding: utf-8 -*-
"""A thread for every connection."""
import errno
import re
import signal
import socket
import threading

import pytest

from compat import process
from compat.socketserver import serving
from tests.talk import SILENCE

NAME = 'threading_mixin_socket_server'
HELLO = b'Hello threads!'


@pytest.fixture
def threaded(recipe):
    return recipe(NAME)


@pytest.fixture
def server(running):
    return running(NAME)


def number_and_data(reply):
    """Split a reply 'Thread-<number>: <data>'."""
    match = re.match(b'Thread-([0-9]+): (.*)\\Z', reply, re.DOTALL)
    assert match, reply
    return int(match.group(1)), match.group(2)


def ask(conversation, address, request):
    """Send one whole request and return the whole reply."""
    client = conversation(address)
    client.send(request)
    client.end()
    return client.read_all()


def connected(conversation, address, count):
    """Return count clients, each already served once and still connected."""
    clients = []
    for _ in range(count):
        clients.append(conversation(address))
        clients[-1].send(b'one\n')
        clients[-1].read_line()
    return clients


def new_server(threaded):
    return threaded.ThreadedTCPServer(('127.0.0.1', 0),
                                      threaded.ThreadedTCPRequestHandler)


# The demonstration

@pytest.mark.script
@pytest.mark.rule('print-function', 'text-for-the-screen', 'thread-names')
def test_the_demonstration_prints_these_lines(tree):
    child = process.run(tree, NAME)
    assert (child.stderr, child.returncode) == (b'', 0)
    assert child.stdout == (b'Server loop running on thread: Thread-1\n'
                            b'Client received: Thread-2: Hello from client 1\n'
                            b'Client received: Thread-3: Hello from client 2\n'
                            b'Client received: Thread-4: Hello from client 3\n')


@pytest.mark.unit
@pytest.mark.rule('server-close')
def test_the_demonstration_closes_through_server_close(threaded, monkeypatch):
    closed = []
    original = threaded.ThreadedTCPServer.server_close
    monkeypatch.setattr(threaded.ThreadedTCPServer, 'server_close',
                        lambda self: closed.append(self) or original(self))
    threaded.demonstrate()
    assert len(closed) == 1


# Names that readers rely on

@pytest.mark.unit
def test_the_constants_are_the_given_ones(threaded):
    assert threaded.SERVER_HOST == 'localhost'
    assert threaded.SERVER_PORT == 0
    assert threaded.BUF_SIZE == 1024


@pytest.mark.unit
@pytest.mark.rule('mix-in-first')
def test_the_mix_in_comes_first(threaded):
    names = [base.__name__ for base in threaded.ThreadedTCPServer.__bases__]
    assert names == ['ThreadingMixIn', 'TCPServer']


@pytest.mark.unit
@pytest.mark.rule('server-close')
def test_the_class_itself_says_that_its_threads_are_daemons(threaded):
    assert vars(threaded.ThreadedTCPServer)['daemon_threads'] is True


@pytest.mark.unit
def test_the_threads_of_connections_are_daemons(threaded, conversation):
    before = set(threading.enumerate())
    with serving(new_server(threaded)) as server:
        client = conversation(server.server_address)
        client.send(b'one\n')
        client.read_line()
        new = set(threading.enumerate()) - before
        assert len(new) == 2
        assert all(thread.daemon for thread in new)
        client.close()


# On the wire

@pytest.mark.wire
@pytest.mark.rule('bytes-on-the-wire', 'bytes-formatting', 'thread-names')
def test_the_reply_is_the_name_of_a_thread_and_the_data(server, conversation):
    assert ask(conversation, server.address, HELLO) == b'Thread-1: ' + HELLO


@pytest.mark.wire
@pytest.mark.rule('thread-names')
def test_every_connection_has_a_thread_of_its_own(server, conversation):
    replies = [ask(conversation, server.address, HELLO) for _ in range(3)]
    assert replies == [b'Thread-%d: %s' % (number, HELLO) for number in (1, 2, 3)]


@pytest.mark.unit
@pytest.mark.rule('thread-names')
def test_the_name_is_that_of_the_thread_at_work(threaded, conversation):
    before = set(threading.enumerate())
    with serving(new_server(threaded)) as server:
        loop = set(threading.enumerate()) - before
        client = conversation(server.server_address)
        client.send(b'one\n')
        number, _ = number_and_data(client.read_line())
        worker, = set(threading.enumerate()) - before - loop
        assert re.match(r'Thread-%d\b' % number, worker.name)
        client.close()


@pytest.mark.wire
def test_one_connection_keeps_its_thread(server, conversation):
    first, second = conversation(server.address), conversation(server.address)
    for client, number in ((first, 1), (second, 2), (first, 1), (second, 2)):
        client.send(b'again\n')
        client.expect(b'Thread-%d: again\n' % number)


@pytest.mark.wire
def test_reply_survives_a_request_split_in_two(server, conversation):
    client = conversation(server.address)
    client.send(HELLO[:7])
    client.expect_silence()
    client.send(HELLO[7:])
    client.end()
    assert number_and_data(client.read_all())[1] == HELLO


@pytest.mark.wire
def test_two_lines_in_one_packet_get_two_replies(server, conversation):
    reply = ask(conversation, server.address, b'one\ntwo\n')
    assert reply == b'Thread-1: one\nThread-1: two\n'


@pytest.mark.wire
def test_a_client_that_says_nothing_gets_nothing(server, conversation):
    assert ask(conversation, server.address, b'') == b''


@pytest.mark.wire
def test_a_line_longer_than_the_buffer_is_answered_in_pieces(server, conversation):
    reply = ask(conversation, server.address, b'x' * 1024 + b'y' * 10)
    assert reply == b'Thread-1: ' + b'x' * 1024 + b'Thread-1: ' + b'y' * 10


@pytest.mark.wire
@pytest.mark.rule('bytes-on-the-wire', 'bytes-formatting')
@pytest.mark.parametrize('data', [
    u'Gr\xfc\xdfe \u20ac \U0001f600'.encode('utf-8'), b'\xff\xfe\x00\x80', b'%s %d %%',
    b'a\rb', b'\x1b[31m',
], ids=['utf-8', 'no-utf-8', 'percent', 'carriage-return', 'escape'])
def test_any_bytes_come_back_as_they_were(server, conversation, data):
    assert ask(conversation, server.address, data) == b'Thread-1: ' + data


@pytest.mark.wire
@pytest.mark.rule('mix-in-first')
def test_a_slow_client_delays_nobody(server, conversation):
    slow = conversation(server.address)
    slow.send(b'wait')
    assert number_and_data(ask(conversation, server.address, HELLO))[1] == HELLO
    slow.end()
    assert number_and_data(slow.read_all())[1] == b'wait'


@pytest.mark.wire
def test_thirty_clients_at_once_each_get_their_own_data(server, conversation):
    clients = connected(conversation, server.address, 30)
    for number, client in enumerate(clients, 1):
        client.send(b'client %d\n' % number)
    for number, client in enumerate(clients, 1):
        client.expect(b'Thread-%d: client %d\n' % (number, number))


@pytest.mark.hostile
def test_a_reset_is_one_line_and_disturbs_nobody(server, conversation):
    broken, other = connected(conversation, server.address, 2)
    broken.reset()
    server.wait_for_line('^Connection lost: Connection reset by peer$')
    other.send(b'two\n')
    other.expect(b'Thread-2: two\n')
    assert number_and_data(ask(conversation, server.address, HELLO))[1] == HELLO
    assert server.stderr == b''


@pytest.mark.script
@pytest.mark.rule('print-function')
def test_lines_of_different_threads_do_not_mix(server, conversation):
    clients = connected(conversation, server.address, 20)
    for client in clients:
        client.reset()
    process.wait_until(lambda: len(server.lines) == 21, 'every reset is reported')
    assert set(server.lines[1:]) == {'Connection lost: Connection reset by peer'}


class Screen(object):
    """A stdout that lets another thread print as soon as "one" has been written."""

    def __init__(self, other):
        self.written = ''
        self.came = threading.Event()
        self.other = threading.Thread(target=other)

    def write(self, text):
        self.written += text
        if text == 'one':
            self.other.start()
            self.came.wait(SILENCE)
        if text == 'two':
            self.came.set()

    def flush(self):
        pass


@pytest.mark.unit
@pytest.mark.rule('print-function')
def test_a_line_and_its_end_are_printed_together(threaded, monkeypatch):
    screen = Screen(lambda: threaded.report('two'))
    monkeypatch.setattr('sys.stdout', screen)
    threaded.report('one')
    screen.other.join()
    assert screen.written == 'one\ntwo\n'


# The client

@pytest.mark.wire
@pytest.mark.rule('bytes-on-the-wire')
def test_the_client_sends_its_message_and_no_more(tree, listener):
    assert request_of(tree, listener, [], b'') == b'Hello from client 1'


@pytest.mark.wire
@pytest.mark.rule('argv-is-text')
@pytest.mark.parametrize('message', [b'Gr\xc3\xbc\xc3\x9fe', b'\xff\xfe'],
                         ids=['utf-8', 'no-utf-8'])
def test_the_client_sends_the_bytes_it_was_given(tree, listener, message, monkeypatch):
    monkeypatch.setenv('LC_ALL', 'C.UTF-8')
    assert request_of(tree, listener, ['--message', message], b'') == message


@pytest.mark.script
@pytest.mark.rule('text-for-the-screen')
def test_the_client_prints_control_bytes_as_escapes(tree, listener):
    lines = []
    request_of(tree, listener, [], b'\x1b[31m \xe9\\\n', lines)
    assert lines == ['Client received: \\x1b[31m \\xe9\\\\\\n']


@pytest.mark.wire
def test_the_client_talks_to_a_server_elsewhere(forked, server):
    child = forked(NAME, ['--connect'] + [str(x) for x in server.address])
    assert child.lines == ['Client received: Thread-1: Hello from client 1']


@pytest.mark.hostile
@pytest.mark.rule('oserror')
def test_a_port_where_nobody_listens_is_one_line_and_status_1(forked, listener):
    host, port = listener.getsockname()
    listener.close()
    child = forked(NAME, ['--connect', host, str(port)])
    assert child.stderr == (b'threading_mixin_socket_server.py: error: '
                            b'Connection refused\n')
    assert (child.stdout, child.returncode) == (b'', 1)


@pytest.mark.hostile
@pytest.mark.rule('except-as')
def test_a_client_with_no_port_is_one_line_and_status_2(forked):
    child = forked(NAME, ['--connect', '127.0.0.1', 'http'])
    assert child.stderr == (b'threading_mixin_socket_server.py: error: '
                            b'not a port: http\n')
    assert (child.stdout, child.returncode) == (b'', 2)


@pytest.mark.unit
def test_the_client_leaves_no_socket_open_where_nobody_listens(threaded, listener):
    host, port = listener.getsockname()
    listener.close()
    with pytest.raises(socket.error) as caught:
        threaded.client(host, port, 'Hello')
    assert caught.value.errno == errno.ECONNREFUSED


# The end

@pytest.mark.wire
@pytest.mark.rule('server-close')
@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM],
                         ids=['SIGINT', 'SIGTERM'])
def test_a_waiting_client_is_let_go_when_the_server_ends(server, conversation, number):
    clients = connected(conversation, server.address, 3)
    server.signal(number)
    for client in clients:
        client.expect_end()
    assert server.wait(5) == 0
    assert (server.stderr, len(server.lines)) == (b'', 1)


@pytest.mark.hostile
@pytest.mark.rule('server-close')
def test_a_client_that_does_not_read_does_not_keep_the_server(server, conversation):
    client = conversation(server.address)
    client.sock.settimeout(0.5)
    with pytest.raises(socket.error):  # the time is up: nobody takes any more
        while True:
            client.send(b'x' * 65535 + b'\n')
    server.signal(signal.SIGTERM)
    assert (server.wait(5), server.stderr) == (0, b'')


@pytest.mark.wire
@pytest.mark.rule('server-close')
def test_a_server_can_be_restarted_on_its_port(running, conversation):
    first = running(NAME)
    client, = connected(conversation, first.address, 1)
    first.end()  # it closes first, so the kernel remembers the connection
    client.expect_end()
    client.close()
    again = running(NAME, '--port', str(first.address[1]))
    assert ask(conversation, again.address, HELLO) == b'Thread-1: ' + HELLO


@pytest.mark.unit
@pytest.mark.rule('server-close')
def test_closing_ends_the_connections_and_frees_the_port(threaded, conversation):
    server = new_server(threaded)
    with serving(server):
        client = conversation(server.server_address)
        client.send(b'one\n')
        client.read_line()
        server.shutdown()
        threaded.close(server)
        client.expect_end()
    with pytest.raises(socket.error) as caught:
        socket.create_connection(server.server_address)
    assert caught.value.errno == errno.ECONNREFUSED


@pytest.mark.unit
@pytest.mark.rule('server-close')
def test_a_connection_that_is_over_is_forgotten(threaded, conversation):
    with serving(new_server(threaded)) as server:
        ask(conversation, server.server_address, HELLO)
        process.wait_until(lambda: not server.connections, 'no connection is kept')


def request_of(tree, listener, args, reply, lines=None):
    """Run the client against the listener, answer it, and return what it sent;
    what it printed goes to lines."""
    host, port = listener.getsockname()
    with process.Child(tree, NAME, ['--connect', host, str(port)] + args) as child:
        peer = listener.accept()[0]
        received = b''.join(iter(lambda: peer.recv(100), b''))
        peer.sendall(reply)
        peer.close()
        assert (child.wait(), child.stderr) == (0, b'')
        if lines is not None:
            lines += child.lines
    return received
