"""diesel.pipeline: what must go out, read in pieces."""
import io

import pytest

from compat.diesel.pipeline import Pipeline, PipelineClosed, PipelineCloseRequest

pytestmark = [pytest.mark.unit, pytest.mark.rule('diesel')]


@pytest.fixture
def line():
    return Pipeline()


def test_a_new_pipeline_is_empty(line):
    assert line.empty
    assert line.read(10) == b''


def test_bytes_come_out_in_pieces(line):
    line.add(b'0123456789')
    assert not line.empty
    assert [line.read(4) for _ in range(4)] == [b'0123', b'4567', b'89', b'']
    assert line.empty


def test_a_piece_may_come_from_several(line):
    for data in (b'one', b'two', b'three'):
        line.add(data)
    assert line.read(8) == b'onetwoth'
    assert line.read(8) == b'ree'


def test_it_is_empty_when_the_last_byte_is_read(line):
    line.add(b'1234')
    assert line.read(4) == b'1234'
    assert line.empty


def test_a_higher_priority_comes_first(line):
    for priority in (5, 1, 9, 5, 9):
        line.add(b'%d' % priority, priority)
    assert line.read(100) == b'99551'


def test_within_a_priority_the_order_holds(line):
    for number in range(10):
        line.add(b'%d' % number, number % 2)
    assert line.read(100) == b'1357902468'


def test_nothing_overtakes_the_rest_of_what_is_being_read(line):
    line.add(b'slow')
    assert line.read(2) == b'sl'
    line.add(b'urgent', 9)
    assert line.read(100) == b'owurgent'


def test_a_file_comes_out_in_pieces(line):
    line.add(io.BytesIO(b'0123456789'))
    assert [line.read(4) for _ in range(3)] == [b'0123', b'4567', b'89']
    assert line.read(4) == b''
    assert line.empty


def test_files_and_bytes_keep_their_order(line):
    line.add(b'[a]')
    line.add(io.BytesIO(b'[file]'))
    line.add(b'[b]')
    line.add(io.BytesIO(b'[first]'), 9)
    assert line.read(100) == b'[first][a][file][b]'


def test_what_was_put_back_comes_first(line):
    line.add(b'0123456789')
    assert line.read(6) == b'012345'
    line.backup(b'345')
    line.add(b'urgent', 9)
    assert line.read(5) == b'34567'
    assert line.read(100) == b'89urgent'


def test_the_last_bytes_can_be_put_back(line):
    line.add(b'0123')
    line.read(4)
    line.backup(b'23')
    assert not line.empty
    assert line.read(10) == b'23'
    assert line.empty


def test_the_end_comes_after_everything(line):
    line.add(b'last words')
    line.close_request()
    assert not line.empty
    assert line.read(100) == b'last words'
    assert not line.empty
    with pytest.raises(PipelineCloseRequest):
        line.read(100)


def test_an_empty_pipeline_ends_at_once(line):
    line.close_request()
    assert not line.empty
    with pytest.raises(PipelineCloseRequest):
        line.read(1)


def test_nothing_is_taken_after_the_end(line):
    line.close_request()
    with pytest.raises(PipelineClosed):
        line.add(b'too late')


@pytest.mark.parametrize('thing', [5, None, u'text'], ids=['number', 'none', 'text'])
def test_only_bytes_and_files_are_taken(line, thing):
    with pytest.raises((TypeError, ValueError)):
        line.add(thing)
    assert line.empty


def test_much_comes_out_whole(line):
    data = bytes(bytearray(range(256))) * 1000
    line.add(data)
    assert b''.join(iter(lambda: line.read(1000), b'')) == data


def test_an_empty_file_is_something_to_be_read():
    pipeline = Pipeline()
    pipeline.add(io.BytesIO())
    assert not pipeline.empty
    assert pipeline.read(10) == b''
    assert pipeline.empty
