"""A recording played to another server: the same, or what differs and where."""
import contextlib
import io
import os
import shutil
import socket
import socketserver
import sys
import threading

import pytest

from compat import process
from study.errors import StudyError
from study.recording import addresses
from study.recording import conversations
from study.recording import masks
from study.recording import replayer
from study.recording import sockets
from study.recording import verdict as verdicts
from study.rulebook import rules
from study.tests import recordings
from study.tests.recordings import everything, listening

RULES = rules.load()
SHORT = 0.5  # seconds of patience, where it is meant to end


def recording(*lines, kind='stream'):
    """Return the Recording with these lines: a time is put before each event."""
    count = len({line.split()[0] for line in lines if line[0].isdigit()})
    text = ['conversations 1', 'kind ' + kind, 'to 127.0.0.1:1']
    text += ['%d.0 %s' % (0, line) if line[0].isdigit() or line == 'stop' else line
             for line in lines]
    text.append('end of %d conversations' % count)
    return conversations.Reader('recording').read(io.StringIO('\n'.join(text) + '\n'))


HELLO = recording('1 connect', r'1 > "hello\n"', r'1 < "HELLO\n"', '1 > end', '1 < end')


class Lines(socketserver.StreamRequestHandler):
    """Answers each line by what its server's answer() returns for it."""

    def handle(self):
        with contextlib.suppress(OSError):
            for line in self.rfile:
                answer = self.server.answer(line)
                if answer is None:
                    return
                self.wfile.write(answer)


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 128


@contextlib.contextmanager
def serving(answer):
    """A context: the Address of a server that answers lines."""
    server = Server(('127.0.0.1', 0), Lines)
    server.answer = answer
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield addresses.Address(socket.AF_INET, server.server_address)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextlib.contextmanager
def scripted(script, path=None):
    """A context: the Address of a server that runs script(listening socket) once. On a
    path only one client may wait for it."""
    server, errors = listening(path, *([1] if path else [])), []

    def work():
        try:
            script(server)
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield addresses.Address(server.family, server.getsockname())
    finally:
        thread.join(process.DEADLINE)
        server.close()
    assert not errors


def replayed(one, answer, *names, patience=process.DEADLINE):
    """Play a Recording to a server that answers lines; return the Verdict."""
    with serving(answer) as address:
        return replayer.replay(one, address, [masks.mask(name) for name in names],
                               patience)


def told(one, verdict):
    """Return what a person reads."""
    return '\n'.join(verdicts.lines(one, verdict, lambda: RULES))


def test_a_server_that_does_the_same_is_the_same():
    verdict = replayed(HELLO, bytes.upper)
    assert not verdict.differences
    assert told(HELLO, verdict).startswith('The same: 1 conversation, 6 bytes, ')


def test_the_reply_may_be_cut_in_any_way():
    def script(server):
        sock = server.accept()[0]
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        assert sock.recv(100) == b'hello\n'
        for byte in b'HELLO\n':
            sock.sendall(bytes([byte]))
        everything(sock)
        sock.close()

    with scripted(script) as address:
        assert not replayer.replay(HELLO, address).differences


@pytest.mark.parametrize('answer, place, recorded, got, rule', [
    (lambda line: b'HELL\xd6\n', 4, b'O\n', b'\xd6\n', None),
    (lambda line: b'HELLO\n!', 6, b'', b'!', None),
    (lambda line: repr(line.upper()).encode(), 0, b'HELLO\n', b"b'HELLO\\n'",
     'bytes-formatting'),
], ids=['another', 'surplus', 'repr'])
def test_the_first_difference_is_shown_side_by_side(answer, place, recorded, got, rule):
    verdict = replayed(HELLO, answer)
    difference = verdict.differences[1]
    assert (difference.place, difference.recorded, difference.replayed) == (
        place, recorded, got)
    text = told(HELLO, verdict)
    assert 'Conversation 1, from byte %d on' % (place + 1) in text
    assert text.endswith('1 of 1 conversation differs.')
    if rule:
        assert '\n  %s: %s\n' % (rule, RULES[rule].title) in text
        assert RULES[rule].link in text


