"""A process for every connection."""
import errno
import os
import re
import signal
import socket

import pytest

from compat import kernel
from compat import process
from compat.socketserver import serving

NAME = 'forking_mixin_socket_server'
HELLO = b'Hello echo server!'


@pytest.fixture
def forking(recipe):
    handler = signal.getsignal(signal.SIGINT)
    yield recipe(NAME)
    signal.signal(signal.SIGINT, handler)  # which the demonstration changes


@pytest.fixture
def server(running):
    return running(NAME)


@pytest.fixture
def shared(standing):
    return standing(NAME)


def pid_and_data(reply):
    """Split a reply '<pid>: <data>'."""
    match = re.match(b'([0-9]+): (.*)\\Z', reply, re.DOTALL)
    assert match, reply
    return int(match.group(1)), match.group(2)


def ask(conversation, address, request):
    """Send one whole request and return the whole reply."""
    client = conversation(address)
    client.send(request)
    client.end()
    return client.read_all()


# Names that readers rely on: first, before a fork leaves anything to be collected

@pytest.mark.unit
def test_the_constants_are_the_given_ones(forking):
    assert forking.SERVER_HOST == 'localhost'
    assert forking.SERVER_PORT == 0
    assert forking.BUF_SIZE == 1024
    assert forking.ECHO_MSG == 'Hello echo server!'


@pytest.mark.unit
@pytest.mark.rule('mix-in-first')
def test_the_mix_in_comes_first(forking):
    names = [base.__name__ for base in forking.ForkingServer.__bases__]
    assert names == ['ForkingMixIn', 'TCPServer']


@pytest.mark.unit
def test_the_server_class_adds_nothing(forking):
    own = [name for name in vars(forking.ForkingServer)
           if not name.startswith('__')]
    assert own == []


# The demonstration

@pytest.mark.script
@pytest.mark.rule('print-function', 'text-for-the-screen')
def test_the_demonstration_prints_these_lines(tree):
    child = process.run(tree, NAME)
    assert (child.stderr, child.returncode) == (b'', 0)
    lines = iter(child.lines)
    assert next(lines) == 'Server loop running PID: %d' % child.pid
    children = []
    for _ in range(2):
        assert next(lines) == ('PID %d Sending echo message to the server : '
                               '"Hello echo server!"' % child.pid)
        assert next(lines) == 'Sent: 18 characters, so far...'
        served = re.match(r'Server sending response \[current_process_id: data\] '
                          r'=\[(\d+): Hello echo server!\]$', next(lines))
        children.append(served.group(1))
        reply = '%s: Hello echo server!' % served.group(1)
        assert next(lines) == 'PID %d received: %s' % (child.pid, reply[5:])
    assert list(lines) == []
    assert len(set(children) | {str(child.pid)}) == 3


@pytest.mark.unit
@pytest.mark.rule('server-close')
def test_the_demonstration_waits_for_its_children(forking):
    before = set(kernel.children(os.getpid()))
    forking.demonstrate()
    assert set(kernel.children(os.getpid())) == before


@pytest.mark.hostile
@pytest.mark.rule('server-close')
def test_a_demonstration_that_fails_midway_leaves_no_child(forking, monkeypatch):
    class Failing(forking.ForkedClient):
        def run(self):
            self.sock.sendall(b'one\n')
            self.sock.recv(1)  # its child is at work
            self.shutdown()
            raise IOError(errno.ENOSPC, 'No space left on device')

    monkeypatch.setattr(forking, 'ForkedClient', Failing)
    before = set(kernel.children(os.getpid()))
    with pytest.raises(IOError):
        forking.demonstrate()
    assert set(kernel.children(os.getpid())) == before


@pytest.mark.unit
@pytest.mark.rule('server-close')
def test_closing_goes_through_server_close(forking, monkeypatch):
    closed = []
    original = forking.ForkingServer.server_close
    monkeypatch.setattr(forking.ForkingServer, 'server_close',
                        lambda self: closed.append(self) or original(self))
    forking.demonstrate()
    assert len(closed) == 1


@pytest.mark.unit
def test_closing_frees_the_port(forking):
    server = forking.ForkingServer(('127.0.0.1', 0),
                                   forking.ForkingServerRequestHandler)
    address = server.server_address
    forking.close(server)
    with pytest.raises(socket.error) as caught:
        socket.create_connection(address)
    assert caught.value.errno == errno.ECONNREFUSED


# On the wire

@pytest.mark.wire
@pytest.mark.rule('bytes-on-the-wire', 'bytes-formatting')
def test_the_reply_is_the_pid_of_a_child_and_the_data(shared, conversation):
    pid, data = pid_and_data(ask(conversation, shared.address, HELLO))
    assert data == HELLO
    assert pid != shared.pid


@pytest.mark.wire
@pytest.mark.rule('mix-in-first')
def test_every_connection_has_a_process_of_its_own(shared, conversation):
    pids = {pid_and_data(ask(conversation, shared.address, HELLO))[0]
            for _ in range(5)}
    assert len(pids) == 5


@pytest.mark.wire
def test_one_connection_keeps_its_process(shared, conversation):
    client = conversation(shared.address)
    client.send(b'one\n')
    first = pid_and_data(client.read_line())
    client.send(b'two\n')
    second = pid_and_data(client.read_line())
    assert (first[1], second[1]) == (b'one\n', b'two\n')
    assert first[0] == second[0]


@pytest.mark.wire
def test_reply_survives_a_request_split_in_two(shared, conversation):
    client = conversation(shared.address)
    client.send(HELLO[:7])
    client.expect_silence()
    client.send(HELLO[7:])
    client.end()
    assert pid_and_data(client.read_all())[1] == HELLO


