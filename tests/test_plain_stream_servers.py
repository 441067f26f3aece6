"""tcp_server and unix_stream_server: upper-case echo, one client at a time."""
import errno
import os
import signal
import socket

import pytest

from compat import kernel
from compat import process
from tests.names import PLAIN_STREAMS, TCP
from tests.names import UNIX_STREAM as UNIX
from tests.talk import to

on_both = pytest.mark.parametrize('name', PLAIN_STREAMS)


def ask(conversation, address, request):
    """Send one whole request and return the whole reply."""
    client = conversation(address)
    client.send(request)
    client.end()
    return client.read_all()


@pytest.fixture
def peer(folder):
    """A function: the name of a recipe -> a listening socket of its family."""
    socks, paths = [], []

    def start(name):
        family = socket.AF_INET if name == TCP else socket.AF_UNIX
        socks.append(socket.socket(family, socket.SOCK_STREAM))
        socks[-1].settimeout(process.DEADLINE)
        if name == UNIX:
            paths.append(os.path.join(folder, 'peer'))
        socks[-1].bind(('127.0.0.1', 0) if name == TCP else paths[-1])
        socks[-1].listen(1)
        return socks[-1]

    yield start
    for sock in socks:
        sock.close()
    for path in paths:
        os.unlink(path)


# The demonstration

@pytest.mark.script
@pytest.mark.rule('print-function', 'text-for-the-screen')
@on_both
def test_the_demonstration_shows_the_second_client_waiting(tree, name):
    child = process.run(tree, name)
    assert (child.stderr, child.returncode) == (b'', 0)
    assert child.lines[0].startswith('Server listening on ')
    assert child.lines[1:] == [
        'Client 2 sends: Hello from client 2',
        'Client 1 sends: Hello from client 1',
        'Server sending response: [HELLO FROM CLIENT 1\\n]',
        'Client 1 received: HELLO FROM CLIENT 1',
        'Client 2 has no answer: the server waits for client 1.',
        'Client 1 closes.',
        'Server sending response: [HELLO FROM CLIENT 2\\n]',
        'Client 2 received: HELLO FROM CLIENT 2',
        'Client 2 closes.']


@pytest.mark.unit
@pytest.mark.rule('server-close')
@on_both
def test_the_demonstration_closes_what_it_opened(recipe, name):
    recipe(name).demonstrate()  # judged by the fixture that looks for leftovers


@pytest.mark.unit
@pytest.mark.rule('newlines')
@on_both
def test_the_end_of_a_line_comes_back_as_it_was(recipe, name):
    ours, theirs = socket.socketpair()
    ours.sendall(b'a\r\nb\rc\n')
    ours.shutdown(socket.SHUT_WR)
    try:
        recipe(name).EchoRequestHandler(theirs, None, None)
    finally:
        theirs.close()
        reply = ours.recv(1024)
        ours.close()
    assert reply == b'A\r\nB\rC\n'


# On the wire

@pytest.mark.wire
@pytest.mark.rule('bytes-on-the-wire')
@on_both
def test_the_reply_is_the_line_in_upper_case(standing, conversation, name):
    assert ask(conversation, standing(name).address, b'Hello\n') == b'HELLO\n'


@pytest.mark.wire
@pytest.mark.rule('bytes-on-the-wire')
@pytest.mark.parametrize('data, answer', [
    (u'gr\xfc\xdfe \u20ac\n'.encode('utf-8'), u'GR\xfc\xdfE \u20ac\n'.encode('utf-8')),
    (b'\xff\xfe\x00\x80\xe9\n', b'\xff\xfe\x00\x80\xe9\n'),
    (b'%s %d %%\n', b'%S %D %%\n'),
    (b'a\r\nb\rc\x0cd\x1ce\n', b'A\r\nB\rC\x0cD\x1cE\n'),
    (b'no newline', b'NO NEWLINE'),
    (b'\n', b'\n'),
    (b'', b''),
], ids=['utf-8', 'no-utf-8', 'percent', 'line-ends', 'no-newline', 'empty-line',
        'nothing'])
