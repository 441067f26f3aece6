"""The chat: frames, names, one order for all, and nobody waits for anybody."""
import os
import signal
import struct
import subprocess
import sys
import unicodedata

import pytest
import six

from compat import process
from tests.frames import frame, two_members
from tests.oneline import one_line_error
from tests.talk import to

NAME = 'chat_server_with_select'
rule = pytest.mark.rule


@pytest.fixture
def room(standing, request):
    """A running server, whose room is left empty for the next test."""
    server = standing(NAME)
    yield server
    if not request.node.failed:
        process.wait_until(lambda: is_empty(server.lines), 'all have left')


def is_empty(lines):
    """Whether all who joined, by what a server has printed, have left again."""
    return (sum(line.endswith(' joined') for line in lines)
            == sum(line.endswith(' left') for line in lines))


@pytest.fixture
def joined(room, conversation):
    """A function: a name -> a conversation of a client that was welcomed."""
    def join(name, others=0):
        client = conversation(room.address)
        client.send(frame(name))
        client.expect(frame(b'* Welcome, %s. Others here: %d' % (name, others)))
        return client
    return join


@pytest.fixture
def ann_and_bob(room, conversation):
    return two_members(conversation, room.address)


@pytest.mark.script
@rule('print-function', 'text-for-the-screen')
def test_the_demonstration_prints_these_lines(tree):
    assert process.run(tree, NAME).lines == [
        'ann joined',
        'ann reads: * Welcome, ann. Others here: 0',
        'bob joined',
        'bob reads: * Welcome, bob. Others here: 1',
        'ann reads: * bob joined',
        'carl joined',
        'carl reads: * Welcome, carl. Others here: 2',
        'ann reads: * carl joined',
        'bob reads: * carl joined',
        'bob reads: <ann> Hello, everybody!',
        'carl reads: <ann> Hello, everybody!',
        'ann reads: <carl> Gr\\xfc\\xdfe!',
        'bob reads: <carl> Gr\\xfc\\xdfe!',
        'ann left',
        'bob reads: * ann left',
        'carl reads: * ann left',
        'Server closing, clients: bob, carl',
    ]


@pytest.mark.unit
@rule('integer-division')
def test_a_read_is_a_whole_number_of_bytes(recipe):
    assert repr(recipe(NAME).BUF_SIZE) == '4096'


@pytest.mark.unit
@rule('struct-sizes')
def test_a_frame_is_four_bytes_of_length_and_the_text(recipe):
    assert recipe(NAME).framed(u'Hello') == b'\0\0\0\x05Hello'


@pytest.mark.unit
@rule('bytes-on-the-wire')
def test_a_text_is_framed_as_utf_8(recipe):
    assert recipe(NAME).framed(u'Gr\xfc\xdfe').endswith(b'Gr\xc3\xbc\xc3\x9fe')


@pytest.mark.unit
def test_a_frame_is_taken_when_it_is_whole(recipe):
    buf = bytearray(b'\0\0\0\x02a')
    assert recipe(NAME).take_frame(buf, 10) is None
    buf += b'bc'
    assert recipe(NAME).take_frame(buf, 10) == b'ab'
    assert buf == b'c'


@pytest.mark.wire
@rule('bytes-on-the-wire')
def test_everybody_else_reads_what_one_says(joined, ann_and_bob):
    ann, bob = ann_and_bob
    carl = joined(b'carl', 2)
    ann.expect(frame(b'* carl joined'))
    bob.expect(frame(b'* carl joined'))
    ann.send(frame(b'hello'))
    bob.expect(frame(b'<ann> hello'))
    carl.expect(frame(b'<ann> hello'))
    ann.expect_silence()


@pytest.mark.wire
@rule('bytes-on-the-wire', 'utf8-strict')
@pytest.mark.parametrize('text', [
    b'', b'Gr\xc3\xbc\xc3\x9fe', b'\xf0\x9f\x90\x8d', b'\0', b'line\r\nline', b"b'x'"],
    ids=['empty', 'umlauts', 'snake', 'nul', 'newline', 'repr'])
