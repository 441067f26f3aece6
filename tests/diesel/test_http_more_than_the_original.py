"""HTTP where the real library hangs, drops a body, or says what RFC 9112 forbids.

Each test names the guarantee that it needs, one of compat.diesel.GUARANTEES.
"""
import os
import ssl
import sys
import threading
import wsgiref.validate

import pytest

from compat import diesel
from compat import process
from compat.diesel import web
from compat.diesel.protocols.http import (
    HttpClient, HttpRequestTimeout, HttpsClient, HttpServer, Response)
from compat.diesel.protocols.http import pool
from compat.diesel.protocols.wsgi import WSGIRequestHandler
from tests.diesel.http_talk import HttpConversation, answers, get, post
from tests.programs import answer

HEAD = get(b'/').replace(b'GET', b'HEAD')
CHUNKED = (b'POST / HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n'
           b'3\r\none\r\n5;note=x\r\n, two\r\n0\r\nX-Trailer: t\r\n\r\n')


def guaranteed(name):
    """The mark of a test of what the real library does not do."""
    return pytest.mark.skipif('http: ' + name not in diesel.GUARANTEES,
                              reason='no guarantee of the real library: ' + name)


@pytest.fixture
def talked(served):
    """A function: a request_handler, and talk -> what talk(conversation) returns,
    in a thread."""
    def serve(handler, talk):
        def client(address):
            conversation = HttpConversation(address)
            try:
                return talk(conversation)
            finally:
                conversation.close()
        server = handler if isinstance(handler, HttpServer) else HttpServer(handler)
        return served(server, client)
    return serve


@pytest.fixture
def client_of(run):
    """A function: a connection_handler, and use -> what use(client) returns."""
    def start(handler, use):
        service = diesel.Service(handler, 0, '127.0.0.1')

        def main():
            with HttpClient('127.0.0.1', service.port) as client:
                return use(client)
        return run(main, service)
    return start


def repeat(request):
    """Answer with what was asked."""
    return Response(request.method.encode('ascii') + b' ' + request.path.encode('utf-8')
                    + b'[' + request.data + b']')


def says(reply):
    """A connection_handler that says this to a request, and closes."""
    def handler(addr):
        diesel.until(b'\r\n\r\n')
        diesel.send(reply)
    return handler


def to_the_end(request):
    """A talk: this request, and the answer, when nothing comes after it."""
    def talk(conversation):
        found = conversation.ask(request)
        conversation.expect_end()
        return found
    return talk


def silent(addr):
    """A connection_handler that hears all, and says nothing."""
    while True:
        diesel.receive()


# Requests

@pytest.mark.wire
@pytest.mark.rule('diesel')
@guaranteed('pipelining')
def test_requests_in_one_packet_are_answered_in_order(talked):
    def talk(conversation):
        conversation.send(get(b'/1') + post(b'/2', b'two') + get(b'/3'))
        return [conversation.read_answer().body for _ in range(3)]
    assert talked(repeat, talk) == [b'GET /1[]', b'POST /2[two]', b'GET /3[]']


@pytest.mark.wire
@pytest.mark.rule('diesel')
@guaranteed('pipelining')
def test_many_requests_in_one_packet_leave_others_their_turn(served):
    def handler(request):
        asked.append(request.path)
        if len(asked) == 2:
            begun.set()
            there.wait(process.DEADLINE)  # nobody else is served meanwhile
        return Response(request.path)

    def client(address):
        one, many = HttpConversation(address), HttpConversation(address)
        try:
            one.ask(get(b'/'))
            many.send(get(b'/many') * 50)
            begun.wait(process.DEADLINE)
            one.send(get(b'/one'))
            there.set()
            return one.read_answer().body
        finally:
            many.close()
            one.close()
    asked, begun, there = [], threading.Event(), threading.Event()
    assert served(HttpServer(handler), client) == b'/one'
    assert asked.index('/one') < 50


