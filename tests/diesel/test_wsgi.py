"""diesel.protocols.wsgi: WSGI applications (PEP 3333) over diesel's HTTP server."""
import flask
import pytest

from compat import diesel
from compat import process
from compat.diesel.protocols.http import HttpServer
from compat.diesel.protocols.wsgi import WSGIRequestHandler
from tests.diesel.http_talk import HttpConversation, answers, get, post

TEXT = [('Content-Type', 'text/plain')]


@pytest.fixture
def asked(served):
    """A function: a WSGI application, and requests -> the answers to them."""
    def ask(application, *requests):
        return served(HttpServer(WSGIRequestHandler(application)),
                      lambda address: answers(address, *requests))
    return ask


def once(path, *headers):
    """A request after which the connection is closed, so that an answer whose
    length is not told has an end."""
    return b'\r\n'.join((b'GET ' + path + b' HTTP/1.0',) + headers + (b'', b''))


def hello(environ, start_response):
    start_response('200 OK', [('Content-Length', '5')] + TEXT)
    return [b'hello']


@pytest.mark.wire
@pytest.mark.rule('diesel')
def test_an_application_is_asked(asked):
    [found] = asked(hello, get(b'/'))
    assert (found.status, found.body) == (200, b'hello')


@pytest.mark.wire
@pytest.mark.rule('diesel')
def test_an_application_is_asked_again_over_the_same_connection(asked):
    assert [one.body for one in asked(hello, get(b'/'), get(b'/'))] == [
        b'hello', b'hello']


@pytest.mark.wire
@pytest.mark.rule('diesel')
def test_the_status_and_the_headers_are_the_applications(asked):
    def application(environ, start_response):
        start_response('404 Not Found', [('X-Why', 'because'), ('Set-Cookie', 'a=1'),
                                         ('Set-Cookie', 'b=2')])
        return []
    [found] = asked(application, once(b'/'))
    assert (found.status, found.headers[b'x-why']) == (404, [b'because'])
    assert found.headers[b'set-cookie'] == [b'a=1', b'b=2']


@pytest.mark.wire
@pytest.mark.rule('diesel')
def test_the_environ_tells_what_is_asked(asked):
    def application(environ, start_response):
        start_response('200 OK', TEXT)
        return ['{0}={1}\n'.format(name, environ[name]).encode('ascii') for name in (
            'REQUEST_METHOD', 'SCRIPT_NAME', 'PATH_INFO', 'QUERY_STRING',
            'SERVER_PROTOCOL', 'REMOTE_ADDR', 'HTTP_X_COLOUR', 'wsgi.url_scheme',
            'wsgi.version', 'wsgi.multithread', 'wsgi.multiprocess', 'wsgi.run_once')]
    [found] = asked(application, once(b'/a/b?c=d%20e', b'X-Colour: blue'))
    assert found.body.decode('ascii').splitlines() == [
        'REQUEST_METHOD=GET', 'SCRIPT_NAME=', 'PATH_INFO=/a/b', 'QUERY_STRING=c=d%20e',
        'SERVER_PROTOCOL=HTTP/1.0', 'REMOTE_ADDR=127.0.0.1', 'HTTP_X_COLOUR=blue',
        'wsgi.url_scheme=http', 'wsgi.version=(1, 0)', 'wsgi.multithread=False',
        'wsgi.multiprocess=False', 'wsgi.run_once=False']


@pytest.mark.wire
@pytest.mark.rule('diesel')
def test_the_names_in_the_environ_are_native_strings(asked):
    def application(environ, start_response):
        start_response('200 OK', TEXT)
        wrong = [name for name in environ if type(name) is not str or name.isupper()
                 and type(environ[name]) is not str]
        return [repr(wrong).encode('ascii')]
    [found] = asked(application, once(b'/a?b', b'X-Colour: blue'))
    assert found.body == b'[]'


@pytest.mark.wire
@pytest.mark.rule('diesel', 'bytes-on-the-wire')
def test_the_application_reads_the_body(asked):
    def application(environ, start_response):
        start_response('200 OK', [('Content-Length', '256')])
        length = int(environ['CONTENT_LENGTH'])
        assert environ['CONTENT_TYPE'] == 'some/thing'
        return [environ['wsgi.input'].read(length)]
    body = bytes(bytearray(range(256)))
    [found] = asked(application, post(b'/', body, b'Content-Type: some/thing'))
    assert found.body == body


@pytest.mark.wire
@pytest.mark.rule('diesel')
def test_the_application_reads_the_body_line_by_line(asked):
    def application(environ, start_response):
        start_response('200 OK', [('Content-Length', '10')])
        return [environ['wsgi.input'].readline()] + list(environ['wsgi.input'])
    [found] = asked(application, post(b'/', b'one\ntwo\nxyz'[:10]))
    assert found.body == b'one\ntwo\nxy'


