"""A handler for a Service that speaks HTTP/1.1 (RFC 9112); h11 parses it."""
import io
import re
import socket
import time
import urllib.parse

import h11

from compat.diesel.errors import (
    ApplicationEnd, ConnectionClosed, ParentDiedException, TerminateLoop)
from compat.diesel.functions import first, receive, send, sleep
from compat.diesel.logmod import log
from compat.diesel.protocols.http.answers import Answer, plain_response
from compat.diesel.protocols.http.objects import Request

HOSTNAME = socket.gethostname()
LINGER = 0.5         # seconds that a refused client is heard out

# A name or an address, and a port (RFC 3986 section 3.2.2).
HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[\w.~!$&'()*+,;=%-]*)(:[0-9]*)?$", re.ASCII)

NOT_ERRORS = (ApplicationEnd, ConnectionClosed, ParentDiedException, TerminateLoop)

hlog = log.name('http-error')


class FileLikeErrorLogger(object):
    """A file that writes into a log: the wsgi.errors of a request."""

    def __init__(self, logger):
        self.logger = logger

    def write(self, s):
        """Log a text, unless there is nothing in it but white space."""
        if s.strip():
            self.logger.error('{0}', s)  # braces in it are only text

    def writelines(self, lns):
        """Log texts, in one entry."""
        self.write('\n'.join(lns))

    def flush(self):
        """Do nothing: every text has been written."""


class HttpServer(object):
    """A connection_handler for a Service: request_handler(request) returns the
    response to each request, which it gets with its whole body.

    If the response has the status 101 and a method new_protocol(request), the
    rest of the connection is that method's, and what the client has sent after its
    request can be received (RFC 9110 section 7.8).

    What is not HTTP is answered with 400 and the end of the connection; a head
    of more than head_limit bytes with 431, and a body of more than body_limit
    bytes with 413, since all of it would be in memory. A handler that raises is
    logged, and answered with 500.
    """
    head_limit = 1 << 16
    body_limit = 1 << 26

    def __init__(self, request_handler):
        self.request_handler = request_handler
        self.service = None

    def on_service_init(self, service):
        """Called by the Service that will serve with this."""
        self.service = service

    @property
    def port(self):
        """The port that the service listens on."""
        return self.service.port if self.service else 0

    def __call__(self, addr):
        """Serve one client; the body of its loop."""
        conn = h11.Connection(h11.SERVER, self.head_limit)
        try:
            while self._serve_request(conn, addr):
                conn.start_next_cycle()
                if conn.trailing_data[0]:
                    sleep()  # its next request is here: others first
        except ConnectionClosed:
            pass

    def _serve_request(self, conn, addr):
        """Answer the next request; return whether another one may follow."""
        try:
            head = next_event(conn)
            body = self._read_body(conn, head)
            environ = self._environ(head, body, addr)
        except h11.RemoteProtocolError as error:
            refuse(conn, error.error_status_hint)
            return False
        except ValueError:
            refuse(conn, 400)  # a length of more digits than int() takes
            return False
        req = Request(environ)
        try:
            resp = self.request_handler(req)
            answer = Answer(conn, resp, environ['REQUEST_METHOD'])
        except NOT_ERRORS:
            raise
        except Exception:
            log_failure(environ)
            answer = Answer(conn, plain_response(500), environ['REQUEST_METHOD'])
        try:
            answer.send()
            if answer.switches:
                resp.new_protocol(req)
        except NOT_ERRORS:
            raise
        except Exception:
            # The head is out: only the end of the connection can tell the client.
            log_failure(environ)
            return False
        return conn.our_state is conn.their_state is h11.DONE

    def _read_body(self, conn, head):
        too_large = h11.RemoteProtocolError('the body is too large',
                                            error_status_hint=413)
        if int(dict(head.headers).get(b'content-length', 0)) > self.body_limit:
            raise too_large
        body = bytearray()
        while True:
            event = next_event(conn)
            if type(event) is h11.EndOfMessage:
                return body
            body += event.data
            if len(body) > self.body_limit:
                raise too_large

    def _environ(self, head, body, addr):
        """Return the WSGI environ (PEP 3333) of a request."""
        target = head.target.decode('ascii')
        path, query, host = split_target(target)
        environ = {
            'REQUEST_METHOD': head.method.decode('ascii'),
            'SCRIPT_NAME': '',
            'PATH_INFO': urllib.parse.unquote(path, 'latin-1'),
            'QUERY_STRING': query,
            'RAW_URI': target,
            'SERVER_PROTOCOL': 'HTTP/' + head.http_version.decode('ascii'),
            'SERVER_NAME': HOSTNAME,
            'SERVER_PORT': str(self.port),
            'REMOTE_ADDR': addr[0],
            'wsgi.version': (1, 0),
            'wsgi.url_scheme': 'https' if self.service and self.service.ssl_ctx
                               else 'http',
            'wsgi.input': io.BytesIO(body),
            'wsgi.input_terminated': True,
            'wsgi.errors': FileLikeErrorLogger(hlog),
            'wsgi.multithread': False,
            'wsgi.multiprocess': False,
            'wsgi.run_once': False,
        }
        for name, value in head.headers:
            add_header(environ, name.decode('ascii'), value.decode('latin-1'))
        if body:
            environ['CONTENT_LENGTH'] = str(len(body))  # it may have been chunked
        if host:
            environ['HTTP_HOST'] = host
        if not HOST.match(environ.get('HTTP_HOST', '')):
            raise h11.RemoteProtocolError('no such host can be', error_status_hint=400)
        return environ


def add_header(environ, name, value):
    """Add a header to an environ; a repeated one to its list."""
    key = name.upper().replace('-', '_')
    if key not in ('CONTENT_TYPE', 'CONTENT_LENGTH'):
        key = 'HTTP_' + key
    if key in environ:
        value = environ[key] + ('; ' if key == 'HTTP_COOKIE' else ', ') + value
    environ[key] = value


def split_target(target):
    """Return the path, the query, and the host if a request's target names one,
    which then counts more than the header (RFC 9112 section 3.2.2)."""
    host = ''
    scheme, found, rest = target.partition('://')
    if found and scheme.lower() in ('http', 'https'):
        host, slash, rest = rest.partition('/')
        target = '/' + rest
        if '?' in host:  # http://host?query
            host, _, query = host.partition('?')
            target = '/?' + query + slash + rest
    path, _, query = target.partition('?')
    return path, query, host


def next_event(conn):
    """Return the next thing that the client says, an event of h11."""
    while True:
        event = conn.next_event()
        if event is not h11.NEED_DATA:
            return event
        if conn.they_are_waiting_for_100_continue:
            send(conn.send(h11.InformationalResponse(
                status_code=100, reason=b'Continue', headers=[])))
        conn.receive_data(receive())


def log_failure(environ):
    """Log the exception that is being handled."""
    hlog.trace().error('-- Unhandled Exception in the answer to {0} {1} --',
                       environ['REQUEST_METHOD'], environ['RAW_URI'])


def refuse(conn, status):
    """Answer a bad request, if its head is not answered yet, and hear the client
    out for a while: the answer would be lost if we closed while it sends."""
    if conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
        return
    resp = plain_response(status)
    resp.headers['Connection'] = 'close'
    Answer(conn, resp, 'GET').send()
    end = time.monotonic() + LINGER
    while time.monotonic() < end:
        first(receive_any=True, sleep=max(0, end - time.monotonic()))
