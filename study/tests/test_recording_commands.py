"""record and replay, as a reader uses them: what they print, how they end, what goes
wrong, and the example of README.md."""
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys

import pytest

from compat import process
from compat import trees
from study.errors import StudyError
from study.recording import addresses
from study.recording import command as commands
from study.recording import conversations
from study.tests import recordings
from study.tests.recordings import everything, listening
from tests.talk import connected
from study.tests.tool import COMMAND, environment, on_a_terminal, study

ECHO = '''
import socketserver, sys
class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            self.wfile.write(line.upper())
socketserver.TCPServer.allow_reuse_address = True
server = socketserver.TCPServer(('127.0.0.1', int(sys.argv[1])), Handler)
print('listening on 127.0.0.1:' + sys.argv[1], flush=True)
server.serve_forever()
'''


def echo(port):
    return [sys.executable, '-c', ECHO, port]


@pytest.fixture
def port():
    return str(recordings.free_port())


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / 'recording')


def ask(address, said=b'hello\n'):
    with connected(address) as client:
        client.sendall(said)
        client.shutdown(socket.SHUT_WR)
        return everything(client)


def test_it_ends_by_itself_after_so_many_connections(port, path):
    with recordings.Recorder(['--listen', '0', '--to', port, '-o', path, '--connections',
                              '2', '--', *echo(port)]) as recorder:
        assert [ask(recorder.address), ask(recorder.address)] == [b'HELLO\n'] * 2
        assert recorder.wait() == '2 conversations in %s\n' % path
    recording = conversations.load(path)
    assert (recording.total, recording.status, recording.by_itself) == (2, 143, False)
    assert recording.screen['stdout'] == b'listening on 127.0.0.1:%s\n' % port.encode()


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_and_its_server(number, port, path):
    with recordings.Recorder(['--listen', '0', '--to', port, '-o', path, '--',
                              *echo(port)]) as recorder:
        ask(recorder.address)
        assert recorder.stop(number) == '1 conversation in %s\n' % path
    with pytest.raises(OSError):
        connected(('127.0.0.1', int(port)))
    assert conversations.load(path).total == 1


def test_what_is_said_stands_in_the_file_soon(path):
    server = listening()
    with recordings.Recorder(['--listen', '0', '--to', '%s:%d' % server.getsockname(),
                              '-o', path]) as recorder:
        client = connected(recorder.address)
        far = server.accept()[0]
        client.sendall(b'are you there?')
        process.wait_until(lambda: 'are you there?' in open_text(path), 'it is written')
        recorder.stop(signal.SIGINT)
        client.close()
        far.close()
    server.close()
    assert [event.what for event in conversations.load(path).events] == [
        'connect', 'data']


def open_text(path):
    with open(path) as file:
        return file.read()


def test_a_server_that_ends_by_itself_ends_the_recording(port, path):
    once = ECHO.replace('server.serve_forever()', 'server.handle_request()\nsys.exit(7)')
    with recordings.Recorder(['--listen', '0', '--to', port, '-o', path, '--',
                              sys.executable, '-c', once, port]) as recorder:
        ask(recorder.address)
        recorder.wait()
    recording = conversations.load(path)
    assert (recording.status, recording.by_itself) == (7, True)
    assert recording.events[-1].what == 'end'


def test_a_server_on_a_path_is_recorded_on_a_path(path):
    folder = process.private_folder()
    server = listening(os.path.join(folder, 's'))
    listen = os.path.join(folder, 'relay')
    with recordings.Recorder(['--listen', listen, '--to', os.path.join(folder, 's'),
                              '-o', path, '--connections', '1']) as recorder:
        assert os.stat(listen).st_mode & 0o777 == 0o600
        client = connected(recorder.address)
        server.accept()[0].close()
        client.close()
        recorder.wait()
    assert not os.path.exists(listen)
    server.close()
    shutil.rmtree(folder)


