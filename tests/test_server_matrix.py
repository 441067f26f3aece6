"""Four families of servers, three kinds of each: what overlaps and what waits."""
import os
import re
import signal
import socket
import stat
import threading

import pytest

from compat import kernel
from compat import process
from compat.socketserver import library, serving

NAME = 'server_matrix'
TABLE = b'''\
server                       family         kind          requests    service times
TCPServer                    TCP            synchronous   queued      2
ForkingTCPServer             TCP            forking       overlapped  1
MixInLastTCPServer           TCP            forking last  queued      2
ThreadingTCPServer           TCP            threading     overlapped  1
UDPServer                    UDP            synchronous   queued      2
ForkingUDPServer             UDP            forking       overlapped  1
ThreadingUDPServer           UDP            threading     overlapped  1
UnixDatagramServer           Unix datagram  synchronous   queued      2
ForkingUnixDatagramServer    Unix datagram  forking       overlapped  1
ThreadingUnixDatagramServer  Unix datagram  threading     overlapped  1
UnixStreamServer             Unix stream    synchronous   queued      2
ForkingUnixStreamServer      Unix stream    forking       overlapped  1
ThreadingUnixStreamServer    Unix stream    threading     overlapped  1
8 of 13 overlapped: 61%
'''
SERVERS = [line.split()[0].decode('ascii') for line in TABLE.splitlines()[1:-1]]
ON_PATHS = [name for name in SERVERS if 'Unix' in name]
DATAGRAM_SERVERS = [name for name in SERVERS if 'UDP' in name or 'Datagram' in name]
STREAM_SERVERS = [name for name in SERVERS if name not in DATAGRAM_SERVERS]

every_server = pytest.mark.parametrize('name', SERVERS)
every_stream_server = pytest.mark.parametrize('name', STREAM_SERVERS)


@pytest.fixture
def matrix(recipe):
    handler = signal.getsignal(signal.SIGINT)
    yield recipe(NAME)
    signal.signal(signal.SIGINT, handler)  # which the demonstration changes


@pytest.fixture
def quick(matrix, monkeypatch):
    """The recipe in process, with a service that takes almost no time."""
    monkeypatch.setattr(matrix, 'SERVICE_TIME', 0.01)
    return matrix


@pytest.fixture
def served(quick, folder):
    """A function: the name of a server -> its address, served in process by a
    loop in a thread until the test ends."""
    loops = []

    def start(name):
        server = quick.make_server(name, '127.0.0.1', 0, folder)
        loops.append((server, serving(server)))
        loops[-1][1].__enter__()
        return server.server_address

    yield start
    for server, loop in loops:
        loop.__exit__(None, None, None)
        quick.close(server)
    for name in os.listdir(folder):
        os.unlink(os.path.join(folder, name))


@pytest.fixture
def datagrams(folder):
    """A function: the address of a datagram server -> a socket that speaks to it
    and can be answered."""
    open_ones = []

    def connect(address):
        on_path = isinstance(address, str)
        sock = socket.socket(socket.AF_UNIX if on_path else socket.AF_INET,
                             socket.SOCK_DGRAM)
        open_ones.append(sock)
        sock.settimeout(process.DEADLINE)
        if on_path:
            sock.bind(os.path.join(folder, 'client%d' % len(open_ones)))
        sock.connect(address)
        return sock

    yield connect
    for sock in open_ones:
        path = sock.getsockname()
        sock.close()
        if isinstance(path, str) and os.path.exists(path):
            os.unlink(path)


def service(reply):
    """Read a reply: (begin, end) in seconds."""
    match = re.match(b'([0-9]+\\.[0-9]{6}) ([0-9]+\\.[0-9]{6})\n\\Z', reply)
    assert match, reply
    return float(match.group(1)), float(match.group(2))


def ask(conversation, address, request):
    """Send one whole request and return the whole reply."""
    client = conversation(address)
    client.send(request)
    client.end()
    return client.read_all()


# The demonstration

@pytest.mark.script
@pytest.mark.rule('print-function', 'rounding', 'integer-division', 'dict-views',
                  'sorting-mixed-types', 'fork-with-threads')
def test_the_table_says_what_overlapped_and_what_queued(tree):
    child = process.run(tree, NAME)
    assert (child.stderr, child.returncode) == (b'', 0)
    assert child.stdout == TABLE