@pytest.mark.wire
@pytest.mark.rule('diesel')
@guaranteed('chunks')
def test_a_chunked_body_is_put_together(talked):
    def handler(request):
        length = request.environ['CONTENT_LENGTH']
        return Response(request.data + b' ' + length.encode('ascii'))
    assert talked(handler, lambda conversation: conversation.ask(CHUNKED).body) == (
        b'one, two 8')


@pytest.mark.wire
@pytest.mark.rule('diesel')
@guaranteed('chunks')
def test_curl_sends_a_chunked_body(served):
    answer(b'', 'curl', '--version')

    def client(address):
        return answer(b'from a pipe', 'curl', '-sS', '--max-time', '10', '-T', '-',
                      'http://%s:%d/file' % address)
    assert served(HttpServer(repeat), client) == b'PUT /file[from a pipe]'


@pytest.mark.wire
@pytest.mark.rule('diesel')
@guaranteed('100 Continue')
def test_a_client_that_asks_is_told_to_go_on(talked):
    def talk(conversation):
        conversation.send(post(b'/', b'', b'Expect: 100-continue').replace(
            b'Length: 0', b'Length: 4'))
        status, headers = conversation.read_head()
        return status, conversation.ask(b'body').body
    assert talked(repeat, talk) == (100, b'POST /[body]')


@pytest.mark.wire
@pytest.mark.rule('diesel')
@guaranteed('100 Continue')
def test_a_client_that_has_sent_its_body_is_not_told_to_go_on(talked):
    assert talked(repeat, lambda conversation: conversation.ask(
        post(b'/', b'body', b'Expect: 100-continue'))).status == 200


@pytest.mark.wire
@pytest.mark.rule('diesel')
@guaranteed('paths are decoded')
def test_a_path_is_decoded(talked):
    assert talked(repeat, lambda conversation: conversation.ask(
        get(b'/a%20b%2Fc/%C3%BC')).body) == b'GET /a b/c/\xc3\xbc[]'


@pytest.mark.wire
@pytest.mark.rule('diesel')
@guaranteed('paths are decoded')
@pytest.mark.parametrize('target, url', [
    (b'http://there/path?q', b'http://there/path?q'),
    (b'http://there', b'http://there/'), (b'http://there?q', b'http://there/?q'),
    (b'//path', b'http://here//path')],
    ids=['whole', 'no path', 'no path, a query', 'two slashes'])
def test_a_target_may_be_a_whole_url(talked, target, url):
    def handler(request):
        query = request.environ['QUERY_STRING']
        return Response('%s://%s%s' % (request.scheme, request.host,
                                       request.environ['PATH_INFO'])
                        + ('?' + query if query else ''))
    assert talked(handler, lambda conversation: conversation.ask(
        get(target)).body) == url


# Answers

@pytest.mark.wire
@pytest.mark.rule('diesel')
@guaranteed('HEAD has no body')
def test_the_answer_to_head_is_the_head_of_the_answer_to_get(talked):
    def talk(conversation):
        conversation.send(HEAD)
        status, headers = conversation.read_head()
        return status, headers[b'content-length'], conversation.ask(get(b'/')).body
    assert talked(lambda request: Response(b'hello'), talk) == (200, [b'5'], b'hello')


@pytest.mark.wire
@pytest.mark.rule('diesel')
@guaranteed('HEAD has no body')
@pytest.mark.parametrize('status', [204, 304])
def test_an_answer_that_has_no_body_by_its_status_keeps_the_connection(talked, status):
    def handler(request):
        return Response(b'body', status=status if request.path == '/' else 200)

    def talk(conversation):
        conversation.send(get(b'/'))
        first = conversation.read_head()[0]
        return first, conversation.ask(get(b'/next')).body
    assert talked(handler, talk) == (status, b'body')


@pytest.mark.wire
@pytest.mark.rule('diesel')
@guaranteed('chunks')
def test_an_answer_in_pieces_keeps_the_connection(talked):
    def talk(conversation):
        conversation.send(get(b'/'))
        status, headers = conversation.read_head()
        conversation.expect(b'3\r\none\r\n5\r\n, two\r\n0\r\n\r\n')
        conversation.send(get(b'/'))
        return headers[b'transfer-encoding'], conversation.read_head()[0]
    assert talked(lambda request: Response(iter([b'one', b'', b', two'])), talk) == (
        [b'chunked'], 200)


