"""udp_server and unix_datagram_server: upper-case echo, a datagram at a time."""
import errno
import os
import select
import signal
import socket
import stat

import pytest

from compat import process
from tests.names import DATAGRAMS, UDP
from tests.names import UNIX_DATAGRAM as UNIX
from tests.talk import SILENCE, to

on_both = pytest.mark.parametrize('name', DATAGRAMS)

MOST_OF_UDP = 65507  # bytes: 65,535 without the headers of IPv4 and UDP (RFC 768)
MOST_OF_SERVER = 65535  # bytes that a server of ours takes


def printed(server, count):
    """Return the lines of a server after its first, when there are so many."""
    process.wait_until(lambda: len(server.lines) > count, '%d lines' % count)
    return server.lines[1:]


@pytest.fixture
def bound(folder):
    """A function: the name of a recipe -> a socket of its family, bound, so that
    it can be a client that is answered, or a server."""
    socks, paths = [], []

    def start(name):
        family = socket.AF_INET if name == UDP else socket.AF_UNIX
        socks.append(socket.socket(family, socket.SOCK_DGRAM))
        socks[-1].settimeout(process.DEADLINE)
        if name == UNIX:
            paths.append(os.path.join(folder, 'bound%d' % len(socks)))
        socks[-1].bind(('127.0.0.1', 0) if name == UDP else paths[-1])
        return socks[-1]

    yield start
    for sock in socks:
        sock.close()
    for path in paths:
        if os.path.exists(path):
            os.unlink(path)


@pytest.fixture
def ask(bound, standing):
    """A function: the name of a recipe and a request -> the reply, one datagram."""
    def ask_server(name, request):
        client = bound(name)
        client.sendto(request, standing(name).address)
        return client.recv(100000)

    return ask_server


def expect_silence(sock):
    """Assert that no datagram comes for a while."""
    assert select.select([sock], [], [], SILENCE)[0] == []


# The demonstration

@pytest.mark.script
@pytest.mark.rule('print-function', 'text-for-the-screen')
@on_both
def test_the_demonstration_shows_one_datagram_at_a_time(tree, name):
    child = process.run(tree, name)
    assert (child.stderr, child.returncode) == (b'', 0)
    assert child.lines[0].startswith('Server listening on ')
    assert child.lines[1:] == [
        'Client 1 sends: Hello from client 1',
        'Client 2 sends: Hello from client 2',
        'Server sending response: [HELLO FROM CLIENT 1]',
        'Client 1 received: HELLO FROM CLIENT 1',
        'Client 2 has no answer: one request was handled.',
        'Server sending response: [HELLO FROM CLIENT 2]',
        'Client 2 received: HELLO FROM CLIENT 2']


@pytest.mark.unit
@pytest.mark.rule('server-close')
@on_both
def test_the_demonstration_closes_what_it_opened(recipe, name):
    recipe(name).demonstrate()  # judged by the fixture that looks for leftovers


# On the wire

@pytest.mark.wire
@pytest.mark.rule('bytes-on-the-wire')
@pytest.mark.parametrize('data, answer', [
    (b'Hello', b'HELLO'),
    (u'gr\xfc\xdfe \u20ac'.encode('utf-8'), u'GR\xfc\xdfE \u20ac'.encode('utf-8')),
    (b'\xff\xfe\x80\xe9', b'\xff\xfe\x80\xe9'),
    (b'%s %d %%', b'%S %D %%'),
    (b'a\0b\0', b'A\0B\0'),
    (b'a\r\nb\rc\x0cd\x1ce\n', b'A\r\nB\rC\x0cD\x1cE\n'),
    (b'', b''),
], ids=['words', 'utf-8', 'no-utf-8', 'percent', 'nul', 'line-ends', 'empty'])
@on_both
def test_any_bytes_come_back_and_only_ascii_changes(ask, name, data, answer):
    assert ask(name, data) == answer


@pytest.mark.wire
@on_both
def test_every_byte_comes_back_or_changes_as_ascii_does(ask, name):
    letters = bytearray(range(256))
    answer = bytearray(range(256))
    answer[ord('a'):ord('z') + 1] = answer[ord('A'):ord('Z') + 1]
    assert ask(name, bytes(letters)) == bytes(answer)


@pytest.mark.wire
@pytest.mark.parametrize('name, size', [
    (UDP, 8193), (UDP, MOST_OF_UDP), (UNIX, 8193), (UNIX, MOST_OF_SERVER)])
def test_a_datagram_of_the_largest_size_comes_back_whole(ask, name, size):
    data = b'0123456789abcdef' * 4096
    assert ask(name, data[:size]) == data[:size].upper()