@pytest.mark.unit
@pytest.mark.rule('server-close')
def test_every_server_is_closed_through_server_close(matrix, monkeypatch):
    closed = []
    for server_class in matrix.SERVERS.values():
        monkeypatch.setattr(server_class, 'server_close', closing(server_class, closed))
    monkeypatch.setattr(matrix, 'SERVICE_TIME', 0.2)
    monkeypatch.setattr(matrix, 'print_table', lambda services: None)
    matrix.demonstrate()
    assert sorted(set(closed)) == sorted(SERVERS)


def closing(server_class, closed):
    """Return the class's server_close(), noting in closed whose it was."""
    original = server_class.server_close

    def server_close(self):
        closed.append(self.__class__.__name__)
        original(self)
    return server_close


@pytest.mark.unit
@pytest.mark.rule('exception-variable', 'oserror')
def test_a_lost_reply_ends_the_demonstration_with_its_error(quick, monkeypatch):
    monkeypatch.setattr(quick, 'PATIENCE', 0.5)
    monkeypatch.setattr(quick.DatagramHandler, 'handle', lambda self: None)
    servers = {'UDPServer': quick.make_server('UDPServer', '127.0.0.1', 0, '')}
    caught = []
    with serving(servers['UDPServer']):
        # In a thread, for it waits for ever if the error gets lost.
        asking = threading.Thread(target=raised_by, args=(quick, servers, caught))
        asking.daemon = True
        asking.start()
        process.wait_until(lambda: caught, 'the error is raised')
    assert isinstance(caught[0], socket.timeout)


def raised_by(matrix, servers, caught):
    """Put the error that asking the servers raises into the list."""
    try:
        matrix.ask_twice(servers, '')
    except Exception as error:
        caught.append(error)


@pytest.mark.hostile
def test_ctrl_c_ends_the_demonstration_and_its_folder_goes(tree, folder):
    with process.Child(tree, NAME, env={'TMPDIR': folder}) as child:
        process.wait_until(lambda: len(sockets_in(folder)) == 12, 'all clients ask')
        child.signal(signal.SIGINT)
        assert (child.wait(5), child.stderr) == (-signal.SIGINT, b'')
    assert os.listdir(folder) == []


def sockets_in(folder):
    """Return the names of the socket files in the folders of a folder."""
    return [name for _, _, names in os.walk(folder) for name in names]


# The servers

@pytest.mark.hostile
@every_stream_server
def test_a_handler_that_raises_is_one_line_and_no_end(
        quick, served, conversation, monkeypatch, capfd, name):
    def raise_error(self):
        raise ValueError('a bug')

    monkeypatch.setattr(quick.StreamHandler, 'handle', raise_error)
    address = served(name)
    for _ in range(2):
        conversation(address).expect_end()
    assert capfd.readouterr() == ('Request failed: a bug\n' * 2, '')


@pytest.mark.unit
@pytest.mark.rule('renamed-modules')
def test_there_are_twelve_servers_and_a_thirteenth(matrix):
    assert sorted(matrix.SERVERS) == sorted(SERVERS)


@pytest.mark.unit
@pytest.mark.rule('mix-in-first')
def test_every_family_is_there_in_every_kind_and_one_kind_comes_last(matrix):
    kinds = {(matrix.family(name), matrix.kind(name)) for name in matrix.SERVERS}
    assert kinds == {(family, kind) for family in matrix.FAMILIES.values()
                     for kind in (None, 'forking', 'threading')} | {
                         ('TCP', 'forking last')}


@pytest.mark.unit
@pytest.mark.rule('mix-in-first')
@every_server
def test_a_server_is_built_from_its_mix_in_and_its_family(matrix, name):
    server_class = matrix.SERVERS[name]
    kinds = {'Fork': 'ForkingMixIn', 'Thre': 'ThreadingMixIn'}
    plain = re.sub('Forking|Threading|MixInLast', '', name)
    assert issubclass(server_class, getattr(library, plain))
    if name == 'MixInLastTCPServer':
        assert bases(server_class) == ['TCPServer', 'ForkingMixIn']
    elif name != plain:
        assert bases(server_class) == [kinds[name[:4]], plain]


def bases(server_class):
    return [base.__name__ for base in server_class.__bases__]


@pytest.mark.unit
@pytest.mark.rule('server-close')
def test_threads_at_work_keep_no_server_from_closing(matrix):
    for name in SERVERS:
        if name.startswith('Threading'):
            assert vars(matrix.SERVERS[name])['daemon_threads'] is True