@on_both
def test_any_bytes_come_back_and_only_ascii_changes(standing, conversation, name,
                                                    data, answer):
    assert ask(conversation, standing(name).address, data) == answer


@pytest.mark.wire
@on_both
def test_each_line_is_answered_at_once(standing, conversation, name):
    client = conversation(standing(name).address)
    for line in (b'one\n', b'two\n', b'three\n'):
        client.send(line)
        client.expect(line.upper())


@pytest.mark.wire
@on_both
def test_a_request_split_in_two_gets_one_reply(standing, conversation, name):
    client = conversation(standing(name).address)
    client.send(b'hel')
    client.expect_silence()
    client.send(b'lo\n')
    client.expect(b'HELLO\n')


@pytest.mark.wire
@on_both
def test_two_lines_in_one_packet_get_two_replies(standing, conversation, name):
    assert ask(conversation, standing(name).address, b'one\ntwo\n') == b'ONE\nTWO\n'


@pytest.mark.wire
@on_both
def test_a_long_request_comes_back_whole(standing, conversation, name):
    client = conversation(standing(name).address)
    for _ in range(64):
        client.send(b'x' * 4095 + b'\n')
        client.expect(b'X' * 4095 + b'\n')


@pytest.mark.wire
@on_both
def test_the_second_client_waits_for_the_first(standing, conversation, name):
    server = standing(name)
    first, second = conversation(server.address), conversation(server.address)
    second.send(b'second\n')
    second.expect_silence()
    first.send(b'first\n')
    first.expect(b'FIRST\n')
    first.close()
    second.expect(b'SECOND\n')


@pytest.mark.script
@pytest.mark.rule('text-for-the-screen')
@on_both
def test_the_server_prints_control_bytes_as_escapes(running, conversation, name):
    server = running(name)
    ask(conversation, server.address, b'\x1b[31m\xe9\n')
    line = 'Server sending response: [\\x1b[31M\\xe9\\n]'
    process.wait_until(lambda: server.lines[1:] == [line], 'the server prints it')


@pytest.mark.hostile
@on_both
def test_a_client_that_is_gone_before_its_reply_disturbs_nobody(running, conversation,
                                                                name):
    server = running(name)
    broken = conversation(server.address)
    broken.send(b'x' * 1000 + b'\n')
    broken.read(1)
    broken.send(b'y\n' * 1000)
    broken.reset()
    server.wait_for_line('^Connection lost: ')
    assert ask(conversation, server.address, b'next\n') == b'NEXT\n'
    assert server.stderr == b''


# One request each

@pytest.mark.wire
@pytest.mark.about(TCP)
@pytest.mark.rule('iteration')
def test_it_serves_so_many_requests_and_ends(running, conversation):
    server = running(TCP, '--requests', '2')
    assert ask(conversation, server.address, b'one\n') == b'ONE\n'
    assert server.popen.poll() is None
    assert ask(conversation, server.address, b'two\n') == b'TWO\n'
    assert (server.wait(), server.stderr) == (0, b'')
    with pytest.raises(socket.error) as caught:
        conversation(server.address)
    assert caught.value.errno == errno.ECONNREFUSED


@pytest.mark.hostile
@pytest.mark.about(TCP, 'serving')
@pytest.mark.rule('iteration')
def test_a_client_that_could_not_be_let_in_is_no_request(running, conversation):
    server = running(TCP, '--requests', '1')
    kernel.leave_descriptors(server.pid, 0)
    client = conversation(server.address)
    client.send(b'one\n')
    server.wait_for_line('^Nobody is let in for now')
    kernel.leave_descriptors(server.pid, 10)
    client.expect(b'ONE\n')
    client.close()
    assert (server.wait(), server.stderr) == (0, b'')


@pytest.mark.hostile
@pytest.mark.about(TCP)
@pytest.mark.parametrize('number', ['0', '-1', 'two', '', '1_0'],
                         ids=['zero', 'negative', 'word', 'empty', 'underscore'])
def test_what_is_no_number_of_requests_is_one_line(forked, number):
    child = forked(TCP, ['--serve', '--requests=' + number])
    assert child.returncode == 2
    assert child.stderr.decode('ascii') == (
        'tcp_server.py: error: argument --requests: '
        'not a number of requests: %s\n' % number)