@pytest.mark.parametrize('said', [b"bye", b'it\'s', b'b"'])
def test_bytes_in_the_form_for_programmers_are_known_whatever_they_are(said):
    one = recording('1 connect', r'1 > "\n"', '1 < %s' % conversations.quoted(
        b'1: ' + said))
    verdict = replayed(one, lambda line: ('1: %s' % (said,)).encode(), patience=SHORT)
    assert '\n  bytes-formatting: ' in told(one, verdict)


def test_a_name_of_a_thread_with_its_target_is_known():
    one = recording('1 connect', r'1 > "\n"', r'1 < "Thread-2: x"')
    verdict = replayed(one, lambda line: b'Thread-4 (process_request_thread): x',
                       'thread')
    assert '\n  thread-names: ' in told(one, verdict)


@pytest.mark.parametrize('answer, note', [
    (lambda line: b'', 'no answer in 0.5 seconds'),
    (lambda line: b'HEL', 'nothing more in 0.5 seconds'),
    (lambda line: None, 'the server ends it here'),
], ids=['nothing', 'too-little', 'an-end'])
def test_a_server_that_says_too_little_is_a_difference_in_time(answer, note):
    begin = process.clock()
    verdict = replayed(HELLO, answer, patience=SHORT)
    assert verdict.differences[1].note == note
    assert note in told(HELLO, verdict)
    assert process.clock() - begin < process.DEADLINE / 2


def test_a_server_that_does_not_see_the_end_is_a_difference_with_its_rule():
    def script(server):
        sock = server.accept()[0]
        sock.sendall(sock.recv(100).upper())
        over.wait(process.DEADLINE)
        sock.close()

    over = threading.Event()
    with scripted(script) as address:
        verdict = replayer.replay(HELLO, address, patience=SHORT)
        over.set()
    assert verdict.differences[1].note == 'no end in 0.5 seconds'
    assert '\n  bytes-on-the-wire: ' in told(HELLO, verdict)


def test_a_reset_in_place_of_an_end_is_a_difference():
    def script(server):
        sock = server.accept()[0]
        sock.sendall(sock.recv(100).upper())
        everything(sock)
        sockets.reset(sock)

    with scripted(script) as address:
        verdict = replayer.replay(HELLO, address)
    assert verdict.differences[1].note == (
        'the server resets it; in the recording the server ends it')


def test_a_client_that_reset_its_connection_resets_it_again():
    read = []

    def script(server):
        sock = server.accept()[0]
        sock.sendall(sock.recv(100).upper())
        try:
            read.append(sock.recv(100))
        except ConnectionResetError:
            read.append('reset')
        sock.close()

    one = recording('1 connect', r'1 > "hello\n"', r'1 < "HELLO\n"', '1 > reset')
    with scripted(script) as address:
        assert not replayer.replay(one, address).differences
    assert read == ['reset']


def test_what_a_server_says_while_its_client_resets_is_not_known():
    """It may have said more than had come when the reset came."""
    one = recording('1 connect', r'1 > "a\n"', '1 < "A"', '1 > reset')
    assert not replayed(one, lambda line: b'A' + b'b' * 1000).differences
    assert replayed(one, lambda line: b'B' + b'b' * 1000).differences


def test_connections_overlap_as_they_did():
    """Two clients are connected before the first speaks, and the second speaks first."""
    seen = []

    def script(server):
        first, second = server.accept()[0], server.accept()[0]
        seen.append(second.recv(100))
        second.sendall(b'2')
        seen.append(first.recv(100))
        first.sendall(b'1')
        for sock in (first, second):
            everything(sock)
            sock.close()

    one = recording('1 connect', '2 connect', '2 > "b"', '2 < "2"', '1 > "a"', '1 < "1"',
                    '1 > end', '1 < end', '2 > end', '2 < end')
    with scripted(script) as address:
        assert not replayer.replay(one, address).differences
    assert seen == [b'b', b'a']


