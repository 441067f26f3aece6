"""diesel.protocols.http: what a client of an HttpServer sees."""
import os

import pytest

from compat import diesel
from compat.diesel.protocols.http import HttpServer, Request, Response
from tests.diesel.http_talk import HttpConversation, answers, get, post
from tests.programs import answer

EVERY_BYTE = bytes(bytearray(range(256)))


@pytest.fixture
def asked(served):
    """A function: a request_handler, and requests -> the answers to them, which
    come one after the other to one client."""
    def ask(handler, *requests):
        return served(HttpServer(handler),
                      lambda address: answers(address, *requests))
    return ask


def hello(request):
    return Response(b'hello')


def repeat(request):
    """Answer with what was asked."""
    return Response(request.method.encode('ascii') + b' ' + request.path.encode('utf-8')
                    + b'[' + request.data + b']')


# What the client gets

@pytest.mark.wire
@pytest.mark.rule('diesel')
def test_a_request_is_answered_with_what_the_handler_returns(asked):
    [found] = asked(hello, get(b'/'))
    assert (found.status, found.body) == (200, b'hello')


@pytest.mark.wire
@pytest.mark.rule('diesel')
def test_the_status_and_the_headers_are_the_handlers(asked):
    def handler(request):
        return Response(b'no', status=404, headers={'X-Why': 'because'})
    [found] = asked(handler, get(b'/'))
    assert (found.status, found.headers[b'x-why']) == (404, [b'because'])


@pytest.mark.wire
@pytest.mark.rule('diesel')
def test_the_server_names_itself_and_the_date(asked):
    [found] = asked(hello, get(b'/'))
    assert found.headers[b'server'] == [b'diesel-http-server']
    assert len(found.headers[b'date']) == 1


@pytest.mark.wire
@pytest.mark.rule('diesel')
def test_a_handler_may_give_the_server_another_name(asked):
    def handler(request):
        return Response(b'', headers={'Server': 'mine'})
    [found] = asked(handler, get(b'/'))
    assert found.headers[b'server'] == [b'mine']


@pytest.mark.wire
@pytest.mark.rule('diesel')
def test_the_content_is_html_unless_the_handler_says_otherwise(asked):
    page, text = asked(lambda request: Response(
        b'', content_type='text/plain' if request.path == '/text' else None),
        get(b'/'), get(b'/text'))
    assert page.headers[b'content-type'] == [b'text/html; charset=utf-8']
    assert text.headers[b'content-type'] == [b'text/plain']


@pytest.mark.wire
@pytest.mark.rule('diesel')
def test_a_header_that_is_there_twice_is_sent_twice(asked):
    def handler(request):
        response = Response(b'')
        response.set_cookie('one', '1')
        response.set_cookie('two', '2')
        return response
    [found] = asked(handler, get(b'/'))
    assert [value.split(b';')[0] for value in found.headers[b'set-cookie']] == [
        b'one=1', b'two=2']


@pytest.mark.wire
@pytest.mark.rule('diesel', 'bytes-on-the-wire')
def test_text_is_answered_as_utf8(asked):
    [found] = asked(lambda request: Response(u'Gr\xfc\xdfe'), get(b'/'))
    assert found.body == b'Gr\xc3\xbc\xc3\x9fe'


@pytest.mark.wire
@pytest.mark.rule('diesel', 'bytes-on-the-wire')
def test_every_byte_goes_out_as_it_is(asked):
    [found] = asked(lambda request: Response(EVERY_BYTE), get(b'/'))
    assert found.body == EVERY_BYTE


@pytest.mark.wire
@pytest.mark.rule('diesel')
def test_a_long_answer_is_whole(asked):
    body = EVERY_BYTE * 10000
    [found] = asked(lambda request: Response(body), get(b'/'))
    assert found.body == body


@pytest.mark.wire
@pytest.mark.rule('diesel')
def test_an_answer_may_come_in_pieces(asked):
    [found] = asked(lambda request: Response(iter([b'a', u'\xfc', b'c'])),
                    b'GET / HTTP/1.0\r\n\r\n')
    assert found.body == b'a\xc3\xbcc'


