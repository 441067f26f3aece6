"""Lines of a file as a queue, while other loops run."""
import io
import os

import pytest

from compat import diesel
from compat.diesel.util.streams import create_line_input_stream

pytestmark = [pytest.mark.unit, pytest.mark.rule('diesel')]
LONG = 10  # seconds: never reached


@pytest.fixture
def pipe():
    """A pipe: a function that writes bytes, one that ends them, and the reading
    end as a binary file."""
    reader, writer = os.pipe()
    source, target = os.fdopen(reader, 'rb'), os.fdopen(writer, 'wb', 0)
    yield target.write, target.close, source
    target.close()
    source.close()


def lines(queue):
    """Return what comes, up to the empty line that is the end."""
    got = []
    while True:
        got.append(queue.get(timeout=LONG))
        if not got[-1]:
            return got


def read_all(source):
    return lines(create_line_input_stream(source))


def test_lines_come_in_order_with_an_empty_one_at_the_end(run, pipe):
    write, end, source = pipe
    write(b'one\ntwo\r\n\nfour\n')
    end()
    assert run(lambda: read_all(source)) == [
        b'one\n', b'two\r\n', b'\n', b'four\n', b'']


def test_a_last_line_without_a_newline_is_a_line(run, pipe):
    write, end, source = pipe
    write(b'one\ntwo')
    end()
    assert run(lambda: read_all(source)) == [b'one\n', b'two', b'']


def test_an_empty_file_is_its_end(run, pipe):
    write, end, source = pipe
    end()
    assert run(lambda: read_all(source)) == [b'']


def test_the_bytes_of_a_line_are_what_was_written(run, pipe):
    write, end, source = pipe
    write(b'\x00\xff\xfe\n')
    end()
    assert run(lambda: read_all(source)) == [b'\x00\xff\xfe\n', b'']


def test_lines_of_a_text_file_are_text(run):
    source = io.StringIO(u'caf\xe9\nbar')
    assert run(lambda: read_all(source)) == [u'caf\xe9\n', u'bar', u'']


def test_many_lines_keep_their_order(run):
    expected = [b'%d\n' % number for number in range(2000)]
    source = io.BytesIO(b''.join(expected))
    assert run(lambda: read_all(source)) == expected + [b'']


def test_a_long_line_comes_in_one_piece(run):
    line = b'x' * 300000 + b'\n'
    assert run(lambda: read_all(io.BytesIO(line + b'y'))) == [line, b'y', b'']


def test_other_loops_run_while_a_line_is_waited_for(run, pipe):
    write, end, source = pipe

    def main():
        queue, turns = create_line_input_stream(source), []

        def other():
            for turn in range(3):
                turns.append(turn)
                diesel.sleep(0.01)
            write(b'line\n')
            end()
        diesel.fork(other)
        return lines(queue), turns
    assert run(main) == ([b'line\n', b''], [0, 1, 2])


def test_a_line_comes_before_the_next_one_is_written(run, pipe):
    write, end, source = pipe

    def main():
        queue, got = create_line_input_stream(source), []
        for line in (b'one\n', b'two\n'):
            write(line)
            got.append(queue.get(timeout=LONG))
        end()
        return got + lines(queue)
    assert run(main) == [b'one\n', b'two\n', b'']


def test_two_files_can_be_read_side_by_side(run, pipe):
    write, end, source = pipe

    def main():
        slow = create_line_input_stream(source)
        fast = create_line_input_stream(io.BytesIO(b'fast\n'))
        got = lines(fast)
        write(b'slow\n')
        end()
        return got, lines(slow)
    assert run(main) == ([b'fast\n', b''], [b'slow\n', b''])


def test_first_can_wait_for_a_line(run, pipe):
    write, end, source = pipe

    def main():
        queue = create_line_input_stream(source)
        in_vain = diesel.first(waits=[queue], sleep=0.02)
        write(b'line\n')
        which, line = diesel.first(waits=[queue], sleep=LONG)
        end()
        return in_vain, which is queue, line, lines(queue)
    assert run(main) == (('sleep', True), True, b'line\n', [b''])