@pytest.mark.unit
@pytest.mark.rule('sorting-mixed-types')
def test_servers_are_sorted_by_family_and_those_without_a_mix_in_first(matrix):
    assert matrix.in_order(SERVERS[::-1]) == SERVERS
    assert matrix.in_order({'ForkingTCPServer', 'TCPServer'}) == [
        'TCPServer', 'ForkingTCPServer']


# What the table is made from

@pytest.mark.unit
@pytest.mark.parametrize('services, expected', [
    ([(1.0, 2.0), (1.5, 2.5)], True), ([(1.5, 2.5), (1.0, 2.0)], True),
    ([(1.0, 4.0), (2.0, 3.0)], True), ([(1.0, 2.0), (2.0, 3.0)], False),
    ([(2.5, 3.5), (1.0, 2.0)], False),
], ids=['first-earlier', 'second-earlier', 'within', 'touching', 'apart'])
def test_services_overlap_if_they_have_a_moment_in_common(matrix, services, expected):
    assert matrix.overlapped(services) is expected


@pytest.mark.unit
@pytest.mark.rule('rounding')
@pytest.mark.parametrize('end, expected', [
    (10.4, 0), (10.5, 1), (11.25, 1), (11.5, 2), (12.49, 2), (12.5, 3), (13.5, 4),
])
def test_halves_of_a_service_time_go_up(matrix, end, expected):
    assert matrix.SERVICE_TIME == 1.0
    count = matrix.service_times([(10.0, end), (10.0, 10.0)])
    assert (count, '%s' % count) == (expected, str(expected))


@pytest.mark.unit
@pytest.mark.rule('integer-division')
def test_the_share_is_in_whole_percent(matrix, capsys):
    matrix.print_table({'TCPServer': [(1, 2), (2, 3)], 'UDPServer': [(1, 2), (1, 2)],
                        'ForkingTCPServer': [(1, 2), (1, 2)]})
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[1:-1]] == [
        'TCPServer', 'ForkingTCPServer', 'UDPServer']
    assert lines[-1] == '2 of 3 overlapped: 66%'


# On the wire

@pytest.mark.wire
@pytest.mark.rule('bytes-on-the-wire', 'bytes-formatting')
@every_stream_server
def test_a_stream_server_says_when_it_served(served, conversation, name):
    begin, end = service(ask(conversation, served(name), b'Serve me.\n'))
    assert 0.005 < end - begin < 5


@pytest.mark.wire
@pytest.mark.rule('bytes-on-the-wire', 'bytes-formatting')
@pytest.mark.parametrize('name', DATAGRAM_SERVERS)
def test_a_datagram_server_says_when_it_served(served, datagrams, name):
    client = datagrams(served(name))
    for request in (b'Serve me.\n', b'', b'\xff\0'):
        client.send(request)
        begin, end = service(client.recv(100))
        assert 0.005 < end - begin < 5


@pytest.mark.wire
@every_stream_server
def test_a_request_split_in_two_is_one_request(served, conversation, name):
    client = conversation(served(name))
    client.send(b'Ser')
    client.expect_silence()
    client.send(b've me.\n')
    service(client.read_all())


@pytest.mark.wire
@every_stream_server
def test_what_comes_before_the_end_is_a_request(served, conversation, name):
    service(ask(conversation, served(name), b'Serve'))


@pytest.mark.wire
@every_stream_server
def test_a_client_that_asks_nothing_gets_nothing(served, conversation, name):
    assert ask(conversation, served(name), b'') == b''


@pytest.mark.hostile
@pytest.mark.parametrize('name', ['TCPServer', 'UnixStreamServer'])
@pytest.mark.rule('oserror')
def test_a_silent_client_does_not_hold_a_synchronous_server(
        quick, served, conversation, monkeypatch, name, capfd):
    monkeypatch.setattr(quick.StreamHandler, 'timeout', 1.0)
    address = served(name)
    silent = conversation(address)
    service(ask(conversation, address, b'Serve me.\n'))
    silent.expect_end()
    assert capfd.readouterr().err == ''


@pytest.mark.hostile
@every_stream_server
def test_a_reset_disturbs_nobody(served, conversation, capfd, name):
    address = served(name)
    broken = conversation(address)
    broken.send(b'Serve me.\n')
    broken.reset()
    service(ask(conversation, address, b'Serve me.\n'))
    assert capfd.readouterr().err == ''


@pytest.mark.hostile
@pytest.mark.parametrize('name', ['UnixDatagramServer', 'ThreadingUnixDatagramServer',
                                  'ForkingUnixDatagramServer'])