def test_a_text_is_passed_on_as_it_is(ann_and_bob, text):
    ann, bob = ann_and_bob
    ann.send(frame(text))
    bob.expect(frame(b'<ann> ' + text))


@pytest.mark.wire
def test_a_frame_may_come_byte_by_byte(ann_and_bob):
    ann, bob = ann_and_bob
    for byte in frame(b'hello'):
        ann.send(struct.pack('B', byte) if isinstance(byte, int) else byte)
    bob.expect(frame(b'<ann> hello'))


@pytest.mark.wire
@rule('integer-division')
def test_many_frames_may_come_at_once_and_large_ones_in_pieces(ann_and_bob):
    ann, bob = ann_and_bob
    ann.send(frame(b'x' * 65536) + frame(b'1') + frame(b'2'))
    bob.expect(frame(b'<ann> ' + b'x' * 65536) + frame(b'<ann> 1') + frame(b'<ann> 2'))


@pytest.mark.wire
@rule('selectors')
def test_all_read_everything_in_the_same_order(joined):
    names = [b'client %d' % number for number in range(6)]
    clients = []
    for name in names:
        clients.append(joined(name, len(clients)))
        for other in clients[:-1]:
            other.expect(frame(b'* %s joined' % name))
    listening = joined(b'first', 6), joined(b'second', 7)
    listening[0].expect(frame(b'* second joined'))
    for client in clients:
        client.send(b''.join(frame(b'%d' % number) for number in range(50)))
    length = sum(len(frame(b'<%s> %d' % (name, number)))
                 for name in names for number in range(50))
    assert listening[0].read(length) == listening[1].read(length)


@pytest.mark.wire
@rule('closed-fileno')
def test_leaving_is_news(ann_and_bob):
    ann, bob = ann_and_bob
    ann.close()
    bob.expect(frame(b'* ann left'))


@pytest.mark.wire
def test_a_half_closed_client_still_reads_what_waits_for_it(ann_and_bob):
    ann, bob = ann_and_bob
    bob.send(frame(b'before'))
    ann.expect(frame(b'<bob> before'))
    ann.end()
    ann.expect_end()
    bob.expect(frame(b'* ann left'))


@pytest.mark.wire
@rule('closed-fileno')
def test_a_name_is_free_again_when_its_owner_left(ann_and_bob, joined):
    ann, bob = ann_and_bob
    ann.close()
    bob.expect(frame(b'* ann left'))
    joined(b'ann', 1)


@pytest.mark.hostile
@rule('utf8-strict')
@pytest.mark.parametrize('data', [b'\xff', b'\xc3', b'\xc0\xaf', b'\xed\xa0\x80',
                                  b'\xed\xbf\xbf', b'\xf4\x90\x80\x80'],
                         ids=['ff', 'cut', 'overlong', 'surrogate', 'low-surrogate',
                              'too-high'])
def test_what_is_no_utf_8_ends_the_connection_and_no_other(ann_and_bob, data):
    ann, bob = ann_and_bob
    ann.send(frame(data))
    # Bob first: a server that passes it on would leave ann without an answer.
    bob.expect(frame(b'* ann left'))
    ann.expect(frame(b'! that is not UTF-8'))
    ann.expect_end()
    bob.expect_silence()


@pytest.mark.hostile
@rule('struct-sizes')
@pytest.mark.parametrize('length', [65537, 0x7fffffff, 0xffffffff])
def test_a_frame_that_is_too_long_is_refused_before_it_comes(ann_and_bob, length):
    ann, bob = ann_and_bob
    ann.send(struct.pack('!I', length))
    ann.expect(frame(b'! a frame is too long'))
    ann.expect_end()
    bob.expect(frame(b'* ann left'))


@pytest.mark.hostile
@pytest.mark.parametrize('name', [b'', b'x' * 65, b'\xc3\xbc' * 33, b'a\nb', b'\x1b[2J',
                                  b'\xe2\x80\xae'],
                         ids=['empty', 'long', 'long-in-bytes', 'newline', 'escape',
                              'bidi'])