@pytest.mark.wire
@pytest.mark.rule('diesel')
def test_a_piece_is_sent_before_the_next_one_is_made(served):
    def handler(request):
        def pieces():
            diesel.wait('start')
            yield b'first'
            diesel.wait('go on')
            yield b'second'
        return Response(pieces())

    def client(address):
        talk = HttpConversation(address)
        try:
            talk.send(b'GET / HTTP/1.0\r\n\r\n')
            talk.read_head()
            diesel.fork_from_thread(diesel.fire, 'start')
            talk.expect(b'first')
            diesel.fork_from_thread(diesel.fire, 'go on')
            return talk.read_all()
        finally:
            talk.close()
    assert served(HttpServer(handler), client) == b'second'


@pytest.mark.wire
@pytest.mark.rule('diesel')
def test_a_file_is_sent_by_its_name(asked, folder):
    path = os.path.join(folder, 'file')
    with open(path, 'wb') as target:
        target.write(EVERY_BYTE * 1000)
    try:
        [found] = asked(lambda request: Response(headers={'X-Sendfile': path}),
                        get(b'/'))
    finally:
        os.remove(path)
    assert found.body == EVERY_BYTE * 1000
    assert b'x-sendfile' not in found.headers


# What the handler gets

@pytest.mark.wire
@pytest.mark.rule('diesel')
def test_the_handler_gets_a_request_and_may_return_a_response_of_a_subclass(asked):
    class Special(Response):
        pass
    kinds = []

    def handler(request):
        kinds.append(isinstance(request, Request))
        return Special(b'special')
    [found] = asked(handler, get(b'/'))
    assert (kinds, found.body) == ([True], b'special')


@pytest.mark.wire
@pytest.mark.rule('diesel')
def test_the_handler_sees_the_method_the_path_and_the_query(asked):
    def handler(request):
        return Response(u'|'.join([request.method, request.path, request.args['q']]))
    [found] = asked(handler, get(b'/some/where?q=1%2B1&r=2'))
    assert found.body == b'GET|/some/where|1+1'


@pytest.mark.wire
@pytest.mark.rule('diesel')
@pytest.mark.parametrize('method', ['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS'])
def test_the_handler_is_asked_by_any_method(asked, method):
    request = method.encode('ascii') + get(b'/')[3:]
    [found] = asked(lambda request: Response(request.method), request)
    assert found.body == method.encode('ascii')


@pytest.mark.wire
@pytest.mark.rule('diesel')
def test_the_handler_sees_headers_whatever_their_case(asked):
    [found] = asked(lambda request: Response(request.headers['X-Colour']),
                    get(b'/', b'x-COLOUR: blue'))
    assert found.body == b'blue'


@pytest.mark.wire
@pytest.mark.rule('diesel')
def test_the_handler_sees_all_values_of_a_header_that_is_there_twice(asked):
    [found] = asked(lambda request: Response(request.headers['X-Colour']),
                    get(b'/', b'X-Colour: blue', b'X-Colour: red'))
    assert found.body == b'blue, red'


@pytest.mark.wire
@pytest.mark.rule('diesel')
def test_the_handler_sees_a_cookie(asked):
    [found] = asked(lambda request: Response(request.cookies['name']),
                    get(b'/', b'Cookie: other=1; name=value'))
    assert found.body == b'value'


@pytest.mark.wire
@pytest.mark.rule('diesel')
def test_the_handler_sees_who_asks_and_in_which_version(asked):
    def handler(request):
        return Response(' '.join([request.remote_addr,
                                  request.environ['SERVER_PROTOCOL'],
                                  request.environ['wsgi.url_scheme']]))
    [found] = asked(handler, get(b'/'))
    assert found.body == b'127.0.0.1 HTTP/1.1 http'


@pytest.mark.wire
@pytest.mark.rule('diesel', 'bytes-on-the-wire')
def test_the_handler_gets_every_byte_of_a_body(asked):
    [found] = asked(repeat, post(b'/', EVERY_BYTE))
    assert found.body == b'POST /[' + EVERY_BYTE + b']'


