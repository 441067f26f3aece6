"""diesel.protocols.http: what an HttpClient sends, and what it makes of answers."""
import pytest
from six.moves.urllib.parse import urlsplit

from compat import diesel
from compat.diesel.protocols.http import (
    HttpClient, HttpRequestTimeout, HttpServer, Response)
from compat.diesel.protocols.http import pool

EVERY_BYTE = bytes(bytearray(range(256)))
OK = b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'


@pytest.fixture
def client_of(run):
    """A function: a connection_handler, and use -> what use(client) returns, with
    an HttpClient of a service with that handler."""
    def start(handler, use):
        service = diesel.Service(handler, 0, '127.0.0.1')

        def main():
            with HttpClient('127.0.0.1', service.port) as client:
                return use(client)
        return run(main, service)
    return start


@pytest.fixture
def asking(run):
    """A function: a connection_handler, and main -> what main(url) returns; the
    URL is that of a service with the handler."""
    def start(handler, main):
        service = diesel.Service(handler, 0, '127.0.0.1')
        return run(lambda: main('http://127.0.0.1:%d' % service.port), service)
    return start


class Scripted(object):
    """A connection_handler that answers each request with the next of some bytes,
    whatever is asked, and then closes. heads: the requests, without bodies."""

    def __init__(self, *replies, **options):
        self.replies = replies
        self.body = options.get('body', 0)   # the length of the requests' bodies
        self.heads = []
        self.clients = 0

    def __call__(self, addr):
        self.clients += 1
        for reply in self.replies:
            self.heads.append(diesel.until(b'\r\n\r\n'))
            if self.body:
                diesel.receive(self.body)
            diesel.send(reply)

    @property
    def headers(self):
        """The headers of the first request, with lower-case names."""
        lines = self.heads[0].split(b'\r\n')[1:-2]
        return {name.lower(): value for name, value in (
            line.split(b': ', 1) for line in lines)}


class Open(Scripted):
    """The same, but it waits for the client to close."""

    def __call__(self, addr):
        Scripted.__call__(self, addr)
        while True:
            diesel.receive()


def repeat(request):
    """Answer with what was asked."""
    return Response(request.method.encode('ascii') + b' ' + request.path.encode('utf-8')
                    + b'[' + request.data + b']')


def host(url):
    """The headers for a client that sends none by itself."""
    return {'Host': url}


# What the server gets

@pytest.mark.wire
@pytest.mark.rule('diesel')
def test_the_server_gets_method_target_and_headers(client_of):
    server = Open(OK)
    client_of(server, lambda client: client.request(
        'PUT', '/a/b?c=d&e', {'Host': 'here', 'X-Colour': 'blue'}))
    assert server.heads[0].startswith(b'PUT /a/b?c=d&e HTTP/1.1\r\n')
    assert server.headers[b'host'] == b'here'
    assert server.headers[b'x-colour'] == b'blue'


@pytest.mark.wire
@pytest.mark.rule('diesel')
def test_of_a_whole_url_the_path_and_the_query_are_used(client_of):
    server = Open(OK)
    client_of(server, lambda client: client.request(
        'GET', 'http://elsewhere/path?query', host('here')))
    assert server.heads[0].startswith(b'GET /path?query HTTP/1.1\r\n')


@pytest.mark.wire
@pytest.mark.rule('diesel')
def test_a_header_may_be_a_number(client_of):
    server = Open(OK)
    client_of(server, lambda client: client.request(
        'GET', '/', {'Host': 'here', 'Max-Forwards': 5}))
    assert server.headers[b'max-forwards'] == b'5'


@pytest.mark.wire
@pytest.mark.rule('diesel', 'bytes-on-the-wire')
def test_the_server_gets_every_byte_of_a_body_and_its_length(client_of):
    server = Open(OK, body=256)
    client_of(server, lambda client: client.request(
        'POST', '/', host('here'), body=EVERY_BYTE))
    assert server.headers[b'content-length'] == b'256'


@pytest.mark.wire
@pytest.mark.rule('diesel')
def test_a_request_without_a_body_says_nothing_of_its_length(client_of):
    server = Open(OK)
    client_of(server, lambda client: client.request('GET', '/', host('here')))
    assert b'content-length' not in server.headers


# What the caller gets

@pytest.mark.wire
@pytest.mark.rule('diesel')
def test_the_caller_gets_status_headers_and_body(client_of):
    reply = (b'HTTP/1.1 404 Not Found\r\nX-Colour: blue\r\n'
             b'Content-Type: text/plain\r\nContent-Length: 4\r\n\r\ngone')
    found = client_of(Open(reply), lambda client: client.request(
        'GET', '/', host('here')))
    assert isinstance(found, Response)
    assert (found.status_code, found.headers['x-colour'], found.content_type,
            found.data) == (404, 'blue', 'text/plain', b'gone')