def test_what_can_be_no_name_is_refused(standing, conversation, name):
    client = conversation(standing(NAME).address)
    client.send(frame(name))
    client.expect(frame(b'! a name has 1 to 64 bytes, and no control character'))
    client.expect_end()


@pytest.mark.hostile
def test_a_name_that_is_taken_is_refused(room, conversation, ann_and_bob):
    other = conversation(room.address)
    other.send(frame(b'ann') + frame(b'x' * 60000) * 20)
    other.expect(frame(b'! that name is taken'))
    other.end()
    other.expect_end()
    ann_and_bob[0].expect_silence()


@pytest.mark.hostile
@pytest.mark.parametrize('name', [u'\u3164', u' ', u'\u2800\ufe0f', u'\xa0\u3000'],
                         ids=['filler', 'blank', 'braille', 'wide-blanks'])
def test_a_name_that_cannot_be_seen_is_refused(standing, conversation, name):
    client = conversation(standing(NAME).address)
    client.send(frame(name.encode('utf-8')))
    client.expect(frame(b'! nothing can be seen of that name'))
    client.expect_end()


@pytest.mark.hostile
@rule('narrow-builds')
@pytest.mark.parametrize('name', [
    u'ann\u200b', u'a\u200dnn', u'\u3164ann', u'ann ', u'\xa0ann', u'an\xadn',
    u'ann\ufe0f', u'ann\U000e0041', u'ann\U000e0100'],
    ids=['zero-width', 'joiner', 'filler', 'blank-last', 'blank-first', 'soft-hyphen',
         'variation', 'tag', 'late-variation'])
def test_a_name_that_looks_like_another_is_taken(room, conversation, ann_and_bob, name):
    other = conversation(room.address)
    other.send(frame(name.encode('utf-8')))
    other.expect(frame(b'! that name is taken'))
    other.expect_end()
    ann_and_bob[0].expect_silence()


@pytest.mark.hostile
@pytest.mark.parametrize('first, second', [(u'\xe9', u'e\u0301'), (u'e\u0301', u'\xe9'),
                                           (u'\xe9 ', u'e\u034f\u0301')],
                         ids=['nfc-nfd', 'nfd-nfc', 'joined'])
def test_a_name_may_be_composed_in_one_way_at_a_time(joined, room, conversation, first,
                                                     second):
    owner = joined(first.encode('utf-8'))
    other = conversation(room.address)
    other.send(frame(second.encode('utf-8')))
    other.expect(frame(b'! that name is taken'))
    other.end()
    other.expect_end()
    owner.end()
    owner.expect_end()
    joined(second.encode('utf-8'))


@pytest.mark.unit
@rule('narrow-builds')
def test_no_character_that_only_formats_is_shown(recipe):
    harmless = recipe(NAME).harmless
    shown = [code for code in range(sys.maxunicode + 1)
             if unicodedata.category(six.unichr(code)) in ('Cc', 'Cf')
             and not harmless(six.unichr(code)).startswith(u'\\')]
    assert [hex(code) for code in shown] == []


@pytest.mark.unit
@pytest.mark.parametrize('character', [
    u'\u061c', u'\u200e', u'\u200f', u'\u202e', u'\u2066', u'\u08e2', u'\U00013430',
    u'\U0001d173', u'\U000e0001', u'\U000e007f'],
    ids=['61c', '200e', '200f', '202e', '2066', '8e2', '13430', '1d173', 'e0001',
         'e007f'])
def test_what_hides_the_order_of_a_text_is_shown_as_an_escape(recipe, character):
    # Some are newer than Python 2's table of Unicode.
    shown = recipe(NAME).harmless(u'a' + character + u'b\U0001f40d')
    escape = character.encode('unicode_escape').decode('ascii')
    assert shown == u'a' + escape + u'b\U0001f40d'


