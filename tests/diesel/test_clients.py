"""Clients: they connect, lend their connection to whoever calls, and close."""
import socket

import pytest

from compat import diesel
from compat.diesel.core import ClientConnectionTimeout
from compat.process import DEADLINE
from tests.diesel.turns import settle, wait_until

pytestmark = [pytest.mark.wire, pytest.mark.rule('diesel')]


class Asker(diesel.Client):
    """A client that sends a line and reads one."""
    connects = 0

    def on_connect(self):
        self.connects += 1

    @diesel.call
    def ask(self, line, end=b'\r\n'):
        diesel.send(line + end)
        return diesel.until_eol()

    @diesel.call
    def ask_twice(self, line):
        return self.ask(line) + self.ask(line, end=b'!\r\n')

    @diesel.call
    def fail(self):
        raise ZeroDivisionError('in a call')

    @diesel.call
    def read(self):
        return diesel.receive()


def echo(addr):
    while True:
        diesel.send(b'You said: ' + diesel.until_eol())


def hang_up(addr):
    diesel.until_eol()


@pytest.fixture
def service():
    """An echo service, to be run beside main."""
    return diesel.Service(echo, 0, '127.0.0.1')


@pytest.fixture
def full():
    """The address of a service that lets nobody in any more: its backlog is
    full, so that connecting takes for ever."""
    server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    server.bind(('127.0.0.1', 0))
    server.listen(0)
    waiting = []
    for _ in range(4):
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        sock.setblocking(False)
        sock.connect_ex(server.getsockname())
        waiting.append(sock)
    yield server.getsockname()
    for sock in waiting + [server]:
        sock.close()