def test_a_client_without_a_path_disturbs_nobody(served, datagrams, capfd, name):
    address = served(name)
    nameless = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    nameless.sendto(b'Serve me.\n', address)
    nameless.close()
    client = datagrams(address)
    client.send(b'Serve me.\n')
    service(client.recv(100))
    assert capfd.readouterr().err == ''


@pytest.mark.hostile
@pytest.mark.rule('oserror')
def test_a_client_that_left_disturbs_nobody(served, datagrams, capfd):
    address = served('UnixDatagramServer')
    gone = datagrams(address)
    gone.send(b'Serve me.\n')
    gone.shutdown(socket.SHUT_RDWR)
    os.unlink(gone.getsockname())
    client = datagrams(address)
    client.send(b'Serve me.\n')
    service(client.recv(100))
    assert capfd.readouterr().err == ''


@pytest.mark.hostile
def test_a_client_that_does_not_read_delays_nobody(quick, folder):
    path = os.path.join(folder, 'deaf')
    deaf = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    deaf.bind(path)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    sock.setblocking(False)
    with pytest.raises(socket.error):  # no room for another datagram
        while True:
            sock.sendto(b'x', path)
    sock.setblocking(True)
    serves = threading.Thread(target=quick.DatagramHandler,
                              args=((b'Serve me.\n', sock), path, None))
    serves.daemon = True
    serves.start()
    serves.join(5)
    is_stuck = serves.is_alive()
    deaf.close()  # which frees it
    serves.join(5)
    sock.close()
    os.unlink(path)
    assert not is_stuck


# The client

@pytest.mark.wire
@pytest.mark.rule('bytes-on-the-wire')
def test_the_client_reads_a_reply_that_comes_in_pieces(matrix, listener):
    client, peer = slow_client(matrix, listener)
    client.send()
    assert peer.recv(100) == b'Serve me, please.\n'
    for piece in (b'1.5', b'00000 2.', b'250000', b'\n'):
        peer.sendall(piece)
    assert client.receive() == (1.5, 2.25)
    client.close()
    peer.close()


@pytest.mark.hostile
@pytest.mark.rule('oserror')
@pytest.mark.parametrize('reply', [b'', b'1.5'], ids=['nothing', 'half'])
def test_a_reply_that_breaks_off_is_an_error(matrix, listener, reply):
    client, peer = slow_client(matrix, listener)
    peer.sendall(reply)
    peer.close()
    with pytest.raises(socket.error) as caught:
        client.receive()
    client.close()
    assert str(caught.value) == 'the server closed before its reply'


@pytest.mark.unit
@pytest.mark.rule('octal-literals')
def test_the_socket_file_of_a_client_is_its_owners_alone(matrix, folder):
    paths = [os.path.join(folder, name) for name in ('server', 'client')]
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    sock.bind(paths[0])
    server = Address(sock)
    server.address_family, server.socket_type = sock.family, socket.SOCK_DGRAM
    matrix.SlowClient(server, paths[1]).close()
    sock.close()
    mode = stat.S_IMODE(os.stat(paths[1]).st_mode)
    for path in paths:
        os.unlink(path)
    assert mode == 0o600


@pytest.mark.unit
def test_the_client_leaves_no_socket_open_where_nobody_listens(matrix, listener):
    fake = Address(listener)
    listener.close()
    with pytest.raises(socket.error):
        matrix.SlowClient(fake, None)


class Address(object):
    """What a client asks of a server."""

    address_family, socket_type = socket.AF_INET, socket.SOCK_STREAM

    def __init__(self, listener):
        self.server_address = listener.getsockname()


def slow_client(matrix, listener):
    """Return a client and the server's end of its connection."""
    client = matrix.SlowClient(Address(listener), None)
    return client, listener.accept()[0]


# --serve

@pytest.mark.wire
def test_the_default_is_forking_tcp(running, conversation):
    server = running(NAME)
    clients = [conversation(server.address) for _ in range(2)]
    for client in clients:
        client.send(b'Serve me.\n')
    first, second = [service(client.read_all()) for client in clients]
    assert max(first[0], second[0]) < min(first[1], second[1])
    assert 0.9 < first[1] - first[0] < 1.9


