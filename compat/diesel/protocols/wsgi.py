"""WSGI applications (PEP 3333) over diesel's HTTP server."""
import itertools

from compat.diesel.protocols import requirements

from werkzeug.datastructures import Headers
from werkzeug.wsgi import ClosingIterator

from compat.diesel.app import Application, Service
from compat.diesel.protocols.http import HttpServer, Response


class WSGIRequestHandler(object):
    """A request_handler for an HttpServer that asks a WSGI application.

    What the application returns as a list is sent in one piece; what it yields
    is sent as it comes. port is accepted for the sake of programs: the environ
    names the port that the service has.
    """

    def __init__(self, wsgi_callable, port=80):
        self.port = port
        self.wsgi_callable = wsgi_callable

    def __call__(self, req):
        """Return the Response; raise what the application raises before it has
        something to send."""
        start = StartResponse()
        output = self.wsgi_callable(req.environ, start)
        close = getattr(output, 'close', None)
        try:
            pieces = start.pieces_of(output)
            if isinstance(output, (list, tuple)):
                return start.make_response(list(pieces))
            # It need not call start_response() before its first piece.
            early = list(itertools.islice(pieces, 1))
            return start.make_response(
                ClosingIterator(itertools.chain(early, pieces), close))
        except BaseException:
            if close:
                close()
            raise


class StartResponse(object):
    """The start_response() of one request."""

    def __init__(self):
        self._head = None
        self._written = []
        self._made = False

    def __call__(self, status, headers, exc_info=None):
        """Take a status line and a list of headers; return write()."""
        if exc_info and self._made:
            raise exc_info[1].with_traceback(exc_info[2])
        if self._head and not exc_info:
            raise AssertionError('start_response() was called twice')
        self._head = status, headers
        return self._written.append

    def pieces_of(self, output):
        """Yield what an application returns, and what it write()s meanwhile."""
        for piece in output:
            yield from self._take_written()
            yield piece
        yield from self._take_written()

    def _take_written(self):
        written, self._written[:] = list(self._written), []
        return written

    def make_response(self, body):
        """Return the Response with that body, an iterable of bytes."""
        if not self._head:
            raise AssertionError('the application did not call start_response()')
        status, headers = self._head
        self._made = True
        resp = Response(body, status=status)
        resp.headers = Headers(headers)  # and none of the Response's own
        return resp


class WSGIApplication(Application):
    """An Application that serves a WSGI application on a port."""

    def __init__(self, wsgi_callable, port=80, iface=''):
        Application.__init__(self)
        self.port = port
        self.wsgi_callable = wsgi_callable
        handler = WSGIRequestHandler(wsgi_callable, port)
        self.add_service(Service(HttpServer(handler), port, iface))
