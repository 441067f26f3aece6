"""The web server: HTTP/1.1 byte for byte, and errors that end one connection."""
import contextlib
import re
import threading

import pytest

from compat import process
from tests import inside
from tests.programs import answer

NAME = 'simple_web_server_with_epoll'
BODY = b'Hello from epoll, w\xc3\xb6rld!\n'
HOST = b'Host: x\r\n'
rule = pytest.mark.rule


@pytest.fixture
def server(standing):
    return standing(NAME)


@pytest.fixture
def client(server, conversation):
    return conversation(server.address)


def read_reply(client, method=b'GET'):
    """Return the status, the fields (a dict by lower-case name) and the body."""
    head = b''
    while not head.endswith(b'\r\n\r\n'):
        byte = client.read(1)
        assert byte, 'the connection ended in the middle of a head: %r' % head
        head += byte
    lines = head.split(b'\r\n')[:-2]
    version, status = lines[0].split(b' ')[:2]
    assert version == b'HTTP/1.1'
    fields = dict(line.lower().split(b': ', 1) for line in lines[1:])
    length = 0 if method == b'HEAD' else int(fields[b'content-length'])
    return int(status), fields, client.read(length)


def ask(client, said, method=b'GET'):
    client.send(said)
    return read_reply(client, method)


@pytest.mark.wire
@rule('bytes-on-the-wire', 'bytes-formatting')
def test_a_greeting_byte_for_byte(client):
    client.send(b'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
    reply = client.read_all()
    assert re.match(
        b'HTTP/1.1 200 OK\r\n'
        b'Date: (Mon|Tue|Wed|Thu|Fri|Sat|Sun), \\d\\d [A-Z][a-z]{2} \\d{4} '
        b'\\d\\d:\\d\\d:\\d\\d GMT\r\n'
        b'Content-Type: text/plain; charset=utf-8\r\n'
        b'Content-Length: 26\r\n'
        b'Connection: close\r\n'
        b'\r\n' + BODY + b'$', reply), reply


@pytest.mark.wire
@rule('bytes-on-the-wire')
def test_head_is_the_same_without_the_body(client):
    client.send(b'HEAD / HTTP/1.1\r\n' + HOST + b'Connection: close\r\n\r\n')
    reply = client.read_all()
    assert b'\r\nContent-Length: 26\r\n' in reply
    assert reply.endswith(b'\r\n\r\n')


@pytest.mark.wire
@rule('bytes-on-the-wire')
def test_a_connection_serves_request_after_request(client):
    for _ in range(3):
        status, fields, body = ask(client, b'GET / HTTP/1.1\r\n' + HOST + b'\r\n')
        assert (status, body) == (200, BODY)
        assert b'connection' not in fields


@pytest.mark.wire
def test_pipelined_requests_are_answered_in_order(client):
    client.send(b'GET / HTTP/1.1\r\nHost: x\r\n\r\n'
                b'HEAD /nothing HTTP/1.1\r\nHost: x\r\n\r\n'
                b'PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nGET /'
                b'GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    assert [read_reply(client, method)[0]
            for method in (b'GET', b'HEAD', b'PUT', b'GET')] == [200, 404, 405, 200]


@pytest.mark.wire
def test_a_flood_of_pipelined_requests_is_answered_to_the_last(client):
    request = b'GET / HTTP/1.1\r\nHost: x\r\n\r\n'
    sender = threading.Thread(target=client.send, args=(request * 20000,))
    sender.start()
    one = b'HTTP/1.1 200 OK\r\n'
    received, count = b'', 0
    while count < 20000:
        data = client.sock.recv(65536)
        assert data, count
        received += data
        count += received.count(one)
        received = received[received.rfind(one) + len(one):]
    sender.join(process.DEADLINE)


@pytest.mark.wire
def test_a_request_may_come_byte_by_byte(client):
    request = b'GET / HTTP/1.1\r\nHost: x\r\n\r\n'
    for index in range(len(request)):
        client.send(request[index:index + 1])
    assert read_reply(client)[::2] == (200, BODY)


@pytest.mark.wire
@rule('bytes-on-the-wire')
@pytest.mark.parametrize('fields, last', [
    (b'', True), (b'Connection: keep-alive\r\n', False),
    (b'connection: Upgrade, Keep-Alive\r\n', False),
    (b'Connection: close\r\n', True)],
    ids=['nothing', 'keep-alive', 'a-list', 'close'])
def test_http_1_0_closes_unless_it_is_asked_not_to(client, fields, last):
    status, answered, _ = ask(client, b'GET / HTTP/1.0\r\n' + fields + b'\r\n')
    assert status == 200
    assert answered[b'connection'] == (b'close' if last else b'keep-alive')
    if last:
        client.expect_end()
    else:
        assert ask(client, b'GET / HTTP/1.0\r\n\r\n')[0] == 200


@pytest.mark.wire
@rule('bytes-on-the-wire')
@pytest.mark.parametrize('value', [b'close', b'Close', b'x,\tclose , y'],
                         ids=['close', 'upper', 'a-list'])
def test_connection_close_is_honoured(client, value):
    said = b'GET / HTTP/1.1\r\nHost: x\r\nConnection: ' + value + b'\r\n\r\n'
    assert ask(client, said)[1][b'connection'] == b'close'
    client.expect_end()


@pytest.mark.wire
def test_a_client_that_half_closes_is_answered(client):
    client.send(b'GET / HTTP/1.1\r\n' + HOST + b'\r\n')
    client.end()
    assert client.read_all().endswith(BODY)


@pytest.mark.wire
@pytest.mark.parametrize('said, status', [
    (b'GET /nothing HTTP/1.1\r\n', 404), (b'GET /?x=/y HTTP/1.1\r\n', 200),
    (b'GET http://x/ HTTP/1.1\r\n', 200), (b'GET HTTP://x HTTP/1.1\r\n', 200),
    (b'GET http://x/y HTTP/1.1\r\n', 404), (b'GET /%2f HTTP/1.1\r\n', 404),
    (b'POST / HTTP/1.1\r\n', 405), (b'OPTIONS * HTTP/1.1\r\n', 405),
    (b'CONNECT x:80 HTTP/1.1\r\n', 405), (b'get / HTTP/1.1\r\n', 405),
    (b'GET / HTTP/1.7\r\n', 200)],
    ids=['nothing', 'query', 'absolute', 'no-path', 'absolute-nothing', 'percent',
         'POST', 'OPTIONS', 'CONNECT', 'lower', 'minor-version'])
def test_the_target_and_the_method_decide(client, said, status):
    got, fields, _ = ask(client, said + HOST + b'\r\n')
    assert got == status
    assert (fields.get(b'allow') == b'get, head') == (status == 405)
    assert ask(client, b'GET / HTTP/1.1\r\n' + HOST + b'\r\n')[0] == 200


GET = b'GET / HTTP/1.1\r\n'
BAD = [
    ('words', b'Hello?\r\n\r\n', 400),
    ('http-0.9', b'GET /\r\n\r\n', 400),
    ('bare-cr', GET + b'Host: x\rX: y\r\n\r\n', 400),
    ('bare-cr-first', b'GET / HTTP/1.1\rHost: x\r\n\r\n', 400),
    ('nul', GET + b'Host: x\r\nX: \0\r\n\r\n', 400),
    ('space-before-colon', GET + b'Host : x\r\n\r\n', 400),
    ('no-colon', GET + b'Host: x\r\nnonsense\r\n\r\n', 400),
    ('no-name', GET + b'Host: x\r\n: y\r\n\r\n', 400),
    ('fold', GET + b'Host: x\r\nX: a\r\n b\r\n\r\n', 400),
    ('fold-first', GET + b' X: a\r\nHost: x\r\n\r\n', 400),
    ('no-host', GET + b'\r\n', 400),
    ('two-hosts', GET + HOST + HOST + b'\r\n', 400),
    ('spaces-in-host', GET + b'Host: a b\r\n\r\n', 400),
    ('target-of-words', b'GET index HTTP/1.1\r\n' + HOST + b'\r\n', 400),
    ('two-spaces', b'GET  / HTTP/1.1\r\n' + HOST + b'\r\n', 400),
    ('fragment', b'GET /#x HTTP/1.1\r\n' + HOST + b'\r\n', 400),
    ('utf-8-target', b'GET /\xc3\xbc HTTP/1.1\r\n' + HOST + b'\r\n', 400),
    ('version-word', b'GET / HTTP/1.x\r\n' + HOST + b'\r\n', 400),
    ('version-digits', b'GET / HTTP/1.10\r\n' + HOST + b'\r\n', 400),
    ('lengths-differ', GET + HOST + b'Content-Length: 1\r\nContent-Length: 2\r\n\r\n',
     400),
    ('lengths-in-list', GET + HOST + b'Content-Length: 1, 2\r\n\r\n', 400),
    ('length-plus', GET + HOST + b'Content-Length: +1\r\n\r\n', 400),
    ('length-minus', GET + HOST + b'Content-Length: -1\r\n\r\n', 400),
    ('length-underscore', GET + HOST + b'Content-Length: 1_0\r\n\r\n', 400),
    ('length-hex', GET + HOST + b'Content-Length: 0x1\r\n\r\n', 400),
    ('length-empty', GET + HOST + b'Content-Length:\r\n\r\n', 400),
    ('length-superscript', GET + HOST + b'Content-Length: \xc2\xb2\r\n\r\n', 400),
    ('length-and-chunked', GET + HOST + b'Content-Length: 1\r\n'
     b'Transfer-Encoding: chunked\r\n\r\n', 400),
    ('chunked-in-1.0', b'POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n', 400),
    ('chunked', b'POST / HTTP/1.1\r\n' + HOST + b'Transfer-Encoding: chunked\r\n\r\n',
     411),
    ('gzip', GET + HOST + b'Transfer-Encoding: gzip, chunked\r\n\r\n', 501),
    ('body-too-large', GET + HOST + b'Content-Length: 1048577\r\n\r\n', 413),
    ('thousands-of-digits', GET + HOST + b'Content-Length: ' + b'9' * 6000 + b'\r\n\r\n',
     413),
    ('expectation', GET + HOST + b'Expect: miracles\r\n\r\n', 417),
    ('long-target', b'GET /' + b'x' * 9000 + b' HTTP/1.1\r\n' + HOST + b'\r\n', 414),
    ('endless-line', b'x' * 70000, 414),
    ('many-fields', GET + HOST + b'X: y\r\n' * 3000 + b'\r\n', 431),
    ('endless-head', GET + b'X: y\r\n' * 3000, 431),
    ('http-2', b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 505),
    ('http-3', b'GET / HTTP/3.0\r\n\r\n', 505),
]


@pytest.mark.hostile
@rule('bytes-on-the-wire')
@pytest.mark.parametrize('said, status', [case[1:] for case in BAD],
                         ids=[case[0] for case in BAD])
def test_what_is_no_request_is_one_error_and_the_end(client, said, status):
    client.send(said + b'GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    got, fields, body = read_reply(client)
    assert (got, fields[b'connection']) == (status, b'close')
    assert body
    client.end()
    client.expect_end()


@pytest.mark.hostile
def test_an_error_to_head_has_no_body(client):
    client.send(b'HEAD / HTTP/1.1\r\n\r\n')
    client.end()
    assert client.read_all().endswith(b'\r\n\r\n')


@pytest.mark.wire
@pytest.mark.parametrize('said', [
    b'GET / HTTP/1.1\nHost: x\n\n', b'\r\n\nGET / HTTP/1.1\r\nHost: x\r\n\r\n',
    b'GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 2, 2\r\n\r\nab',
    b'GET / HTTP/1.1\r\nHost:\r\nX: \xff\t~\r\n\r\n'],
    ids=['bare-lf', 'empty-lines-first', 'same-length-twice', 'old-bytes'])
def test_what_may_be_is_served(client, said):
    assert ask(client, said)[0] == 200
    assert ask(client, b'GET / HTTP/1.1\r\n' + HOST + b'\r\n')[0] == 200


@pytest.mark.wire
@rule('bytes-on-the-wire')
def test_a_client_that_waits_to_send_its_body_is_told_to(client):
    client.send(b'GET / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n'
                b'Content-Length: 3\r\n\r\n')
    client.expect(b'HTTP/1.1 100 Continue\r\n\r\n')
    assert ask(client, b'abc')[0] == 200


@pytest.mark.wire
def test_a_client_that_waits_to_send_what_nobody_wants_has_its_answer(client):
    # RFC 9110, section 10.1.1: a final status at once. The client may send no body
    # then, so that the next request could not be told from one: that was the last.
    status, fields, _ = ask(client, b'POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue'
                            b'\r\nContent-Length: 3\r\n\r\n')
    assert (status, fields[b'connection']) == (405, b'close')
    assert fields[b'allow'] == b'get, head'
    client.expect_end()


@pytest.mark.hostile
@rule('oserror')
def test_a_reset_disturbs_nobody(client, conversation, server):
    client.send(b'GET / HTTP/1.1\r\n' + HOST)
    client.reset()
    assert ask(conversation(server.address), b'GET / HTTP/1.0\r\n\r\n')[0] == 200


@contextlib.contextmanager
def impatient(module, **seconds):
    """Run a server in this process, with other time limits for some states."""
    module.SECONDS = dict(module.SECONDS, **seconds)
    with inside.serving(module) as server:
        yield server


@pytest.mark.hostile
@pytest.mark.parametrize('said', [b'G', GET + b'Host: x\r\n',
                                  GET + HOST + b'Content-Length: 5\r\n\r\nabc'],
                         ids=['byte', 'head', 'body'])
def test_a_request_that_is_never_finished_is_408(recipe, conversation, said):
    with impatient(recipe(NAME), request=0.2) as server:
        client = conversation(server.server_address)
        client.send(said)
        assert read_reply(client)[0] == 408
        client.expect_end()


@pytest.mark.hostile
def test_an_idle_connection_is_closed_without_a_word(recipe, conversation):
    with impatient(recipe(NAME), idle=1.5) as server:
        client = conversation(server.server_address)
        assert ask(client, GET + HOST + b'\r\n')[0] == 200
        client.expect_end()


@pytest.mark.hostile
def test_who_never_says_a_word_is_let_go(recipe, conversation):
    with impatient(recipe(NAME), idle=0.5) as server:
        conversation(server.server_address).expect_end()


@pytest.mark.unit
@rule('dict-views', 'closed-fileno', 'server-close')
def test_closing_ends_every_connection(recipe, conversation):
    with inside.serving(recipe(NAME)) as server:
        clients = [conversation(server.server_address) for _ in range(3)]
        for client in clients:
            assert ask(client, GET + HOST + b'\r\n')[0] == 200
    for client in clients:
        client.expect_end()


@pytest.mark.script
@rule('print-function', 'text-for-the-screen')
def test_the_demonstration_prints_these_lines(tree):
    lines = process.run(tree, NAME).lines
    assert lines[:7] == [
        'GET, with HTTP/1.0:', '  HTTP/1.1 200 OK',
        '  Content-Type: text/plain; charset=utf-8', '  Content-Length: 26',
        '  Connection: close', '  ', '  Hello from epoll, w\\xc3\\xb6rld!']
    assert [line for line in lines if 'HTTP/1.1 ' in line] == [
        '  HTTP/1.1 200 OK', '  HTTP/1.1 200 OK', '  HTTP/1.1 404 Not Found',
        '  HTTP/1.1 405 Method Not Allowed', '  HTTP/1.1 400 Bad Request']


@pytest.mark.script
def test_the_client_prints_the_answer(tree, server):
    child = process.run(tree, NAME, ['--connect', '127.0.0.1', str(server.address[1])])
    assert (child.returncode, child.stderr) == (0, b'')
    assert child.lines[0] == '  HTTP/1.1 200 OK'
    assert child.lines[-1] == '  Hello from epoll, w\\xc3\\xb6rld!'


@pytest.fixture
def url(server):
    return 'http://%s:%d/' % server.address


@pytest.mark.wire
def test_curl_gets_the_greeting_on_one_connection(url):
    told = '%{num_connects} %{http_version}\n'
    said = answer(b'', 'curl', '-s', '-w', told, url, url)
    assert said == BODY + b'1 1.1\n' + BODY + b'0 1.1\n'


@pytest.mark.wire
def test_curl_asks_for_the_head(url):
    assert b'Content-Length: 26\r\n' in answer(b'', 'curl', '-s', '-I', url)


@pytest.mark.wire
def test_curl_speaks_http_1_0(url):
    output = answer(b'', 'curl', '-s', '-0', '-i', url)
    assert output.endswith(b'Connection: close\r\n\r\n' + BODY)


@pytest.mark.wire
def test_curl_sends_a_large_body_and_is_told_what_is_allowed(url):
    output = answer(b'', 'curl', '-s', '-i', '--data', 'x' * 100000, url)
    assert b'405 Method Not Allowed\r\n' in output
    assert b'\r\nAllow: GET, HEAD\r\n' in output


@pytest.mark.wire
@pytest.mark.parametrize('options', [['-k'], []], ids=['keep-alive', 'close'])
def test_ab_sees_no_failure(url, options):
    output = answer(b'', *['ab', '-q', '-n', '500', '-c', '10'] + options + [url])
    assert re.search(b'Complete requests: +500\n', output), output
    assert re.search(b'Failed requests: +0\n', output), output
    if options:
        assert re.search(b'Keep-Alive requests: +500\n', output), output
