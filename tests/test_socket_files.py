"""The socket file of both Unix servers: who may use it, when it goes, what is kept."""
import os
import signal
import stat

import pytest

from tests.names import ON_A_PATH

on_both = pytest.mark.parametrize('name', ON_A_PATH)


@pytest.mark.script
@pytest.mark.rule('octal-literals')
@on_both
def test_only_the_owner_may_use_the_socket_file(running, folder, name):
    path = os.path.join(folder, 's')
    server = running(name, '--path', path)
    assert server.address == path
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    server.end()


@pytest.mark.script
@on_both
def test_the_default_folder_is_private_too(running, name):
    path = running(name).address
    assert stat.S_IMODE(os.stat(os.path.dirname(path)).st_mode) == 0o700


@pytest.mark.script
@pytest.mark.rule('keyboard-interrupt')
@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM],
                         ids=['SIGINT', 'SIGTERM'])
@on_both
def test_the_socket_file_goes_with_the_server(running, folder, number, name):
    server = running(name, '--path', os.path.join(folder, 's'))
    server.signal(number)
    assert (server.wait(), server.stderr) == (0, b'')
    assert os.listdir(folder) == []


@pytest.mark.hostile
@on_both
def test_a_file_that_is_there_is_refused_and_kept(forked, folder, name):
    path = os.path.join(folder, 's')
    with open(path, 'w') as target:
        target.write('precious')
    child = forked(name, ['--serve', '--path', path])
    assert child.returncode == 1
    assert child.stderr.decode('ascii') == (
        '%s.py: error: Address already in use\n' % name)
    with open(path) as source:
        assert source.read() == 'precious'
    os.unlink(path)


@pytest.mark.hostile
@pytest.mark.parametrize('path, words', [
    ('x' * 200, 'AF_UNIX path too long'),
    ('/no/such/folder/s', 'No such file or directory'),
], ids=['too-long', 'no-folder'])
@pytest.mark.parametrize('mode', ['--path', '--connect'])
@on_both
def test_a_path_that_cannot_be_is_one_line(forked, path, words, mode, name):
    child = forked(name, (['--serve'] if mode == '--path' else [])
                        + [mode, path])
    assert child.returncode == 1
    assert child.stderr.decode('ascii') == '%s.py: error: %s\n' % (name, words)


@pytest.mark.script
@pytest.mark.rule('argv-is-text')
@on_both
def test_a_path_is_the_bytes_that_were_typed(running, folder, name):
    typed = os.path.join(folder, '').encode('ascii') + u'\xfc'.encode('utf-8') + b'\xff'
    server = running(name, '--path', typed, env={'LC_ALL': 'C.UTF-8'})
    assert server.address == os.path.join(folder, '') + '\\xc3\\xbc\\xff'
    assert os.path.exists(typed)
    server.end()
    assert not os.path.exists(typed)
