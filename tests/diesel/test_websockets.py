"""diesel.protocols.websockets: the handshake, and frames, byte for byte.

The frames of the client are made here by hand, after RFC 6455 section 5.2.
"""
import json
import struct

import pytest

from compat import diesel
from compat.diesel import web
from compat.diesel.protocols.http import Response
from tests.diesel import runner
from tests.diesel.http_talk import HttpConversation, get
from tests.diesel.test_more_than_the_original import guaranteed
from tests.diesel.turns import settle

pytest.importorskip('wsproto' if hasattr(diesel, 'connection') else 'simplejson')
websockets = pytest.importorskip('compat.diesel.protocols.websockets')

pytestmark = [pytest.mark.wire, pytest.mark.rule('diesel')]

# The key and its answer are those of RFC 6455 section 1.3.
HANDSHAKE = get(b'/chat', b'Upgrade: websocket', b'Connection: Upgrade',
                b'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
                b'Sec-WebSocket-Version: 13')
ACCEPT = b's3pPLMBiTxaQ9kYGzzhZRbK+xOo='

MASK = b'\x01\x02\x03\x04'
TEXT, BINARY, CLOSE, PING, PONG = 0x81, 0x82, 0x88, 0x89, 0x8a


def frame(opcode, payload):
    """Return a client's frame with a payload, bytes."""
    if len(payload) < 126:
        head = struct.pack('>BB', opcode, 0x80 | len(payload))
    else:
        head = struct.pack('>BBH', opcode, 0x80 | 126, len(payload))
    masked = bytearray(byte ^ ord(MASK[index % 4:index % 4 + 1])
                       for index, byte in enumerate(bytearray(payload)))
    return head + MASK + bytes(masked)


def says(value):
    """Return the frame in which a client says a JSON value."""
    return frame(TEXT, json.dumps(value).encode('ascii'))


class WebSocketConversation(HttpConversation):
    """A client after its handshake."""

    def __init__(self, address, handshake=HANDSHAKE):
        HttpConversation.__init__(self, address)
        self.send(handshake)
        self.status, self.headers = self.read_head()

    def read_frame(self):
        """Return the first byte of the next frame, and its payload."""
        opcode, length = struct.unpack('>BB', self.read(2))
        if length == 126:
            length, = struct.unpack('>H', self.read(2))
        elif length == 127:
            length, = struct.unpack('>Q', self.read(8))
        return opcode, self.read(length)

    def hear(self):
        """Return the JSON value that the server says next."""
        opcode, payload = self.read_frame()
        assert opcode == TEXT
        return json.loads(payload.decode('ascii'))


def echo(req, inq, outq):
    """Say what comes, until the client closes."""
    for value in inq:
        if isinstance(value, websockets.WebSocketDisconnect):
            return
        outq.put({'heard': value})


@pytest.fixture
def talked(run):
    """A function: a handler, and client(talk) -> what that returns, which runs in a
    thread with a WebSocketConversation."""
    def talk(handler, client, **options):
        server = websockets.WebSocketServer(lambda req: Response('plain'), handler)
        service = diesel.Service(server, 0, '127.0.0.1')

        def converse():
            conversation = WebSocketConversation(('127.0.0.1', service.port), **options)
            try:
                return client(conversation)
            finally:
                conversation.close()

        def main():
            found = diesel.thread(converse)
            settle()  # the handler hears of the end
            return found
        return run(main, service)
    return talk


def test_the_handshake_is_answered(talked):
    status, headers = talked(echo, lambda talk: (talk.status, talk.headers))
    assert status == 101
    assert headers[b'upgrade'] == [b'websocket']
    assert headers[b'connection'] == [b'Upgrade']
    assert headers[b'sec-websocket-accept'] == [ACCEPT]


def test_a_subprotocol_is_taken(talked):
    handshake = HANDSHAKE[:-2] + b'Sec-WebSocket-Protocol: chat\r\n\r\n'
    headers = talked(echo, lambda talk: talk.headers, handshake=handshake)
    assert headers[b'sec-websocket-protocol'] == [b'chat']


