"""The relay between clients and a server: what each of them notices, and what is
written down."""
import os
import resource
import shutil
import socket
import threading
import time

import pytest

from compat import kernel
from compat import process
from study.recording import relay as relays
from study.recording import sockets
from study.tests.recordings import Relaying, everything, listening, said
from tests.talk import connected


@pytest.fixture
def folder():
    path = process.private_folder()
    yield path
    shutil.rmtree(path)


def accepted(server):
    sock = server.accept()[0]
    sock.settimeout(process.DEADLINE)
    return sock


def whats(recording):
    """Return its events without times and bytes."""
    return [(event.number, event.side, event.what) for event in recording.events]


@pytest.mark.parametrize('on_a_path', [False, True], ids=['tcp', 'unix'])
def test_each_side_reads_what_the_other_said_and_sees_its_end(on_a_path, folder):
    server = listening(os.path.join(folder, 's') if on_a_path else None)
    with Relaying(server) as relay:
        with connected(relay.address) as client, accepted(server) as far:
            client.sendall(b'hello\n')
            assert far.recv(100) == b'hello\n'
            far.sendall(b'HELLO\n')
            assert client.recv(100) == b'HELLO\n'
            client.shutdown(socket.SHUT_WR)
            assert far.recv(100) == b''
            far.sendall(b'still here')
            assert client.recv(100) == b'still here'
            far.close()
            assert client.recv(100) == b''
        relay.wait_until_idle()
    assert whats(relay.recording) == [
        (1, '>', 'connect'), (1, '>', 'data'), (1, '<', 'data'), (1, '>', 'end'),
        (1, '<', 'data'), (1, '<', 'end')]
    assert said(relay.recording, 1, '<') == b'HELLO\nstill here'


def test_the_servers_half_close_leaves_the_client_its_half():
    server = listening()
    with Relaying(server) as relay:
        with connected(relay.address) as client, accepted(server) as far:
            far.shutdown(socket.SHUT_WR)
            assert client.recv(100) == b''
            client.sendall(b'and yet')
            assert far.recv(100) == b'and yet'
            client.close()
            assert far.recv(100) == b''
        relay.wait_until_idle()
    assert whats(relay.recording)[1:] == [(1, '<', 'end'), (1, '>', 'data'),
                                          (1, '>', 'end')]


@pytest.mark.parametrize('side', ['>', '<'])
def test_a_reset_reaches_the_other_side_after_what_was_said(side):
    server = listening()
    with Relaying(server) as relay:
        client, far = connected(relay.address), accepted(server)
        one, other = (client, far) if side == '>' else (far, client)
        one.sendall(b'last words')
        assert other.recv(100) == b'last words'
        sockets.reset(one)
        with pytest.raises(ConnectionResetError):
            other.recv(100)
        other.close()
        process.wait_until(lambda: relay.relay.is_idle, 'the conversation ends')
    assert whats(relay.recording)[-1] == (1, side, 'reset')


def test_a_server_that_does_not_listen_is_a_reset_for_the_client():
    server = socket.socket()
    server.bind(('127.0.0.1', 0))  # and does not listen; nobody else can
    with Relaying(server) as relay:
        with pytest.raises(ConnectionError):
            with connected(relay.address) as client:
                client.recv(100)
        process.wait_until(lambda: relay.relay.is_idle, 'the conversation ends')
    assert whats(relay.recording) == [(1, '>', 'connect'), (1, '<', 'refused')]


def test_what_several_clients_and_the_server_say_is_kept_in_order():
    server = listening()
    with Relaying(server) as relay:
        pairs = []
        for _ in range(3):
            client = connected(relay.address)
            pairs.append((client, accepted(server)))
        for turn in range(10):
            for number, (client, far) in enumerate(pairs):
                client.sendall(b'%d' % turn)
                assert far.recv(10) == b'%d' % turn
                far.sendall(b'%d' % number)
                assert client.recv(10) == b'%d' % number
        for client, far in pairs:
            client.close()
            far.close()
        relay.wait_until_idle()
    spoken = [(event.number, event.side, event.data) for event in relay.recording.events
              if event.what == 'data']
    assert spoken == [one for turn in range(10) for number in range(3) for one in (
        (number + 1, '>', b'%d' % turn), (number + 1, '<', b'%d' % number))]