@pytest.mark.hostile
@rule('selectors')
def test_a_member_that_does_not_read_is_dropped_and_delays_nobody(joined, ann_and_bob):
    ann, bob = ann_and_bob
    joined(b'deaf', 2)
    ann.expect(frame(b'* deaf joined'))
    bob.expect(frame(b'* deaf joined'))
    left, said = frame(b'* deaf left'), frame(b'<ann> ' + b'x' * 65536)
    for _ in range(400):  # more than a megabyte and all the kernel's buffers
        ann.send(frame(b'x' * 65536))
        data = bob.read(len(left))
        if data == left:
            break
        bob.expect(said[len(left):])
    else:
        pytest.fail('the deaf client is still there')


@pytest.mark.hostile
@rule('oserror')
def test_a_reset_in_the_middle_of_a_frame_disturbs_nobody(ann_and_bob):
    ann, bob = ann_and_bob
    ann.send(frame(b'hello')[:6])
    ann.reset()
    bob.expect(frame(b'* ann left'))
    bob.expect_silence()


@pytest.mark.script
@rule('sorting-mixed-types', 'dict-views', 'closed-fileno')
def test_the_server_ends_with_clients_of_all_kinds(running, conversation):
    room = running(NAME)
    ann, _ = two_members(conversation, room.address)
    nameless = conversation(room.address)
    nameless.send(b'\0')
    refused = conversation(room.address)
    refused.send(frame(b''))
    refused.read(1)  # it was let in after the nameless one
    room.signal(signal.SIGTERM)
    assert (room.wait(), room.stderr) == (0, b'')
    assert room.lines[-1] == 'Server closing, clients: -, -, ann, bob'
    ann.expect_end()


@pytest.fixture
def talking(tree, room):
    """A function: a name and an input in bytes -> a client child that ended."""
    def talk(name, said, **options):
        reader, writer = os.pipe()
        os.write(writer, said)
        os.close(writer)
        arguments = to(room.address) + ['--name', name]
        try:
            return process.run(tree, NAME, arguments, stdin=reader, **options)
        finally:
            os.close(reader)
    return talk


@pytest.mark.script
@rule('stdin-and-stdout', 'newlines', 'argv-is-text')
@pytest.mark.parametrize('locale', ['C.UTF-8', 'C'])
def test_the_client_says_each_line_of_its_input(
        needs_argument_bytes, talking, joined, locale):
    needs_argument_bytes(locale)
    bob = joined(b'bob')
    child = talking(b'\xc3\xbc', b'one\r\ntwo\n\xc3\xbc', env={'LC_ALL': locale})
    assert (child.returncode, child.stderr) == (0, b'')
    assert child.stdout == b'* Welcome, \xc3\xbc. Others here: 1\n'
    for text in (b'* \xc3\xbc joined', b'<\xc3\xbc> one\r', b'<\xc3\xbc> two',
                 b'<\xc3\xbc> \xc3\xbc', b'* \xc3\xbc left'):
        bob.expect(frame(text))


@pytest.mark.script
@rule('stdin-and-stdout', 'newlines')
def test_the_client_says_all_lines_that_come_at_once_and_does_not_wait_for_more(
        tree, room, joined):
    bob = joined(b'bob')
    arguments = to(room.address) + ['--name', 'ann']
    with process.Child(tree, NAME, arguments, stdin=subprocess.PIPE) as child:
        bob.expect(frame(b'* ann joined'))
        os.write(child.popen.stdin.fileno(), b'one\ntwo\r\nthree\nfo')
        for text in (b'<ann> one', b'<ann> two\r', b'<ann> three'):
            bob.expect(frame(text))
        bob.expect_silence()  # that line may go on
        os.write(child.popen.stdin.fileno(), b'ur\n')
        bob.expect(frame(b'<ann> four'))
        child.popen.stdin.close()
        assert (child.wait(), child.stderr) == (0, b'')


@pytest.mark.script
@rule('argv-is-text')
@pytest.mark.parametrize('locale', ['C.UTF-8', 'C'])
@pytest.mark.parametrize('name', [b'\xff', b'a\xff', b'\xc3\xbc\xc3'],
                         ids=['byte', 'end', 'half'])