def test_it_listens_on_this_machine_alone_unless_it_is_told():
    server = listening()
    for text in ('0', ':0', 'localhost:0'):
        with recordings.Recorder(['--listen', text, '--to', '%s:%d'
                                  % server.getsockname(), '-o', os.devnull]) as recorder:
            assert recorder.address[0] == '127.0.0.1'
    server.close()


DEAD = [sys.executable, '-c', 'raise SystemExit("no such luck")']
MUTE = [sys.executable, '-c', 'import time; time.sleep(60)']


@pytest.mark.parametrize('arguments, words', [
    (['record'], 'the following arguments are required: --listen, -o/--output, --to'),
    (['record', '--listen', '0', '--to', '9', '-o', 'x', 'true'],
     'COMMAND stands after "--": true'),
    (['record', '--listen', '0', '--to', '0', '-o', 'x'], 'a server has a port'),
    (['record', '--listen', 'a:b', '--to', '9', '-o', 'x'],
     'neither HOST:PORT nor a path: a:b'),
    (['record', '--listen', 'no.such.host.invalid:80', '--to', '9', '-o', 'x'],
     'no.such.host.invalid:80: '),
    (['record', '--listen', '/' + 'x' * 200, '--to', '9', '-o', 'x'],
     'a path of more than 107 bytes'),
    (['record', '--listen', '/no/such/socket', '--to', '9', '-o', 'x'],
     '/no/such/socket: No such file or directory'),
    (['record', '--listen', '0', '--to', '9', '-o', 'x'],
     'nobody listens on 127.0.0.1:9: start the server first, or give COMMAND'),
    (['record', '--listen', '0', '--to', './no/such', '-o', 'x', '--datagram'],
     'nobody listens on ./no/such'),
    (['record', '--listen', '0', '--to', '9', '-o', '/dev/full', '--', 'true'],
     'true ended with status 0 before it listened on 127.0.0.1:9'),
    (['record', '--listen', '0', '--to', '9', '-o', 'x', '--connections', '0'],
     'not a number of connections: 0'),
    (['record', '--listen', '0', '--to', '9', '-o', 'x', '--patience', '-1'],
     'not a number of seconds: -1'),
    (['record', '--listen', '0', '--to', '9', '-o', 'x', '--', '/no/such/program'],
     'cannot run /no/such/program: No such file or directory'),
    (['record', '--listen', '0', '--to', '9', '-o', 'x', '--', *DEAD],
     'ended with status 1 before it listened on 127.0.0.1:9: no such luck'),
    (['record', '--listen', '0', '--to', '9', '-o', 'x', '--patience', '0.2', '--',
      *MUTE], 'does not listen on 127.0.0.1:9 after 0.2 seconds'),
    (['replay', '/no/such/file', '--to', '9'], '/no/such/file: No such file'),
    (['replay', 'README.md', '--to', '9'], 'README.md: no recording: its first line is'),
    (['replay', '/dev/zero', '--to', '9'], 'zero: no recording: its first line is'),
    (['replay', 'README.md', '--to', '9', '--mask', 'nothing'], 'no such mask: nothing'),
    (['replay', 'README.md', '--to', '9', '--mask', 'x=('], 'is no regular expression'),
], ids=lambda value: ' '.join(value)[:60] if isinstance(value, list) else '')
def test_what_cannot_be_done_is_one_line_and_status_2(arguments, words, tmp_path):
    arguments = [str(tmp_path / 'x') if one == 'x' else one for one in arguments]
    child = study(*arguments)
    assert (child.returncode, child.stdout) == (2, '')
    assert words in child.stderr
    assert len(child.stderr.splitlines()) == 1