@pytest.mark.wire
@pytest.mark.rule('diesel')
@guaranteed('chunks')
def test_an_answer_that_breaks_off_has_no_end(talked):
    def pieces():
        yield b'one'
        raise ZeroDivisionError('between two pieces')

    def talk(conversation):
        conversation.send(get(b'/'))
        conversation.read_head()
        return conversation.read_all()
    assert talked(lambda request: Response(pieces()), talk) == b'3\r\none\r\n'


@pytest.mark.wire
@pytest.mark.rule('diesel')
@guaranteed('errors are answered')
def test_a_response_object_can_be_returned_for_many_requests(talked):
    always = Response(b'always')
    found = talked(lambda request: always, lambda conversation: [
        conversation.ask(get(b'/')) for _ in range(2)])
    assert [one.body for one in found] == [b'always', b'always']
    assert [name for name in ('Server', 'Date') if name in always.headers] == []


@pytest.mark.wire
@pytest.mark.rule('diesel')
@guaranteed('pipelining')
def test_what_comes_early_in_another_protocol_is_received(talked):
    def echo(request):
        diesel.send(diesel.until_eol())

    def handler(request):
        response = Response(status=101, headers={'Upgrade': 'echo',
                                                 'Connection': 'Upgrade'})
        response.new_protocol = echo
        return response

    def talk(conversation):
        conversation.send(get(b'/', b'Upgrade: echo', b'Connection: Upgrade')
                          + b'early\r\n')
        return conversation.read_head()[0], conversation.read_all()
    assert talked(handler, talk) == (101, b'early\r\n')


# What goes wrong

@pytest.mark.hostile
@pytest.mark.rule('diesel')
@guaranteed('errors are answered')
@pytest.mark.parametrize('handler', [
    lambda request: 1 / 0, lambda request: None, lambda request: 'text',
    lambda request: Response(b'', headers={'X-Sendfile': '/no/such/file'}),
    lambda request: Response(b'', headers={'X-Wide': u'\u20ac'}),
    lambda request: Response(b'', headers={'Not a name': 'x'}),
    lambda request: Response(b'', status=101)],
    ids=['raises', 'nothing', 'text', 'no file', 'wide header', 'bad header', '101'])
def test_a_handler_that_fails_is_500_and_the_connection_is_kept(talked, handler):
    def maybe(request):
        return handler(request) if request.path == '/bad' else Response(b'good')
    found = talked(maybe, lambda conversation: [
        conversation.ask(get(path)) for path in (b'/bad', b'/')])
    assert [one.status for one in found] == [500, 200]
    assert found[0].body == b'500 INTERNAL SERVER ERROR\n'


BAD = {
    'nonsense': (b'\x00\x01nonsense\r\n\r\n', 400),
    'TLS': (b'\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03' + b'x' * 500 + b'\n', 400),
    'no version': (b'GET /\r\n\r\n', 400),
    'no host': (b'GET / HTTP/1.1\r\n\r\n', 400),
    'two hosts': (get(b'/', b'Host: there'), 400),
    'bad host': (get(b'http://[/path'), 400),
    'bad header': (get(b'/', b'no colon'), 400),
    'space before the colon': (get(b'/', b'Name : x'), 400),
    'bad length': (get(b'/', b'Content-Length: x'), 400),
    'negative length': (get(b'/', b'Content-Length: -1'), 400),
    'two lengths': (get(b'/', b'Content-Length: 1', b'Content-Length: 2'), 400),
    'long length': (get(b'/', b'Content-Length: ' + b'9' * 5000), (400, 413)),
    'bad chunk': (CHUNKED.replace(b'3\r\n', b'x\r\n'), 400),
    'unknown coding': (CHUNKED.replace(b'chunked', b'gzip'), 501),
    'long line': (b'GET /' + b'x' * 70000, 431),
    'long head': (b'GET / HTTP/1.1\r\n' + b'Name: x\r\n' * 10000, 431),
    'large body': (get(b'/', b'Content-Length: 1001'), 413),
    'large chunks': (CHUNKED.replace(b'3\r\none', b'3e9\r\n' + b'x' * 1001), 413),
}


