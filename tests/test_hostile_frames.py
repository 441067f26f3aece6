"""The chat in public: frames in any pieces, and bytes that are no frames."""
import signal
import socket
import struct
import sys

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
import pytest

from compat import process
from tests import inside
from tests.frames import frame, frames, read_frame, two_members
from tests.names import CHAT

pytestmark = pytest.mark.about(CHAT)
rule = pytest.mark.rule
# The same examples in every run: a failure is somebody's change, not luck.
FIXED = dict(deadline=None, derandomize=True, database=None,
             suppress_health_check=[HealthCheck.too_slow])
QUICK = settings(max_examples=100, **FIXED)
WIRE = settings(max_examples=30, **FIXED)
CUTS = st.lists(st.integers(0, 10000), max_size=8)


@pytest.fixture
def chat(recipe):
    """The chat, with its loop in our hands."""
    machine = inside.chat(recipe(CHAT))
    yield machine
    machine.close()


@pytest.fixture
def heard(chat):
    """A function: pieces that a new client says before it half-closes -> the frames
    that it gets, and those that another member gets because of it."""
    bob = chat.connect()
    chat.say(bob, frame(b'bob'))

    def listen(pieces):
        bob.received = b''
        answer = chat.answer(pieces)
        return frames(answer), frames(bob.received)
    return listen


@pytest.mark.hostile
@rule('struct-sizes')
def test_any_split_of_frames_gives_the_same_frames(recipe):
    take_frame = recipe(CHAT).take_frame

    @settings(QUICK, max_examples=300)
    @given(st.lists(st.binary(max_size=300), max_size=10), st.binary(max_size=3), CUTS)
    @example([b''], b'\0\0\0', [])
    def check(contents, rest, cuts):
        buf, taken = bytearray(), []
        for piece in inside.pieces(b''.join(map(frame, contents)) + rest, cuts):
            buf += piece
            taken += iter(lambda: take_frame(buf, 300), None)
        assert (taken, buf) == (contents, rest)
    check()


@pytest.mark.hostile
@rule('struct-sizes')
def test_what_is_no_frame_is_an_error_or_awaited(recipe):
    module = recipe(CHAT)

    @settings(QUICK, max_examples=300)
    @given(st.binary(max_size=60))
    @example(b'\xff\xff\xff\xff')
    @example(b'\x80\0\0\0x')
    def check(data):
        buf = bytearray(data)
        try:
            taken = module.take_frame(buf, 50)
        except module.ChatError:
            assert struct.unpack('!I', data[:4])[0] > 50
        else:
            assert (frame(taken) if taken is not None else b'') + buf == data
    check()


NAMES = st.text(u'abc \xfc\u20ac', min_size=1, max_size=20).filter(
    lambda name: name.strip())
SAYINGS = st.lists(st.text(max_size=80), max_size=8)


@pytest.mark.hostile
@rule('utf8-strict')
def test_any_split_of_a_conversation_says_the_same(heard):
    @QUICK
    @given(NAMES, SAYINGS, CUTS)
    def check(name, texts, cuts):
        name, texts = name.encode('utf-8'), [text.encode('utf-8') for text in texts]
        said = b''.join(frame(data) for data in [name] + texts)
        assert heard(inside.pieces(said, cuts)) == (
            [b'* Welcome, ' + name + b'. Others here: 1'],
            [b'* ' + name + b' joined'] + [b'<' + name + b'> ' + text for text in texts]
            + [b'* ' + name + b' left'])
    check()


CONVERSATION = (frame(b'ann') + frame(b'') + frame(b'Gr\xc3\xbc\xc3\x9fe')
                + frame(b'x' * 300) + frame(b'\xff') + frame(b'never said'))


@pytest.mark.hostile
def test_a_conversation_may_be_cut_at_every_byte(heard):
    whole = heard([CONVERSATION])
    assert whole == (
        [b'* Welcome, ann. Others here: 1', b'! that is not UTF-8'],
        [b'* ann joined', b'<ann> ', b'<ann> Gr\xc3\xbc\xc3\x9fe',
         b'<ann> ' + b'x' * 300, b'* ann left'])
    for cut in range(1, len(CONVERSATION)):
        assert heard(inside.pieces(CONVERSATION, [cut])) == whole, cut
    assert heard(inside.pieces(CONVERSATION, range(1000))) == whole


