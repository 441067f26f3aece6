"""What goes wrong on a machine and on the way to it: resets, a peer that never reads,
no descriptor left, no room in the backlog, a handler that raises, a killed child."""
import errno
import os
import re
import select
import signal
import socket

import pytest

from compat import kernel
from compat import process
from compat import trees
from compat.socketserver import serving
from tests import prepared
from tests.exchange import expect_answer, greet
from tests.names import (CHAT, DIESEL, FIGURE, FORKING, MATRIX, PLAIN_STREAMS, TCP,
                         THREADING)
from tests.names import UNIX_STREAM as UNIX
from tests.talk import SILENCE, to

ECHO = PLAIN_STREAMS + [FORKING, THREADING, DIESEL]
GOES = '^(Connection lost: |Client .* left)'  # what a server says of a lost client
NO_ROOM = 'Nobody is let in for now: Too many open files'
MAX_CHILDREN = 40  # ForkingMixIn.max_children: more wait

every_echo = pytest.mark.parametrize('name', ECHO)


def send_until_nobody_reads(client):
    """Send lines until the peer has taken none for a while, or a few megabytes."""
    client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.sock.settimeout(SILENCE)
    try:
        for _ in range(5000):
            client.send(b'x' * 1000 + b'\r\n')
    except socket.error as error:
        assert isinstance(error, socket.timeout) or error.errno == errno.EAGAIN, error


# Resets, and peers that never read

@pytest.mark.hostile
@pytest.mark.rule('oserror')
@every_echo
def test_a_reset_in_the_middle_of_a_read_disturbs_nobody(
        running, conversation, ask, name):
    server = running(name)
    broken = conversation(server.address)
    greet(broken, name)
    expect_answer(broken, name)
    broken.send(b'half a li')
    if name == UNIX:
        broken.close()  # a Unix socket knows no reset while its peer reads
    else:
        broken.reset()
        server.wait_for_line(GOES)
    ask(name, server.address)
    assert server.stderr == b''


@pytest.mark.hostile
@pytest.mark.rule('oserror')
@every_echo
def test_a_reset_in_the_middle_of_a_write_disturbs_nobody(
        running, conversation, ask, name):
    server = running(name)
    broken = conversation(server.address)
    send_until_nobody_reads(broken)
    broken.reset()
    server.wait_for_line(GOES)
    ask(name, server.address)
    assert server.stderr == b''


@pytest.mark.hostile
@pytest.mark.parametrize('name', [FORKING, THREADING])
def test_a_peer_that_never_reads_delays_nobody(running, conversation, ask, name):
    server = running(name)
    send_until_nobody_reads(conversation(server.address))
    ask(name, server.address)


@pytest.mark.hostile
@pytest.mark.parametrize('name', [TCP, UNIX, FORKING])
def test_a_peer_that_never_reads_does_not_keep_the_server(running, conversation, name):
    server = running(name)
    send_until_nobody_reads(conversation(server.address))
    server.signal(signal.SIGTERM)
    assert (server.wait(), server.stderr) == (0, b'')


# No descriptor left

@pytest.mark.hostile
@pytest.mark.parametrize('name', [TCP, UNIX, FIGURE, MATRIX, THREADING, CHAT, DIESEL])
def test_without_a_descriptor_accepting_rests_and_goes_on(running, conversation, name):
    server = running(name)
    kernel.leave_descriptors(server.pid, 0)
    client = conversation(server.address)
    greet(client, name)
    client.expect_silence()
    used = kernel.cpu_seconds(server.pid)
    for _ in range(2):
        client.expect_silence()
    assert kernel.cpu_seconds(server.pid) - used < 0.1, 'it spins'
    assert server.lines.count(NO_ROOM) < 50, 'it does not rest'
    assert name == DIESEL or NO_ROOM in server.lines
    kernel.leave_descriptors(server.pid, 100)
    expect_answer(client, name)
    assert server.stderr == b''


@pytest.mark.hostile
@pytest.mark.rule('diesel')
@pytest.mark.parametrize('name', [THREADING, DIESEL])
def test_a_client_that_finds_no_descriptor_is_served_when_others_go(
        running, conversation, ask, name):
    def used():
        return kernel.threads(server.pid), kernel.descriptors(server.pid)

    server, room = running(name), 3
    resting = conversation(server.address)
    greet(resting, name)
    expect_answer(resting, name)
    before = used()
    ask(name, server.address)  # the end of the first thread may load a library
    process.wait_until(lambda: used() == before, 'it is gone')
    kernel.leave_descriptors(server.pid, room)
    clients = [conversation(server.address) for _ in range(2 * room)]
    for client in clients:
        greet(client, name)
    for client in clients[:room]:
        expect_answer(client, name)
    clients[room].expect_silence()
    for client in clients[:room]:
        client.close()
    for client in clients[room:]:
        expect_answer(client, name)
    assert server.stderr == b''