@pytest.mark.hostile
@pytest.mark.rule('diesel')
@guaranteed('refusals')
@pytest.mark.parametrize('name', sorted(BAD))
def test_a_bad_request_is_refused_and_the_connection_closed(talked, monkeypatch, name):
    monkeypatch.setattr('compat.diesel.protocols.http.server.LINGER', 0.05)
    said, status = BAD[name]
    server = HttpServer(repeat)
    server.body_limit = 1000
    found = talked(server, to_the_end(said))
    assert found.status in (status if isinstance(status, tuple) else (status,))
    assert found.headers[b'connection'] == [b'close']


@pytest.mark.hostile
@pytest.mark.rule('diesel')
@guaranteed('refusals')
def test_a_client_that_goes_on_sending_still_gets_its_refusal(talked):
    def talk(conversation):
        for _ in range(100):
            conversation.send(b'x' * 100000)
        return conversation.read_answer().status
    assert talked(repeat, talk) == 431


@pytest.mark.hostile
@pytest.mark.rule('diesel')
@guaranteed('refusals')
def test_a_body_that_would_be_refused_is_not_asked_for(talked, monkeypatch):
    monkeypatch.setattr('compat.diesel.protocols.http.server.LINGER', 0.05)
    server = HttpServer(repeat)
    server.body_limit = 3
    found = talked(server, to_the_end(post(b'/', b'', b'Expect: 100-continue').replace(
        b'Length: 0', b'Length: 4')))
    assert found.status == 413


# The client

@pytest.mark.hostile
@pytest.mark.rule('diesel')
@guaranteed('a late answer is not the next one')
def test_a_late_answer_is_not_taken_for_the_next_one(client_of):
    def use(client):
        with pytest.raises(HttpRequestTimeout):
            client.request('GET', '/', timeout=0.05)
        with pytest.raises(diesel.ClientConnectionClosed):
            client.request('GET', '/next')
        return client.is_closed
    assert client_of(silent, use) is True


@pytest.mark.hostile
@pytest.mark.rule('diesel')
@guaranteed('a late answer is not the next one')
def test_a_server_that_never_reads_is_too_slow(client_of):
    def use(client):
        with pytest.raises(HttpRequestTimeout):
            client.request('POST', '/', body=b'x' * (1 << 24), timeout=0.2)
        return 'in time'
    assert client_of(lambda addr: diesel.wait('never'), use) == 'in time'


@pytest.mark.wire
@pytest.mark.rule('diesel')
@guaranteed('the end can end an answer')
def test_an_answer_of_no_length_ends_with_the_connection(client_of):
    reply = b'HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nto the end'
    found = client_of(says(reply), lambda client: (
        client.request('GET', '/').data, client.is_closed))
    assert found == (b'to the end', True)


@pytest.mark.hostile
@pytest.mark.rule('diesel')
@guaranteed('the end can end an answer')
def test_an_answer_of_no_length_may_be_too_slow_to_end(client_of):
    def handler(addr):
        diesel.until(b'\r\n\r\n')
        diesel.send(b'HTTP/1.1 200 OK\r\n\r\nnot to the end')
        silent(addr)

    def use(client):
        with pytest.raises(HttpRequestTimeout):
            client.request('GET', '/', timeout=0.1)
        return 'in time'
    assert client_of(handler, use) == 'in time'


@pytest.mark.wire
@pytest.mark.rule('diesel')
@guaranteed('the end can end an answer')
def test_the_answer_to_head_has_no_body_but_a_length(client_of):
    def use(client):
        found = client.request('HEAD', '/')
        return found.headers['Content-Length'], client.request('GET', '/').data
    assert client_of(HttpServer(lambda request: Response(b'hello')), use) == (
        '5', b'hello')


@pytest.mark.wire
@pytest.mark.rule('diesel')
@guaranteed('chunks')
def test_a_chunked_answer_is_put_together(client_of):
    def use(client):
        return [client.request('GET', '/').data for _ in range(2)]
    assert client_of(HttpServer(lambda request: Response(iter([b'one', b', two']))),
                     use) == [b'one, two', b'one, two']