def test_megabytes_go_both_ways_and_nothing_is_lost():
    server, size = listening(), 4 * 2 ** 20
    there, back = os.urandom(size), os.urandom(size)
    with Relaying(server) as relay:
        client, far = connected(relay.address), accepted(server)
        got = {}
        workers = [
            threading.Thread(target=send_all, args=(client, there)),
            threading.Thread(target=send_all, args=(far, back)),
            threading.Thread(target=lambda: got.update(far=everything(far))),
            threading.Thread(target=lambda: got.update(client=everything(client)))]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(process.DEADLINE)
        client.close()
        far.close()
        relay.wait_until_idle()
    assert (got['far'] == there, got['client'] == back) == (True, True)
    recording = relay.recording
    assert said(recording, 1, '>') == there
    assert said(recording, 1, '<') == back


def send_all(sock, data):
    sock.sendall(data)
    sock.shutdown(socket.SHUT_WR)


def fill(sock):
    """Send until nothing more is taken for a while; return how many bytes were."""
    sock.setblocking(False)
    sent, taken = 0, process.clock()
    while process.clock() < taken + 0.5:
        try:
            sent += sock.send(b'x' * 65536)
            taken = process.clock()
        except BlockingIOError:
            time.sleep(0.01)
    sock.setblocking(True)
    return sent


def test_a_client_that_does_not_read_holds_its_server_up_and_nobody_else():
    server = listening()
    with Relaying(server) as relay:
        lazy, far = connected(relay.address), accepted(server)
        sent = fill(far)
        assert max(len(end.waiting) for end in relay.relay.ends) <= (
            relays.LIMIT + sockets.MOST)
        with connected(relay.address) as other, accepted(server) as second:
            other.sendall(b'hello')
            assert second.recv(100) == b'hello'
        far.close()
        assert len(everything(lazy)) == sent
        lazy.close()
        relay.wait_until_idle()
    assert len(said(relay.recording, 1, '<')) == sent


def test_a_client_that_goes_without_reading_lets_the_server_go():
    server = listening()
    with Relaying(server) as relay:
        lazy, far = connected(relay.address), accepted(server)
        fill(far)
        sockets.reset(lazy)
        with pytest.raises(OSError):
            while True:
                far.sendall(b'x' * 65536)
        far.close()
        process.wait_until(lambda: relay.relay.is_idle, 'the conversation ends')
    assert whats(relay.recording)[-1] == (1, '>', 'reset')


@pytest.mark.parametrize('on_a_path', [False, True], ids=['tcp', 'unix'])
def test_a_thousand_clients_at_once_are_all_served(on_a_path, folder):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 5000:
        pytest.skip('no more than %d descriptors on this machine' % hard)
    sockets.allow_many_descriptors()
    server = listening(os.path.join(folder, 's') if on_a_path else None)
    try:
        with Relaying(server) as relay:
            clients = [connected(relay.address) for _ in range(1000)]
            for number, client in enumerate(clients):
                client.sendall(b'%d' % number)
                client.shutdown(socket.SHUT_WR)
            for _ in range(1000):
                with accepted(server) as far:
                    far.sendall(everything(far) * 2)
            for number, client in enumerate(clients):
                assert everything(client) == b'%d' % number * 2
                client.close()
            relay.wait_until_idle()
        assert relay.recording.total == 1000
        assert said(relay.recording, 1000, '<') == b'999999'
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize('room', [0, 1])
def test_without_descriptors_a_client_waits_and_is_served_later(room):
    server = listening()
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    with Relaying(server) as relay, socket.socket() as client:
        client.settimeout(process.DEADLINE)
        try:
            kernel.leave_descriptors(os.getpid(), room)
            client.connect(relay.address)
            process.wait_until(lambda: relay.relay.resting_until, 'the relay rests')
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        with accepted(server) as far:
            far.sendall(b'at last')
        assert everything(client) == b'at last'
        client.close()
        relay.wait_until_idle()
    assert relay.recording.total == 1


def test_the_full_backlog_of_a_socket_file_is_waited_for(folder):
    server = listening(os.path.join(folder, 's'), backlog=1)
    with Relaying(server) as relay:
        clients = [connected(relay.address) for _ in range(20)]
        process.wait_until(lambda: relay.relay.retrying, 'the backlog is full')
        for number, client in enumerate(clients):
            client.sendall(b'%d' % number)
            client.shutdown(socket.SHUT_WR)
        for _ in clients:
            with accepted(server) as far:
                far.sendall(everything(far))
        for number, client in enumerate(clients):
            assert everything(client) == b'%d' % number
            client.close()
        relay.wait_until_idle()
    assert relay.recording.total == 20


