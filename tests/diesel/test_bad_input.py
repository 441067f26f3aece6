"""Bad input and bad peers: they end their own connection and nothing else."""
import socket
import struct

import pytest

from compat import diesel
from compat.diesel import runtime
from compat.process import DEADLINE
from tests.diesel.turns import wait_until

pytestmark = [pytest.mark.hostile, pytest.mark.rule('diesel')]

BIG = bytes(bytearray(range(256))) * 4000  # 1 MB


def echo(addr):
    while True:
        diesel.send(b'You said: ' + diesel.until_eol())


def ask(talk, line=b'hello\r\n'):
    talk.send(line)
    return talk.read(len(line) + 10) == b'You said: ' + line


@pytest.fixture
def survives(served, conversation):
    """A function: attack(conversation, address) -> whether a client that was
    there before it and one that comes after it are answered."""
    def whole(attack, handler=echo, times=1):
        def client(address):
            before = conversation(address)
            answers = [ask(before)]
            for _ in range(times):
                attack(lambda: conversation(address))
                answers.append(ask(before))
            answers.append(ask(conversation(address)))
            return answers
        return served(handler, client)
    return whole


def test_a_peer_that_comes_and_goes_disturbs_nobody(survives):
    assert all(survives(lambda connect: connect().close(), times=20))


def test_a_peer_that_resets_disturbs_nobody(survives):
    assert all(survives(lambda connect: connect().reset(), times=20))


def test_a_peer_that_resets_in_a_line_disturbs_nobody(survives):
    def attack(connect):
        talk = connect()
        talk.send(b'half a li')
        talk.reset()
    assert all(survives(attack, times=5))


def test_a_peer_that_resets_before_its_answers_disturbs_nobody(survives):
    def attack(connect):
        talk = connect()
        talk.send(b'line\r\n' * 1000)
        talk.reset()
    assert all(survives(attack, times=5))


def test_a_peer_that_closes_with_much_to_read_disturbs_nobody(survives):
    def attack(connect):
        talk = connect()
        talk.send(b'x' * 500000 + b'\r\n')
        talk.read(10)
        talk.close()
    assert all(survives(attack, times=3))


def test_a_peer_that_never_reads_disturbs_nobody(survives):
    def attack(connect):
        talk = connect()
        talk.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        talk.sock.setblocking(False)
        for _ in range(2000):
            try:
                talk.sock.send(b'x' * 1000 + b'\r\n')
            except socket.error:
                break
    assert all(survives(attack))


def test_a_peer_that_says_nothing_disturbs_nobody(survives):
    assert all(survives(lambda connect: connect(), times=50))


def test_half_a_line_for_ever_disturbs_nobody(survives):
    assert all(survives(lambda connect: connect().send(b'half a li'), times=20))


@pytest.mark.parametrize('garbage', [
    b'\0' * 1000, b'\xff\xfe\xfd' * 100, b'\r\r\r\n\n\n', b'\x16\x03\x01\x02\0\x01',
    b'%s%n{0}{' * 50, bytes(bytearray(range(256)))],
    ids=['zeros', 'high', 'line-ends', 'tls', 'formats', 'every'])
def test_any_bytes_are_just_bytes(served, conversation, garbage):
    # The garbage may hold the end of a line itself.
    answers = b''.join(b'You said: ' + line + b'\r\n'
                       for line in garbage.split(b'\r\n'))

    def client(address):
        talk = conversation(address)
        talk.send(garbage + b'\r\n')
        return talk.read(len(answers))
    assert served(echo, client) == answers


def test_a_line_that_is_long_is_answered(served, conversation):
    def client(address):
        return ask(conversation(address), b'x' * 900000 + b'\r\n')
    assert served(echo, client)


def test_an_error_in_a_handler_ends_its_connection_alone(survives):
    def handler(addr):
        while True:
            line = diesel.until_eol()
            if line == b'break\r\n':
                raise ValueError(line)
            diesel.send(b'You said: ' + line)

    ends = []

    def attack(connect):
        talk = connect()
        talk.send(b'break\r\n')
        ends.append(talk.read_all())
    assert all(survives(attack, handler, times=5))
    assert ends == [b''] * 5


def test_urgent_data_disturbs_nobody(survives):
    def attack(connect):
        talk = connect()
        talk.send(b'a')
        talk.sock.send(b'!', socket.MSG_OOB)
        talk.close()
    assert all(survives(attack, times=3))


def test_a_server_that_resets_is_an_error_of_the_client(run, listener):
    class Asker(diesel.Client):
        @diesel.call
        def ask(self):
            diesel.send(b'hello\r\n')
            return diesel.until_eol()

    def reset():
        peer = listener.accept()[0]
        peer.recv(100)
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        peer.close()

    def main():
        diesel.fork(diesel.thread, reset)
        with pytest.raises(diesel.ClientConnectionClosed):
            Asker(*listener.getsockname()).ask()
        return 'went on'
    assert run(main) == 'went on'


def test_a_server_that_closes_in_a_line_is_an_error_of_the_client(run):
    def handler(addr):
        diesel.send(b'half a li')

    service = diesel.Service(handler, 0, '127.0.0.1')

    class Reader(diesel.Client):
        @diesel.call
        def read(self):
            return diesel.until_eol()

    def main():
        with pytest.raises(diesel.ClientConnectionClosed):
            Reader('127.0.0.1', service.port).read()
        return 'went on'
    assert run(main, service) == 'went on'


def test_packets_of_any_bytes_disturb_no_udp_service(run):
    def handler():
        while True:
            diesel.send(diesel.receive(diesel.datagram))

    service = diesel.UDPService(handler, 0, '127.0.0.1')

    def client(address):
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.settimeout(DEADLINE)
        try:
            answers = []
            for packet in (b'\0', b'\xff' * 1000, b'\r\n', BIG[:5000]):
                sock.sendto(packet, address)
                answers.append(sock.recv(10000) == packet)
            return answers
        finally:
            sock.close()

    def main():
        return diesel.thread(client, service.sock.getsockname())
    assert run(main, service) == [True] * 4


def test_a_udp_sender_that_is_gone_disturbs_no_udp_service(run):
    def handler():
        while True:
            diesel.send(diesel.receive(diesel.datagram))

    service = diesel.UDPService(handler, 0, '127.0.0.1')

    def client(address):
        for _ in range(5):
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            sock.sendto(b'and away', address)
            sock.close()
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.settimeout(DEADLINE)
        try:
            sock.sendto(b'hello', address)
            return sock.recv(100)
        finally:
            sock.close()

    def main():
        return diesel.thread(client, service.sock.getsockname())
    assert run(main, service) == b'hello'


def test_many_who_come_and_break_leave_no_loop(run, conversation):
    begun = []

    def handler(addr):
        begun.append(addr)
        echo(addr)

    service = diesel.Service(handler, 0, '127.0.0.1')

    def client():
        for number in range(30):
            talk = conversation(('127.0.0.1', service.port))
            talk.send(b'half')
            if number % 2:
                talk.reset()
            else:
                talk.close()

    def main():
        diesel.sleep()  # the other loops of the test begin
        running = runtime.current_app.running
        before = set(running)
        diesel.thread(client)
        wait_until(lambda: len(begun) == 30, 'all have been let in')
        wait_until(lambda: len(running) == len(before), 'their loops have ended')
        return set(running) == before
    assert run(main, service)
