"""Many clients in one thread: diesel."""
import errno
import os
import signal
import socket

import pytest

from compat import process
from compat import trees

NAME = 'echo_server_with_diesel'
HELLO = b'Hello echo server!\r\n'


@pytest.fixture
def diesel_recipe(recipe):
    return recipe(NAME)


@pytest.fixture
def server(running):
    return running(NAME)


@pytest.fixture
def shared(standing):
    return standing(NAME)


def ask(client, line):
    """Send a line of a conversation and return the answer."""
    client.send(line)
    return client.read_line()


# The demonstration

@pytest.mark.script
@pytest.mark.rule('print-function', 'text-for-the-screen', 'diesel')
def test_the_demonstration_prints_these_lines(tree):
    child = process.run(tree, NAME)
    assert (child.stderr, child.returncode) == (b'', 0)
    names = {}
    lines = [line.split(' ') for line in child.lines]
    for words in lines:
        if words[0] == 'Client':
            words[1] = names.setdefault(words[1], 'client%d' % (len(names) + 1))
    said = ['Sending: Hello echo server!', 'Client %s said: Hello echo server!\\r\\n',
            'Received: You said: Hello echo server!\\r\\n']
    left = ['Client %s left']
    expected = []
    for name, part in [('client1', said), ('client2', said), ('client1', said + left),
                       ('client2', said + left)]:
        expected += [line % name if '%' in line else line for line in part]
    assert [' '.join(words) for words in lines] == expected


@pytest.mark.script
@pytest.mark.rule('diesel')
@pytest.mark.parametrize('missing', [['diesel', 'compat'], ['diesel', 'greenlet']],
                         ids=['library', 'greenlet'])
def test_what_is_not_installed_is_one_line_that_helps(tree, folder, missing):
    # A module beside the script is found before the installed one.
    files = {name + '.py': "raise ImportError('No module named %s')\n" % name
             for name in missing}
    for name in trees.SHARED + (NAME,):
        with open(tree.script(name)) as source:
            files[name + '.py'] = source.read()
    for name in files:
        with open(os.path.join(folder, name), 'w') as target:
            target.write(files[name])
    child = process.run(tree, NAME, command=['-B', NAME + '.py'], folder=folder,
                        env={'PYTHONPATH': trees.ROOT})
    for name in files:
        os.remove(os.path.join(folder, name))
    assert (child.stdout, child.returncode) == (b'', 1)
    lines = child.stderr.decode('utf-8').splitlines()
    assert len(lines) == 1, lines
    assert lines[0].startswith(NAME + '.py: error: No module named ')
    assert 'pip install' in lines[0]


# Names that readers rely on

@pytest.mark.unit
def test_the_constants_are_the_given_ones(diesel_recipe):
    assert diesel_recipe.SERVER_HOST == 'localhost'
    assert diesel_recipe.SERVER_PORT == 0
    assert diesel_recipe.ECHO_MSG == 'Hello echo server!'


@pytest.mark.unit
@pytest.mark.rule('diesel')
def test_the_client_is_a_diesel_client(diesel_recipe):
    assert issubclass(diesel_recipe.EchoClient, diesel_recipe.diesel.Client)


@pytest.mark.unit
@pytest.mark.rule('text-for-the-screen')
def test_what_is_printed_is_text_of_printable_characters(diesel_recipe):
    assert diesel_recipe.printable(b'a\x1b\xe9\r\n') == 'a\\x1b\\xe9\\r\\n'


# On the wire

@pytest.mark.wire
@pytest.mark.rule('bytes-on-the-wire')
def test_the_reply_says_what_the_client_said(shared, conversation):
    assert ask(conversation(shared.address), HELLO) == b'You said: ' + HELLO


@pytest.mark.wire
@pytest.mark.rule('bytes-on-the-wire', 'bytes-formatting')
@pytest.mark.parametrize('data', [
    u'Gr\xfc\xdfe \u20ac \U0001f600'.encode('utf-8'), b'\xff\xfe\x00\x80', b'%s %d %%',
    b'a\rb', b'\x1b[31m', b'',
], ids=['utf-8', 'no-utf-8', 'percent', 'carriage-return', 'escape', 'empty'])
def test_any_bytes_come_back_as_they_were(shared, conversation, data):
    client = conversation(shared.address)
    client.send(data + b'\r\n')
    client.expect(b'You said: ' + data + b'\r\n')


@pytest.mark.wire
def test_a_bare_newline_ends_no_line(shared, conversation):
    client = conversation(shared.address)
    client.send(b'one\ntwo')
    client.expect_silence()
    client.send(b'\r\n')
    client.expect(b'You said: one\ntwo\r\n')