@pytest.mark.wire
@pytest.mark.rule('diesel')
def test_the_handler_gets_a_long_body(asked):
    [found] = asked(lambda request: Response(str(len(request.data))),
                    post(b'/', EVERY_BYTE * 4096))
    assert found.body == b'1048576'


@pytest.mark.wire
@pytest.mark.rule('diesel')
def test_the_handler_gets_a_form(asked):
    [found] = asked(lambda request: Response(request.form['name']), post(
        b'/', b'name=J%C3%BCrgen', b'Content-Type: application/x-www-form-urlencoded'))
    assert found.body == b'J\xc3\xbcrgen'


@pytest.mark.wire
@pytest.mark.rule('diesel')
def test_a_request_may_come_byte_by_byte(served):
    def client(address):
        talk = HttpConversation(address)
        try:
            for byte in bytearray(post(b'/slow', b'body')):
                talk.send(bytes(bytearray([byte])))
            return talk.read_answer().body
        finally:
            talk.close()
    assert served(HttpServer(repeat), client) == b'POST /slow[body]'


@pytest.mark.wire
@pytest.mark.rule('diesel')
def test_the_handler_may_write_to_the_log(asked):
    def handler(request):
        errors = request.environ['wsgi.errors']
        errors.write('one\n')
        errors.writelines(['two', 'three'])
        errors.flush()
        return Response(b'logged')
    assert asked(handler, get(b'/'))[0].body == b'logged'


# The connection

@pytest.mark.wire
@pytest.mark.rule('diesel')
def test_a_connection_is_kept_for_the_next_request(asked):
    found = asked(repeat, get(b'/1'), post(b'/2', b'two'), get(b'/3'))
    assert [one.body for one in found] == [b'GET /1[]', b'POST /2[two]', b'GET /3[]']


def all_that_comes(request):
    """A client that returns the answer and what comes after it, to the end."""
    def client(address):
        talk = HttpConversation(address)
        try:
            return talk.ask(request).body, talk.read_all()
        finally:
            talk.close()
    return client


@pytest.mark.wire
@pytest.mark.rule('diesel')
@pytest.mark.parametrize('request_bytes', [
    get(b'/', b'Connection: close'), b'GET / HTTP/1.0\r\n\r\n'], ids=['close', '1.0'])
def test_a_connection_that_is_not_to_be_kept_is_closed(served, request_bytes):
    assert served(HttpServer(hello), all_that_comes(request_bytes)) == (b'hello', b'')


@pytest.mark.wire
@pytest.mark.rule('diesel')
def test_the_handler_may_have_the_connection_closed(served):
    def handler(request):
        return Response(b'bye', headers={'Connection': 'close'})
    assert served(HttpServer(handler), all_that_comes(get(b'/'))) == (b'bye', b'')


@pytest.mark.wire
@pytest.mark.rule('diesel')
def test_the_handler_may_go_on_in_another_protocol(served):
    def echo(request):
        while True:
            diesel.send(request.path.encode('ascii') + b': ' + diesel.until_eol())

    def handler(request):
        response = Response(b'', status=101, headers={
            'Upgrade': 'echo', 'Connection': 'Upgrade', 'Content-Length': '0'})
        response.new_protocol = echo
        return response

    def client(address):
        talk = HttpConversation(address)
        try:
            talk.send(get(b'/me', b'Upgrade: echo', b'Connection: Upgrade'))
            status, headers = talk.read_head()
            talk.send(b'one\r\n')
            lines = [talk.read_line()]
            talk.send(b'two\r\n')
            return status, headers[b'upgrade'], lines + [talk.read_line()]
        finally:
            talk.close()
    assert served(HttpServer(handler), client) == (
        101, [b'echo'], [b'/me: one\r\n', b'/me: two\r\n'])


@pytest.mark.wire
@pytest.mark.rule('diesel')
def test_a_slow_handler_keeps_nobody_else_waiting(served):
    def handler(request):
        if request.path == '/slow':
            diesel.wait('go on')
        return Response(request.path)

    def client(address):
        slow = HttpConversation(address)
        try:
            slow.send(get(b'/slow'))
            quick = answers(address, get(b'/quick'))[0].body
            slow.expect_silence()
            diesel.fork_from_thread(diesel.fire, 'go on')
            return quick, slow.read_answer().body
        finally:
            slow.close()
    assert served(HttpServer(handler), client) == (b'/quick', b'/slow')