def test_memory_stays_as_it_was_while_megabytes_are_recorded(tmp_path):
    """Half of it first, so that what is measured has got its buffers."""
    with open(tmp_path / 'recording', 'w') as file:
        server = listening()
        with Relaying(server) as relay:
            relay.journal.file = file
            client, far = connected(relay.address), accepted(server)
            reader = threading.Thread(target=drain, args=(far,))
            reader.start()
            for _ in range(200):
                client.sendall(b'x' * 65536)
            before = kernel.memory(os.getpid())
            for _ in range(800):
                client.sendall(b'x' * 65536)
            assert kernel.memory(os.getpid()) < before + 8 * 2 ** 20
            client.close()
            reader.join(process.DEADLINE)
            far.close()
            relay.wait_until_idle()
        assert file.tell() > 1000 * 65536


def drain(sock):
    while sock.recv(65536):
        pass


def datagram_pair(folder, on_a_path):
    """Return a server's socket that is bound, and a function: a name -> a client's."""
    family = socket.AF_UNIX if on_a_path else socket.AF_INET

    def bound(name):
        sock = socket.socket(family, socket.SOCK_DGRAM)
        sock.settimeout(process.DEADLINE)
        if name:
            sock.bind(os.path.join(folder, name) if on_a_path else ('127.0.0.1', 0))
        return sock

    return bound('server'), bound


@pytest.mark.parametrize('on_a_path', [False, True], ids=['udp', 'unix'])
def test_every_reply_finds_the_client_that_asked(on_a_path, folder):
    server, bound = datagram_pair(folder, on_a_path)
    with Relaying(server, datagram=True) as relay:
        clients = [bound('c%d' % number) for number in range(5)]
        for number, client in enumerate(clients):
            client.sendto(b'%d' % number, relay.address)
        asked = [server.recvfrom(100) for _ in clients]
        for data, address in reversed(asked):
            server.sendto(data * 2, address)
        for number, client in enumerate(clients):
            assert client.recv(100) == b'%d' % number * 2
            client.close()
        assert len({address for _, address in asked}) == 5
    recording = relay.recording
    assert recording.is_datagram and recording.total == 5
    assert [said(recording, number + 1, '<') for number in range(5)] == [
        b'%d' % number * 2 for number in range(5)]


def test_datagrams_keep_their_bounds_the_empty_one_too(folder):
    server, bound = datagram_pair(folder, False)
    with Relaying(server, datagram=True) as relay, bound('c') as client:
        for data in (b'a', b'', b'x' * 60000):
            client.sendto(data, relay.address)
            got, address = server.recvfrom(65536)
            assert got == data
            server.sendto(got, address)
            assert client.recv(65536) == data
    assert [event.data for event in relay.recording.events if event.side == '<'] == [
        b'a', b'', b'x' * 60000]


def test_a_client_without_a_path_has_none_for_the_server_either(folder):
    server, bound = datagram_pair(folder, True)
    with Relaying(server, datagram=True) as relay, bound('') as client:
        client.sendto(b'hello', relay.address)
        assert server.recvfrom(100) == (b'hello', None)
    assert whats(relay.recording)[0] == (1, '>', 'unnamed')


def test_a_server_that_does_not_read_holds_up_its_clients_and_loses_nothing(folder):
    server, bound = datagram_pair(folder, True)
    with Relaying(server, datagram=True) as relay, bound('c') as client:
        sender = threading.Thread(target=lambda: [
            client.sendto(b'%d' % number, relay.address) for number in range(500)])
        sender.start()
        process.wait_until(lambda: relay.relay.held, 'there is no room at the server')
        got = [server.recv(100) for _ in range(500)]
        sender.join(process.DEADLINE)
    assert got == [b'%d' % number for number in range(500)]


def test_a_client_that_does_not_read_gets_its_replies_when_it_does(folder):
    server, bound = datagram_pair(folder, True)
    with Relaying(server, datagram=True) as relay, bound('c') as client:
        client.sendto(b'hello', relay.address)
        address = server.recvfrom(100)[1]
        sender = threading.Thread(target=lambda: [
            server.sendto(b'%d' % number, address) for number in range(200)])
        sender.start()
        got = [client.recv(100) for _ in range(200)]
        sender.join(process.DEADLINE)
    assert got == [b'%d' % number for number in range(200)]
