"""Safe on a machine with other users: where socket files may lie, and that no client
controls the terminal of whoever reads the log or the room."""
import os
import signal
import socket
import stat
import subprocess

import pytest

from compat import process
from tests.frames import frame
from tests.names import (CHAT, DIESEL, FORKING, MATRIX, ON_A_PATH, TCP, UDP,
                         UNIX_DATAGRAM, UNIX_STREAM)

on_both = pytest.mark.parametrize('name', ON_A_PATH)
EVERYTHING = bytes(bytearray(range(256)))
PLAIN = set(bytearray(b'\n')) | set(range(0x20, 0x7f))


def one_line_error(forked, name, path, words):
    """Assert that a server refuses a path with these words."""
    ended = forked(name, ['--serve', '--path', path])
    assert (ended.stdout, ended.returncode) == (b'', 1)
    assert ended.stderr.decode('ascii') == '%s.py: error: %s\n' % (name, words)


# Socket files

@pytest.mark.hostile
@pytest.mark.parametrize('mode', [0o777, 0o1777, 0o702], ids=['open', 'sticky', 'write'])
@on_both
def test_a_folder_that_everybody_may_write_to_is_refused(forked, folder, mode, name):
    os.chmod(folder, mode)
    one_line_error(forked, name, os.path.join(folder, 's'),
                   'The folder of the path is open to everybody')


@pytest.mark.hostile
@on_both
def test_the_working_folder_is_looked_at_too(tree, folder, name):
    os.chmod(folder, 0o777)
    child = process.run(tree, name, ['--serve', '--path', 's'], folder=folder)
    assert child.returncode == 1
    assert child.stderr.endswith(b'The folder of the path is open to everybody\n')


@pytest.mark.hostile
@pytest.mark.parametrize('option', ['--path', '--connect'])
@on_both
def test_an_empty_path_is_refused(forked, option, name):
    child = forked(name, ['--serve', option, ''])
    assert (child.stdout, child.returncode) == (b'', 2)
    assert child.stderr.decode('ascii') == (
        '%s.py: error: argument %s: not a path: \n' % (name, option))


@pytest.mark.unit
@pytest.mark.about('serving')
def test_a_folder_is_removed_without_what_its_links_lead_to(recipe, folder):
    serving, inner, outer = recipe('serving'), folder + '/inner', folder + '/outer'
    for path in (inner, outer):
        os.mkdir(path)
    os.symlink(outer, inner + '/link')
    with open(outer + '/precious', 'w'):
        pass
    serving.remove(inner)
    assert os.listdir(folder) == ['outer']
    os.unlink(outer + '/precious')  # it was left alone
    os.rmdir(outer)


@pytest.mark.hostile
@pytest.mark.parametrize('target', ['nothing', 'file'])
@on_both
def test_a_symbolic_link_is_refused_and_kept(forked, folder, target, name):
    link, path = os.path.join(folder, 'link'), os.path.join(folder, target)
    if target == 'file':
        with open(path, 'w') as precious:
            precious.write('precious')
    os.symlink(path, link)
    one_line_error(forked, name, link, 'The path is a symbolic link')
    assert os.path.islink(link)
    os.unlink(link)
    if target == 'file':
        with open(path) as precious:
            assert precious.read() == 'precious'
        os.unlink(path)
    assert not os.path.exists(path)


@pytest.mark.hostile
@on_both
def test_a_stale_socket_file_is_refused_and_kept(running, forked, folder, name):
    path = os.path.join(folder, 's')
    server = running(name, '--path', path)
    server.signal(signal.SIGKILL)
    server.wait()
    one_line_error(forked, name, path, 'Address already in use')
    assert stat.S_ISSOCK(os.stat(path).st_mode)
    os.unlink(path)


@pytest.mark.hostile
@pytest.mark.about(UNIX_DATAGRAM)
def test_a_second_datagram_server_leaves_the_first_its_file(running, forked, folder):
    path = os.path.join(folder, 's')
    server = running(UNIX_DATAGRAM, '--path', path)
    one_line_error(forked, UNIX_DATAGRAM, path, 'Address already in use')
    ended = forked(UNIX_DATAGRAM, ['--connect', path])
    assert ended.lines[-1] == 'Client received: HELLO ECHO SERVER!'
    server.end()


