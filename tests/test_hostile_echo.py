"""Echo lines and datagrams, whatever the bytes and however they are cut."""
import io
import os
import socket

import pytest
from hypothesis import HealthCheck
from hypothesis import Phase
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies

from compat import process
from tests.names import DATAGRAMS, DIESEL, FORKING, PLAIN_STREAMS, THREADING, UDP

LABELLED = [FORKING, THREADING]
STREAMS = PLAIN_STREAMS + LABELLED + [DIESEL]
PIECE = 1024  # bytes: these servers answer a longer line in pieces of this size
EOL = b'\r\n'

# A failing example is not shrunk: each attempt could wait for the deadline. That
# examples are made slowly says only that the machine is busy.
few = settings(max_examples=40, deadline=None, derandomize=True, database=None,
               suppress_health_check=[HealthCheck.too_slow],
               phases=[Phase.explicit, Phase.generate])
lines = strategies.lists(strategies.binary(max_size=40), max_size=6)
long_lines = strategies.integers(PIECE - 2, 3 * PIECE).map(lambda size: [b'x' * size])
cuts = strategies.lists(strategies.integers(0, 4 * PIECE), max_size=5)
endings = strategies.sampled_from(['close', 'end', 'reset'])
on_every_stream = pytest.mark.parametrize('name', STREAMS)
on_both_datagrams = pytest.mark.parametrize('name', DATAGRAMS)


def upper(data):
    """Return bytes with ASCII's small letters as capitals."""
    return b''.join(byte.upper() if byte.isalpha() else byte
                    for byte in (data[index:index + 1] for index in range(len(data))))


def answer(name, data, label):
    """Return the whole reply of a server to the bytes of one connection. label:
    what stands in front of each piece of it."""
    if name in PLAIN_STREAMS:
        return upper(data)
    if name == DIESEL:
        return b''.join(b'You said: ' + line + EOL for line in data.split(EOL)[:-1])
    source = io.BytesIO(data)
    return b''.join(label + piece for piece in iter(lambda: source.readline(PIECE), b''))


def segments(data, places):
    """Return data cut at these places."""
    ends = sorted(place for place in set(places) if 0 < place < len(data))
    return [data[begin:end] for begin, end in zip([0] + ends, ends + [len(data)])]


def reply_to(client, name, data, places):
    """Send data in segments and return the whole reply, and its label."""
    for segment in segments(data, places):
        client.send(segment)
    if name == DIESEL:  # to shut down the sending side is to leave
        return client.read(len(answer(name, data, b''))), b''
    client.end()
    reply = client.read_all()
    return reply, reply[:reply.find(b': ') + 2]


def expect_good_answer(client, name):
    """Assert that a server answers a new client as it should."""
    data = b'Still there?' + EOL
    reply, label = reply_to(client, name, data, [5])
    assert reply == answer(name, data, label)
    client.close()


def leave(client, ending):
    """Go, in one of the ways in which a client can."""
    if ending == 'reset':
        client.reset()
        return
    if ending == 'end':
        client.end()
        client.read_all()
    client.close()


@pytest.mark.hostile
@pytest.mark.rule('bytes-on-the-wire', 'bytes-formatting')
@on_every_stream
def test_any_split_into_segments_gives_the_same_answer(standing, conversation, name):
    server = standing(name)
    end = EOL if name == DIESEL else b'\n'

    @few
    @given(lines | long_lines, cuts)
    def try_one(parts, places):
        data = end.join(parts)
        client = conversation(server.address)
        reply, label = reply_to(client, name, data, places)
        client.close()
        assert reply == answer(name, data, label)

    try_one()
    assert server.stderr == b''


@pytest.mark.hostile
@on_every_stream
def test_any_bytes_leave_the_server_serving_the_next(standing, conversation, name):
    server = standing(name)

    @few
    @given(strategies.binary(max_size=3000), endings)
    def try_one(data, ending):
        client = conversation(server.address)
        client.send(data)
        leave(client, ending)
        expect_good_answer(conversation(server.address), name)

    try_one()
    assert server.stderr == b''


@pytest.mark.hostile
@pytest.mark.parametrize('name', LABELLED + [DIESEL])
def test_any_bytes_of_one_client_do_not_reach_another(standing, conversation, name):
    server = standing(name)
    witness = conversation(server.address)

    @few
    @given(strategies.binary(max_size=3000), endings)
    def try_one(data, ending):
        client = conversation(server.address)
        client.send(data)
        witness.send(b'only me' + EOL)
        assert witness.read_line().endswith(b': only me' + EOL)
        leave(client, ending)

    try_one()
    assert server.stderr == b''


@pytest.fixture
def bound(folder):
    """A function: the name of a recipe -> a client's socket that is answered."""
    socks = []

    def start(name):
        is_unix = name != UDP
        socks.append(socket.socket(socket.AF_UNIX if is_unix else socket.AF_INET,
                                   socket.SOCK_DGRAM))
        socks[-1].settimeout(process.DEADLINE)
        socks[-1].bind(os.path.join(folder, 'c') if is_unix else ('127.0.0.1', 0))
        return socks[-1]

    yield start
    for sock in socks:
        name = sock.getsockname()
        sock.close()
        if isinstance(name, str):
            os.unlink(name)


@pytest.mark.hostile
@pytest.mark.rule('bytes-on-the-wire')
@on_both_datagrams
def test_any_datagram_comes_back_in_upper_case(standing, bound, name):
    server, client = standing(name), bound(name)

    @few
    @given(strategies.binary(max_size=9000))
    def try_one(data):
        client.sendto(data, server.address)
        assert client.recv(100000) == upper(data)

    try_one()
    assert server.stderr == b''


@pytest.mark.hostile
@on_both_datagrams
def test_datagrams_in_any_number_get_so_many_answers_in_order(standing, bound, name):
    server, client = standing(name), bound(name)

    @few
    @given(strategies.lists(strategies.binary(max_size=100), max_size=9))
    def try_some(requests):
        for data in requests:
            client.sendto(data, server.address)
        assert [client.recv(1000) for _ in requests] == [upper(data) for data in requests]

    try_some()
    assert server.stderr == b''
