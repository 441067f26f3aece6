"""What goes out: bytes and files, in order, whole, and before the end."""
import io
import os
import socket

import pytest

from compat import diesel
from compat.diesel import core

pytestmark = [pytest.mark.wire, pytest.mark.rule('diesel')]

BIG = bytes(bytearray(range(256))) * 20000  # 5 MB, more than any socket takes


@pytest.fixture
def file_of(folder):
    """A function: bytes -> a real file that holds them, open for reading."""
    files = []

    def make(data):
        path = os.path.join(folder, str(len(files)))
        with open(path, 'wb') as target:
            target.write(data)
        files.append(open(path, 'rb'))
        os.remove(path)
        return files[-1]

    yield make
    for one in files:
        one.close()


def test_what_is_sent_arrives_in_its_order(said):
    def handler(addr):
        for number in range(100):
            diesel.send(b'%d,' % number)
    assert said(handler) == b''.join(b'%d,' % number for number in range(100))


def test_much_arrives_whole(said):
    assert said(lambda addr: diesel.send(BIG)) == BIG


def test_many_pieces_arrive_whole(said):
    def handler(addr):
        for start in range(0, len(BIG), 50000):
            diesel.send(BIG[start:start + 50000])
    assert said(handler) == BIG


def test_a_socket_that_takes_little_at_a_time_gets_everything(said):
    def handler(addr):
        sock = core.current_loop.connection_stack[-1].sock
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        for start in range(0, 300000, 30000):
            diesel.send(BIG[start:start + 30000])
    assert said(handler) == BIG[:300000]


def test_every_byte_passes(said):
    every = bytes(bytearray(range(256)))
    assert said(lambda addr: diesel.send(every)) == every


def test_nothing_can_be_sent(said):
    def handler(addr):
        diesel.send(b'')
        diesel.send(b'some')
        diesel.send(b'')
    assert said(handler) == b'some'


def test_what_has_a_higher_priority_goes_first(said):
    def handler(addr):
        diesel.send(b'[normal]')
        diesel.send(b'[low]', priority=1)
        diesel.send(b'[high]', priority=10)
    assert said(handler) == b'[high][normal][low]'


def test_within_a_priority_the_order_holds(said):
    def handler(addr):
        for number in range(4):
            diesel.send(b'%d' % number, 5 + number % 2)
    assert said(handler) == b'1302'


def test_what_is_urgent_does_not_wait_for_much_that_is_not(said):
    def handler(addr):
        diesel.send(BIG[:400000], priority=1)
        diesel.send(b'[urgent]', priority=9)
    assert said(handler) == b'[urgent]' + BIG[:400000]


def test_what_is_urgent_does_not_split_what_is_on_its_way(said):
    def handler(addr):
        diesel.send(BIG[:400000], priority=1)
        diesel.sleep()
        diesel.sleep()
        diesel.send(b'[urgent]', priority=9)
    assert said(handler) == BIG[:400000] + b'[urgent]'


def test_a_file_is_sent(said, file_of):
    source = file_of(BIG)
    assert said(lambda addr: diesel.send(source)) == BIG


def test_a_file_is_sent_from_where_it_stands(said, file_of):
    source = file_of(b'0123456789')
    source.seek(4)
    assert said(lambda addr: diesel.send(source)) == b'456789'


def test_bytes_and_files_keep_their_order(said, file_of):
    files = [file_of(b'[file one]'), file_of(b'[file two]')]

    def handler(addr):
        diesel.send(b'[head]')
        diesel.send(files[0])
        diesel.send(b'[between]')
        diesel.send(files[1])
        diesel.send(b'[foot]')
    assert said(handler) == b'[head][file one][between][file two][foot]'


def test_a_file_in_memory_is_sent(said):
    assert said(lambda addr: diesel.send(io.BytesIO(b'in memory'))) == b'in memory'


@pytest.mark.hostile
@pytest.mark.parametrize('thing', [5, None, u'text', [b'list']],
                         ids=['number', 'none', 'text', 'list'])
def test_what_is_neither_bytes_nor_a_file_is_refused(said, thing):
    def handler(addr):
        try:
            diesel.send(thing)
        except (TypeError, ValueError):
            diesel.send(b'refused')
    assert said(handler) == b'refused'


def test_sending_without_a_connection_is_an_error(run):
    with pytest.raises(RuntimeError):
        run(lambda: diesel.send(b'to whom?'))


def test_sending_after_the_end_is_an_error(run, conversation):
    log = []

    def handler(addr):
        try:
            diesel.until_eol()
        except diesel.ConnectionClosed:
            pass
        try:
            diesel.send(b'are you there?')
        except diesel.ConnectionClosed:
            log.append('closed')
        diesel.fire('done')

    service = diesel.Service(handler, 0, '127.0.0.1')

    def main():
        diesel.fork(lambda: diesel.thread(
            conversation, ('127.0.0.1', service.port)).close())
        diesel.wait('done')
        return log
    assert run(main, service) == ['closed']


def fails():
    raise ValueError('in a handler')


def terminates():
    raise diesel.TerminateLoop()


def dies():
    raise diesel.ParentDiedException()


@pytest.mark.parametrize('end', [int, fails, terminates, dies],
                         ids=['returns', 'raises', 'terminates', 'dies'])
def test_the_end_of_the_handler_closes_when_all_is_sent(said, end):
    def handler(addr):
        diesel.send(BIG)
        end()
    assert said(handler) == BIG


def test_what_is_sent_goes_out_before_the_loop_waits_for_something_else(
        served, conversation):
    def handler(addr):
        diesel.send(b'wait for it')
        diesel.sleep(60)

    def client(address):
        return conversation(address).read(11)
    assert served(handler, client) == b'wait for it'


@pytest.mark.hostile
def test_a_peer_that_does_not_read_holds_up_nobody_else(served, conversation):
    def handler(addr):
        if diesel.until_eol() == b'much\r\n':
            diesel.send(BIG)
        else:
            diesel.send(b'little')

    def client(address):
        deaf, other = conversation(address), conversation(address)
        deaf.send(b'much\r\n')
        other.send(b'little\r\n')
        answer = other.read(6)
        return answer, deaf.read_all() == BIG
    assert served(handler, client) == (b'little', True)


def test_two_handlers_do_not_mix_their_bytes(served, conversation):
    def handler(addr):
        letter = diesel.receive(1)
        for _ in range(50):
            diesel.send(letter * 1000)
            diesel.sleep()

    def client(address):
        one, two = conversation(address), conversation(address)
        one.send(b'1')
        two.send(b'2')
        return one.read_all() + two.read_all()
    assert served(handler, client) == b'1' * 50000 + b'2' * 50000