@pytest.mark.hostile
@rule('dict-views')
def test_those_who_are_refused_and_stay_are_closed_when_their_time_is_up(
        chat, monkeypatch):
    module = sys.modules[type(chat.server).__module__]
    monkeypatch.setattr(module, 'LINGER_SECONDS', 0.2)
    bob = chat.connect()
    chat.say(bob, frame(b'bob'))
    refused = [chat.connect() for _ in range(3)]
    for peer in refused:
        chat.say(peer, frame(b''))
        assert frames(peer.received)[0].startswith(b'! a name has ')

    def only_bob_is_left():
        chat.rest()
        return len(chat.server.members) == 1
    process.wait_until(only_bob_is_left, 'those who were refused are closed')
    for peer in refused:
        with pytest.raises(socket.error):  # the kernel, too, has no connection there
            peer.sock.send(b'x')
    assert not bob.ended


FRAGMENTS = st.one_of(
    st.binary(max_size=8), st.binary(max_size=70).map(frame), st.sampled_from([
        frame(b'ann'), frame(b'bob'), frame(b''), frame(b'\xc3'),
        frame(b'\xed\xa0\x80'), frame(b'\x1b[2J'), frame(b'x' * 65),
        frame(b'x' * 5000), b'\0\0', b'\0\1\0\1', b'\0\1\0\0', b'\x7f\xff\xff\xff',
        b'\xff\xff\xff\xff', b'GET / HTTP/1.1\r\nHost: x\r\n\r\n']))


@pytest.mark.hostile
@rule('oserror', 'selectors')
def test_who_reads_late_reads_everything(chat):
    ann, bob = chat.connect(), chat.connect()
    chat.say(ann, frame(b'ann'))
    chat.say(bob, frame(b'bob'))
    chat.peers.remove(bob)  # he reads no more for now
    said = [b'%d' % number * 30000 for number in range(10, 25)]
    for text in said:
        chat.say(ann, frame(text))
    chat.peers.append(bob)
    chat.rest()
    assert frames(bob.received)[1:] == [b'<ann> ' + text for text in said]


@pytest.mark.hostile
def test_any_split_of_anything_says_the_same(heard):
    @QUICK
    @given(st.lists(FRAGMENTS, max_size=8).map(b''.join), CUTS)
    @example(frame(b'ann') + b'\0\0\0\x05hell', [3, 9])
    @example(frame(b'bob') + frame(b'x' * 5000), [4])
    def check(data, cuts):
        assert heard(inside.pieces(data, cuts)) == heard([data])
    check()


@pytest.fixture
def pair(running, conversation):
    """A running server, and two clients that know of each other."""
    room = running(CHAT)
    return (room,) + two_members(conversation, room.address)


def hear(client, data):
    """Read frames until there is one with this content."""
    while read_frame(client) != data:
        pass


@pytest.mark.hostile
@rule('oserror')
def test_any_bytes_leave_the_others_talking(pair, conversation):
    room, ann, bob = pair

    @WIRE
    @given(st.lists(FRAGMENTS, max_size=6), st.sampled_from(inside.GOODBYES))
    def check(said, goodbye):
        client = conversation(room.address)
        inside.say_and_go(client, said, goodbye)
        ann.send(frame(b'are you there?'))
        hear(bob, b'<ann> are you there?')
        bob.send(frame(b'yes'))
        hear(ann, b'<bob> yes')
    check()
    room.signal(signal.SIGTERM)
    assert (room.wait(), room.stderr) == (0, b'')


@pytest.mark.hostile
def test_fifty_clients_in_the_middle_of_a_frame_delay_nobody(pair, conversation):
    room, ann, bob = pair
    slow = [conversation(room.address) for _ in range(50)]
    for byte in frame(b'x' * 65536)[:20].decode('latin-1'):
        for client in slow:
            client.send(byte.encode('latin-1'))
        ann.send(frame(b'hello'))
        bob.expect(frame(b'<ann> hello'))
    assert room.stderr == b''


@pytest.mark.hostile
def test_half_a_frame_is_never_said(pair, conversation):
    room, ann, bob = pair
    client = conversation(room.address)
    client.send(frame(b'carl') + frame(b'hello')[:-1])
    client.end()
    client.expect(frame(b'* Welcome, carl. Others here: 2'))
    client.expect_end()
    for other in (ann, bob):
        other.expect(frame(b'* carl joined') + frame(b'* carl left'))
        other.expect_silence()