@pytest.mark.wire
@on_both
def test_a_datagram_is_one_request_however_many_lines_it_has(bound, standing, name):
    client = bound(name)
    client.sendto(b'one\ntwo\n\nthree', standing(name).address)
    assert client.recv(100) == b'ONE\nTWO\n\nTHREE'
    expect_silence(client)


@pytest.mark.wire
@on_both
def test_two_datagrams_get_two_replies(bound, standing, name):
    server, client = standing(name), bound(name)
    client.sendto(b'one', server.address)
    client.sendto(b'two', server.address)
    assert sorted([client.recv(100), client.recv(100)]) == [b'ONE', b'TWO']


@pytest.mark.wire
@on_both
def test_each_client_gets_its_own_reply(bound, standing, name):
    server, first, second = standing(name), bound(name), bound(name)
    first.sendto(b'first', server.address)
    second.sendto(b'second', server.address)
    assert second.recv(100) == b'SECOND'
    assert first.recv(100) == b'FIRST'
    expect_silence(first)


@pytest.mark.wire
@on_both
def test_the_reply_comes_from_the_address_that_was_asked(bound, standing, name):
    server, client = standing(name), bound(name)
    client.sendto(b'hello', server.address)
    assert client.recvfrom(100) == (b'HELLO', server.address)


@pytest.mark.script
@pytest.mark.rule('text-for-the-screen')
@on_both
def test_the_server_prints_control_bytes_as_escapes(bound, running, name):
    server, client = running(name), bound(name)
    client.sendto(b'\x1b[31m\xe9\n', server.address)
    client.recv(100)
    assert printed(server, 1) == ['Server sending response: [\\x1b[31M\\xe9\\n]']


# Clients that cannot be answered

@pytest.mark.hostile
@pytest.mark.about(UNIX)
def test_a_client_without_a_path_is_heard_and_not_answered(bound, running):
    server, client = running(UNIX), bound(UNIX)
    nameless = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    nameless.sendto(b'hello', server.address)
    nameless.close()
    client.sendto(b'next', server.address)
    assert client.recv(100) == b'NEXT'
    assert printed(server, 2) == ['No reply: the client has no path',
                                  'Server sending response: [NEXT]']
    assert server.stderr == b''


@pytest.mark.hostile
@pytest.mark.about(UNIX)
@pytest.mark.rule('oserror', 'except-as')
def test_a_client_whose_path_has_gone_is_one_line(bound, running):
    server, client, other = running(UNIX), bound(UNIX), bound(UNIX)
    os.unlink(client.getsockname())  # it still has the name, and nobody finds it
    client.sendto(b'hello', server.address)
    other.sendto(b'next', server.address)
    assert other.recv(100) == b'NEXT'
    assert printed(server, 3) == ['Server sending response: [HELLO]',
                                  'Reply lost: No such file or directory',
                                  'Server sending response: [NEXT]']
    assert server.stderr == b''


@pytest.mark.hostile
@pytest.mark.about(UNIX)
@pytest.mark.rule('oserror')
def test_a_client_that_does_not_read_loses_its_replies_and_stops_nobody(bound, running):
    server, deaf, other = running(UNIX), bound(UNIX), bound(UNIX)
    deaf.setblocking(False)

    def a_reply_is_lost():
        try:
            deaf.sendto(b'x' * 2000, server.address)
        except socket.error as error:
            assert error.errno == errno.EAGAIN  # the server has enough to do
        return 'Reply lost: Resource temporarily unavailable' in server.lines

    process.wait_until(a_reply_is_lost, 'the server finds no room for a reply')
    other.sendto(b'next', server.address)
    assert other.recv(100) == b'NEXT'
    assert server.stderr == b''


@pytest.mark.hostile
@pytest.mark.about(UDP)
def test_a_client_of_udp_that_is_gone_disturbs_nobody(bound, running):
    server, gone, other = running(UDP), bound(UDP), bound(UDP)
    for _ in range(3):
        gone.sendto(b'hello', server.address)
    gone.close()
    other.sendto(b'next', server.address)
    assert other.recv(100) == b'NEXT'
    assert (server.popen.poll(), server.stderr) == (None, b'')


@pytest.mark.hostile
@pytest.mark.about(UDP)
@pytest.mark.parametrize('host', ['127.0.0.1', '0.0.0.0'])
def test_a_server_does_not_answer_itself(recipe, bound, capsys, host):
    # One datagram with a forged sender would be enough (CVE-2024-2169). Here the
    # server's own socket sends it: that is nearly the same, and needs no root.
    server, client = recipe(UDP).EchoServer((host, 0), recipe(UDP).EchoRequestHandler), \
        bound(UDP)
    address = '127.0.0.1', server.server_address[1]
    try:
        server.socket.sendto(b'hello', address)
        client.sendto(b'next', address)
        server.handle_request()
        server.handle_request()
        assert client.recv(100) == b'NEXT'
        expect_silence(server.socket)
    finally:
        server.server_close()
    assert capsys.readouterr().out == 'Server sending response: [NEXT]\n'