def connect_to_nobody():
    """Connect to a port on which nobody listens; return the error, and whether
    its text says where."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.bind(('127.0.0.1', 0))
    address = sock.getsockname()
    sock.close()
    try:
        Asker(*address)
    except diesel.ClientConnectionError as error:
        return error, '%s:%d' % address in str(error)


def test_a_call_talks_to_the_server(run, service):
    def main():
        client = Asker('127.0.0.1', service.port)
        return [client.ask(b'one'), client.ask(line=b'two'), client.ask(b'3', b'\r\n')]
    assert run(main, service) == [b'You said: one\r\n', b'You said: two\r\n',
                                  b'You said: 3\r\n']


def test_a_call_may_make_other_calls(run, service):
    def main():
        return Asker('127.0.0.1', service.port).ask_twice(b'one')
    assert run(main, service) == b'You said: one\r\nYou said: one!\r\n'


def test_on_connect_is_called_once(run, service):
    def main():
        client = Asker('127.0.0.1', service.port)
        client.ask(b'one')
        return client.connects, client.connected, client.is_closed
    assert run(main, service) == (1, True, False)


def test_a_client_remembers_its_server(run, service):
    def main():
        client = Asker('localhost', service.port)
        return client.addr, client.port == service.port
    assert run(main, service) == ('localhost', True)


def test_two_clients_in_one_loop_have_their_own_connections(run, service):
    def main():
        one, two = [Asker('127.0.0.1', service.port) for _ in range(2)]
        return one.ask(b'1'), two.ask(b'2'), one.ask(b'3')
    assert run(main, service) == (b'You said: 1\r\n', b'You said: 2\r\n',
                                  b'You said: 3\r\n')


def test_fifty_clients_talk_at_once(run, service):
    def main():
        answers = []

        def worker(number):
            with Asker('127.0.0.1', service.port) as client:
                answers.append(client.ask(b'%d' % number))

        for number in range(50):
            diesel.fork(worker, number)
        wait_until(lambda: len(answers) == 50, 'all are answered')
        return sorted(answers)
    assert run(main, service) == sorted(b'You said: %d\r\n' % n for n in range(50))


def test_a_handler_can_ask_another_server_meanwhile(run, service, conversation):
    def proxy(addr):
        with Asker('127.0.0.1', service.port) as client:
            diesel.send(b'Proxy: ' + client.ask(diesel.until_eol().strip()))

    front = diesel.Service(proxy, 0, '127.0.0.1')

    def ask():
        talk = conversation(('127.0.0.1', front.port))
        talk.send(b'hello\r\n')
        return talk.read_all()

    assert run(lambda: diesel.thread(ask), service, front) == \
        b'Proxy: You said: hello\r\n'


def test_close_is_the_end_for_the_server(run, listener):
    def main():
        client = Asker(*listener.getsockname())
        peer = listener.accept()[0]
        peer.settimeout(DEADLINE)
        client.close()
        try:
            return client.is_closed, diesel.thread(peer.recv, 10)
        finally:
            peer.close()
    assert run(main) == (True, b'')


def test_closing_twice_is_nothing_new(run, service):
    def main():
        client = Asker('127.0.0.1', service.port)
        client.close()
        client.close()
        return client.is_closed
    assert run(main, service) is True


def test_a_client_in_a_with_statement_is_closed_at_its_end(run, service):
    def main():
        with Asker('127.0.0.1', service.port) as client:
            answer = client.ask(b'one')
            during = client.is_closed
        return answer, during, client.is_closed
    assert run(main, service) == (b'You said: one\r\n', False, True)


def test_a_client_is_closed_when_the_with_statement_fails(run, service):
    def main():
        with pytest.raises(ValueError):
            with Asker('127.0.0.1', service.port) as client:
                raise ValueError()
        return client.is_closed
    assert run(main, service) is True


def test_a_closed_client_cannot_be_called(run, service):
    def main():
        client = Asker('127.0.0.1', service.port)
        client.close()
        client.ask(b'one')
    with pytest.raises(diesel.ClientConnectionClosed) as caught:
        run(main, service)
    assert 'Client call failed: client connection was closed' in str(caught.value)


def test_what_was_sent_before_the_close_arrives(run, listener):
    class Sender(diesel.Client):
        @diesel.call
        def say(self, data):
            diesel.send(data)

    def main():
        client = Sender(*listener.getsockname())
        peer = listener.accept()[0]
        peer.settimeout(DEADLINE)
        client.say(b'x' * 300000)
        client.close()

        def read_all():
            return len(b''.join(iter(lambda: peer.recv(65536), b'')))
        try:
            return client.is_closed, diesel.thread(read_all)
        finally:
            peer.close()
    assert run(main) == (True, 300000)


def test_a_server_that_closes_is_an_error_of_the_call(run):
    service = diesel.Service(hang_up, 0, '127.0.0.1')

    def main():
        try:
            Asker('localhost', service.port).ask(b'one')
        except diesel.ClientConnectionClosed as error:
            return (error.addr, error.port == service.port,
                    str(error) == 'Connection closed by remote host '
                    '(addr=localhost, port=%d)' % service.port)
    assert run(main, service) == ('localhost', True, True)


def test_a_server_that_has_closed_is_an_error_of_the_next_call(run):
    service = diesel.Service(lambda addr: None, 0, '127.0.0.1')

    def main():
        client = Asker('127.0.0.1', service.port)
        wait_until(lambda: client.is_closed, 'the client hears of the end')
        client.ask(b'one')
    with pytest.raises(diesel.ClientConnectionClosed):
        run(main, service)


def test_an_error_in_a_call_does_not_harm_the_client(run, service):
    def main():
        client = Asker('127.0.0.1', service.port)
        with pytest.raises(ZeroDivisionError):
            client.fail()
        return client.ask(b'one')
    assert run(main, service) == b'You said: one\r\n'


def test_after_a_call_the_loop_has_no_connection(run, service):
    def main():
        Asker('127.0.0.1', service.port).ask(b'one')
        diesel.send(b'to whom?')
    with pytest.raises(RuntimeError):
        run(main, service)


def test_nobody_listening_is_an_error_that_says_where(run):
    error, says_where = run(connect_to_nobody)
    assert isinstance(error, socket.error)
    assert says_where


def test_connecting_can_be_limited_in_time(run, full):
    def main():
        with pytest.raises(ClientConnectionTimeout) as caught:
            Asker(full[0], full[1], timeout=0.1)
        return str(caught.value)
    assert run(main) == 'connection timeout (%s:%s)' % full


def test_other_loops_go_on_while_one_connects(run, full):
    def main():
        log = []

        def connect():
            log.append('begins')
            try:
                Asker(full[0], full[1], timeout=5)
            finally:
                log.append('ends')

        diesel.fork(connect)
        settle()
        return list(log)
    assert run(main) == ['begins']


def test_the_limit_is_over_with_the_connection(run, service):
    def main():
        client = Asker('127.0.0.1', service.port, timeout=0.5)
        diesel.sleep(0.6)
        return client.ask(b'one')
    assert run(main, service) == b'You said: one\r\n'


def test_a_client_can_choose_its_address(run, listener):
    def main():
        host, port = listener.getsockname()
        Asker(host, port, source_ip='127.0.0.2')
        peer, address = listener.accept()
        peer.close()
        return address[0]
    assert run(main) == '127.0.0.2'


def test_the_errors_of_clients_are_socket_errors():
    for error in (diesel.ClientConnectionClosed, diesel.ClientConnectionError,
                  ClientConnectionTimeout, diesel.ConnectionClosed):
        assert issubclass(error, socket.error)


def test_an_error_says_what_it_is_told():
    assert str(diesel.ClientConnectionClosed('gone')) == 'gone'
    error = diesel.ClientConnectionClosed('gone', buffer=b'half', addr='a', port=1)
    assert str(error) == 'gone (addr=a, port=1)'
    assert error.buffer == b'half'
    error = diesel.ConnectionClosed('gone', b'half')
    assert (str(error), error.buffer) == ('gone', b'half')
    assert diesel.ConnectionClosed('gone').buffer is None


def test_an_address_needs_no_resolving(run):
    assert run(lambda: diesel.resolve_dns_name('127.0.0.1')) == '127.0.0.1'
    assert run(lambda: diesel.resolve_dns_name('192.0.2.7')) == '192.0.2.7'


def test_a_name_becomes_an_address(run):
    assert run(lambda: [diesel.resolve_dns_name('localhost')
                        for _ in range(3)]) == ['127.0.0.1'] * 3
