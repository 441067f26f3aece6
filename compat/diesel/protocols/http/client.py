"""HTTP/1.1 (RFC 9112) over a Client's connection, one request after the other."""
import ssl
import urllib.parse

import h11

from compat.diesel import runtime
from compat.diesel.client import Client
from compat.diesel.errors import ConnectionClosed
from compat.diesel.functions import call, receive, send
from compat.diesel.protocols.http.objects import Response

TIMEOUT = 60          # seconds for a request that sets none
HEAD_LIMIT = 1 << 16  # bytes of an answer's status line and headers
# The characters that a target holds as they are: RFC 3986, and the percent sign of
# what is encoded already.
SAFE = "/%:@!$&'()*+,;=~"


class HttpRequestTimeout(Exception):
    """The answer was not there in time."""


class HttpProtocolError(Exception):
    """What the server answers is not HTTP."""


class HttpClient(Client):
    """A client that sends requests over one connection, and keeps it as long as
    the server does. Afterwards, and after an error, is_closed is true."""
    url_scheme = 'http'

    @call
    def request(self, method, url, headers=None, body=None, timeout=None):
        """Send a request and return the server's answer, a Response.

        url: its path and query are used. headers: a dict; Host and, if there is
        a body, Content-Length are added unless they are there. body: bytes.
        timeout: seconds until the whole answer must be there (default: TIMEOUT).

        Raise HttpRequestTimeout, HttpProtocolError, ClientConnectionClosed,
        ValueError for what cannot be sent, and TypeError for a body of text.
        """
        if isinstance(body, str):
            raise TypeError('a body is bytes, not text: encode it first')
        request = self._make_request(method, url, headers or {}, body)
        conn = h11.Connection(h11.CLIENT, HEAD_LIMIT)
        seconds = timeout or TIMEOUT
        # At the end of the time the connection is closed, whatever waits for it.
        timer = runtime.current_loop.hub.call_later(seconds, self.conn.shutdown)
        reusable = False
        try:
            resp = self._exchange(conn, request, body, timer)
            reusable = (conn.our_state is conn.their_state is h11.DONE
                        and not conn.trailing_data[0])
            return resp
        except ConnectionClosed:
            if timer.pending:
                raise
            raise HttpRequestTimeout('no answer from %s:%s in %s seconds' % (
                self.addr, self.port, seconds)) from None
        except h11.RemoteProtocolError as error:
            raise HttpProtocolError('the answer of %s:%s is not HTTP: %s' % (
                self.addr, self.port, error)) from None
        finally:
            timer.cancel()
            if not reusable:
                self.close()

    def _make_request(self, method, url, headers, body):
        fields = [(name, value if isinstance(value, bytes)
                   else str(value).strip().encode('latin-1'))
                  for name, value in headers.items()]
        given = {name.lower() for name, _ in fields}
        if 'host' not in given:
            fields.append(('Host', self._host()))
        if body and not given & {'content-length', 'transfer-encoding'}:
            fields.append(('Content-Length', str(len(body))))
        try:
            return h11.Request(method=method, target=make_target(url), headers=fields)
        except h11.LocalProtocolError as error:
            raise ValueError('this request cannot be sent: %s' % error) from None

    def _host(self):
        default = 443 if self.url_scheme == 'https' else 80
        return self.addr if self.port == default else '%s:%s' % (self.addr, self.port)

    def _exchange(self, conn, request, body, timer):
        data = conn.send(request)
        if body:
            data += conn.send(h11.Data(data=body))
        send(data + conn.send(h11.EndOfMessage()))
        head = None
        pieces = []
        while True:
            event = self._next_event(conn, timer)
            if type(event) is h11.EndOfMessage:
                return make_response(head, b''.join(pieces))
            if type(event) is h11.Response:
                head = event
            elif type(event) is h11.Data:
                pieces.append(bytes(event.data))
            elif event is h11.PAUSED:
                raise h11.RemoteProtocolError('it changes the protocol')

    def _next_event(self, conn, timer):
        while True:
            event = conn.next_event()
            if event is not h11.NEED_DATA:
                return event
            try:
                data = receive()
            except ConnectionClosed:
                if timer.pending and ends_with_connection(conn):
                    return h11.EndOfMessage()
                raise
            conn.receive_data(data)


def ends_with_connection(conn):
    """Whether the end of the connection is the end of the answer, whose length
    the server has not told (RFC 9112 section 6.3)."""
    conn.receive_data(b'')
    try:
        return type(conn.next_event()) is h11.EndOfMessage
    except h11.RemoteProtocolError:
        return False


def make_target(url):
    """Return the path and the query of a URL as a request names them."""
    if isinstance(url, bytes):
        url = url.decode('utf-8')
    parts = urllib.parse.urlsplit(url)
    target = urllib.parse.quote(parts.path or '/', SAFE)
    if parts.query:
        target += '?' + urllib.parse.quote(parts.query, SAFE + '?')
    return target


def make_response(head, body):
    """Return the Response that an answer is."""
    # For b'' alone it would add a length of 0, also to the answer to HEAD.
    return Response(
        response=body or [b''], status=head.status_code,
        headers=[(name.decode('latin-1'), value.decode('latin-1'))
                 for name, value in head.headers.raw_items()])


class HttpsClient(HttpClient):
    """The same over TLS. Unlike the real library's it checks the certificate; to
    trust another one, or none, give it an ssl.SSLContext as ssl_ctx."""
    url_scheme = 'https'

    def __init__(self, *args, **kw):
        if len(args) < 3 and not kw.get('ssl_ctx'):
            kw['ssl_ctx'] = ssl.create_default_context()
        HttpClient.__init__(self, *args, **kw)
