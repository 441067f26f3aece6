"""How long the servers wait, and how much they take: a peer can measure it, but a test
that did so would take minutes."""
import pytest

from tests.names import CHAT, DIESEL, MATRIX, TCP, UDP, UNIX_DATAGRAM, UNIX_STREAM, WEB


@pytest.mark.unit
@pytest.mark.parametrize('name, limits', [
    (WEB, dict(SECONDS=dict(request=10, reply=10, idle=75, linger=2), RETRY_SECONDS=1,
               BACKLOG=1024, MAX_HEAD=8192, MAX_BODY=1048576, MAX_WAITING=65536)),
    (CHAT, dict(LINGER_SECONDS=10, RETRY_SECONDS=1, BACKLOG=128, MAX_FRAME=65536,
                MAX_NAME=64, MAX_WAITING=1048576)),
    (MATRIX, dict(SERVICE_TIME=1.0, REQUEST_TIME=2.0, PATIENCE=10.0)),
    (TCP, dict(PATIENCE=0.2)), (UNIX_STREAM, dict(PATIENCE=0.2)),
    (UDP, dict(PATIENCE=2, MAX_DATAGRAM=65535)),
    (UNIX_DATAGRAM, dict(PATIENCE=2, MAX_DATAGRAM=65535)),
    (DIESEL, dict(CONNECT_TIMEOUT=10)),
    ('serving', dict(RETRY_SECONDS=0.5, SELECT_LIMIT=1000))])
def test_a_peer_has_as_much_time_and_room_as_in_the_original(recipe, name, limits):
    module = recipe(name)
    assert {limit: getattr(module, limit) for limit in limits} == limits