@pytest.mark.wire
def test_two_lines_in_one_packet_get_two_replies(shared, conversation):
    replies = ask(conversation, shared.address, b'one\ntwo\n').splitlines(True)
    assert [pid_and_data(reply)[1] for reply in replies] == [b'one\n', b'two\n']


@pytest.mark.wire
def test_a_client_that_says_nothing_gets_nothing(shared, conversation):
    assert ask(conversation, shared.address, b'') == b''


@pytest.mark.wire
def test_a_line_longer_than_the_buffer_is_answered_in_pieces(shared, conversation):
    reply = ask(conversation, shared.address, b'x' * 1024 + b'y' * 10)
    pid, data = pid_and_data(reply)
    assert data == b'x' * 1024 + b'%d: ' % pid + b'y' * 10


@pytest.mark.wire
@pytest.mark.rule('bytes-on-the-wire')
@pytest.mark.parametrize('data', [
    u'Gr\xfc\xdfe \u20ac \U0001f600'.encode('utf-8'), b'\xff\xfe\x00\x80', b'%s %d %%',
    b'a\r\nb', b'\x1b[31m',
], ids=['utf-8', 'no-utf-8', 'percent', 'carriage-return', 'escape'])
def test_any_bytes_come_back_as_they_were(shared, conversation, data):
    replies = ask(conversation, shared.address, data).splitlines(True)
    assert b''.join(pid_and_data(reply)[1] for reply in replies) == data


@pytest.mark.script
@pytest.mark.rule('text-for-the-screen')
def test_the_server_prints_control_bytes_as_escapes(server, conversation):
    pid, _ = pid_and_data(ask(conversation, server.address, b'\x1b[31m\xe9\n'))
    server.wait_for_line(r'Server sending response')
    assert server.lines[-1] == (
        'Server sending response [current_process_id: data] '
        '=[%d: \\x1b[31m\\xe9\\n]' % pid)


@pytest.mark.wire
@pytest.mark.rule('mix-in-first')
def test_a_slow_client_delays_nobody(server, conversation):
    slow = conversation(server.address)
    slow.send(b'wait')
    assert pid_and_data(ask(conversation, server.address, HELLO))[1] == HELLO
    slow.end()
    assert pid_and_data(slow.read_all())[1] == b'wait'


@pytest.mark.hostile
def test_a_reset_is_one_line_and_disturbs_nobody(server, conversation):
    broken = conversation(server.address)
    broken.send(b'one\n')
    broken.read_line()
    broken.reset()
    server.wait_for_line('^Connection lost: Connection reset by peer$')
    assert pid_and_data(ask(conversation, server.address, HELLO))[1] == HELLO
    assert server.stderr == b''


# The client

@pytest.mark.wire
@pytest.mark.rule('bytes-on-the-wire')
def test_the_client_sends_its_message_and_no_more(tree, listener):
    host, port = listener.getsockname()
    with process.Child(tree, NAME, ['--connect', host, str(port)]) as child:
        peer = listener.accept()[0]
        received = until_end(peer)
        peer.close()
        assert child.wait() == 0
    assert received == HELLO


@pytest.mark.script
@pytest.mark.rule('text-for-the-screen')
def test_the_client_prints_from_the_sixth_character_on(tree, listener):
    host, port = listener.getsockname()
    with process.Child(tree, NAME, ['--connect', host, str(port)]) as child:
        peer = listener.accept()[0]
        until_end(peer)
        peer.sendall(b'123: Hello')
        peer.close()
        assert child.wait() == 0
        assert child.lines[-1] == 'PID %d received: Hello' % child.pid


@pytest.mark.script
def test_the_client_reads_a_reply_that_comes_in_pieces(tree, listener):
    host, port = listener.getsockname()
    with process.Child(tree, NAME, ['--connect', host, str(port)]) as child:
        peer = listener.accept()[0]
        until_end(peer)
        for piece in (b'12345: He', b'llo', b' again'):
            peer.sendall(piece)
            assert child.popen.poll() is None
        peer.close()
        assert child.wait() == 0
        assert child.lines[-1] == 'PID %d received: : Hello again' % child.pid


@pytest.mark.unit
def test_the_client_leaves_no_socket_open_where_nobody_listens(forking, listener):
    address = listener.getsockname()
    listener.close()
    with pytest.raises(socket.error) as caught:
        forking.ForkedClient(*address)
    assert caught.value.errno == errno.ECONNREFUSED


# The end

@pytest.mark.wire
@pytest.mark.rule('server-close')
@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM],
                         ids=['SIGINT', 'SIGTERM'])
def test_a_waiting_client_is_let_go_when_the_server_ends(server, conversation, number):
    client = conversation(server.address)
    client.send(b'one\n')
    client.read_line()
    server.signal(number)
    client.expect_end()
    assert server.wait() == 0
    assert server.stderr == b''


@pytest.mark.unit
@pytest.mark.rule('server-close')
def test_children_are_collected_in_process_too(forking, conversation):
    server = forking.ForkingServer(('127.0.0.1', 0),
                                   forking.ForkingServerRequestHandler)
    with serving(server):
        assert pid_and_data(ask(conversation, server.server_address, HELLO))[1] == HELLO
    forking.close(server)
    assert not server.active_children or not any(map(is_alive, server.active_children))


def until_end(peer):
    """Read a connection to its end: closing it unread would reset it."""
    return b''.join(iter(lambda: peer.recv(100), b''))


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True