@pytest.mark.wire
def test_reply_survives_a_request_split_in_two(shared, conversation):
    client = conversation(shared.address)
    client.send(HELLO[:7])
    client.expect_silence()
    client.send(HELLO[7:])
    client.expect(b'You said: ' + HELLO)


@pytest.mark.wire
def test_reply_survives_a_split_between_carriage_return_and_newline(shared,
                                                                   conversation):
    client = conversation(shared.address)
    client.send(b'one\r')
    client.expect_silence()
    client.send(b'\n')
    client.expect(b'You said: one\r\n')


@pytest.mark.wire
def test_a_byte_at_a_time_is_still_one_line(shared, conversation):
    client = conversation(shared.address)
    for index in range(len(HELLO)):
        client.send(HELLO[index:index + 1])
    client.expect(b'You said: ' + HELLO)


@pytest.mark.wire
def test_lines_in_one_packet_get_a_reply_each_in_order(shared, conversation):
    client = conversation(shared.address)
    client.send(b'one\r\ntwo\r\nthree\r\nfo')
    client.expect(b'You said: one\r\nYou said: two\r\nYou said: three\r\n')
    client.send(b'ur\r\n')
    client.expect(b'You said: four\r\n')


@pytest.mark.wire
def test_a_line_longer_than_any_buffer_comes_back_whole(shared, conversation):
    line = b'0123456789' * 20000 + b'\r\n'
    client = conversation(shared.address)
    client.send(line)
    client.expect(b'You said: ' + line)


@pytest.mark.wire
@pytest.mark.rule('diesel')
def test_many_clients_are_served_at_once(shared, conversation):
    clients = [conversation(shared.address) for _ in range(50)]
    for index, client in enumerate(clients):
        client.send(b'I am %d' % index)  # no end of line yet
    for index, client in reversed(list(enumerate(clients))):
        client.send(b'\r\n')
        client.expect(b'You said: I am %d\r\n' % index)


@pytest.mark.wire
@pytest.mark.rule('diesel')
def test_a_client_that_says_nothing_delays_nobody(shared, conversation):
    conversation(shared.address)
    half = conversation(shared.address)
    half.send(b'half a line')
    assert ask(conversation(shared.address), HELLO) == b'You said: ' + HELLO


# What the server prints

@pytest.mark.script
@pytest.mark.rule('text-for-the-screen')
def test_the_server_prints_what_was_said_with_control_bytes_as_escapes(
        server, conversation):
    client = conversation(server.address)
    ask(client, b'\x1b[31m\xe9\r\n')
    address = '%s:%d' % client.sock.getsockname()
    server.wait_for_line('said')
    assert server.lines[-1] == 'Client %s said: \\x1b[31m\\xe9\\r\\n' % address


@pytest.mark.script
@pytest.mark.rule('diesel')
def test_a_client_that_leaves_is_one_printed_line(server, conversation):
    client = conversation(server.address)
    ask(client, HELLO)
    address = '%s:%d' % client.sock.getsockname()
    client.close()
    server.wait_for_line('^Client %s left$' % address)
    assert server.stderr == b''


@pytest.mark.hostile
@pytest.mark.rule('diesel', 'oserror')
def test_a_client_that_leaves_in_the_middle_of_a_line_is_one_line(server,
                                                                  conversation):
    client = conversation(server.address)
    client.send(b'half a li')
    address = '%s:%d' % client.sock.getsockname()
    client.end()
    client.expect_end()
    server.wait_for_line('^Client %s left$' % address)
    assert [line for line in server.lines if 'said' in line] == []
    assert server.stderr == b''


@pytest.mark.hostile
@pytest.mark.rule('diesel', 'oserror')
def test_a_reset_is_one_line_and_disturbs_nobody(server, conversation):
    other = conversation(server.address)
    broken = conversation(server.address)
    ask(broken, b'one\r\n')
    address = '%s:%d' % broken.sock.getsockname()
    broken.reset()
    server.wait_for_line('^Client %s left$' % address)
    assert ask(other, HELLO) == b'You said: ' + HELLO
    assert server.stderr == b''


@pytest.mark.hostile
def test_a_client_that_never_reads_disturbs_nobody(server, conversation):
    deaf = conversation(server.address)
    deaf.sock.setblocking(False)
    line = b'x' * 1000 + b'\r\n'
    for _ in range(3000):
        try:
            deaf.sock.send(line)
        except socket.error as error:
            assert error.errno in (errno.EAGAIN, errno.EWOULDBLOCK)
            break
    assert ask(conversation(server.address), HELLO) == b'You said: ' + HELLO