@pytest.mark.wire
@pytest.mark.rule('diesel')
def test_a_handler_may_ask_another_service(run):
    def upper(addr):
        diesel.send(diesel.until_eol().upper())

    class Upper(diesel.Client):
        @diesel.call
        def ask(self, line):
            diesel.send(line)
            return diesel.until_eol()

    def handler(request):
        with Upper('127.0.0.1', behind.port) as client:
            return Response(client.ask(b'hello\r\n'))
    behind = diesel.Service(upper, 0, '127.0.0.1')
    front = diesel.Service(HttpServer(handler), 0, '127.0.0.1')

    def main():
        return diesel.thread(answers, ('127.0.0.1', front.port), get(b'/'))
    assert run(main, behind, front)[0].body == b'HELLO\r\n'


# What goes wrong

@pytest.mark.hostile
@pytest.mark.rule('diesel')
def test_a_handler_that_raises_leaves_the_other_clients_alone(served):
    def handler(request):
        if request.path == '/bad':
            raise ZeroDivisionError('in a handler')
        return Response(b'good')

    def client(address):
        other = HttpConversation(address)
        bad = HttpConversation(address)
        try:
            before = other.ask(get(b'/')).body
            bad.send(get(b'/bad', b'Connection: close'))
            bad.read_all()
            after = other.ask(get(b'/')).body
            return before, after, answers(address, get(b'/'))[0].body
        finally:
            other.close()
            bad.close()
    assert served(HttpServer(handler), client) == (b'good', b'good', b'good')


@pytest.mark.hostile
@pytest.mark.rule('diesel')
@pytest.mark.parametrize('said', [
    b'', b'GET', b'GET / HTTP/1.1\r\nHost', post(b'/', b'12345')[:-2],
    b'\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
    ids=['nothing', 'a method', 'half a head', 'half a body', 'TLS'])
def test_a_client_that_leaves_leaves_the_others_alone(served, said):
    def client(address):
        gone = HttpConversation(address)
        gone.send(said)
        gone.reset()
        return answers(address, get(b'/'))[0].body
    assert served(HttpServer(hello), client) == b'hello'


@pytest.mark.hostile
@pytest.mark.rule('diesel')
def test_a_client_that_leaves_before_its_answer_leaves_the_others_alone(served):
    def handler(request):
        if request.path == '/long':
            diesel.wait('it has left')
            return Response(EVERY_BYTE * 10000)
        return Response(b'hello')

    def client(address):
        gone = HttpConversation(address)
        gone.send(get(b'/long'))
        first = answers(address, get(b'/'))[0].body
        gone.reset()
        diesel.fork_from_thread(diesel.fire, 'it has left')
        return first, answers(address, get(b'/'))[0].body
    assert served(HttpServer(handler), client) == (b'hello', b'hello')


# curl

def curl(served, handler, *arguments):
    """Return what curl writes with these arguments, in which URL is the server's."""
    answer(b'', 'curl', '--version')  # skips where there is none

    def client(address):
        url = 'http://%s:%d' % address
        return answer(b'', 'curl', '-sS', '--max-time', '10',
                      *[argument.replace('URL', url) for argument in arguments])
    return served(HttpServer(handler), client)


@pytest.mark.wire
@pytest.mark.rule('diesel')
def test_curl_is_answered(served):
    assert curl(served, repeat, 'URL/path') == b'GET /path[]'


@pytest.mark.wire
@pytest.mark.rule('diesel')
def test_curl_sends_a_form(served):
    def handler(request):
        return Response(request.form['a'] + request.form['b'])
    assert curl(served, handler, '-F', 'a=one', '-F', 'b=two', 'URL') == b'onetwo'


@pytest.mark.wire
@pytest.mark.rule('diesel')
def test_curl_asks_twice_over_one_connection(served):
    # num_connects: how many connections were made for a transfer.
    assert curl(served, repeat, '-w', ' %{num_connects};', 'URL/a', 'URL/b') == (
        b'GET /a[] 1;GET /b[] 0;')
