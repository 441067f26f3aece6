"""TLS: a service with an ssl_ctx, a client with one, and peers without."""
import ssl

import pytest

from compat import diesel
from tests.diesel import tls
from tests.diesel.test_more_than_the_original import guaranteed
from tests.diesel.turns import settle, wait_until

pytestmark = [pytest.mark.wire, pytest.mark.rule('diesel')]

BIG = bytes(bytearray(range(256))) * 2000  # many TLS records


class Asker(diesel.Client):
    """A client that sends a line and reads one."""

    @diesel.call
    def ask(self, line):
        diesel.send(line + b'\r\n')
        return diesel.until_eol()

    @diesel.call
    def ask_much(self, data):
        diesel.send(data)
        return diesel.receive(len(data))


def echo(addr):
    while True:
        diesel.send(b'You said: ' + diesel.until_eol())


@pytest.fixture
def secured(served, certificate, conversation):
    """A function: (handler, client) -> what client(talk) returns, whose talk goes
    through TLS, and whose certificate check is the standard library's."""
    def serve(handler, client):
        def whole(address):
            talk = conversation(address)
            context = tls.for_blocking_client(certificate)
            talk.sock = context.wrap_socket(talk.sock, server_hostname='localhost')
            return client(talk)
        return served(handler, whole, ssl_ctx=tls.for_service(certificate))
    return serve


def test_a_service_answers_each_line(secured):
    def client(talk):
        talk.send(b'one\r\ntwo\r\n')
        return talk.read(len(answers))
    answers = b'You said: one\r\nYou said: two\r\n'
    assert secured(echo, client) == answers


def test_a_line_may_come_byte_by_byte(secured):
    def client(talk):
        for number in range(7):
            talk.send(b'hello\r\n'[number:number + 1])
        return talk.read(len(answer))
    answer = b'You said: hello\r\n'
    assert secured(echo, client) == answer


def test_the_handler_gets_the_address_of_the_client(secured):
    def handler(addr):
        diesel.send(('%s:%d' % addr).encode('ascii'))

    def client(talk):
        address = ('%s:%d' % talk.sock.getsockname()).encode('ascii')
        return talk.read(len(address)) == address
    assert secured(handler, client)


def test_much_comes_in_whole(secured):
    def handler(addr):
        diesel.send(b'%d' % (diesel.receive(len(BIG)) == BIG))

    def client(talk):
        talk.send(BIG)
        return talk.read(1)
    assert secured(handler, client) == b'1'


def test_much_goes_out_whole(secured):
    def handler(addr):
        diesel.send(BIG)
    assert secured(handler, lambda talk: talk.read(len(BIG)) == BIG)


def test_the_end_of_the_handler_ends_the_connection(secured):
    def client(talk):
        try:
            return talk.read(1)
        except ssl.SSLError:  # neither library says goodbye (RFC 8446, 6.1)
            return b''
    assert secured(lambda addr: None, client) == b''


def test_what_was_said_before_the_end_is_in_the_error(run, certificate):
    got = []

    def handler(addr):
        try:
            diesel.until_eol()
        except diesel.ConnectionClosed as error:
            got.append(error.buffer)
        diesel.fire('done')

    service = diesel.Service(handler, 0, '127.0.0.1',
                             ssl_ctx=tls.for_service(certificate))

    class Leaver(diesel.Client):
        @diesel.call
        def say(self, data):
            diesel.send(data)

    def main():
        with Leaver('localhost', service.port,
                    ssl_ctx=tls.for_client(certificate)) as client:
            client.say(b'half a li')
        diesel.wait('done')
        return got
    assert run(main, service) == [b'half a li']


def test_a_client_talks_to_a_service(run, certificate):
    service = diesel.Service(echo, 0, '127.0.0.1',
                             ssl_ctx=tls.for_service(certificate))

    def main():
        client = Asker('localhost', service.port,
                       ssl_ctx=tls.for_client(certificate))
        return [client.ask(b'one'), client.ask(b'two'), client.close()]
    assert run(main, service) == [b'You said: one\r\n', b'You said: two\r\n', None]


def test_a_client_sends_and_gets_much(run, certificate):
    def handler(addr):
        diesel.send(diesel.receive(len(BIG)))

    service = diesel.Service(handler, 0, '127.0.0.1',
                             ssl_ctx=tls.for_service(certificate))

    def main():
        client = Asker('localhost', service.port,
                       ssl_ctx=tls.for_client(certificate))
        return client.ask_much(BIG) == BIG
    assert run(main, service)


def test_twenty_clients_talk_at_once(run, certificate):
    service = diesel.Service(echo, 0, '127.0.0.1',
                             ssl_ctx=tls.for_service(certificate))

    def main():
        answers = []

        def worker(number):
            client = Asker('localhost', service.port,
                           ssl_ctx=tls.for_client(certificate))
            answers.append(client.ask(b'%d' % number))

        for number in range(20):
            diesel.fork(worker, number)
        wait_until(lambda: len(answers) == 20, 'all are answered')
        return sorted(answers)
    assert run(main, service) == sorted(b'You said: %d\r\n' % n for n in range(20))


def test_a_client_that_does_not_begin_the_handshake_holds_up_nobody(
        run, certificate, conversation):
    service = diesel.Service(echo, 0, '127.0.0.1',
                             ssl_ctx=tls.for_service(certificate))

    def main():
        diesel.thread(conversation, ('127.0.0.1', service.port))
        settle()  # the service has let the peer in
        client = Asker('localhost', service.port,
                       ssl_ctx=tls.for_client(certificate))
        return client.ask(b'one')
    assert run(main, service) == b'You said: one\r\n'


@pytest.mark.hostile
def test_a_client_that_speaks_no_tls_disturbs_nobody(run, certificate, conversation):
    service = diesel.Service(echo, 0, '127.0.0.1',
                             ssl_ctx=tls.for_service(certificate))

    def main():
        talk = diesel.thread(conversation, ('127.0.0.1', service.port))
        talk.send(b'GET / HTTP/1.0\r\n\r\n')
        settle()  # the service has let the peer in
        client = Asker('localhost', service.port,
                       ssl_ctx=tls.for_client(certificate))
        return client.ask(b'one')
    assert run(main, service) == b'You said: one\r\n'


@pytest.mark.hostile
def test_a_certificate_that_is_not_trusted_is_refused(
        served, certificate, conversation):
    def client(address):
        talk = conversation(address)
        context = ssl.create_default_context()
        try:
            context.wrap_socket(talk.sock, server_hostname='localhost').close()
        except ssl.SSLError:
            return 'refused'
    context = tls.for_service(certificate)
    assert served(echo, client, ssl_ctx=context) == 'refused'


@guaranteed('another context is a TypeError')
@pytest.mark.parametrize('make', [
    lambda context: diesel.Service(echo, 0, '127.0.0.1', ssl_ctx=context),
    lambda context: diesel.Client('127.0.0.1', 1, ssl_ctx=context)],
    ids=['service', 'client'])
def test_another_librarys_context_is_refused_where_it_is_given(run, make):
    class Context(object):  # as pyOpenSSL's
        def set_verify(self, mode, callback):
            pass

    with pytest.raises(TypeError) as caught:
        run(lambda: make(Context()))
    assert 'ssl.SSLContext' in str(caught.value)
    assert 'test_tls.Context' in str(caught.value)