def test_a_plain_request_is_the_web_handlers(talked):
    found = talked(echo, lambda talk: (talk.status, talk.read(5)), handshake=get(b'/'))
    assert found == (200, b'plain')


@pytest.mark.parametrize('value', [
    {'text': 'hello'}, [1, None, True], 'x' * 200, {}, 5,
    u'J\xfcrgen \u2603'], ids=['object', 'array', 'long', 'empty', 'number', 'text'])
def test_a_message_is_answered(talked, value):
    def client(talk):
        talk.send(says(value))
        return talk.hear()
    assert talked(echo, client) == {'heard': value}


@pytest.mark.parametrize('length, head', [
    (125, b'\x81\x7d'), (126, b'\x81\x7e\x00\x7e'), (65535, b'\x81\x7e\xff\xff'),
    (65536, b'\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00')])
def test_a_frame_is_these_bytes(talked, length, head):
    def handler(req, inq, outq):
        outq.put('x' * (length - 2))
        inq.get()
    whole = talked(handler, lambda talk: talk.read(len(head) + length))
    assert whole == head + b'"' + b'x' * (length - 2) + b'"'


def test_several_messages_in_one_packet_are_heard(talked):
    def client(talk):
        talk.send(b''.join(says(number) for number in range(5)))
        return [talk.hear()['heard'] for _ in range(5)]
    assert talked(echo, client) == list(range(5))


def test_a_message_may_come_byte_by_byte(talked):
    def client(talk):
        data = says('slow')
        for number in range(len(data)):
            talk.send(data[number:number + 1])
        return talk.hear()
    assert talked(echo, client) == {'heard': 'slow'}


def test_what_is_no_json_is_passed_over(talked):
    def client(talk):
        talk.send(frame(TEXT, b'{no json') + says(1))
        return talk.hear()
    assert talked(echo, client) == {'heard': 1}


def test_a_handler_that_returns_closes(talked):
    def client(talk):
        first = talk.read_frame()
        talk.send(frame(CLOSE, b''))
        return first, talk.read_all()
    assert talked(lambda req, inq, outq: None, client) == ((CLOSE, b''), b'')


def test_a_handler_can_close(talked):
    def handler(req, inq, outq):
        outq.put(1)
        outq.put(websockets.WebSocketDisconnect())
        inq.get()

    def client(talk):
        found = [talk.read_frame(), talk.read_frame()]
        talk.send(frame(CLOSE, b''))
        return found, talk.read_all()
    assert talked(handler, client) == ([(TEXT, b'1'), (CLOSE, b'')], b'')


def test_a_client_that_closes_is_told_to_the_handler_and_answered(talked):
    ends = []

    def handler(req, inq, outq):
        ends.append(inq.get())

    def client(talk):
        talk.send(frame(CLOSE, b''))
        return talk.read_frame(), talk.read_all()
    assert talked(handler, client) == ((CLOSE, b''), b'')
    assert [type(end) for end in ends] == [websockets.WebSocketDisconnect]


def test_a_client_that_is_gone_is_told_to_the_handler(talked, run):
    ends = []

    def handler(req, inq, outq):
        ends.append(inq.get())
        diesel.fire('told')

    server = websockets.WebSocketServer(lambda req: Response('plain'), handler)
    service = diesel.Service(server, 0, '127.0.0.1')

    def main():
        diesel.fork(diesel.thread, lambda: WebSocketConversation(
            ('127.0.0.1', service.port)).close())
        diesel.wait('told')
        return [type(end) for end in ends]
    assert run(main, service) == [websockets.WebSocketDisconnect]


def test_the_handler_has_the_request(talked):
    def handler(req, inq, outq):
        outq.put([req.path, req.args['room']])
        inq.get()
    handshake = HANDSHAKE.replace(b'/chat', b'/chat?room=5')
    assert talked(handler, lambda talk: talk.hear(), handshake=handshake) == [
        '/chat', '5']