@pytest.mark.parametrize('arguments, words', [
    ([], 'nobody listens on 127.0.0.1:'),
    (['--', *DEAD], 'ended with status 1 before it listened'),
], ids=['nobody', 'dead'])
def test_a_replay_without_a_server_is_one_line_and_status_2(arguments, words, port,
                                                            tmp_path):
    (tmp_path / 'recording').write_text(
        'conversations 1\nkind stream\nto 127.0.0.1:1\n0.0 1 connect\n0.1 1 > "a"\n'
        '0.2 1 < "A"\nend of 1 conversation\n')
    child = recordings.replay(tmp_path / 'recording', '--to', port, *arguments)
    assert (child.returncode, child.stdout) == (2, '')
    assert words in child.stderr
    assert len(child.stderr.splitlines()) == 1


def test_a_port_that_is_taken_is_one_line_and_status_2(path):
    server = listening()
    taken = str(server.getsockname()[1])
    for arguments, words in (
            (['--listen', taken, '--to', '9'], 'Address already in use'),
            (['--listen', '0', '--to', taken, '--', 'true'],
             'somebody listens on 127.0.0.1:%s already' % taken)):
        child = study('record', '-o', path, *arguments)
        assert child.returncode == 2
        assert words in child.stderr
        assert len(child.stderr.splitlines()) == 1
        assert not os.path.exists(path)
    server.close()


def test_a_file_that_cannot_be_written_is_one_line_and_status_2():
    server = listening()
    child = study('record', '--listen', '0', '--to', '%s:%d' % server.getsockname(),
                  '-o', '/no/such/file')
    server.close()
    assert (child.returncode, child.stdout) == (2, '')
    assert child.stderr == 'study: /no/such/file: No such file or directory\n'


def test_a_full_disk_is_one_line_and_ends_the_server(port):
    recorder = recordings.Recorder(['--listen', '0', '--to', port, '-o', '/dev/full',
                                    '--', *echo(port)])
    with recorder:
        with connected(recorder.address) as client:
            client.sendall(b'x' * 100000)
            output, errors = recorder.popen.communicate(timeout=process.DEADLINE)
        assert (recorder.popen.returncode, output) == (2, '')
        assert errors == 'study: /dev/full: No space left on device\n'
    with pytest.raises(OSError):
        connected(('127.0.0.1', int(port)))


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize('verb', ['record', 'replay'])
def test_a_signal_leaves_no_server_behind_that_is_being_started(verb, number, port,
                                                                tmp_path):
    code = 'import os, time; print(os.getpid(), file=open(%r, "w")); time.sleep(60)'
    (tmp_path / 'recording').write_text('conversations 1\nend of 0 conversations\n')
    arguments = {'record': ['--listen', '0', '-o', str(tmp_path / 'new')],
                 'replay': [str(tmp_path / 'recording')]}[verb]
    pid = tmp_path / 'pid'
    child = subprocess.Popen(
        COMMAND + [verb, *arguments, '--to', port, '--patience', '60', '--',
                   sys.executable, '-c', code % str(pid)], cwd=trees.ROOT, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment())
    process.wait_until(lambda: pid.exists() and pid.read_text(), 'the server starts')
    child.send_signal(number)
    assert child.communicate(timeout=process.DEADLINE) == ('', '')
    assert child.returncode == 130
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)


def test_a_terminal_shows_how_far_it_is(port, tmp_path):
    (tmp_path / 'recording').write_text(
        'conversations 1\nkind stream\nto 127.0.0.1:1\n' + ''.join(
            '%f 1 %s\n' % (number / 20, what) for number, what in enumerate(
                ['connect'] + ['> "a"'] * 60)) + 'end of 1 conversation\n')
    server = listening()
    written = on_a_terminal('replay', str(tmp_path / 'recording'), '--to',
                            '127.0.0.1:%d' % server.getsockname()[1])
    server.close()
    assert ' of 61 events' in written
    assert 'The same: 1 conversation' in written