@pytest.mark.hostile
@pytest.mark.about(MATRIX)
@pytest.mark.rule('octal-literals')
@pytest.mark.parametrize('kind', ['UnixStreamServer', 'ForkingUnixDatagramServer'])
def test_the_socket_files_of_the_matrix_are_private(running, kind):
    path = running(MATRIX, '--server', kind).address
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    assert stat.S_IMODE(os.stat(os.path.dirname(path)).st_mode) == 0o700


@pytest.mark.hostile
@pytest.mark.about(UNIX_DATAGRAM)
@pytest.mark.rule('octal-literals')
def test_the_socket_file_of_a_client_is_private(tree, folder):
    path = os.path.join(folder, 's')
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        sock.settimeout(process.DEADLINE)
        sock.bind(path)
        with process.Child(tree, UNIX_DATAGRAM, ['--connect', path]) as child:
            address = sock.recvfrom(100)[1]
            assert stat.S_IMODE(os.stat(address).st_mode) == 0o600
            sock.sendto(b'yes', address)
            assert child.wait() == 0
    finally:
        sock.close()
        os.unlink(path)


# What is printed

def expect_harmless(child, what):
    """Assert that a child has printed something of what was said, and nothing that
    a terminal would obey."""
    process.wait_until(lambda: what in child.stdout, 'it prints %r' % what)
    assert set(bytearray(child.stdout)) <= PLAIN
    assert child.stderr == b''


@pytest.mark.hostile
@pytest.mark.rule('text-for-the-screen')
@pytest.mark.parametrize('name', [TCP, UNIX_STREAM, FORKING, DIESEL])
def test_no_byte_of_a_client_drives_the_terminal_of_the_log(running, conversation, name):
    server = running(name)
    client = conversation(server.address)
    client.send(EVERYTHING + b'\x1b]0;title\x07\x9b2J\r\n')
    expect_harmless(server, b'\\x9b2')


@pytest.mark.hostile
@pytest.mark.about(UDP)
@pytest.mark.rule('text-for-the-screen')
def test_no_datagram_drives_the_terminal_of_the_log(running):
    server = running(UDP)
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.sendto(EVERYTHING, server.address)
    sock.close()
    expect_harmless(server, b'\\xff')


# DEL, C1 and what ends a line or turns its direction (Unicode).
OTHER_CONTROLS = u'\x7f\x85\x9b2J\u2028\u2029\u202a\u202e\u2066\u2069'


@pytest.mark.hostile
@pytest.mark.about(CHAT)
@pytest.mark.rule('text-for-the-screen')
def test_no_name_drives_the_terminal_of_the_log(running, conversation):
    room = running(CHAT)
    conversation(room.address).send(frame(u'\xfc\u4e2d\U0001f40d'.encode('utf-8')))
    expect_harmless(room, b'joined')


@pytest.mark.hostile
@pytest.mark.about(CHAT)
@pytest.mark.rule('stdin-and-stdout')
def test_nothing_that_others_say_drives_the_terminal_of_the_chat(tree, running,
                                                                conversation):
    room = running(CHAT)
    bob = conversation(room.address)
    bob.send(frame(b'bob'))
    arguments = ['--connect', '127.0.0.1', str(room.address[1]), '--name', 'ann']
    with process.Child(tree, CHAT, arguments,
                       stdin=subprocess.PIPE) as child:
        child.wait_for_line('Welcome')
        bob.send(frame(EVERYTHING[:0x20] + OTHER_CONTROLS.encode('utf-8') + b'end'))
        child.wait_for_line('end$')
        child.popen.stdin.close()
        assert child.wait() == 0
    expect_harmless(child, b'end')


@pytest.mark.hostile
@pytest.mark.about(CHAT)
@pytest.mark.rule('text-for-the-screen')
def test_no_refusal_of_a_server_drives_the_terminal_of_the_chat(tree, listener):
    arguments = ['--connect', '127.0.0.1', str(listener.getsockname()[1]), '--name', 'a']
    with process.Child(tree, CHAT, arguments) as child:
        peer = listener.accept()[0]
        peer.sendall(frame(b'! \x1b[2J\xc2\x9b2J\xe2\x80\xae'))
        peer.close()
        assert child.wait() == 1
    assert set(bytearray(child.stderr)) <= PLAIN
    assert len(child.stderr.splitlines()) == 1