@pytest.mark.script
@pytest.mark.about(TCP)
def test_a_server_starts_again_where_one_has_just_ended(running, conversation):
    server = running(TCP)
    client = conversation(server.address)
    client.send(b'one\n')
    client.expect(b'ONE\n')
    server.signal(signal.SIGTERM)
    client.expect_end()  # the server closed first: its side waits in TIME_WAIT
    server.wait()
    assert running(TCP, '--port', str(server.address[1])).address == server.address


# The end

@pytest.mark.wire
@pytest.mark.rule('keyboard-interrupt', 'eintr')
@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM],
                         ids=['SIGINT', 'SIGTERM'])
@on_both
def test_a_signal_ends_it_in_the_middle_of_a_connection(running, conversation, name,
                                                        number):
    server = running(name)
    client = conversation(server.address)
    client.send(b'one\nha')
    client.expect(b'ONE\n')
    server.signal(number)
    assert (server.wait(), server.stderr) == (0, b'')


# The client

@pytest.mark.wire
@pytest.mark.rule('bytes-on-the-wire')
@on_both
def test_the_client_sends_one_line_and_reads_one_in_pieces(tree, peer, name):
    sock = peer(name)
    with process.Child(tree, name, to(sock.getsockname())) as child:
        connection = sock.accept()[0]
        assert connection.recv(100) == b'Hello echo server!\n'
        for piece in (b'HEL', b'L' * 3000, b'O\xe9', b'\n'):
            connection.sendall(piece)
        assert connection.recv(100) == b''
        connection.close()
        assert (child.wait(), child.stderr) == (0, b'')
    assert child.lines == ['Client sends: Hello echo server!',
                           'Client received: HEL%sO\\xe9' % ('L' * 3000),
                           'Client closes.']


@pytest.mark.wire
@pytest.mark.rule('argv-is-text')
@pytest.mark.parametrize('locale', ['C', 'C.UTF-8'])
@on_both
def test_the_message_is_sent_as_the_bytes_that_were_typed(
        needs_argument_bytes, tree, peer, name, locale):
    needs_argument_bytes(locale)
    sock = peer(name)
    typed = u'gr\xfc\xdfe'.encode('utf-8') + b'\xff'
    arguments = [part.encode('ascii') for part in to(sock.getsockname())]
    with process.Child(tree, name, arguments + [b'--message', typed],
                       env={'LC_ALL': locale}) as child:
        connection = sock.accept()[0]
        assert connection.recv(100) == typed + b'\n'
        connection.close()
        child.wait()
    assert child.lines[0] == 'Client sends: gr\\xc3\\xbc\\xc3\\x9fe\\xff'


@pytest.mark.hostile
@pytest.mark.rule('oserror')
@on_both
def test_a_client_of_nobody_gets_one_line_and_status_1(forked, peer, name):
    sock = peer(name)
    address = sock.getsockname()
    sock.close()
    child = forked(name, to(address))
    assert child.returncode == 1
    assert child.stderr.decode('ascii') == '%s.py: error: Connection refused\n' % name


@pytest.mark.hostile
@on_both
def test_a_reset_is_one_line_and_status_1_for_the_client(tree, peer, name):
    sock = peer(name)
    with process.Child(tree, name, to(sock.getsockname())) as child:
        connection = sock.accept()[0]
        assert connection.recv(1) == b'H'
        connection.close()  # with bytes unread: a reset
        assert child.wait() == 1
    assert child.stderr.decode('ascii') == (
        '%s.py: error: Connection reset by peer\n' % name)


# The socket file


@pytest.mark.hostile
@pytest.mark.about(UNIX)
def test_a_second_server_leaves_the_first_its_file(running, forked, folder, conversation):
    path = os.path.join(folder, 's')
    server = running(UNIX, '--path', path)
    assert forked(UNIX, ['--serve', '--path', path]).returncode == 1
    assert ask(conversation, path, b'still\n') == b'STILL\n'
    server.end()