@pytest.mark.wire
@pytest.mark.parametrize('name, begins_at_once', [
    ('TCPServer', False), ('MixInLastTCPServer', False), ('ThreadingTCPServer', True),
    ('ForkingUnixStreamServer', True),
])
def test_a_second_client_is_served_as_the_kind_says(
        running, conversation, name, begins_at_once):
    server = running(NAME, '--server', name)
    clients = [conversation(server.address) for _ in range(2)]
    for client in clients:
        client.send(b'Serve me.\n')
    first, second = sorted(service(client.read_all()) for client in clients)
    assert (second[0] < first[1]) is begins_at_once


@pytest.mark.script
@pytest.mark.rule('server-close')
@every_server
def test_a_signal_ends_every_server_and_its_path_goes(running, name):
    server = running(NAME, '--server', name)
    if name in ON_PATHS:
        assert os.path.basename(server.address) == name
        folder = os.path.dirname(server.address)
        assert stat.S_IMODE(os.stat(folder).st_mode) == 0o700
    server.signal(signal.SIGTERM)
    assert (server.wait(5), server.stderr) == (0, b'')
    assert name not in ON_PATHS or not os.path.exists(folder)


@pytest.mark.wire
@pytest.mark.rule('server-close')
@every_stream_server
def test_a_client_is_let_go_when_the_server_ends(running, conversation, name):
    server = running(NAME, '--server', name)
    client = conversation(server.address)
    client.send(b'Ser')
    client.expect_silence()
    server.signal(signal.SIGTERM)
    client.read_all()  # some kinds still serve it, others drop it: either way it ends
    assert (server.wait(5), server.stderr) == (0, b'')


@pytest.mark.hostile
@pytest.mark.parametrize('name', ['GopherServer', '', 'tcpserver'])
def test_an_unknown_server_is_one_line_and_status_2(forked, name):
    child = forked(NAME, ['--serve', '--server', name])
    assert child.stderr.decode('ascii') == (
        'server_matrix.py: error: argument --server: no such server: %s\n' % name)
    assert (child.stdout, child.returncode) == (b'', 2)


@pytest.mark.script
@pytest.mark.rule('sorting-mixed-types')
def test_help_names_the_servers_in_order(forked):
    child = forked(NAME, ['--help'])
    assert (child.stderr, child.returncode) == (b'', 0)
    text = ' '.join(child.stdout.decode('ascii').split())
    assert 'which server to be: %s (default: ForkingTCPServer)' % (
        ', '.join(SERVERS)) in text


@pytest.mark.hostile
@pytest.mark.rule('text-for-the-screen')
def test_a_path_that_is_no_text_is_printed_as_escapes(tree, folder):
    odd = os.path.join(folder.encode('ascii'), b't\xff')
    os.mkdir(odd)
    code = ('import os, runpy, sys; os.environ["TMPDIR"] = sys.argv.pop(); '
            'sys.path[0] = %r; runpy.run_path(sys.argv.pop(), run_name="__main__")'
            % tree.path)
    with process.Server(tree, NAME, ['--server', 'UnixStreamServer', tree.script(NAME),
                                     odd], command=['-c', code],
                        env={'LC_ALL': 'C.UTF-8'}) as server:
        assert os.path.dirname(os.path.dirname(server.address)) == (
            folder + '/t\\xff')
        server.signal(signal.SIGTERM)
        assert (server.wait(), server.stderr) == (0, b'')
    os.rmdir(odd)


@pytest.mark.hostile
def test_without_a_descriptor_it_ends_and_its_folder_goes(tree, folder, conversation):
    with process.Server(tree, NAME, ['--server', 'ThreadingUnixStreamServer'],
                        env={'TMPDIR': folder}) as server:
        assert ask(conversation, server.address, b'') == b''
        # The first thread that ends may load a library. Two are the server's own.
        process.wait_until(lambda: kernel.threads(server.pid) <= 2, 'its thread ends')
        kernel.leave_descriptors(server.pid, 0)
        server.signal(signal.SIGTERM)
        assert (server.wait(), server.stderr) == (0, b'')
    assert os.listdir(folder) == []


@pytest.mark.hostile
@pytest.mark.rule('oserror')
def test_a_folder_with_too_long_a_path_is_one_line_and_status_1(tree, folder):
    long_folder = os.path.join(folder, 'x' * 100)
    os.mkdir(long_folder)
    child = process.run(tree, NAME, ['--serve', '--server', 'UnixStreamServer'],
                        env={'TMPDIR': long_folder})
    assert child.stderr == b'server_matrix.py: error: AF_UNIX path too long\n'
    assert (child.stdout, child.returncode) == (b'', 1)
    os.rmdir(long_folder)