def test_nothing_is_said_before_the_server_has_said_what_it_had_said_by_then():
    """The second client must not speak while the first waits for its answer."""
    early = []

    def script(server):
        first, second = server.accept()[0], server.accept()[0]
        assert first.recv(100) == b'a'
        second.settimeout(0.3)
        with contextlib.suppress(socket.timeout):
            early.append(second.recv(100))
        second.settimeout(process.DEADLINE)
        first.sendall(b'1')
        assert second.recv(100) == b'b'
        second.sendall(b'2')
        for sock in (first, second):
            everything(sock)
            sock.close()

    one = recording('1 connect', '2 connect', '1 > "a"', '1 < "1"', '2 > "b"', '2 < "2"',
                    '1 > end', '1 < end', '2 > end', '2 < end')
    with scripted(script) as address:
        assert not replayer.replay(one, address).differences
    assert not early


def test_a_conversation_that_differs_does_not_make_others_differ():
    """The first is answered wrongly; the second is told what the first says all the
    same."""
    one = recording('1 connect', r'1 > "a\n"', '1 < "A"', r'1 > "b\n"', '1 < "B"',
                    '2 connect', r'2 > "c\n"', r'2 < "C\n"')
    heard = []

    def answer(line):
        heard.append(line)
        return b'?' if line == b'a\n' else line.upper()

    verdict = replayed(one, answer)
    assert list(verdict.differences) == [1]
    assert sorted(heard) == [b'a\n', b'b\n', b'c\n']


def test_a_dead_server_ends_it_after_a_few_attempts():
    events = []
    for number in range(1, 51):
        events += ['%d connect' % number, r'%d > "a\n"' % number, '%d < "A"' % number]
    one = recording(*events)
    begin = process.clock()
    verdict = replayed(one, lambda line: b'', patience=SHORT)
    assert process.clock() - begin < 10 * SHORT
    assert len(verdict.differences) == 3
    assert told(one, verdict).endswith(
        '3 of 50 conversations differ; 47 were not played.')


