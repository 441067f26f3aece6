"""WebSockets (RFC 6455) over diesel's HTTP server; wsproto parses the frames.

A message is a JSON value in a text frame, as it is with the real library. Unlike there,
a ping is answered, a message may come in several frames, and anything else closes the
connection with the code that says why. The handshake from before the RFC
(Sec-WebSocket-Key1) is left out: no browser of today speaks it.
"""
import json
import time

from compat.diesel.packages import missing

try:
    from wsproto.connection import Connection, ConnectionState, ConnectionType
    from wsproto.events import CloseConnection, Ping, TextMessage
    from wsproto.frame_protocol import CloseReason
    from wsproto.utilities import generate_accept_token
except ImportError as error:
    raise missing(error, 'compat.diesel.protocols.websockets', 'wsproto') from None

from compat.diesel.errors import ConnectionClosed
from compat.diesel.functions import first, fork, send
from compat.diesel.protocols.http import HttpServer, Response
from compat.diesel.util.queue import Queue

VERSIONS = ('8', '13')     # of Sec-WebSocket-Version: the draft that became the RFC
MESSAGE_LIMIT = 1 << 20    # characters of a message
UNREAD_MESSAGES = 1000     # kept for a handler that does not ask for them
PAUSE = 0.05               # seconds between two checks of whether it has
GOODBYE_SECONDS = 5        # that a client has to answer our close
NO_CODE = None             # for a close without a code, like the real library's


class WebSocketDisconnect(object):
    """In the handler's input: the client closes, or has gone. In its output: close."""


class WebSocketData(dict):
    """The real library has it, and does not use it."""


class WebSocketServer(HttpServer):
    """A connection_handler for a Service that speaks HTTP and WebSockets.

    web_handler(request) returns the Response to a plain request. For a WebSocket
    web_socket_handler(request, input, output) runs in a loop of its own. It takes what
    the client says out of one Queue, and puts what is to be sent into the other. These
    are JSON values, and a WebSocketDisconnect at the end, either way. When the handler
    returns, the connection is closed.
    """

    def __init__(self, web_handler, web_socket_handler):
        HttpServer.__init__(self, self.do_upgrade)
        self.web_handler = web_handler
        self.web_socket_handler = web_socket_handler

    def do_upgrade(self, req):
        """Return the Response to a request: for a WebSocket one with status 101 whose
        new_protocol() talks, or one that says what is wrong with the handshake."""
        if req.headers.get('Upgrade', '').lower() != 'websocket':
            return self.web_handler(req)
        key = req.headers.get('Sec-WebSocket-Key')
        if not key:
            return refusal(400, 'a WebSocket needs a Sec-WebSocket-Key\n')
        if req.headers.get('Sec-WebSocket-Version') not in VERSIONS:
            resp = refusal(426, 'this server speaks version 13 of WebSockets\n')
            resp.headers['Sec-WebSocket-Version'] = '13'
            return resp
        resp = Response(status=101, headers={
            'Upgrade': 'websocket', 'Connection': 'Upgrade',
            'Sec-WebSocket-Accept': accept_token(key)})
        protocols = req.headers.get('Sec-WebSocket-Protocol')
        if protocols:
            resp.headers['Sec-WebSocket-Protocol'] = protocols.split(',')[0].strip()
        resp.new_protocol = self.websocket_protocol
        return resp

    def websocket_protocol(self, req):
        """Talk to a client after the handshake, until the end."""
        inq, outq = Queue(), Queue()
        fork(self._handle, req, inq, outq)
        try:
            Conversation(inq, outq).run()
        except ConnectionClosed:
            pass
        finally:
            inq.put(WebSocketDisconnect())

    def _handle(self, req, inq, outq):
        try:
            self.web_socket_handler(req, inq, outq)
        finally:
            outq.put(WebSocketDisconnect())


class Conversation(object):
    """Frames of one client to messages in a queue, and back."""

    def __init__(self, inq, outq):
        self.inq = inq
        self.outq = outq
        self._conn = Connection(ConnectionType.SERVER)
        self._pieces = []   # of a message that is not complete
        self._size = 0      # characters in them

    def run(self):
        """Talk until both sides have closed. Raise ConnectionClosed if the client is
        gone without a close."""
        end = None
        while self._conn.state is not ConnectionState.CLOSED:
            if self._conn.state is ConnectionState.LOCAL_CLOSING:
                end = end or time.monotonic() + GOODBYE_SECONDS
                if time.monotonic() > end:
                    return
            which, value = self._next(end)
            if which == 'receive_any':
                self._hear(value)
            elif which is self.outq:
                self._say(value)
            # A client that speaks without end does not keep us from answering.
            while not self.outq.is_empty:
                self._say(self.outq.get())

    def _next(self, end):
        if end is not None:
            return first(receive_any=True, sleep=max(0, end - time.monotonic()))
        if len(self.inq.inp) > UNREAD_MESSAGES:
            return first(waits=[self.outq], sleep=PAUSE)
        return first(receive_any=True, waits=[self.outq])

    def _hear(self, data):
        self._conn.receive_data(data)
        for event in self._conn.events():
            if isinstance(event, CloseConnection):
                self._answer_close(event)
            elif self._conn.state is not ConnectionState.OPEN:
                pass  # we have closed already: it may not know yet
            elif isinstance(event, Ping):
                send(self._conn.send(event.response()))
            elif isinstance(event, TextMessage):
                self._take(event)
            elif hasattr(event, 'data'):
                self._close(CloseReason.UNSUPPORTED_DATA)  # binary

    def _answer_close(self, event):
        """The client closes; or wsproto does, since it has not kept to the protocol,
        and the event has the code for it."""
        if self._conn.state is ConnectionState.OPEN:
            self._close(event.code)
        elif self._conn.state is ConnectionState.REMOTE_CLOSING:
            self._close(NO_CODE)

    def _take(self, event):
        self._pieces.append(event.data)
        self._size += len(event.data)
        if self._size > MESSAGE_LIMIT:
            self._close(CloseReason.MESSAGE_TOO_BIG)
        elif event.message_finished:
            text = ''.join(self._pieces)
            self._pieces, self._size = [], 0
            try:
                self.inq.put(json.loads(text))
            except ValueError:
                pass  # as the real library has it
            except RecursionError:
                self._close(CloseReason.POLICY_VIOLATION)

    def _say(self, value):
        if self._conn.state is not ConnectionState.OPEN:
            return
        if isinstance(value, WebSocketDisconnect):
            self._close(NO_CODE)
        else:
            send(self._conn.send(TextMessage(data=json.dumps(value))))

    def _close(self, code):
        send(self._conn.send(CloseConnection(code=code)))


def accept_token(key):
    """Return the answer to a Sec-WebSocket-Key, as text."""
    return generate_accept_token(key.encode('latin-1')).decode('ascii')


def refusal(status, text):
    """Return the Response to a handshake that cannot be accepted."""
    return Response(text, status=status, content_type='text/plain; charset=utf-8')