@pytest.mark.hostile
def test_clients_that_come_and_go_leave_no_descriptor(server, conversation):
    before = descriptors(server.pid)
    for _ in range(20):
        conversation(server.address).close()
    client = conversation(server.address)
    ask(client, HELLO)
    client.close()
    process.wait_until(lambda: descriptors(server.pid) <= before,
                       'the server closes what its clients have closed')


def descriptors(pid):
    return len(os.listdir('/proc/%d/fd' % pid))


# The client

@pytest.mark.wire
@pytest.mark.rule('bytes-on-the-wire')
def test_the_client_sends_its_message_and_no_more(tree, listener):
    host, port = listener.getsockname()
    with process.Child(tree, NAME, ['--connect', host, str(port)]) as child:
        peer = listener.accept()[0]
        received = peer.recv(100)
        peer.sendall(b'You said: something else\r\n')
        received += b''.join(iter(lambda: peer.recv(100), b''))
        peer.close()
        assert child.wait() == 0
        assert child.stderr == b''
    assert received == HELLO


@pytest.mark.script
@pytest.mark.rule('text-for-the-screen')
def test_the_client_prints_the_answer_with_escapes(tree, listener):
    host, port = listener.getsockname()
    with process.Child(tree, NAME, ['--connect', host, str(port)]) as child:
        peer = listener.accept()[0]
        peer.recv(100)
        for piece in (b'You \xe9', b'\x1b\r', b'\n'):
            peer.sendall(piece)
        assert child.wait() == 0
        peer.close()
    assert child.lines == ['Sending: Hello echo server!',
                           'Received: You \\xe9\\x1b\\r\\n']


@pytest.mark.hostile
@pytest.mark.rule('oserror')
def test_a_server_that_closes_is_one_line_of_the_client(tree, listener):
    host, port = listener.getsockname()
    with process.Child(tree, NAME, ['--connect', host, str(port)]) as child:
        peer = listener.accept()[0]
        peer.recv(100)
        peer.close()
        assert child.wait() == 1
    assert child.stderr.decode('utf-8').splitlines() == [
        '%s.py: error: Connection closed by remote host (addr=%s, port=%d)'
        % (NAME, host, port)]


@pytest.mark.hostile
@pytest.mark.rule('oserror')
def test_nobody_listening_is_one_line_of_the_client(forked, listener):
    host, port = listener.getsockname()
    listener.close()
    child = forked(NAME, ['--connect', host, str(port)])
    assert child.returncode == 1
    assert child.stderr.decode('utf-8').splitlines() == [
        '%s.py: error: Could not connect to remote host (%s:%d)' % (NAME, host, port)]


@pytest.mark.hostile
@pytest.mark.rule('argv-is-text')
@pytest.mark.parametrize('host', ['no such host', '..', 'x' * 70 + '.example'],
                         ids=['spaces', 'dots', 'long-label'])
def test_a_server_with_no_address_is_one_line_of_the_client(forked, host):
    child = forked(NAME, ['--connect', host, '1'])
    assert child.returncode == 1
    assert child.stderr.decode('utf-8').splitlines() == [
        NAME + '.py: error: Name or service not known']


@pytest.mark.hostile
@pytest.mark.rule('argv-is-text')
@pytest.mark.parametrize('way', [['--serve', '--host'], ['--connect']],
                         ids=['serve', 'connect'])
def test_a_host_that_is_no_ascii_is_one_line_and_status_1(forked, way):
    host = u'\xfc'.encode('utf-8') * 70  # too long for Python 3's IDNA
    child = forked(NAME, way + [host] + ['1'] * (way == ['--connect']))
    assert child.returncode == 1
    assert child.stderr.decode('utf-8').splitlines() == [
        NAME + '.py: error: Name or service not known']


@pytest.mark.wire
def test_client_and_server_of_the_tree_understand_each_other(forked, server):
    child = forked(NAME, ['--connect'] + [str(part) for part in server.address])
    assert child.lines == ['Sending: Hello echo server!',
                           'Received: You said: Hello echo server!\\r\\n']
    assert child.returncode == 0


# The end

@pytest.mark.wire
@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM],
                         ids=['SIGINT', 'SIGTERM'])
def test_a_waiting_client_is_let_go_when_the_server_ends(server, conversation, number):
    client = conversation(server.address)
    ask(client, HELLO)
    server.signal(number)
    client.expect_end()
    assert (server.wait(), server.stderr) == (0, b'')
