"""The life of a server: it comes back on its port, is told to stop, lets clients go."""
import os
import signal
import socket

import pytest

from compat import process
from tests import prepared
from tests.names import (
    CHAT, DATAGRAMS, DIESEL, FIGURE, FORKING, MATRIX, ON_A_PATH, TCP, THREADING, UDP, WEB)
from tests.oneline import error_line

LIBRARY = [TCP, UDP, FIGURE, FORKING, THREADING, MATRIX] + ON_A_PATH

# What is run before a recipe that can start one thread, and no more.
ONE_THREAD = '''
import threading
start = threading.Thread.start

def start_and_forbid(thread):
    start(thread)
    threading.Thread.start = forbid

def forbid(thread):
    raise threading.ThreadError("can't start new thread")

threading.Thread.start = start_and_forbid
'''
NO_THREAD = ONE_THREAD.replace('start_and_forbid\n', 'forbid\n')


@pytest.fixture
def module(recipe):
    return recipe('serving')


@pytest.fixture
def echo(recipe):
    """A function: -> a listening server that waits for what a client says, and
    answers nothing. It is closed with the test."""
    servers = []

    def listen():
        tcp = recipe(TCP)
        servers.append(tcp.serving.listening(tcp.EchoServer, ('127.0.0.1', 0),
                                             tcp.EchoRequestHandler))
        return tcp.serving, servers[-1]

    yield listen
    for server in servers:
        server.server_close()


@pytest.mark.wire
@pytest.mark.rule('server-close')
@pytest.mark.parametrize('name, args', [
    (TCP, []), (FIGURE, []), (FORKING, []), (THREADING, []), (CHAT, []), (WEB, []),
    (DIESEL, []), (MATRIX, ['--server', 'TCPServer']),
    (MATRIX, ['--server', 'ForkingTCPServer']),
    (MATRIX, ['--server', 'ThreadingTCPServer'])])
def test_it_comes_back_on_its_port_while_a_client_stays(running, conversation, name,
                                                        args):
    server = running(name, *args)
    client = conversation(server.address)
    client.send(b'\r\n')
    server.signal(signal.SIGTERM)
    assert (server.wait(), server.stderr) == (0, b'')
    client.close()
    again = running(name, '--port', str(server.address[1]), *args)
    assert again.address == server.address


@pytest.mark.hostile
@pytest.mark.rule('eintr')
@pytest.mark.parametrize('name', LIBRARY)
def test_to_stop_it_takes_no_further_thread(running, tree, name):
    server = running(name, command=['-c', prepared.source(tree, name, ONE_THREAD)])
    server.signal(signal.SIGTERM)
    assert (server.wait(), server.stderr) == (0, b'')


@pytest.mark.hostile
@pytest.mark.rule('oserror')
@pytest.mark.parametrize('name, way', [
    (name, 'serve') for name in LIBRARY] + [
    (name, 'demonstration') for name in LIBRARY if name not in DATAGRAMS + [FIGURE]])
def test_without_a_thread_it_is_one_line_and_status_1(forked, name, way):
    ended = forked(name, ['--serve'] * (way == 'serve'), NO_THREAD)
    assert error_line(ended, name, 1) == 'Resource temporarily unavailable'


@pytest.mark.script
@pytest.mark.about(TCP, 'serving')
def test_a_server_that_counts_its_requests_can_be_stopped(running, conversation):
    server = running(TCP, '--requests', '999999999')
    client = conversation(server.address)
    client.send(b'one\n')
    client.expect(b'ONE\n')
    server.signal(signal.SIGTERM)
    client.expect_end()
    assert (server.wait(), server.stderr) == (0, b'')


@pytest.mark.unit
@pytest.mark.about('serving')
def test_a_client_that_is_let_in_after_the_end_was_told_is_let_go(echo, conversation):
    serving, server = echo()
    loop = serving.LibraryLoop(server)
    loop.told = True
    client = conversation(server.server_address)
    server.handle_request()  # it would wait for a line
    client.expect_end()


@pytest.mark.unit
@pytest.mark.about('serving')
def test_the_end_is_told_to_the_client_that_is_served(echo, conversation):
    serving, server = echo()
    with serving.running(server):
        client = conversation(server.server_address)
        client.send(b'one\n')
        client.expect(b'ONE\n')
    client.expect_end()


@pytest.mark.unit
@pytest.mark.about('serving')
def test_an_error_of_the_loop_is_raised_where_it_was_started(echo, conversation):
    serving, server = echo()

    def fail(loop):
        raise IOError('no loop')

    with pytest.raises(IOError) as caught:
        with serving.running(server, work=fail) as loop:
            process.wait_until(lambda: not loop.is_alive(), 'the loop has failed')
    assert str(caught.value) == 'no loop'
    with pytest.raises(socket.error):
        conversation(server.server_address)


@pytest.mark.unit
@pytest.mark.about('serving')
@pytest.mark.rule('exception-variable', 'oserror')
def test_an_address_that_cannot_be_had_is_the_error_of_the_system(module, listener):
    with pytest.raises(EnvironmentError) as caught:
        module.listen('127.0.0.1', listener.getsockname()[1], 5)
    assert caught.value.strerror == 'Address already in use'


@pytest.mark.unit
@pytest.mark.about('serving')
def test_a_private_folder_goes_with_all_that_is_in_it(module):
    handler = signal.getsignal(signal.SIGINT)
    try:
        with module.private_folder() as folder:
            os.mkdir(os.path.join(folder, 'inner'))
            with open(os.path.join(folder, 'inner', 'file'), 'w'):
                pass
    finally:
        signal.signal(signal.SIGINT, handler)
    assert not os.path.exists(folder)
