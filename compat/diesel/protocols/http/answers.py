"""From the Response of a handler to the bytes of an answer (RFC 9112)."""
import email.utils
import os

import h11
from werkzeug.datastructures import Headers

from compat.diesel import runtime
from compat.diesel.functions import send, sleep
from compat.diesel.protocols.http.objects import Response

SERVER_TAG = 'diesel-http-server'
FILE_PIECE = 1 << 16  # bytes of a file that are read at once


class Answer(object):
    """A response on its way: made of a Response (ValueError, LocalProtocolError
    or another if that cannot be sent), and then sent."""

    def __init__(self, conn, resp, method):
        self._conn = conn
        self._resp = resp
        status = resp.status_code
        self._headers = Headers(resp.headers)
        self._streamed = False
        self.switches = status == 101 and hasattr(resp, 'new_protocol')
        self._body = self._find_body(method)
        if method == 'HEAD' or status in (204, 304) or self.switches:
            self._body = ()
        if status == 204 or self.switches:
            self._headers.pop('Content-Length', None)  # RFC 9110 section 8.6
        self._headers.setdefault('Server', SERVER_TAG)
        self._headers.setdefault('Date', email.utils.formatdate(usegmt=True))
        self._event = self._make_event(status)

    def _find_body(self, method):
        """Return an iterable of bytes; set the length where it is known."""
        path = self._headers.pop('X-Sendfile', None)
        if path is not None:
            with open(path, 'rb') as source:  # now, while an error can be answered
                size = os.fstat(source.fileno()).st_size
            self._headers['Content-Length'] = str(size)
            return file_pieces(path, size)
        if not self._resp.is_sequence:
            self._streamed = True
            return self._resp.iter_encoded()
        body = b''.join(self._resp.iter_encoded())
        if body or method != 'HEAD':
            self._headers.setdefault('Content-Length', str(len(body)))
        return (body,)

    def _make_event(self, status):
        make = h11.Response
        if self.switches:
            make = h11.InformationalResponse
            if self._conn.their_state is not h11.MIGHT_SWITCH_PROTOCOL:
                raise ValueError('the client did not ask for another protocol')
        return make(
            status_code=status,
            reason=self._resp.status.partition(' ')[2].encode('latin-1'),
            headers=[(name.encode('ascii'), value.encode('latin-1'))
                     for name, value in self._headers.items()])

    def send(self):
        """Send it all, the pieces of an iterator as they come."""
        try:
            data = self._conn.send(self._event)
            if self._streamed:
                send(data)
                data = b''
            for piece in self._body:
                if piece:
                    send(data + self._conn.send(h11.Data(data=piece)))
                    data = b''
            if self.switches:
                give_back(self._conn.trailing_data[0])
            else:
                data += self._conn.send(h11.EndOfMessage())
            if data:
                send(data)
        finally:
            self._resp.close()


def file_pieces(path, size):
    """Yield size bytes of a file; between the pieces others have their turn."""
    with open(path, 'rb') as source:
        for start in range(0, size, FILE_PIECE):
            if start:
                sleep()
            yield source.read(min(FILE_PIECE, size - start))


def give_back(data):
    """Have the current connection receive these bytes again."""
    buffer = runtime.current_loop.connection_stack[-1].buffer
    buffer.feed(data + buffer.pop())


def plain_response(status):
    """Return a Response that says no more than its status does."""
    resp = Response(status=status, content_type='text/plain; charset=utf-8')
    resp.set_data(resp.status + '\n')
    return resp
