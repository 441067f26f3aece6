"""A host that nobody can have, as the bytes that were typed: one line and status 1."""
import pytest

from tests.names import CHAT, MATRIX, ON_A_PORT
from tests.oneline import one_line_error

# The matrix has no client of its own.
CLIENTS = [name for name in ON_A_PORT if name != MATRIX]
# In UTF-8 it is text of another length: too long for Python 3's IDNA.
NO_ASCII = u'\xfc'.encode('utf-8') * 70

HOSTS = [b'no such host', b'..', b'x' * 70 + b'.example', b'\xff', NO_ASCII]

hosts = pytest.mark.parametrize(
    'host', HOSTS, ids=['spaces', 'dots', 'long-label', 'no-text', 'no-ascii'])


@pytest.mark.hostile
@pytest.mark.rule('argv-is-text')
@hosts
@pytest.mark.parametrize('name', ON_A_PORT)
def test_a_host_that_cannot_be_is_one_line_and_status_1(forked, name, host):
    one_line_error(forked(name, ['--serve', '--host', host]), name, 1)


@pytest.mark.hostile
@pytest.mark.rule('argv-is-text')
@hosts
@pytest.mark.parametrize('name', CLIENTS)
def test_a_client_of_a_host_that_cannot_be_is_one_line_and_status_1(
        forked, name, host):
    of_a_member = ['--name', 'ann'] if name == CHAT else []
    one_line_error(forked(name, ['--connect', host, '80'] + of_a_member), name, 1)
