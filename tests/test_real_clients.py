"""Clients that are not ours: nc and socat against the echo servers."""
import os
import re

import pytest

from tests.names import DIESEL, FORKING, TCP, THREADING, UDP, UNIX_DATAGRAM, UNIX_STREAM
from tests.programs import answer

SAID = b'Gr\xc3\xbc\xc3\x9fe\r\nhello'
UPPER = b'GR\xc3\xbc\xc3\x9fE\r\nHELLO'
REPLIES = {
    TCP: UPPER,
    FORKING: br'(\d+): Gr\xc3\xbc\xc3\x9fe\r\n\1: hello',
    THREADING: br'(Thread-\d+): Gr\xc3\xbc\xc3\x9fe\r\n\1: hello',
}


@pytest.mark.wire
@pytest.mark.rule('bytes-on-the-wire', 'bytes-formatting')
@pytest.mark.parametrize('name', sorted(REPLIES))
def test_nc_is_answered_line_by_line(standing, name):
    host, port = standing(name).address
    assert re.match(REPLIES[name] + b'$', answer(SAID, 'nc', '-N', host, str(port)))


@pytest.mark.wire
@pytest.mark.rule('bytes-on-the-wire', 'bytes-formatting')
@pytest.mark.parametrize('name', sorted(REPLIES))
def test_socat_is_answered_line_by_line(standing, name):
    where = 'TCP:%s:%d' % standing(name).address
    assert re.match(REPLIES[name] + b'$', answer(SAID, 'socat', '-t5', '-', where))


@pytest.mark.wire
@pytest.mark.about(UNIX_STREAM)
def test_nc_reaches_the_socket_file(folder, running):
    path = running(UNIX_STREAM, '--path', os.path.join(folder, 's')).address
    assert answer(SAID, 'nc', '-N', '-U', path) == UPPER


@pytest.mark.wire
@pytest.mark.about(UNIX_STREAM)
def test_socat_reaches_the_socket_file(folder, running):
    path = running(UNIX_STREAM, '--path', os.path.join(folder, 's')).address
    assert answer(SAID, 'socat', '-t5', '-', 'UNIX-CONNECT:' + path) == UPPER


@pytest.mark.wire
@pytest.mark.about(DIESEL)
@pytest.mark.rule('diesel')
def test_nc_is_answered_by_diesel(standing):
    host, port = standing(DIESEL).address
    # Without -N: for diesel, a client that half-closes has left.
    assert answer(SAID + b'\r\n', 'nc', '-w', '2', host, str(port)) == (
        b'You said: Gr\xc3\xbc\xc3\x9fe\r\nYou said: hello\r\n')


@pytest.mark.wire
@pytest.mark.about(UDP)
def test_nc_sends_a_datagram(standing):
    host, port = standing(UDP).address
    assert answer(SAID, 'nc', '-u', '-w', '2', host, str(port)) == UPPER


@pytest.mark.wire
@pytest.mark.about(UDP)
def test_socat_sends_a_datagram(standing):
    where = 'UDP:%s:%d' % standing(UDP).address
    assert answer(SAID, 'socat', '-t2', '-', where) == UPPER


@pytest.mark.wire
@pytest.mark.about(UNIX_DATAGRAM)
def test_socat_sends_a_datagram_from_a_path_of_its_own(folder, running):
    path = running(UNIX_DATAGRAM, '--path', os.path.join(folder, 's')).address
    where = 'UNIX-SENDTO:%s,bind=%s' % (path, os.path.join(folder, 'c'))
    assert answer(SAID, 'socat', '-t2', '-', where) == UPPER