@pytest.mark.wire
@pytest.mark.rule('diesel')
def test_an_application_may_be_a_generator(asked):
    def application(environ, start_response):
        start_response('200 OK', TEXT)
        for piece in (b'one', b', ', b'two'):
            yield piece
    assert asked(application, once(b'/'))[0].body == b'one, two'


@pytest.mark.wire
@pytest.mark.rule('diesel')
def test_an_application_may_be_a_class_with_an_iterator(asked):
    class Application(object):
        def __init__(self, environ, start_response):
            self.start_response = start_response

        def __iter__(self):
            self.start_response('202 Accepted', TEXT)
            yield b'piece'
    [found] = asked(Application, once(b'/'))
    assert (found.status, found.body) == (202, b'piece')


@pytest.mark.wire
@pytest.mark.rule('diesel')
def test_an_application_may_write(asked):
    def application(environ, start_response):
        write = start_response('200 OK', TEXT)
        write(b'written, ')
        write(b'and ')
        return [b'returned']
    assert asked(application, once(b'/'))[0].body == b'written, and returned'


@pytest.mark.wire
@pytest.mark.rule('diesel')
def test_an_application_may_write_to_the_log(asked):
    def application(environ, start_response):
        environ['wsgi.errors'].write('logged\n')
        environ['wsgi.errors'].flush()
        return hello(environ, start_response)
    assert asked(application, once(b'/'))[0].body == b'hello'


@pytest.mark.wire
@pytest.mark.rule('diesel')
def test_a_slow_application_keeps_nobody_else_waiting(served):
    def application(environ, start_response):
        if environ['PATH_INFO'] == '/slow':
            diesel.wait('go on')
        return hello(environ, start_response)

    def client(address):
        slow = HttpConversation(address)
        try:
            slow.send(once(b'/slow'))
            quick = answers(address, once(b'/'))[0].body
            diesel.fork_from_thread(diesel.fire, 'go on')
            return quick, slow.read_answer().body
        finally:
            slow.close()
    assert served(HttpServer(WSGIRequestHandler(application)), client) == (
        b'hello', b'hello')


@pytest.mark.hostile
@pytest.mark.rule('diesel')
@pytest.mark.parametrize('when', ['/before', '/after'])
def test_an_application_that_raises_leaves_the_other_clients_alone(served, when):
    def application(environ, start_response):
        if environ['PATH_INFO'] == '/before':
            raise ZeroDivisionError('before start_response()')
        output = hello(environ, start_response)
        if environ['PATH_INFO'] == '/after':
            raise ZeroDivisionError('after start_response()')
        return output

    def client(address):
        other = HttpConversation(address)
        bad = HttpConversation(address)
        try:
            before = other.ask(get(b'/')).body
            bad.send(once(when.encode('ascii')))
            bad.read_all()
            return before, other.ask(get(b'/')).body
        finally:
            other.close()
            bad.close()
    assert served(HttpServer(WSGIRequestHandler(application)), client) == (
        b'hello', b'hello')


@pytest.mark.wire
@pytest.mark.rule('diesel')
def test_a_flask_application_is_one(asked):
    application = flask.Flask('tests')

    @application.route('/greet/<name>', methods=['GET', 'POST'])
    def greet(name):
        return 'Hello, %s %s' % (name, flask.request.form.get('surname', ''))

    found = asked(application, get(b'/greet/you'), post(
        b'/greet/me', b'surname=too',
        b'Content-Type: application/x-www-form-urlencoded'), get(b'/nowhere'))
    assert [(one.status, one.body) for one in found[:2]] == [
        (200, b'Hello, you '), (200, b'Hello, me too')]
    assert found[2].status == 404


PROGRAM = '''
from compat import diesel
from compat.diesel.protocols.wsgi import WSGIApplication

def hello(environ, start_response):
    start_response('200 OK', [('Content-Length', '5')])
    return [b'hello']

def tell():
    print('listening on 127.0.0.1:%d' % app._services[0].sock.getsockname()[1])
    sys.stdout.flush()

import sys
diesel.set_log_level(diesel.levels.ERROR)
app = WSGIApplication(hello, 0, '127.0.0.1')
app.add_loop(diesel.Loop(tell))
app.run()
'''


@pytest.mark.script
@pytest.mark.rule('diesel')
def test_a_program_may_be_nothing_but_a_wsgi_application(tree):
    with process.Child(tree, 'a WSGI application', command=['-c', PROGRAM]) as child:
        port = child.wait_for_line('listening on 127.0.0.1:([0-9]+)').group(1)
        [found] = answers(('127.0.0.1', int(port)), get(b'/'))
    assert (found.status, found.body) == (200, b'hello')
    assert child.stderr == b''
