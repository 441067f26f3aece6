"""A host that nobody can have, as the bytes that were typed: one line and status 1."""
import pytest

from compat import process
from tests.names import CHAT, MATRIX, ON_A_PORT
from tests.oneline import one_line_error

# The matrix has no client of its own.
CLIENTS = [name for name in ON_A_PORT if name != MATRIX]
# In UTF-8 it is text of another length: too long for Python 3's IDNA.
NO_ASCII = u'\xfc'.encode('utf-8') * 70

hosts = pytest.mark.parametrize(
    'host', [b'no such host', b'..', b'x' * 70 + b'.example', b'\xff', NO_ASCII],
    ids=['spaces', 'dots', 'long-label', 'no-text', 'no-ascii'])


@pytest.mark.hostile
@pytest.mark.rule('argv-is-text')
@hosts
@pytest.mark.parametrize('name', ON_A_PORT)
def test_a_host_that_cannot_be_is_one_line_and_status_1(tree, name, host):
    child = process.run(tree, name, ['--serve', '--host', host],
                        env={'LC_ALL': 'C.UTF-8'})
    one_line_error(child, name, 1)


@pytest.mark.hostile
@pytest.mark.rule('argv-is-text')
@hosts
@pytest.mark.parametrize('name', CLIENTS)
def test_a_client_of_a_host_that_cannot_be_is_one_line_and_status_1(tree, name, host):
    args = ['--connect', host, '80'] + ['--name', 'ann'] * (name == CHAT)
    child = process.run(tree, name, args, env={'LC_ALL': 'C.UTF-8'})
    one_line_error(child, name, 1)