def test_they_start_without_what_must_be_installed(port, path):
    code = ('import sys; sys.modules.update(rich=None, pygments=None, fissix=None); '
            'from study import __main__; sys.exit(__main__.main(sys.argv[1:]))')
    for verb in ('record', 'replay'):
        child = subprocess.run([sys.executable, '-c', code, verb, '--help'],
                               cwd=trees.ROOT, capture_output=True, text=True,
                               timeout=process.DEADLINE)
        assert (child.returncode, child.stderr) == (0, '')


def test_the_example_of_readme_does_what_readme_says(tmp_path):
    """With other ports, which are free, and the interpreters that are here."""
    with open(os.path.join(trees.ROOT, 'README.md'), encoding='utf-8') as page:
        section = re.search('## Your own server\n(.*?)\n## ', page.read(), re.DOTALL)[1]
    commands = re.search('```sh\n(.*?)\n```', section, re.DOTALL)[1]
    record, ask, replay = commands.replace('\\\n', ' ').split('\n')
    promised = re.search('`(The same: .*?)`', section)[1]
    assert len(list(filter(None, section.splitlines()))) <= 10
    ports = {number: str(recordings.free_port()) for number in ('8010', '8007')}

    def words(line):
        for number in ports:
            line = line.replace(number, ports[number])
        names = {'echo.txt': str(tmp_path / 'echo.txt'), 'python3': sys.executable,
                 'python2.7': recordings.python2()}
        return [names.get(word, word) for word in shlex.split(line, comments=True)]

    assert words(record)[:2] == words(replay)[:2] == ['./toxw', 'study']
    with recordings.Recorder(words(record)[3:]) as recorder:
        assert subprocess.run(ask.replace('8010', ports['8010']), shell=True,
                              capture_output=True).stdout == b'HELLO\n'
        recorder.stop(signal.SIGINT)
    child = recordings.replay(*words(replay)[3:])
    assert (child.returncode, child.stderr) == (0, '')
    assert child.stdout.startswith(promised)


@pytest.mark.parametrize('has_tables', [True, False])
def test_a_server_that_listens_is_noticed_and_one_that_only_is_bound_is_not(
        has_tables, monkeypatch):
    if not has_tables:  # as on a system without /proc
        monkeypatch.setattr(commands, 'table', lambda name: open('/no/such/file'))
    folder = process.private_folder()
    for name in (('127.0.0.1', 0), ('', 0), os.path.join(folder, 's')):
        with socket.socket(socket.AF_UNIX if isinstance(name, str)
                           else socket.AF_INET) as sock:
            sock.bind(name)
            where = sock.getsockname()
            address = addresses.parsed(where if isinstance(where, str)
                                       else '127.0.0.1:%d' % where[1])
            assert not commands.listens(address, False)
            sock.listen(5)
            assert commands.listens(address, False)
    shutil.rmtree(folder)


def test_a_server_of_datagrams_is_noticed_where_the_system_tells(monkeypatch):
    folder = process.private_folder()
    for name in (('127.0.0.1', 0), os.path.join(folder, 's')):
        with socket.socket(socket.AF_UNIX if isinstance(name, str)
                           else socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.bind(name)
            where = sock.getsockname()
            address = addresses.parsed(where if isinstance(where, str)
                                       else '127.0.0.1:%d' % where[1])
            assert commands.listens(address, True)
            assert not commands.listens(address, False)
    monkeypatch.setattr(commands, 'table', lambda name: open('/no/such/file'))
    with pytest.raises(StudyError, match='start the server yourself'):
        commands.listens(address, True)
    shutil.rmtree(folder)


@pytest.mark.parametrize('host', ['127.0.0.1', '::1'])
def test_a_server_on_all_addresses_of_ipv6_is_noticed(host):
    if not socket.has_dualstack_ipv6():
        pytest.skip('no IPv6 on this machine')
    with socket.create_server(('::', 0), family=socket.AF_INET6,
                              dualstack_ipv6=True) as server:
        port = server.getsockname()[1]
        text = '[%s]:%d' if ':' in host else '%s:%d'
        assert commands.listens(addresses.parsed(text % (host, port)), False)
