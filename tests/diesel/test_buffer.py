"""diesel.buffer: what came in, until it holds what is asked for."""
import pytest

from compat.diesel.buffer import BufAny, Buffer

pytestmark = [pytest.mark.unit, pytest.mark.rule('diesel')]


@pytest.fixture
def buffer():
    return Buffer()


def test_a_new_buffer_is_empty(buffer):
    assert not buffer.has_data
    assert buffer.check() is None
    assert buffer.pop() == b''


def test_without_a_sentinel_everything_stays(buffer):
    assert buffer.feed(b'one') is None
    assert buffer.feed(b'two') is None
    assert buffer.has_data
    assert buffer.pop() == b'onetwo'
    assert not buffer.has_data


def test_a_sentinel_of_bytes_ends_what_comes_out(buffer):
    buffer.set_term(b'\r\n')
    assert buffer.feed(b'one\r\ntwo') == b'one\r\n'
    assert buffer.pop() == b'two'


def test_a_sentinel_may_come_in_parts(buffer):
    buffer.set_term(b'END')
    assert [buffer.feed(part) for part in (b'xE', b'N', b'ED', b'EN')] == [None] * 4
    assert buffer.feed(b'D.') == b'xENEDEND'
    assert buffer.pop() == b'.'


def test_a_number_counts_bytes(buffer):
    buffer.set_term(4)
    assert buffer.feed(b'123') is None
    assert buffer.feed(b'456') == b'1234'
    assert buffer.pop() == b'56'


def test_a_sentinel_is_used_up(buffer):
    buffer.set_term(b'.')
    assert buffer.feed(b'a.b.') == b'a.'
    assert buffer.check() is None
    buffer.set_term(b'.')
    assert buffer.check() == b'b.'


def test_a_sentinel_can_be_taken_back(buffer):
    buffer.set_term(b'.')
    buffer.clear_term()
    assert buffer.feed(b'a.') is None


def test_a_sentinel_can_be_replaced(buffer):
    buffer.set_term(b'.')
    buffer.feed(b'ab;c')
    buffer.set_term(b';')
    assert buffer.check() == b'ab;'
    buffer.set_term(1)
    assert buffer.check() == b'c'


def test_anything_is_whatever_is_there(buffer):
    buffer.set_term(BufAny)
    assert buffer.check() is None
    assert buffer.feed(b'what') == b'what'
    buffer.clear_term()
    buffer.feed(b'ev')
    buffer.feed(b'er')
    buffer.set_term(BufAny)
    assert buffer.check() == b'ever'


def test_one_message_after_the_other(buffer):
    buffer.feed(b'5\r\nhello3\r\nyou')
    out = []
    for term in (b'\r\n', 5, b'\r\n', 3):
        buffer.set_term(term)
        out.append(buffer.check())
    assert out == [b'5\r\n', b'hello', b'3\r\n', b'you']


def test_many_lines_come_out_one_by_one(buffer):
    buffer.feed(b''.join(b'%d\n' % number for number in range(1000)))
    out = []
    for _ in range(1000):
        buffer.set_term(b'\n')
        out.append(buffer.check())
    assert out == [b'%d\n' % number for number in range(1000)]


def test_what_comes_out_is_bytes(buffer):
    for term, data in ((b'.', b'a.'), (2, b'abc'), (BufAny, b'x')):
        buffer.feed(b'')
        buffer.set_term(term)
        assert type(buffer.feed(data)) is bytes
        assert type(buffer.pop()) is bytes