@pytest.mark.parametrize('size', [8 * 2 ** 20])
def test_megabytes_are_compared(size):
    data = b'0123456789abcdef' * (size // 16)
    one = recording('1 connect', r'1 > "\n"', '1 < ""')
    one.events[-1] = one.events[-1]._replace(data=data)
    assert not replayed(one, lambda line: data).differences
    verdict = replayed(one, lambda line: data[:-1] + b'x')
    assert verdict.differences[1].place == size - 1


def test_a_server_that_waits_for_its_client_to_read_finds_it_as_slow_as_it_was():
    """It notes how much it could write to a client that read nothing: with a client that
    reads all there would be no end."""
    stuck = []

    def script(server):
        lazy, other = server.accept()[0], server.accept()[0]
        lazy.setblocking(False)
        end = process.clock() + 1
        sent = 0
        while process.clock() < end and sent < 2 ** 27:
            with contextlib.suppress(BlockingIOError):
                sent += lazy.send(b'x' * 65536)
        stuck.append(sent < 2 ** 27)
        other.sendall(b'done')
        everything(other)
        lazy.close()
        other.close()

    one = recording('1 connect', '2 connect', '2 < "done"', '2 > end', '2 < end',
                    '1 > reset')
    with scripted(script) as address:
        assert not replayer.replay(one, address).differences
    assert stuck == [True]


@pytest.mark.parametrize('name, line, answers', [
    ('pid', '4711: ', (b'12345: ', b'99: ')), ('thread', 'Thread-2: ', (b'Thread-77: ',)),
    ('who=<.*?>', '<me> ', (b'<somebody else> ',))])
def test_what_a_mask_finds_may_differ(name, line, answers):
    one = recording('1 connect', r'1 > "a\n"', r'1 < "%sa\n"' % line,
                    r'1 > "b\n"', r'1 < "%sb\n"' % line)
    for answer in answers:
        assert not replayed(one, lambda said: answer + said, name).differences
    assert replayed(one, lambda said: answers[0] + said, patience=SHORT).differences


def test_the_full_backlog_of_a_socket_file_is_waited_for():
    """The server takes its clients one by one, and takes its time."""
    def script(server):
        for _ in range(20):
            with server.accept()[0] as sock:
                sock.sendall(everything(sock))

    folder = process.private_folder()
    events = []
    for number in range(1, 21):
        events += ['%d connect' % number, '%d > "a"' % number, '%d > end' % number]
    for number in range(1, 21):
        events += ['%d < "a"' % number, '%d < end' % number]
    with scripted(script, os.path.join(folder, 's')) as address:
        assert not replayer.replay(recording(*events), address).differences
    shutil.rmtree(folder)


def test_datagrams_are_played_too():
    one = recording('1 connect', '1 > "a"', '1 < "A"', '2 connect', '2 > "b"', '1 > ""',
                    '2 < "B"', '1 < ""', kind='datagram')
    with udp(bytes.upper) as address:
        assert not replayer.replay(one, address).differences


def test_a_lost_datagram_is_a_difference():
    one = recording('1 connect', '1 > "a"', '1 < "A"', '1 > "b"', '1 < "B"',
                    kind='datagram')
    with udp(lambda data: None if data == b'b' else data.upper()) as address:
        verdict = replayer.replay(one, address, patience=SHORT)
    assert verdict.differences[1].note == 'nothing more in 0.5 seconds'
    assert verdict.differences[1].recorded == b'B'


def test_a_datagram_too_many_is_a_difference():
    one = recording('1 connect', '1 > "a"', '1 < "A"', kind='datagram')
    with udp(lambda data: data.upper(), times=2) as address:
        verdict = replayer.replay(one, address)
    assert verdict.differences[1].replayed == b'A'


@contextlib.contextmanager
def udp(answer, times=1):
    """A context: the Address of a server that answers datagrams."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(('127.0.0.1', 0))
        sock.settimeout(0.02)
        over = threading.Event()

        def work():
            while not over.is_set():
                with contextlib.suppress(socket.timeout):
                    data, address = sock.recvfrom(65536)
                    reply = answer(data)
                    for _ in range(times if reply is not None else 0):
                        sock.sendto(reply, address)

        thread = threading.Thread(target=work)
        thread.start()
        try:
            yield addresses.Address(socket.AF_INET, sock.getsockname())
        finally:
            over.set()
            thread.join()


@pytest.mark.parametrize('kind', ['stream', 'datagram'])
def test_where_nobody_listens_nobody_can_be_asked(kind):
    one = recording('1 connect', '1 > "a"', '1 < "A"', kind=kind)
    port = recordings.free_port(
        socket.SOCK_DGRAM if kind == 'datagram' else socket.SOCK_STREAM)
    with pytest.raises(StudyError, match='nobody listens on 127.0.0.1:%d' % port):
        replayer.replay(one, addresses.parsed(str(port)))


PROGRAM = '''
import socket, sys
sock = socket.socket()
sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
sock.bind(('127.0.0.1', int(sys.argv[1])))
sock.listen(5)
print('listening on 127.0.0.1:' + sys.argv[1], flush=True)
client = sock.accept()[0]
print('said:', client.recv(100).decode(), flush=True)
%s
'''


def with_a_command(one, work, patience=process.DEADLINE, names=()):
    """Play a Recording to PROGRAM, which works; return the Verdict."""
    port = str(recordings.free_port())
    return replayer.replay(one, addresses.parsed(port),
                           [masks.mask(name) for name in names], patience,
                           [sys.executable, '-c', PROGRAM % work, port])


def screened(*lines):
    return recording('1 connect', '1 > "hi"', '1 < "HI"', '1 < end', '1 > end', *lines)


GOOD = "client.sendall(b'HI'); client.close()"
SCREEN = ['stdout "listening on 127.0.0.1:1\\n"', 'stdout "said: hi\\n"']


def test_what_a_server_prints_and_how_it_ends_is_compared():
    one = screened(*SCREEN, 'status 3 by itself')
    assert not with_a_command(one, GOOD + '; sys.exit(3)').differences
    verdict = with_a_command(one, GOOD + '; print("more"); sys.exit(4)')
    assert sorted(verdict.differences) == ['exit status', 'stdout']
    text = told(one, verdict)
    assert 'said: hi\\nmore\\n"' in text
    assert text.endswith(
        '0 of 1 conversation differ, and the stdout and the exit status.')


def test_the_end_by_sigterm_is_compared_too():
    one = screened('stop', *SCREEN, 'status 143 after SIGTERM')
    assert not with_a_command(one, GOOD + '; import time; time.sleep(60)').differences


def test_a_server_that_ends_too_soon_or_never_is_a_difference():
    one = screened('stop', *SCREEN, 'status 0 after SIGTERM')
    verdict = with_a_command(one, GOOD + '; import time; time.sleep(60)')
    assert list(verdict.differences) == ['exit status']
    one = screened(*SCREEN, 'status 0 by itself')
    verdict = with_a_command(one, GOOD + '; import time; time.sleep(60)', 4)
    assert verdict.differences['exit status'].note == (
        'it does not end by itself in 4 seconds')
    verdict = with_a_command(
        screened('stop', *SCREEN, 'status 0 after SIGTERM'), GOOD + '; import signal, '
        'time; signal.signal(15, lambda *_: None); print("x", flush=True); '
        'time.sleep(60)', 4)
    assert 'exit status' in verdict.differences


def test_what_python_says_on_stderr_names_the_rule():
    one = screened(*SCREEN, 'status 0 by itself')
    verdict = with_a_command(one, "client.sendall('HI')")
    assert verdict.differences[1].note.endswith('here')
    assert '\n  bytes-on-the-wire: ' in told(one, verdict).split('The stderr')[0]


def test_bytes_on_the_screen_are_known():
    one = screened('stdout "listening on 127.0.0.1:1\\nsaid: hi\\nHI\\n"',
                   'status 0 by itself')
    verdict = with_a_command(one, GOOD + "; print(b'HI')")
    assert list(verdict.differences) == ['stdout']
    assert '\n  text-for-the-screen: ' in told(one, verdict)


def test_lines_of_conversations_that_overlap_may_come_in_another_order():
    screens = ['stdout "a 1\\n"', 'stdout "b 2\\n"']
    one = recording('1 connect', '2 connect', '1 > end', '2 > end', *screens,
                    'status 0 by itself')
    other = recording('1 connect', '1 > end', '1 < end', '2 connect', '2 > end', *screens,
                      'status 0 by itself')
    assert replayer.is_overlapping(one) and not replayer.is_overlapping(other)
    known, printed = b'a 10\nb 2\n', b'b 2\na 33\n'
    number = [masks.mask(r'n=\d+')]
    assert replayer.of_screens(known, printed, number, True) is None
    assert replayer.of_screens(known, printed, number, False)
    assert replayer.of_screens(known, printed + b'c', number, True)


def test_no_more_than_a_few_differences_are_shown():
    events = []
    for number in range(1, 31):
        events += ['%d connect' % number, r'%d > "a\n"' % number, '%d < "A"' % number]
    one = recording(*events)
    text = told(one, replayed(one, lambda line: b'?' * 10 ** 6))
    assert len(text) < 5000
    assert '20 more differences are not shown.' in text


def test_a_rule_is_told_in_full_once():
    one = recording('1 connect', r'1 > "a\n"', '1 < "A"', '2 connect', r'2 > "b\n"',
                    '2 < "B"')
    text = told(one, replayed(one, lambda line: repr(line.upper()).encode()))
    assert text.count('\n  bytes-formatting: ') == 2
    assert text.count(RULES['bytes-formatting'].link) == 1


def test_a_difference_fits_the_terminal(monkeypatch):
    monkeypatch.setenv('COLUMNS', '60')
    verdict = replayed(HELLO, lambda line: bytes(range(200)))
    assert max(map(len, told(HELLO, verdict).splitlines()[:-1])) <= 75


def test_a_replay_leaves_nothing_open():
    with serving(bytes.upper) as address:
        replayer.replay(HELLO, address)
    assert not [thread for thread in threading.enumerate()
                if thread is not threading.main_thread() and not thread.daemon]