@pytest.mark.hostile
@pytest.mark.about(UNIX)
def test_a_datagram_too_large_for_the_server_is_not_answered_in_part(bound, running):
    server, client = running(UNIX), bound(UNIX)
    client.sendto(b'x' * (MOST_OF_SERVER + 1), server.address)
    client.sendto(b'next', server.address)
    assert client.recv(100) == b'NEXT'
    assert printed(server, 2) == ['No reply: more than 65535 bytes',
                                  'Server sending response: [NEXT]']


# The handler and the server, in this process

class KeptSocket(object):
    """A socket that keeps what it is asked to send; error is raised, if given."""

    def __init__(self, error=None):
        self.sent, self.error = [], error

    def sendto(self, *args):
        self.sent.append(args)
        if self.error:
            raise self.error


@pytest.mark.unit
@pytest.mark.rule('bytes-on-the-wire')
@pytest.mark.parametrize('name, address, flags', [
    (UDP, ('127.0.0.1', 9), ()), (UNIX, '/client', (socket.MSG_DONTWAIT,))])
def test_the_handler_sends_one_datagram_to_its_client(recipe, name, address, flags):
    sock = KeptSocket()
    recipe(name).EchoRequestHandler((b'hello\xe9', sock), address, None)
    assert sock.sent == [(b'HELLO\xe9',) + flags + (address,)]


@pytest.mark.unit
@pytest.mark.rule('oserror', 'except-as')
@on_both
def test_the_handler_says_why_a_reply_is_lost(recipe, name, capsys):
    sock = KeptSocket(socket.error(errno.EPERM, 'Operation not permitted'))
    recipe(name).EchoRequestHandler((b'hello', sock), 'address', None)
    assert capsys.readouterr().out == ('Server sending response: [HELLO]\n'
                                       'Reply lost: Operation not permitted\n')


@pytest.mark.unit
@pytest.mark.about(UNIX)
@pytest.mark.parametrize('address', [None, '', b''], ids=['none', 'text', 'bytes'])
def test_the_handler_does_not_answer_a_client_without_a_path(recipe, address, capsys):
    sock = KeptSocket()
    recipe(UNIX).EchoRequestHandler((b'hello', sock), address, None)
    assert sock.sent == []
    assert capsys.readouterr().out == 'No reply: the client has no path\n'


@pytest.fixture
def handle(recipe, bound, folder):
    """A function: the name of a recipe and an error -> one request is handled by
    a handler that raises the error."""
    def handle_one(name, error):
        def handler(request, client_address, server):
            raise error

        address = ('127.0.0.1', 0) if name == UDP else os.path.join(folder, 's')
        server = recipe(name).EchoServer(address, handler)
        try:
            bound(name).sendto(b'hello', server.server_address)
            server.handle_request()
        finally:
            server.server_close()
            if name == UNIX:
                os.unlink(address)

    return handle_one


@pytest.mark.unit
@on_both
def test_an_error_in_a_handler_is_one_line(handle, name, capsys):
    handle(name, ValueError('a bug'))
    assert capsys.readouterr().out == 'Request failed: a bug\n'


@pytest.mark.unit
@pytest.mark.rule('text-for-the-screen')
@on_both
def test_printable_is_text_of_ascii_only(recipe, name):
    text = recipe(name).printable(b'a\\\r\n\0\xff')
    assert text == 'a\\\\\\r\\n\\x00\\xff'


# The client

@pytest.mark.wire
@pytest.mark.rule('bytes-on-the-wire')
@on_both
def test_the_client_sends_one_datagram_and_prints_one(tree, bound, name):
    server = bound(name)
    with process.Child(tree, name, to(server.getsockname())) as child:
        data, address = server.recvfrom(100)
        server.sendto(b'HELLO\n\xe9', address)
        assert (child.wait(), child.stderr) == (0, b'')
    assert data == b'Hello echo server!'
    assert child.lines == ['Client sends: Hello echo server!',
                           'Client received: HELLO\\n\\xe9']


@pytest.mark.wire
@pytest.mark.about(UNIX)
def test_the_client_has_a_path_of_its_own_to_be_answered_on(tree, bound):
    server = bound(UNIX)
    with process.Child(tree, UNIX, to(server.getsockname())) as child:
        address = server.recvfrom(100)[1]
        folder = os.path.dirname(address)
        assert stat.S_IMODE(os.stat(folder).st_mode) == 0o700
        server.sendto(b'yes', address)
        assert child.wait() == 0
    assert not os.path.exists(folder)