@pytest.mark.hostile
@pytest.mark.about(FORKING)
def test_a_forking_server_has_descriptors_for_any_number_of_clients(running,
                                                                   conversation):
    server = running(FORKING)
    # One for the connection, and one with which its child reads a codec.
    kernel.leave_descriptors(server.pid, 2)
    clients = [conversation(server.address) for _ in range(5)]
    for client in clients:
        greet(client, FORKING)
        expect_answer(client, FORKING)
    assert server.stderr == b''


# Those that make no socket file: to remove it takes a descriptor too.
WITHOUT_A_FILE = [name for name in trees.RECIPES
                  if name != MATRIX and not name.startswith('unix')]

# What is run before a recipe that finds no descriptor left.
NO_DESCRIPTORS = '''
import argparse, resource
parse_args = argparse.ArgumentParser.parse_args

def parse_and_take_all(parser):
    args = parse_args(parser)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))
    return args

argparse.ArgumentParser.parse_args = parse_and_take_all
'''


@pytest.mark.hostile
@pytest.mark.rule('stdin-and-stdout')
@pytest.mark.parametrize('name', WITHOUT_A_FILE)
def test_a_server_that_gets_no_descriptor_at_all_is_one_line_and_status_1(forked, name):
    ended = forked(name, ['--serve', '--host', '127.0.0.1'], NO_DESCRIPTORS)
    assert ended.stderr.decode('ascii') == '%s.py: error: Too many open files\n' % name
    assert ended.returncode == 1


# No room in the backlog

@pytest.fixture
def begun():
    """A function: the address of a server -> a non-blocking socket that has begun to
    connect. It is closed with the test."""
    socks = []

    def begin(address):
        is_unix = isinstance(address, str)
        socks.append(socket.socket(socket.AF_UNIX if is_unix else socket.AF_INET))
        socks[-1].setblocking(False)
        assert socks[-1].connect_ex(address) in (0, errno.EINPROGRESS, errno.EAGAIN)
        return socks[-1]

    yield begin
    for sock in socks:
        sock.close()


@pytest.mark.hostile
@pytest.mark.about(TCP)
def test_a_client_that_finds_the_backlog_full_is_served_at_last(
        running, conversation, begun):
    server = running(TCP)
    first = conversation(server.address)
    greet(first, TCP)
    expect_answer(first, TCP)
    waiting = []
    for _ in range(8):  # the library's backlog is 5, and Linux takes one more
        waiting.append(begun(server.address))
    first.close()
    silent = list(waiting)
    while silent:
        for sock in select.select([], silent, [], process.DEADLINE)[1]:
            sock.setblocking(True)
            sock.sendall(b'hello\n')
            sock.shutdown(socket.SHUT_WR)
            silent.remove(sock)
    for sock in waiting:
        assert sock.recv(100) == b'HELLO\n'
    assert server.stderr == b''


@pytest.mark.hostile
@pytest.mark.rule('backlog')
@pytest.mark.about(UNIX)
def test_a_client_that_finds_the_backlog_of_a_socket_file_full_is_told(
        running, conversation, ask, begun):
    server = running(UNIX)
    first = conversation(server.address)
    greet(first, UNIX)
    expect_answer(first, UNIX)
    waiting = [begun(server.address) for _ in range(6)]
    assert begun(server.address).connect_ex(server.address) == errno.EAGAIN
    first.close()
    for sock in waiting:
        sock.settimeout(process.DEADLINE)
        sock.sendall(b'hello\n')
        assert sock.recv(100) == b'HELLO\n'
        sock.close()
    ask(UNIX, server.address)


# A handler that raises

@pytest.mark.hostile
@pytest.mark.parametrize('name, server_class', [
    (TCP, 'EchoServer'), (UNIX, 'EchoServer'), (FIGURE, 'FigureServer'),
    (THREADING, 'ThreadedTCPServer')])
def test_a_handler_that_raises_is_one_line_and_no_end(recipe, conversation, folder,
                                                      capsys, name, server_class):
    def handler(request, client_address, server):
        raise ValueError('a bug')

    path = os.path.join(folder, 's')
    address = path if name == UNIX else ('127.0.0.1', 0)
    with serving(getattr(recipe(name), server_class)(address, handler)) as server:
        for _ in range(2):
            conversation(server.server_address).expect_end()
    if name == UNIX:
        os.unlink(path)
    captured = capsys.readouterr()
    assert captured.out == 'Request failed: a bug\n' * 2
    assert captured.err == ''


WITH_A_BUG = '''
import sys
sys.path.insert(0, %r)
from compat import trees
recipe = trees.load(%r, trees.Tree(%r))
def echo(self):
    if self.rfile.readline() == b'bug\\n':
        raise ValueError('a bug')
    self.request.sendall(b'1: hello\\r\\n')
recipe.ForkingServerRequestHandler.echo = echo
sys.argv = [%r, '--serve']
recipe.main()
'''


