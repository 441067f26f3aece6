"""The inheritance figure, drawn from the live classes."""
import errno
import socket

import pytest

from compat import process
from compat.socketserver import library, serving

NAME = 'server_hierarchy'
FIGURE = b'''\
BaseRequestHandler
+-- DatagramRequestHandler
+-- StreamRequestHandler
BaseServer
+-- TCPServer
    +-- ForkingTCPServer = ForkingMixIn + TCPServer
    +-- ThreadingTCPServer = ThreadingMixIn + TCPServer
    +-- UDPServer
    |   +-- ForkingUDPServer = ForkingMixIn + UDPServer
    |   +-- ThreadingUDPServer = ThreadingMixIn + UDPServer
    |   +-- UnixDatagramServer
    |       +-- ThreadingUnixDatagramServer = ThreadingMixIn + UnixDatagramServer
    +-- UnixStreamServer
        +-- ThreadingUnixStreamServer = ThreadingMixIn + UnixStreamServer
ForkingMixIn
ThreadingMixIn
'''


@pytest.fixture
def hierarchy(recipe):
    return recipe(NAME)


@pytest.fixture
def server(running):
    return running(NAME)


def connect_to(forked, address, *args):
    """Run the recipe as a client of the server at (host, port)."""
    host, port = address
    return forked(NAME, ['--connect', host, str(port)] + list(args))


# The figure

@pytest.mark.script
@pytest.mark.rule('print-function', 'object-base', 'sorting-mixed-types')
def test_the_figure_is_the_same_on_every_version(tree):
    child = process.run(tree, NAME)
    assert (child.stderr, child.returncode) == (b'', 0)
    assert child.stdout == FIGURE


@pytest.mark.unit
def test_every_class_is_drawn_once(hierarchy):
    drawn = [line.split('+-- ')[-1].split(' = ')[0]
             for line in hierarchy.figure().splitlines()]
    assert sorted(drawn) == sorted(hierarchy.CLASSES)


@pytest.mark.unit
@pytest.mark.rule('renamed-modules')
def test_the_bases_are_those_of_the_live_class(hierarchy, monkeypatch):
    class Odd(library.ThreadingMixIn, library.UDPServer):
        pass
    monkeypatch.setattr(library, 'ForkingTCPServer', Odd)
    assert hierarchy.bases('ForkingTCPServer') == ['ThreadingMixIn', 'UDPServer']
    assert ('|   +-- ForkingTCPServer = ThreadingMixIn + UDPServer\n'
            in hierarchy.figure())


@pytest.mark.unit
@pytest.mark.rule('object-base')
def test_nobody_inherits_from_object(hierarchy):
    assert hierarchy.bases('BaseServer') == []
    assert hierarchy.parent('BaseServer') is None
    assert 'object' not in hierarchy.figure()


@pytest.mark.unit
def test_a_class_stands_under_the_last_of_its_bases(hierarchy):
    assert hierarchy.bases('ForkingTCPServer') == ['ForkingMixIn', 'TCPServer']
    assert hierarchy.parent('ForkingTCPServer') == 'TCPServer'


@pytest.mark.unit
@pytest.mark.rule('sorting-mixed-types')
def test_the_families_of_those_with_and_without_a_parent_are_sorted(hierarchy):
    names = ['TCPServer', 'ThreadingMixIn', 'BaseServer', 'ForkingMixIn']
    assert hierarchy.families(names) == {
        None: ['BaseServer', 'ForkingMixIn', 'ThreadingMixIn'],
        'BaseServer': ['TCPServer'],
    }


@pytest.mark.unit
def test_the_order_of_the_list_does_not_matter(hierarchy, monkeypatch):
    before = hierarchy.figure()
    monkeypatch.setattr(hierarchy, 'CLASSES', hierarchy.CLASSES[::-1])
    assert hierarchy.figure() == before


@pytest.mark.unit
def test_what_the_platform_does_not_have_is_left_out(hierarchy, monkeypatch):
    for name in ('UnixStreamServer', 'ThreadingUnixStreamServer'):
        monkeypatch.delattr(library, name)
    figure = hierarchy.figure()
    assert 'UnixStreamServer' not in figure
    assert figure.endswith('''\
    +-- UDPServer
        +-- ForkingUDPServer = ForkingMixIn + UDPServer
        +-- ThreadingUDPServer = ThreadingMixIn + UDPServer
        +-- UnixDatagramServer
            +-- ThreadingUnixDatagramServer = ThreadingMixIn + UnixDatagramServer
ForkingMixIn
ThreadingMixIn
''')