@pytest.mark.hostile
@pytest.mark.about(UDP)
def test_the_client_does_not_listen_to_strangers(tree, bound):
    server, stranger = bound(UDP), bound(UDP)
    with process.Child(tree, UDP, to(server.getsockname())) as child:
        address = server.recvfrom(100)[1]
        stranger.sendto(b'listen to me', address)
        server.sendto(b'HELLO', address)
        assert child.wait() == 0
    assert child.lines[-1] == 'Client received: HELLO'


@pytest.mark.wire
@pytest.mark.rule('argv-is-text')
@pytest.mark.parametrize('locale', ['C', 'C.UTF-8'])
@on_both
def test_the_message_is_sent_as_the_bytes_that_were_typed(
        needs_argument_bytes, tree, bound, name, locale):
    needs_argument_bytes(locale)
    server = bound(name)
    typed = u'gr\xfc\xdfe'.encode('utf-8') + b'\xff'
    arguments = [part.encode('ascii') for part in to(server.getsockname())]
    with process.Child(tree, name, arguments + [b'--message', typed],
                       env={'LC_ALL': locale}) as child:
        data, address = server.recvfrom(100)
        server.sendto(data, address)
        assert (child.wait(), child.stderr) == (0, b'')
    assert data == typed
    assert child.lines == ['Client sends: gr\\xc3\\xbc\\xc3\\x9fe\\xff',
                           'Client received: gr\\xc3\\xbc\\xc3\\x9fe\\xff']


@pytest.mark.wire
@on_both
def test_an_empty_message_is_an_empty_datagram(forked, running, name):
    child = forked(name, to(running(name).address) + ['--message', ''])
    assert (child.returncode, child.stderr) == (0, b'')
    assert child.lines == ['Client sends: ', 'Client received: ']


@pytest.mark.hostile
@pytest.mark.rule('oserror')
@on_both
def test_a_client_without_an_answer_gives_up(forked, bound, name):
    silent = bound(name)
    child = forked(name, to(silent.getsockname()))
    assert child.returncode == 1
    assert child.stderr.decode('ascii') == (
        '%s.py: error: no answer in 2 seconds\n' % name)
    assert child.lines == ['Client sends: Hello echo server!']


@pytest.mark.hostile
@pytest.mark.rule('oserror')
@on_both
def test_a_client_of_nobody_gets_one_line_and_status_1(forked, bound, name):
    sock = bound(name)
    address = sock.getsockname()
    sock.close()
    child = forked(name, to(address))
    assert child.returncode == 1
    assert child.stderr.decode('ascii') == '%s.py: error: Connection refused\n' % name


@pytest.mark.wire
@pytest.mark.about(UDP)
def test_the_largest_message_and_its_reply_fit_in_a_datagram(forked, running):
    message = 'x' * MOST_OF_UDP
    child = forked(UDP, to(running(UDP).address) + ['--message', message])
    assert (child.returncode, child.stderr) == (0, b'')
    assert child.lines[1] == 'Client received: ' + message.upper()


@pytest.mark.hostile
@pytest.mark.about(UDP)
@pytest.mark.rule('oserror')
def test_a_message_that_fits_in_no_datagram_is_one_line(forked, bound):
    message = ['--message', 'x' * (MOST_OF_UDP + 1)]
    child = forked(UDP, to(bound(UDP).getsockname()) + message)
    assert child.returncode == 1
    assert child.stderr == b'udp_server.py: error: Message too long\n'


@pytest.mark.hostile
@pytest.mark.about(UDP)
@pytest.mark.parametrize('port', ['http', '65536', '-1'])
def test_a_client_of_what_is_no_port_is_one_line_and_status_2(forked, port):
    child = forked(UDP, ['--connect', '127.0.0.1', port])
    assert child.returncode == 2
    assert child.stdout == b''
    assert len(child.stderr.splitlines()) == 1


# The end

@pytest.mark.script
@pytest.mark.rule('keyboard-interrupt', 'server-close')
@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM],
                         ids=['SIGINT', 'SIGTERM'])
@on_both
def test_a_signal_ends_it_after_its_work(bound, running, name, number):
    server, client = running(name), bound(name)
    client.sendto(b'hello', server.address)
    client.recv(100)
    server.signal(number)
    assert (server.wait(), server.stderr) == (0, b'')
    with pytest.raises(socket.error) as caught:
        client.connect(server.address)
        client.send(b'anybody there?')
        client.recv(100)
    assert caught.value.errno in (errno.ECONNREFUSED, errno.ENOENT)


# The socket file


@pytest.mark.hostile
@pytest.mark.about(UNIX)
def test_a_second_server_leaves_the_first_its_file(running, forked, folder, bound):
    path, client = os.path.join(folder, 's'), bound(UNIX)
    server = running(UNIX, '--path', path)
    assert forked(UNIX, ['--serve', '--path', path]).returncode == 1
    client.sendto(b'still', path)
    assert client.recv(100) == b'STILL'
    server.end()