@pytest.mark.wire
@pytest.mark.rule('diesel', 'bytes-on-the-wire')
def test_the_caller_gets_every_byte_of_an_answer(client_of):
    found = client_of(HttpServer(lambda request: Response(EVERY_BYTE)),
                      lambda client: client.request('GET', '/', host('here')))
    assert found.data == EVERY_BYTE


@pytest.mark.wire
@pytest.mark.rule('diesel')
def test_a_long_body_goes_there_and_comes_back(client_of):
    body = EVERY_BYTE * 4096
    found = client_of(HttpServer(lambda request: Response(request.data)),
                      lambda client: client.request('POST', '/', host('here'), body))
    assert found.data == body


@pytest.mark.wire
@pytest.mark.rule('diesel')
def test_an_answer_may_come_in_small_packets(client_of):
    def trickle(addr):
        diesel.until(b'\r\n\r\n')
        for byte in bytearray(OK):
            diesel.send(bytes(bytearray([byte])))
            diesel.sleep(0.001)
        diesel.until(b'\r\n\r\n')
    found = client_of(trickle, lambda client: client.request(
        'GET', '/', host('here')))
    assert (found.status_code, found.data) == (200, b'ok')


# The connection

@pytest.mark.wire
@pytest.mark.rule('diesel')
def test_a_client_asks_again_over_its_connection(client_of):
    server = Open(OK, OK.replace(b'ok', b'OK'))
    found = client_of(server, lambda client: [
        client.request('GET', path, host('here')).data for path in ('/1', '/2')])
    assert (found, server.clients) == ([b'ok', b'OK'], 1)


@pytest.mark.wire
@pytest.mark.rule('diesel')
def test_a_client_talks_with_a_server_of_the_same_library(client_of):
    found = client_of(HttpServer(repeat), lambda client: [
        client.request('GET', '/1', host('here')).data,
        client.request('POST', '/2', host('here'), b'body').data,
        client.request('DELETE', '/3', host('here')).data])
    assert found == [b'GET /1[]', b'POST /2[body]', b'DELETE /3[]']


@pytest.mark.wire
@pytest.mark.rule('diesel')
def test_two_clients_wait_for_their_answers_at_once(asking):
    def handler(request):
        if request.path == '/1':
            diesel.wait('the other one is there')
        else:
            diesel.fire('the other one is there')
        return Response(request.path)

    def ask(port, path):
        with HttpClient('127.0.0.1', port) as client:
            found.append(client.request('GET', path, host('here')).data)
        diesel.fire('answered')

    def main(url):
        port = int(url.rpartition(':')[2])
        for path in ('/1', '/2'):
            diesel.fork(ask, port, path)
        while len(found) < 2:
            diesel.wait('answered')
        return sorted(found)
    found = []
    assert asking(HttpServer(handler), main) == [b'/1', b'/2']


@pytest.mark.hostile
@pytest.mark.rule('diesel')
def test_an_answer_that_does_not_come_in_time_is_an_error(client_of):
    def use(client):
        with pytest.raises(HttpRequestTimeout):
            client.request('GET', '/', host('here'), timeout=0.1)
        return 'in time'
    assert client_of(Open(), use) == 'in time'


@pytest.mark.hostile
@pytest.mark.rule('diesel')
def test_an_answer_that_does_not_end_in_time_is_an_error(client_of):
    def use(client):
        with pytest.raises(HttpRequestTimeout):
            client.request('GET', '/', host('here'), timeout=0.1)
        return 'in time'
    assert client_of(Open(OK[:-1]), use) == 'in time'


@pytest.mark.hostile
@pytest.mark.rule('diesel')
@pytest.mark.parametrize('replies', [[], [OK[:20]], [OK[:-1]]],
                         ids=['at once', 'in the head', 'in the body'])
def test_a_server_that_closes_too_early_is_an_error(client_of, replies):
    def hang_up(addr):
        diesel.until(b'\r\n\r\n')
        for reply in replies:
            diesel.send(reply)

    def use(client):
        with pytest.raises(diesel.ClientConnectionClosed):
            client.request('GET', '/', host('here'))
        return 'closed'
    assert client_of(hang_up, use) == 'closed'


@pytest.mark.wire
@pytest.mark.rule('diesel')
def test_a_client_that_is_closed_asks_nothing(client_of):
    def use(client):
        client.close()
        with pytest.raises(diesel.ClientConnectionClosed):
            client.request('GET', '/', host('here'))
        return client.is_closed
    assert client_of(Open(), use) is True