def test_ten_clients_talk_in_one_room(run):
    members = []

    def chat(req, inq, outq):
        members.append(outq)
        for value in inq:
            if isinstance(value, websockets.WebSocketDisconnect):
                return members.remove(outq)
            for member in members:
                member.put(value)

    server = websockets.WebSocketServer(lambda req: Response('plain'), chat)
    service = diesel.Service(server, 0, '127.0.0.1')

    def clients():
        talks = [WebSocketConversation(('127.0.0.1', service.port)) for _ in range(10)]
        try:
            for number, talk in enumerate(talks):
                talk.send(says(number))
                for other in talks:
                    assert other.hear() == number
            return 'all heard all'
        finally:
            for talk in talks:
                talk.close()
    assert run(lambda: diesel.thread(clients), service) == 'all heard all'


def test_a_flask_view_can_be_a_websocket(run):
    class Application(web.DieselFlask):
        @classmethod
        def make_application(cls):
            return diesel.Application(allow_app_replacement=True)

    app = Application('tests')

    @app.route('/chat')
    @app.websocket
    def chat(req, inq, outq):
        outq.put(req.path)
        echo(req, inq, outq)

    service = app.make_service(0, '127.0.0.1', debug=False)

    def client():
        talk = WebSocketConversation(('127.0.0.1', service.port))
        try:
            talk.send(says('hello'))
            return talk.status, talk.hear(), talk.hear()
        finally:
            talk.close()
    found = run(lambda: diesel.thread(client), service)
    runner.close(app.diesel_app)
    assert found == (101, '/chat', {'heard': 'hello'})


# Beyond the real library

beyond = guaranteed('websockets: pings and codes')


@beyond
def test_a_ping_is_answered(talked):
    def client(talk):
        talk.send(frame(PING, b'hello'))
        return talk.read_frame()
    assert talked(echo, client) == (PONG, b'hello')


@beyond
def test_a_message_may_come_in_several_frames(talked):
    def client(talk):
        talk.send(frame(0x01, b'"one') + frame(PING, b'') + frame(0x80, b' two"'))
        return talk.read_frame(), talk.hear()
    assert talked(echo, client) == ((PONG, b''), {'heard': 'one two'})


@beyond
@pytest.mark.parametrize('data, code', [
    (frame(BINARY, b'abc'), 1003), (frame(TEXT, b'\xff'), 1007),
    (b'\x81\x01x', 1002), (frame(0xf1, b'x'), 1002), (frame(0x83, b'x'), 1002),
    (b''.join([frame(0x01, b'"')] + [frame(0x00, b'x' * 60000)] * 20), 1009)],
    ids=['binary', 'no UTF-8', 'no mask', 'odd bits', 'odd opcode', 'too long'])
def test_what_is_no_message_closes_with_a_code(talked, data, code):
    def client(talk):
        talk.send(data)
        opcode, payload = talk.read_frame()
        return opcode, struct.unpack('>H', payload[:2])[0]
    assert talked(echo, client) == (CLOSE, code)


@beyond
def test_a_message_that_is_too_deep_is_refused_or_passed_over(talked):
    def client(talk):
        talk.send(frame(TEXT, b'[' * 60000) + says(1))
        return talk.read_frame()
    # Python 3.15 reads on to the end, and finds that it is no JSON.
    assert talked(echo, client) in [(CLOSE, struct.pack('>H', 1008)),
                                    (TEXT, b'{"heard": 1}')]


@beyond
@pytest.mark.parametrize('missing, status', [
    (b'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n', 400),
    (b'Sec-WebSocket-Version: 13\r\n', 426)])
def test_a_handshake_that_lacks_something_is_refused(talked, missing, status):
    handshake = HANDSHAKE.replace(missing, b'')
    assert talked(echo, lambda talk: talk.status, handshake=handshake) == status


@beyond
def test_a_handler_that_raises_closes(talked):
    assert talked(lambda req, inq, outq: 1 // 0, lambda talk: talk.read_frame()) == (
        CLOSE, b'')


@beyond
def test_a_handler_is_told_even_if_the_client_closes_at_once(talked):
    ends = []

    def handler(req, inq, outq):
        ends.append(inq.get())

    talked(handler, lambda talk: talk.read_all(),
           handshake=HANDSHAKE + frame(CLOSE, b''))
    assert [type(end) for end in ends] == [websockets.WebSocketDisconnect]