def test_a_name_that_is_no_utf_8_reaches_the_server_which_refuses_it(
        needs_argument_bytes, talking, name, locale):
    needs_argument_bytes(locale)
    child = talking(name, b'', env={'LC_ALL': locale})
    assert one_line_error(child, NAME, 1) == 'that is not UTF-8'


@pytest.mark.script
@rule('stdin-and-stdout')
@pytest.mark.parametrize('encoding', ['utf-8', 'latin-1', 'ascii'])
def test_the_client_shows_what_others_say_and_no_escape_sequence(
        tree, room, joined, encoding):
    bob = joined(b'bob')
    arguments = to(room.address) + ['--name', 'ann']
    with process.Child(tree, NAME, arguments, stdin=subprocess.PIPE,
                       env={'PYTHONIOENCODING': encoding}) as child:
        child.wait_for_line('Welcome')
        bob.send(frame(b'\xc3\xbc\x1b[2J\r\n\xe2\x80\xae'))
        child.wait_for_line('bob')
        child.popen.stdin.close()
        assert child.wait() == 0
    assert child.stdout.split(b'\n')[1] == b'<bob> \xc3\xbc\\x1b[2J\\r\\n\\u202e'


@pytest.mark.script
@rule('except-as')
def test_a_client_with_a_taken_name_is_one_line_and_status_1(talking, joined):
    joined(b'bob')
    child = talking('bob', b'hello\n')
    assert (child.returncode, child.stdout) == (1, b'')
    assert child.stderr == NAME.encode('ascii') + b'.py: error: that name is taken\n'


@pytest.mark.script
def test_a_client_with_too_long_a_line_is_one_line_and_status_1(tree, room, folder):
    path = os.path.join(folder, 'input')
    with open(path, 'wb') as target:
        target.write(b'x' * 65537 + b'\n')
    with open(path, 'rb') as source:  # a file, which epoll would refuse
        child = process.run(tree, NAME, to(room.address) + ['--name', 'ann'],
                            stdin=source)
    os.remove(path)
    assert child.returncode == 1
    assert child.stderr.endswith(b'error: a line has 65536 bytes at most\n')


@pytest.mark.hostile
def test_a_client_whose_server_closes_first_says_so(tree, listener):
    arguments = to(listener.getsockname()) + ['--name', 'ann']
    with process.Child(tree, NAME, arguments, stdin=subprocess.PIPE) as child:
        peer = listener.accept()[0]
        assert peer.recv(100) == frame(b'ann')
        peer.close()  # while there may be more to say
        assert child.wait() == 1
    assert child.stderr == (b'chat_server_with_select.py: error: '
                            b'the server closed the connection\n')


@pytest.mark.script
def test_the_client_shows_what_came_before_a_refusal(tree, listener):
    arguments = to(listener.getsockname()) + ['--name', 'ann']
    with process.Child(tree, NAME, arguments, stdin=subprocess.PIPE) as child:
        peer = listener.accept()[0]
        peer.sendall(frame(b'<bob> important') + frame(b'! that is not UTF-8'))
        assert child.wait() == 1
        peer.close()
    assert child.stdout == b'<bob> important\n'
    assert child.stderr == b'chat_server_with_select.py: error: that is not UTF-8\n'


@pytest.mark.script
@rule('oserror')
def test_a_client_of_nobody_is_one_line_and_status_1(forked, listener):
    port = listener.getsockname()[1]
    listener.close()
    child = forked(NAME, ['--connect', '127.0.0.1', str(port), '--name', 'x'])
    assert child.returncode == 1
    assert child.stderr.endswith(b'error: Connection refused\n')


@pytest.mark.script
def test_a_client_needs_a_name(forked):
    child = forked(NAME, ['--connect', '127.0.0.1', '1'])
    assert (child.returncode, len(child.stderr.splitlines())) == (2, 1)
