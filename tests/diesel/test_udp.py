"""UDP: a service that answers each sender, and a client."""
import socket

import pytest

from compat import diesel
from compat.process import DEADLINE
from tests.diesel.turns import settle, wait_until

pytestmark = [pytest.mark.wire, pytest.mark.rule('diesel')]


class Asker(diesel.UDPClient):
    """A client that sends packets and receives them."""

    @diesel.call
    def say(self, *packets):
        for packet in packets:
            diesel.send(packet)

    @diesel.call
    def hear(self):
        return diesel.receive(diesel.datagram)

    @diesel.call
    def hear_for(self, seconds):
        return diesel.first(datagram=True, sleep=seconds)


def echo():
    while True:
        diesel.send(b'You said: ' + diesel.receive(diesel.datagram))


@pytest.fixture
def peer():
    """A plain UDP socket on a free port of 127.0.0.1."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.settimeout(DEADLINE)
    sock.bind(('127.0.0.1', 0))
    yield sock
    sock.close()


@pytest.fixture
def asked(run, peer):
    """A function: (handler, client) -> what client(address, peer) returns in a
    thread while handler() serves."""
    def ask(handler, client):
        service = diesel.UDPService(handler, 0, '127.0.0.1')

        def main():
            return diesel.thread(client, service.sock.getsockname(), peer)
        return run(main, service)
    return ask


def test_a_service_answers_a_packet(asked):
    def client(address, peer):
        peer.sendto(b'hello', address)
        return peer.recvfrom(100) == (b'You said: hello', address)
    assert asked(echo, client)


def test_packets_are_answered_in_their_order(asked):
    def client(address, peer):
        for number in range(20):
            peer.sendto(b'%d' % number, address)
        return [peer.recv(100) for _ in range(20)]
    assert asked(echo, client) == [b'You said: %d' % number for number in range(20)]


def test_each_sender_gets_its_own_answer(asked):
    def client(address, peer):
        other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        other.settimeout(DEADLINE)
        try:
            for _ in range(5):
                peer.sendto(b'one', address)
                other.sendto(b'two', address)
            return [(peer.recv(100), other.recv(100)) for _ in range(5)]
        finally:
            other.close()
    assert asked(echo, client) == [(b'You said: one', b'You said: two')] * 5


def test_a_packet_knows_its_sender(asked):
    def handler():
        packet = diesel.receive(diesel.datagram)
        diesel.send(('%s:%d' % packet.addr).encode('ascii'))

    def client(address, peer):
        peer.sendto(b'who am I?', address)
        return peer.recv(100) == ('%s:%d' % peer.getsockname()).encode('ascii')
    assert asked(handler, client)


def test_packets_wait_for_a_loop_that_is_busy(asked):
    sent = []

    def handler():
        diesel.receive(diesel.datagram)
        wait_until(lambda: sent, 'all packets are sent')
        settle()  # the hub has them
        diesel.send(b''.join(diesel.receive(diesel.datagram) for _ in range(3)))

    def client(address, peer):
        for packet in (b'go', b'a', b'b', b'c'):
            peer.sendto(packet, address)
        sent.append(True)
        return peer.recv(100)
    assert asked(handler, client) == b'abc'


def test_one_packet_may_have_several_answers(asked):
    def handler():
        diesel.receive(diesel.datagram)
        for number in range(10):
            diesel.send(b'%d' % number)
        diesel.sleep(5)

    def client(address, peer):
        peer.sendto(b'count', address)
        return [peer.recv(100) for _ in range(10)]
    assert asked(handler, client) == [b'%d' % number for number in range(10)]


def test_a_packet_of_some_kilobytes_stays_one(asked):
    def client(address, peer):
        peer.sendto(b'x' * 8000, address)
        return peer.recv(10000)
    assert asked(echo, client) == b'You said: ' + b'x' * 8000


def test_any_bytes_pass(asked):
    every = bytes(bytearray(range(256)))

    def client(address, peer):
        peer.sendto(every, address)
        return peer.recv(1000)
    assert asked(echo, client) == b'You said: ' + every


def test_the_service_knows_whom_it_answers(run, peer):
    service = diesel.UDPService(echo, 0, '127.0.0.1')

    def main():
        peer.sendto(b'hello', service.sock.getsockname())
        diesel.thread(peer.recv, 100)
        return service.remote_addr == peer.getsockname()
    assert run(main, service)


def test_a_client_sends_packets(run, peer):
    def main():
        Asker(*peer.getsockname()).say(b'one', b'two')
        return [diesel.thread(peer.recv, 100) for _ in range(2)]
    assert run(main) == [b'one', b'two']


def test_a_client_hears_the_answer_of_a_service(run):
    service = diesel.UDPService(echo, 0, '127.0.0.1')

    def main():
        client = Asker(*service.sock.getsockname())
        answers = []
        for packet in (b'one', b'two'):
            client.say(packet)
            answers.append(client.hear())
        return answers
    assert run(main, service) == [b'You said: one', b'You said: two']


def test_a_client_knows_who_has_answered(run, peer):
    def main():
        client = Asker(*peer.getsockname())
        client.say(b'hello')
        data, address = diesel.thread(peer.recvfrom, 100)
        peer.sendto(b'answer', address)
        return client.hear().addr == peer.getsockname()
    assert run(main)


def test_a_client_does_not_wait_for_ever_if_it_does_not_want_to(run, peer):
    def main():
        client = Asker(*peer.getsockname())
        client.say(b'hello')
        return client.hear_for(0.05)
    assert run(main) == ('sleep', True)


def test_a_client_can_be_told_another_address(run, peer):
    def main():
        client = Asker('127.0.0.1', 9)
        client.remote_addr = peer.getsockname()
        client.say(b'hello')
        return diesel.thread(peer.recv, 100), client.remote_addr == peer.getsockname()
    assert run(main) == (b'hello', True)


def test_a_client_can_choose_its_address(run, peer):
    def main():
        host, port = peer.getsockname()
        Asker(host, port, source_ip='127.0.0.2').say(b'hello')
        return diesel.thread(peer.recvfrom, 100)[1][0]
    assert run(main) == '127.0.0.2'


def test_on_connect_is_not_for_packets(run, peer):
    class Connecting(Asker):
        connects = 0

        def on_connect(self):
            self.connects += 1

    def main():
        client = Connecting(*peer.getsockname())
        return client.connects, client.connected, client.is_closed
    assert run(main) == (0, True, False)


def test_two_services_answer_on_their_own(run, peer):
    def named(name):
        def handler():
            while True:
                diesel.receive(diesel.datagram)
                diesel.send(name)
        return diesel.UDPService(handler, 0, '127.0.0.1')

    services = [named(b'a'), named(b'b')]

    def main():
        answers = []
        for service in services:
            peer.sendto(b'?', service.sock.getsockname())
            answers.append(diesel.thread(peer.recv, 10))
        return answers
    assert run(main, services) == [b'a', b'b']
