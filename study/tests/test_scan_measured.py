"""study scan finds what it should, and little besides: of the originals, and of five
servers in other styles."""
import re
import socket
import struct
import subprocess

import pytest

from compat import process
from study.rulebook import rules
from study.scanning import source
from study.tests import measured
from study.tests import recordings

RULES = rules.load()
HTTP = b'GET /_status?verbose=1 HTTP/1.0\r\n\r\n'
CALL = b"(S'average'\n((lp0\nI2\naI4\natp1\ntp2\n."  # a pickle of protocol 0
# What each server is asked, and a part of its answer.
ASKED = {
    'line_server': (b'SET a 5\r\nGET a\r\nINCR a\r\nGET b\r\n',
                    b'+stored\r\n+5\r\n+6\r\n-no such name\r\n'),
    'thread_server': (b'JOB 1 reverse abc\n', b'DONE 1 cba (by Thread-'),
    'relay_server': (b'NICK ann\r\nJOIN #a\r\nPING\r\n',
                     b':ann JOIN #a\r\nPONG relay.example\r\n'),
    'frame_server': (b'RPC1' + struct.pack('LB', len(CALL), 0) + CALL,
                     struct.pack('LB', 4, 1) + b'I3\n.'),
    'proxy_server': (HTTP, b'<p>pid '),
}


def test_of_the_differing_lines_of_the_originals_95_in_100_are_found():
    measure = measured.originals()
    assert measure.wanted > 250
    assert measure.recall >= 95, '\n'.join(measure.missed)


def test_of_the_findings_in_the_originals_5_in_100_at_most_are_wrong():
    measure = measured.originals()
    assert measure.noise <= 5, '\n'.join(measure.false)


def test_of_what_is_marked_in_servers_of_other_styles_95_in_100_is_found():
    measure = measured.servers()
    assert measure.wanted > 150
    assert measure.recall >= 95, '\n'.join(measure.missed)


def test_of_the_findings_in_servers_of_other_styles_5_in_100_at_most_are_wrong():
    measure = measured.servers()
    assert measure.noise <= 5, '\n'.join(measure.false)


@pytest.mark.parametrize('name', measured.SERVERS)
def test_a_mark_stands_at_the_line_that_it_shows(name):
    pairs, texts = measured.marks(name)
    lines = source.read(measured.script(name)).lines
    assert {number: lines[number - 1].strip() for number in texts} == texts
    assert {rule for _, rule in pairs} <= set(RULES)


@pytest.fixture
def server(request):
    """The port of a server of field/ that runs under Python 2.7."""
    command = [recordings.python2(), '-u', measured.script(request.param), '0']
    child = subprocess.Popen(command, stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL)
    yield int(re.search(rb'listening on (\d+)', child.stdout.readline()).group(1))
    child.kill()
    child.wait()
    child.stdout.close()


@pytest.mark.parametrize('server, name', [(name, name) for name in measured.SERVERS],
                         indirect=['server'])
def test_a_server_of_another_style_works_under_python_2(server, name):
    said, wanted = ASKED[name]
    received = b''
    with socket.create_connection(('127.0.0.1', server), process.DEADLINE) as peer:
        peer.sendall(said)
        while wanted not in received:
            data = peer.recv(4096)
            assert data, received
            received += data


def test_the_port_is_quiet_but_for_the_mix_in_that_stands_last_on_purpose():
    found = [(one.path.rpartition('/')[2], one.rule) for name in measured.NAMES
             for one in measured.findings(measured.trees.named('py3').script(name))]
    assert found == [('server_matrix.py', 'mix-in-first')]