@pytest.mark.hostile
@pytest.mark.about(FORKING)
def test_a_forked_handler_that_raises_ends_its_child_only(
        running, conversation, ask, tree):
    code = WITH_A_BUG % (trees.ROOT, FORKING, tree.path, FORKING)
    server = running(FORKING, command=['-c', code])
    client = conversation(server.address)
    client.send(b'bug\n')
    client.expect_end()
    server.wait_for_line('^Request failed: a bug$')
    ask(FORKING, server.address)
    assert server.stderr == b''


# Children

def served_children(conversation, address, count):
    """Return count clients of the forking server, each with its child at work, and
    the pids of the children."""
    clients, pids = [], []
    for _ in range(count):
        clients.append(conversation(address))
        greet(clients[-1], FORKING)
        pids.append(int(re.match(b'([0-9]+): ', clients[-1].read_line()).group(1)))
    return clients, pids


@pytest.mark.hostile
@pytest.mark.about(FORKING)
def test_a_forked_child_that_is_killed_takes_nobody_along(running, conversation, ask):
    server = running(FORKING)
    (victim, other), pids = served_children(conversation, server.address, 2)
    os.kill(pids[0], signal.SIGKILL)
    victim.expect_end()
    greet(other, FORKING)
    expect_answer(other, FORKING)
    ask(FORKING, server.address)
    server.signal(signal.SIGTERM)
    assert (server.wait(), server.stderr) == (0, b'')


@pytest.mark.hostile
@pytest.mark.about(FORKING)
def test_the_41st_client_waits_until_one_of_40_goes(running, conversation):
    server = running(FORKING)
    clients, pids = served_children(conversation, server.address, MAX_CHILDREN)
    late = conversation(server.address)
    greet(late, FORKING)
    late.expect_silence()
    assert sorted(kernel.children(server.pid)) == sorted(pids)
    clients[7].close()
    expect_answer(late, FORKING)
    assert len(kernel.children(server.pid)) <= MAX_CHILDREN


@pytest.mark.hostile
@pytest.mark.about(FORKING)
@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM],
                         ids=['SIGINT', 'SIGTERM'])
def test_a_server_that_waits_for_one_of_40_children_can_be_ended(running, conversation,
                                                                 number):
    server = running(FORKING)
    clients, pids = served_children(conversation, server.address, MAX_CHILDREN)
    late = conversation(server.address)
    late.expect_silence()
    server.signal(number)
    assert (server.wait(), server.stderr) == (0, b'')
    assert [pid for pid in pids if kernel.stat(pid)] == []


@pytest.mark.hostile
@pytest.mark.about(FORKING)
@pytest.mark.rule('server-close')
def test_ended_children_are_waited_for_as_new_ones_come(running, ask):
    server = running(FORKING)
    pids, most = set(), 0
    for _ in range(2 * MAX_CHILDREN):
        ask(FORKING, server.address)
        found = kernel.children(server.pid)
        pids.update(found)
        most = max(most, len(found))
    assert most <= MAX_CHILDREN
    server.signal(signal.SIGTERM)
    assert (server.wait(), server.stderr) == (0, b'')
    assert [pid for pid in pids if kernel.stat(pid)] == []


@pytest.mark.hostile
@pytest.mark.about(THREADING)
def test_a_crowd_of_threads_is_served_at_once(running, conversation):
    server = running(THREADING)
    first = conversation(server.address)
    greet(first, THREADING)
    expect_answer(first, THREADING)
    before = kernel.threads(server.pid)
    clients = [conversation(server.address) for _ in range(149)]
    for client in clients:
        greet(client, THREADING)
    for client in clients:
        expect_answer(client, THREADING)
    assert kernel.threads(server.pid) == before + len(clients)
    assert server.stderr == b''


# Ctrl-C

@pytest.mark.hostile
@pytest.mark.parametrize('name', [FORKING, FIGURE])
def test_ctrl_c_ends_a_client_that_waits(tree, listener, name):
    args = to(listener.getsockname())
    with process.Child(tree, name, args) as child:
        peer = listener.accept()[0]
        child.signal(signal.SIGINT)
        assert (child.wait(), child.stderr) == (-signal.SIGINT, b'')
        peer.close()


@pytest.mark.hostile
@pytest.mark.about(FORKING)
@pytest.mark.rule('except-as')
def test_a_forked_child_with_a_dead_stdout_is_no_traceback(running, conversation, tree):
    code = prepared.source(tree, FORKING, NO_STDOUT_FOR_CHILDREN)
    server = running(FORKING, command=['-c', code])
    for _ in range(2):
        client = conversation(server.address)
        greet(client, FORKING)
        client.expect_end()
    server.signal(signal.SIGTERM)
    assert (server.wait(), server.stderr) == (0, b'')


NO_STDOUT_FOR_CHILDREN = '''
import os
fork = os.fork
def fork_and_lose_stdout():
    pid = fork()
    if not pid:
        os.dup2(os.open('/dev/full', os.O_WRONLY), 1)
    return pid
os.fork = fork_and_lose_stdout
'''