# On the wire

@pytest.mark.wire
@pytest.mark.rule('bytes-on-the-wire')
def test_every_client_gets_the_figure_and_the_end(server, conversation):
    for _ in range(3):
        assert conversation(server.address).read_all() == FIGURE


@pytest.mark.wire
def test_a_client_that_says_nothing_more_gets_it_too(server, conversation):
    client = conversation(server.address)
    client.end()
    assert client.read_all() == FIGURE


@pytest.mark.hostile
def test_clients_that_do_not_read_delay_nobody(server, conversation):
    for _ in range(4):
        conversation(server.address)
    assert conversation(server.address).read_all() == FIGURE


@pytest.mark.hostile
def test_a_reset_disturbs_nobody(server, conversation):
    conversation(server.address).reset()
    assert conversation(server.address).read_all() == FIGURE
    assert server.stderr == b''


@pytest.mark.hostile
@pytest.mark.rule('oserror', 'except-as')
def test_a_client_that_is_lost_is_one_line(hierarchy, capsys):
    class Lost(object):
        def sendall(self, data):
            raise socket.error(errno.ECONNRESET, 'Connection reset by peer')
    hierarchy.FigureRequestHandler(Lost(), ('127.0.0.1', 1), None)
    assert capsys.readouterr().out == 'Connection lost: Connection reset by peer\n'


@pytest.mark.wire
@pytest.mark.rule('server-close')
def test_a_server_can_be_restarted_on_its_port(running, conversation):
    first = running(NAME)
    port = first.address[1]
    assert conversation(first.address).read_all() == FIGURE
    first.end()
    again = running(NAME, '--port', str(port))
    assert again.address == first.address
    assert conversation(again.address).read_all() == FIGURE


@pytest.mark.unit
@pytest.mark.rule('bytes-on-the-wire')
def test_it_is_sent_in_process_too(hierarchy, conversation):
    server = hierarchy.FigureServer(('127.0.0.1', 0), hierarchy.FigureRequestHandler)
    with serving(server):
        assert conversation(server.server_address).read_all() == FIGURE


# The client

@pytest.mark.script
@pytest.mark.rule('text-for-the-screen')
def test_the_client_prints_what_the_server_sends(forked, server):
    child = connect_to(forked, server.address)
    assert (child.stderr, child.returncode) == (b'', 0)
    assert child.stdout == FIGURE


@pytest.mark.script
@pytest.mark.rule('text-for-the-screen')
def test_the_client_prints_control_bytes_as_escapes(tree, listener):
    host, port = listener.getsockname()
    with process.Child(tree, NAME, ['--connect', host, str(port)]) as child:
        peer = listener.accept()[0]
        for piece in (b'\x1b[31m \xe9', b'\\\r', b'\ntw', b'o'):
            peer.sendall(piece)
        peer.close()
        assert (child.wait(), child.stderr) == (0, b'')
    assert child.stdout == b'\\x1b[31m \\xe9\\\\\ntwo\n'


@pytest.mark.script
def test_a_server_that_sends_nothing_prints_nothing(tree, listener):
    host, port = listener.getsockname()
    with process.Child(tree, NAME, ['--connect', host, str(port)]) as child:
        listener.accept()[0].close()
        assert (child.wait(), child.stderr, child.stdout) == (0, b'', b'')


@pytest.mark.hostile
@pytest.mark.rule('oserror')
def test_a_port_where_nobody_listens_is_one_line_and_status_1(forked, listener):
    address = listener.getsockname()
    listener.close()
    child = connect_to(forked, address)
    assert child.stderr == b'server_hierarchy.py: error: Connection refused\n'
    assert (child.stdout, child.returncode) == (b'', 1)


@pytest.mark.hostile
@pytest.mark.rule('except-as')
def test_a_client_with_no_port_is_one_line_and_status_2(forked):
    child = connect_to(forked, ('127.0.0.1', 'http'))
    assert child.stderr == b'server_hierarchy.py: error: not a port: http\n'
    assert (child.stdout, child.returncode) == (b'', 2)


@pytest.mark.hostile
@pytest.mark.rule('argv-is-text')
def test_a_client_of_an_impossible_host_is_one_line_and_status_1(forked):
    child = connect_to(forked, ('x' * 70 + '.example', '1'))
    lines = child.stderr.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith(b'server_hierarchy.py: error: ')
    assert (child.stdout, child.returncode) == (b'', 1)