@pytest.mark.wire
@pytest.mark.rule('diesel')
@guaranteed('100 Continue')
def test_an_answer_may_come_after_a_word_on_its_way(client_of):
    reply = b'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'
    assert client_of(says(reply), lambda client: client.request(
        'GET', '/').status_code) == 200


@pytest.mark.wire
@pytest.mark.rule('diesel')
@guaranteed('chunks')
def test_a_header_of_an_answer_may_be_there_twice(client_of):
    reply = (b'HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n'
             b'Content-Length: 0\r\n\r\n')
    assert client_of(says(reply), lambda client: client.request(
        'GET', '/').headers.getlist('Set-Cookie')) == ['a=1', 'b=2']


@pytest.mark.wire
@pytest.mark.rule('diesel')
@guaranteed('paths are decoded')
def test_a_target_is_encoded_once(client_of):
    def handler(request):
        return Response(request.environ['RAW_URI'])

    def use(client):
        return [client.request('GET', url).data for url in (
            u'/a b/\xfc?q=\xfc', '/a%20b?q=%C3%BC&r=1+2', b'/bytes', '?q')]
    assert client_of(HttpServer(handler), use) == [
        b'/a%20b/%C3%BC?q=%C3%BC', b'/a%20b?q=%C3%BC&r=1+2', b'/bytes', b'/?q']


@pytest.mark.wire
@pytest.mark.rule('diesel')
@guaranteed('paths are decoded')
def test_the_host_is_sent_with_its_port_unless_the_caller_names_one(client_of):
    def use(client):
        port = ':%d' % client.port
        return [client.request('GET', '/', headers).data.decode().replace(port, ':port')
                for headers in ({}, {'host': 'there'})]
    assert client_of(HttpServer(lambda request: Response(request.host)), use) == [
        '127.0.0.1:port', 'there']


@pytest.mark.hostile
@pytest.mark.rule('diesel')
@guaranteed('refusals')
@pytest.mark.parametrize('reply', [
    b'nonsense\r\n\r\n', b'HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n',
    b'HTTP/1.1 200 OK\r\nName: ' + b'x' * 100000,
    b'HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n'],
    ids=['nonsense', 'bad length', 'long head', 'another protocol'])
def test_an_answer_that_is_not_http_is_an_error(client_of, reply):
    from compat.diesel.protocols.http import HttpProtocolError

    def use(client):
        with pytest.raises(HttpProtocolError):
            client.request('GET', '/', {'Upgrade': 'x', 'Connection': 'upgrade'})
        return client.is_closed
    assert client_of(says(reply), use) is True


@pytest.mark.hostile
@pytest.mark.rule('diesel', 'bytes-on-the-wire')
@guaranteed('refusals')
@pytest.mark.parametrize('error, arguments', [
    (TypeError, ('POST', '/', {}, u'text')),
    (ValueError, ('GET', '/', {'X': 'a\r\nb'})),
    (ValueError, ('GET', '/', {'a b': 'c'})), (ValueError, ('GET it', '/')),
    (ValueError, ('GET', '/', {'X': u'\u20ac'}))],
    ids=['text', 'two lines', 'a bad name', 'a bad method', 'a wide header'])
def test_what_cannot_be_sent_is_an_error_and_not_sent(client_of, error, arguments):
    def use(client):
        with pytest.raises(error):
            client.request(*arguments)
        return client.request('GET', '/').data
    assert client_of(HttpServer(repeat), use) == b'GET /[]'


@pytest.mark.wire
@pytest.mark.rule('diesel')
@guaranteed('refusals')
def test_the_pool_leaves_the_callers_headers_alone(run):
    headers = {'X-Colour': 'blue'}
    service = diesel.Service(HttpServer(repeat), 0, '127.0.0.1')
    assert run(lambda: pool.request('http://127.0.0.1:%d/' % service.port,
                                    headers=headers).data, service) == b'GET /[]'
    assert headers == {'X-Colour': 'blue'}


