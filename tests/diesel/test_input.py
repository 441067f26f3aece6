"""What comes in: lines, counted bytes, whatever is there, and the end of it."""
import pytest

from compat import diesel
from tests.diesel.turns import settle, wait_until

pytestmark = [pytest.mark.wire, pytest.mark.rule('diesel')]

LINE = b'a line\r\n'


def reads(*sentinels):
    """A handler that answers with all that it has read, in brackets."""
    def handler(addr):
        for sentinel in sentinels:
            read = diesel.receive if isinstance(sentinel, int) else diesel.until
            diesel.send(b'[' + read(sentinel) + b']')
    return handler


def echo(addr):
    while True:
        diesel.send(b'[' + diesel.until_eol() + b']')


def echo_once(addr):
    diesel.send(b'[' + diesel.until_eol() + b']')


@pytest.fixture
def heard(run, conversation):
    """A function: pieces of bytes -> the buffer of the ConnectionClosed that
    until_eol() raises when the peer has sent them and closed."""
    got = []

    def handler(addr):
        try:
            while True:
                diesel.until_eol()
        except diesel.ConnectionClosed as error:
            got.append(error.buffer)
            diesel.fire('done')

    def hear(*pieces):
        service = diesel.Service(handler, 0, '127.0.0.1')

        def client():
            talk = conversation(('127.0.0.1', service.port))
            for piece in pieces:
                talk.send(piece)
            talk.close()

        def main():
            diesel.fork(diesel.thread, client)
            diesel.wait('done')
            return got[0]
        return run(main, service)
    return hear


def test_a_line_has_its_end_with_it(said):
    assert said(echo_once, LINE) == b'[a line\r\n]'


def test_a_line_may_be_empty(said):
    assert said(echo_once, b'\r\n') == b'[\r\n]'


def test_a_newline_alone_ends_no_line(said):
    assert said(echo_once, b'one\ntwo\rthree\r\n') == b'[one\ntwo\rthree\r\n]'


def test_a_line_may_come_byte_by_byte(said):
    assert said(echo_once, *[LINE[n:n + 1] for n in range(len(LINE))]) == \
        b'[a line\r\n]'


@pytest.mark.parametrize('cut', range(1, len(LINE)))
def test_a_line_may_be_cut_anywhere(said, cut):
    assert said(echo_once, LINE[:cut], LINE[cut:]) == b'[a line\r\n]'


def test_many_lines_may_come_in_one_packet(said):
    assert said(reads(*[b'\r\n'] * 100), b'x\r\n' * 100) == b'[x\r\n]' * 100


def test_lines_and_a_half_may_come_in_one_packet(said):
    assert said(reads(*[b'\r\n'] * 3), b'1\r\n2\r\n3', b'33\r\n') == \
        b'[1\r\n][2\r\n][333\r\n]'


def test_any_bytes_can_end_a_message(said):
    assert said(reads(b'END', b'\0', b';'), b'one END two\0three;') == \
        b'[one END][ two\0][three;]'


def test_an_end_may_be_split_between_packets(said):
    assert said(reads(b'--boundary--'), b'text --boun', b'dary', b'--') == \
        b'[text --boundary--]'


def test_an_end_that_almost_comes_is_no_end(said):
    assert said(reads(b'aab'), b'a', b'a', b'a', b'a', b'b') == b'[aaaab]'
    assert said(reads(b'abab!'), b'aba', b'bab', b'!') == b'[ababab!]'


def test_exactly_so_many_bytes(said):
    assert said(reads(3, 1, 4), b'12345678') == b'[123][4][5678]'


def test_counted_bytes_may_come_in_pieces(said):
    assert said(reads(5, 5), b'1', b'23', b'4567', b'8', b'90') == b'[12345][67890]'


def test_a_head_and_a_body_of_its_length(said):
    def handler(addr):
        length = int(diesel.until_eol())
        diesel.send(b'[' + diesel.receive(length) + b'][' + diesel.until_eol() + b']')
    assert said(handler, b'7\r\nbody\r\n!next\r\n') == b'[body\r\n!][next\r\n]'


def test_whatever_is_there(said):
    def handler(addr):
        first = diesel.receive(1)
        diesel.send(first + b'[' + diesel.receive() + b']')
    assert said(handler, b'hello\r\n') == b'h[ello\r\n]'


def test_whatever_comes_next(run, conversation):
    def handler(addr):
        for _ in range(3):
            diesel.send(b'[' + diesel.receive() + b']')

    service = diesel.Service(handler, 0, '127.0.0.1')

    def client():
        talk = conversation(('127.0.0.1', service.port))
        for piece in (b'one', b'\r\n', b'three'):
            talk.send(piece)
            talk.expect(b'[' + piece + b']')
        return 'done'
    assert run(lambda: diesel.thread(client), service) == 'done'


def test_every_byte_passes(said):
    every = bytes(bytearray(range(256)))
    assert said(reads(256), every) == b'[' + every + b']'


def test_a_long_line_comes_in_whole(said):
    line = b'x' * 500000 + b'\r\n'
    assert said(echo_once, line) == b'[' + line + b']'


def test_many_counted_bytes_come_in_whole(said):
    data = bytes(bytearray(range(256))) * 2000
    assert said(reads(len(data)), data) == b'[' + data + b']'


def test_input_waits_for_a_loop_that_is_busy(served, conversation):
    sent = []

    def handler(addr):
        for count in (1, 2):
            wait_until(lambda: len(sent) == count, 'the line is sent')
            settle()  # the hub has it
            echo_once(addr)

    def client(address):
        talk, answers = conversation(address), []
        for line in (b'one\r\n', b'two\r\n'):
            talk.send(line)
            sent.append(line)
            answers.append(talk.read(len(line) + 2))
        return answers
    assert served(handler, client) == [b'[one\r\n]', b'[two\r\n]']


def test_the_handler_gets_the_address_of_the_client(served, conversation):
    def handler(addr):
        diesel.send(('%s:%d' % addr).encode('ascii'))

    def client(address):
        talk = conversation(address)
        return talk.read_all() == ('%s:%d' % talk.sock.getsockname()).encode('ascii')
    assert served(handler, client)


def test_half_a_line_before_the_end_is_in_the_error(heard):
    assert heard(b'whole\r\n', b'half a', b' line') == b'half a line'


def test_lines_before_the_end_are_no_part_of_the_error(heard):
    assert heard(b'whole\r\n') == b''


def test_a_peer_that_says_nothing_is_an_error_without_bytes(heard):
    assert heard() == b''


def test_input_without_a_connection_is_an_error(run):
    for read in (diesel.until_eol, diesel.receive, lambda: diesel.until(b'x'),
                 lambda: diesel.first(until_eol=True)):
        with pytest.raises(RuntimeError):
            run(read)


def test_input_after_the_end_is_an_error(run, conversation):
    log = []

    def handler(addr):
        for _ in range(2):
            try:
                diesel.until_eol()
            except diesel.ConnectionClosed:
                log.append('closed')
        diesel.fire('done')

    service = diesel.Service(handler, 0, '127.0.0.1')

    def main():
        diesel.fork(lambda: diesel.thread(
            conversation, ('127.0.0.1', service.port)).close())
        diesel.wait('done')
        return log
    assert run(main, service) == ['closed'] * 2


def test_clients_are_read_at_the_same_time(served, conversation):
    def client(address):
        talks = [conversation(address) for _ in range(20)]
        for talk in talks:
            talk.send(b'half')
        for talk in reversed(talks):
            talk.send(b' whole\r\n')
        return {talk.read_line() for talk in talks}
    assert served(echo, client) == {b'[half whole\r\n'}