# The pool

@pytest.mark.wire
@pytest.mark.rule('diesel')
def test_the_pool_asks_by_url(asking):
    server = Open(OK)
    found = asking(server, lambda url: pool.request(url + '/path?query'))
    assert (found.status_code, found.data) == (200, b'ok')
    assert server.heads[0].startswith(b'GET /path?query HTTP/1.1\r\n')
    assert server.headers[b'connection'] == b'keep-alive'
    assert server.headers[b'user-agent'] == b'diesel.protocols.http.pool v3.0'
    assert server.headers[b'host'].startswith(b'127.0.0.1')


@pytest.mark.wire
@pytest.mark.rule('diesel')
def test_a_url_may_have_no_path(asking):
    server = Open(OK)
    asking(server, pool.request)
    assert server.heads[0].startswith(b'GET / HTTP/1.1\r\n')


@pytest.mark.wire
@pytest.mark.rule('diesel')
def test_headers_are_the_callers_where_it_has_some(asking):
    server = Open(OK)
    asking(server, lambda url: pool.request(url, headers={
        'Host': 'elsewhere', 'User-Agent': 'me', 'X-Colour': 'blue'}))
    assert [server.headers[name] for name in (b'host', b'user-agent', b'x-colour')] == [
        b'elsewhere', b'me', b'blue']


@pytest.mark.wire
@pytest.mark.rule('diesel')
def test_the_pool_keeps_a_connection_for_the_next_request(asking):
    server = Open(OK, OK, OK)
    asking(server, lambda url: [pool.request(url) for _ in range(3)])
    assert (server.clients, len(server.heads)) == (1, 3)


@pytest.mark.wire
@pytest.mark.rule('diesel')
def test_the_pool_asks_again_when_a_kept_connection_is_closed(asking):
    server = Scripted(OK)   # for each client

    def main(url):
        return [pool.request(url).data for _ in range(2)]
    assert asking(server, main) == [b'ok', b'ok']
    assert server.clients == 2


@pytest.mark.wire
@pytest.mark.rule('diesel')
def test_the_pool_sends_a_body_and_a_form(asking):
    def main(url):
        form = {'name': u'J\xfcrgen'.encode('utf-8')}
        return [pool.request(url + '/a', 'POST', body=b'text').data,
                pool.request(url + '/b', 'PUT', body=form).data]
    assert asking(HttpServer(repeat), main) == [b'POST /a[text]',
                                                b'PUT /b[name=J%C3%BCrgen]']


@pytest.mark.wire
@pytest.mark.rule('diesel')
@pytest.mark.parametrize('method, head', [
    ('GET', b'200 OK\r\nContent-Length: 0'), ('GET', b'204 No Content'),
    ('HEAD', b'200 OK\r\nContent-Length: 0')], ids=['empty', '204', 'HEAD'])
def test_an_empty_body_is_one_empty_piece(client_of, method, head):
    def body(client):
        answer = client.request(method, '/', host('here'))
        return answer.response[0], answer.data
    assert client_of(Open(b'HTTP/1.1 ' + head + b'\r\n\r\n'), body) == (b'', b'')


@pytest.mark.hostile
@pytest.mark.rule('diesel')
def test_the_pool_does_not_use_a_connection_again_that_was_too_slow(asking):
    def handler(request):
        if request.path == '/slow':
            diesel.sleep(0.2)
        return Response(request.path)

    def main(url):
        with pytest.raises(HttpRequestTimeout):
            pool.request(url + '/slow', timeout=0.1)
        return pool.request(url + '/next').data
    assert asking(HttpServer(handler), main) == b'/next'


@pytest.mark.hostile
@pytest.mark.rule('diesel')
def test_a_server_that_always_closes_is_an_error_after_a_few_times(asking):
    server = Scripted()

    def main(url):
        with pytest.raises(diesel.ClientConnectionClosed):
            pool.request(url)
        return server.clients
    assert asking(server, main) == pool.POOL_SIZE


@pytest.mark.unit
@pytest.mark.rule('diesel')
def test_a_url_of_another_scheme_is_an_error(run):
    def main():
        with pytest.raises(pool.InvalidUrlScheme):
            pool.request('gopher://127.0.0.1/')
        return 'refused'
    assert run(main) == 'refused'


@pytest.mark.unit
@pytest.mark.rule('diesel')
def test_a_pool_is_of_a_host_and_a_port():
    def where(url):
        return pool.host_and_port_from_url(urlsplit(url))
    assert where('http://here/path') == ('here', 80)
    assert where('https://here') == ('here', 443)
    assert where('http://here:8080/?q') == ('here', 8080)