@pytest.mark.hostile
@pytest.mark.rule('diesel')
@guaranteed('certificates are checked')
def test_a_server_with_a_certificate_that_nobody_knows_is_not_asked(run, folder):
    path = os.path.join(folder, 'both.pem')
    answer(b'', 'openssl', 'req', '-x509', '-nodes', '-newkey', 'rsa:2048', '-days', '2',
           '-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1',
           '-keyout', path, '-out', path + '2')
    with open(path, 'ab') as both, open(path + '2', 'rb') as certificate:
        both.write(certificate.read())
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(path)
    trusting = ssl.create_default_context(cafile=path)
    for name in os.listdir(folder):
        os.remove(os.path.join(folder, name))

    def main():
        with pytest.raises(diesel.ClientConnectionError):
            HttpsClient('127.0.0.1', service.port)
        with HttpsClient('127.0.0.1', service.port, ssl_ctx=trusting) as client:
            return client.request('GET', '/').data
    service = diesel.Service(HttpServer(lambda request: Response(request.scheme)), 0,
                             '127.0.0.1', ssl_ctx=server)
    assert run(main, service) == b'https'


# WSGI and Flask

def wsgi(application):
    return HttpServer(WSGIRequestHandler(application))


@pytest.mark.wire
@pytest.mark.rule('diesel')
@guaranteed('WSGI streams')
@pytest.mark.parametrize('request_bytes', [
    get(b'/a/b?c=d'), HEAD, post(b'/', b'x=y', b'Content-Type: text/plain'), CHUNKED],
    ids=['GET', 'HEAD', 'POST', 'chunked'])
def test_the_validator_of_wsgi_has_nothing_to_say(talked, request_bytes):
    def application(environ, start_response):
        start_response('200 OK', [('Content-Type', 'text/plain')])
        return [environ['wsgi.input'].read(100) + b'.']

    def talk(conversation):
        conversation.send(request_bytes)
        return conversation.read_head()[0]
    assert talked(wsgi(wsgiref.validate.validator(application)), talk) == 200


class Pieces(object):
    """What a WSGI application returns, and whether it is closed."""

    def __init__(self, pieces):
        self.pieces = pieces
        self.closed = 0

    def __iter__(self):
        return iter(self.pieces)

    def close(self):
        self.closed += 1


@pytest.mark.wire
@pytest.mark.rule('diesel')
@guaranteed('WSGI streams')
def test_a_piece_of_an_application_is_sent_before_the_next_one_is_made(talked):
    def application(environ, start_response):
        start_response('200 OK', [])
        yield b'first'
        diesel.wait('go on')
        yield b'second'

    def talk(conversation):
        conversation.send(b'GET / HTTP/1.0\r\n\r\n')
        conversation.read_head()
        conversation.expect(b'first')
        diesel.fork_from_thread(diesel.fire, 'go on')
        return conversation.read_all()
    assert talked(wsgi(application), talk) == b'second'


@pytest.mark.wire
@pytest.mark.rule('diesel')
@guaranteed('WSGI streams')
@pytest.mark.parametrize('request_bytes', [get(b'/'), HEAD], ids=['GET', 'HEAD'])
def test_what_an_application_returns_is_closed_once(talked, request_bytes):
    def application(environ, start_response):
        start_response('200 OK', [('Content-Length', '3')])
        return output

    def talk(conversation):
        conversation.send(request_bytes.replace(b'1.1', b'1.0'))
        return conversation.read_all()
    output = Pieces([b'one'])
    talked(wsgi(application), talk)
    assert output.closed == 1


@pytest.mark.hostile
@pytest.mark.rule('diesel')
@guaranteed('WSGI streams')
def test_what_an_application_returns_is_closed_though_it_fails(talked):
    def application(environ, start_response):
        start_response('200 OK', [])
        return output
    output = Pieces(1 / number for number in [0])
    found = talked(wsgi(application), lambda conversation: conversation.ask(get(b'/')))
    assert (found.status, output.closed) == (500, 1)


@pytest.mark.wire
@pytest.mark.rule('diesel')
@guaranteed('WSGI streams')
def test_an_application_has_only_its_own_headers(talked):
    def application(environ, start_response):
        start_response('200 OK', [('Content-Type', 'text/plain')])
        return [b'text']
    found = talked(wsgi(application), lambda conversation: conversation.ask(get(b'/')))
    assert (found.headers.pop(b'date'), found.headers)[1] == {
        b'content-type': [b'text/plain'], b'content-length': [b'4'],
        b'server': [b'diesel-http-server']}


@pytest.mark.hostile
@pytest.mark.rule('diesel')
@guaranteed('WSGI streams')
def test_an_application_may_change_its_mind_until_something_is_sent(talked):
    def application(environ, start_response):
        start_response('200 OK', [])
        try:
            raise ZeroDivisionError('after start_response()')
        except ZeroDivisionError:
            start_response('503 Sorry', [], sys.exc_info())
        return [b'sorry']
    found = talked(wsgi(application), lambda conversation: conversation.ask(get(b'/')))
    assert (found.status, found.body) == (503, b'sorry')


@pytest.mark.hostile
@pytest.mark.rule('diesel')
@guaranteed('WSGI streams')
@pytest.mark.parametrize('calls', [0, 2])
def test_an_application_that_does_not_start_once_is_500(talked, calls):
    def application(environ, start_response):
        for _ in range(calls):
            start_response('200 OK', [])
        return [b'']
    assert talked(wsgi(application), lambda conversation: conversation.ask(
        get(b'/'))).status == 500


@pytest.mark.hostile
@pytest.mark.rule('diesel')
@guaranteed('Flask errors have their status')
def test_the_page_that_shows_a_traceback_has_the_status_of_an_error(run):
    class Application(web.DieselFlask):
        @classmethod
        def make_application(cls):
            return None   # it is not run() here
    app = Application('tests')

    @app.route('/bad')
    def bad():
        raise ZeroDivisionError('in a view')
    service = app.make_service(0, '127.0.0.1', debug=True)
    [found] = run(lambda: diesel.thread(
        answers, ('127.0.0.1', service.port), get(b'/bad')), service)
    assert (found.status, found.headers[b'content-type']) == (
        500, [b'text/plain; charset=utf-8'])


# What is not installed

def imported_without(package, module, tree):
    """Return the last line on stderr of a program that imports a module where a
    package is missing, which is nothing if it can be imported."""
    code = "import sys; sys.modules['%s'] = None; import %s" % (package, module)
    with process.Child(tree, module, command=['-c', code]) as child:
        child.wait()
    return (child.stderr.decode('ascii').splitlines() or [''])[-1]


@pytest.mark.script
@pytest.mark.rule('diesel')
@guaranteed('a missing package is named')
@pytest.mark.parametrize('package, module, advice', [
    ('h11', 'compat.diesel.protocols.http', 'pip install h11 flask'),
    ('werkzeug', 'compat.diesel.protocols.wsgi', 'pip install h11 flask'),
    ('flask', 'compat.diesel.web', 'pip install flask'),
    ('wsproto', 'compat.diesel.protocols.websockets', 'pip install wsproto')])
def test_a_package_that_is_missing_is_named(tree, package, module, advice):
    line = imported_without(package, module, tree)
    assert line.startswith('ImportError: ') and 'needs ' + package in line
    assert line.endswith(advice)


@pytest.mark.script
@pytest.mark.rule('diesel')
@guaranteed('a missing package is named')
@pytest.mark.parametrize('module', ['protocols.http', 'protocols.wsgi', 'web'])
def test_another_module_that_is_missing_is_not_taken_for_a_package(tree, module):
    line = imported_without('http.client', 'compat.diesel.' + module, tree)
    assert 'http.client' in line and 'pip install' not in line


@pytest.mark.script
@pytest.mark.rule('diesel')
@guaranteed('a missing package is named')
@pytest.mark.parametrize('module', ['http', 'http.pool', 'wsgi'])
def test_http_does_without_flask(tree, module):
    assert imported_without('flask', 'compat.diesel.protocols.' + module, tree) == ''
