"""What a server says against what it has said: however it is cut, with masks or not."""
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from study.errors import StudyError
from study.recording import masks
from study.recording.compare import Comparison, Datagrams

# Load makes it slow, which says nothing.
patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def compared(recorded, pieces, *names):
    """Return a Comparison that was fed with some pieces, and is finished."""
    comparison = Comparison(recorded, [masks.mask(name) for name in names])
    for piece in pieces:
        comparison.feed(piece)
    comparison.finish()
    return comparison


def cut(data, places):
    bounds = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[begin:end] for begin, end in zip(bounds, bounds[1:])]


@patient
@given(st.binary(), st.lists(st.integers(0, 1000)))
def test_the_same_bytes_are_the_same_however_they_are_cut(data, places):
    assert compared(data, cut(data, places)).is_complete


@patient
@given(st.binary(), st.binary(), st.lists(st.integers(0, 1000)))
def test_other_bytes_differ_at_the_first_that_is_another(recorded, data, places):
    comparison = compared(recorded, cut(data, places))
    same = 0
    while same < min(len(recorded), len(data)) and recorded[same] == data[same]:
        same += 1
    assert comparison.is_complete == (recorded == data)
    assert comparison.place == same
    assert comparison.differs == (same < len(data))


SERVED = (b'Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n', b'Date: Wed, 25 Nov 2026 '
          b'20:00:00 GMT\r\n')


@pytest.mark.parametrize('name, recorded, replayed', [
    ('date', *SERVED),
    ('pid', b'123: hi', b'54321: hi'),
    ('pid', b'served by 4711', b'served by 12'),
    ('thread', b'Thread-2: hi', b'Thread-14: hi'),
    ('thread', b'by Thread-2', b'by Thread-14'),
    ('port', b'from 127.0.0.1:40000 on', b'from 127.0.0.1:1234 on'),
    ('port', b'listening on port 8007\n', b'listening on port 12345\n'),
    ('time', b'1795643211.445339 1795643212.447852\n', b'1.5 2.5\n'),
    ('time', b'[12:30:59] up', b'[01:02:03.5] up'),
    ('time', b'2012-02-29 12:30:59 up', b'2026-11-25 12:30:58 up'),
    ('id=[0-9a-f]+', b'id 7 ff00 end', b'id 8 a end'),
])
@patient
@given(places=st.lists(st.integers(0, 1000)))
def test_what_a_mask_finds_may_differ(name, recorded, replayed, places):
    replayed = replayed.replace(b'1.5', b'1800000000.5').replace(b'2.5', b'999999999.1')
    if name.startswith('id='):
        name, recorded, replayed = 'id=(?<= )[0-9a-f]{1,4}(?= )', recorded, replayed
    assert compared(recorded, cut(replayed, places), name).is_complete
    assert not compared(recorded, cut(replayed, places)).is_complete


def test_a_mask_hides_nothing_else():
    assert compared(b'Thread-2: hi', [b'Thread-3 (process_request_thread): hi'],
                    'thread').differs
    assert compared(b'123: Hello', [b"77: b'Hello'"], 'pid').place == 5
    assert compared(b'123: Hello', [b'what?'], 'pid').differs


def test_a_mask_that_takes_too_much_gives_some_back():
    three_digits = r'id=(?<=id )\d{1,3}'
    assert compared(b'id 1234 end', [b'id 994 end'], three_digits).is_complete
    assert compared(b'id 1234 end', [b'id 9945 end'], three_digits).differs


def test_of_what_a_mask_finds_the_beginning_is_enough_to_go_on():
    comparison = Comparison(b'123: hi\n', [masks.mask('pid')])
    assert not comparison.reached(3)
    comparison.feed(b'5')
    assert comparison.reached(2) and not comparison.reached(4)
    comparison.feed(b'4321')
    assert comparison.reached(3) and not comparison.reached(4)
    comparison.feed(b': ')
    assert comparison.reached(5) and not comparison.reached(6)


def test_a_mask_that_matches_nothing_in_sight_is_a_difference_at_last():
    comparison = Comparison(b'123: hi\n', [masks.mask('pid')])
    comparison.feed(b'x' * 5000)
    assert comparison.differs


def test_megabytes_with_masks_are_compared_in_no_time():
    recorded = b'123: hello\n' * 200000
    assert compared(recorded, [b'4567: hello\n' * 1000] * 200, 'pid').is_complete


def test_little_is_kept_of_what_is_the_same():
    comparison = Comparison(b'x' * 10 ** 7)
    for _ in range(100):
        comparison.feed(b'x' * 10 ** 5)
        assert len(comparison.buffer) < 2 * 10 ** 5
    assert comparison.is_complete


def test_a_difference_shows_what_comes_after_it_too():
    comparison = Comparison(b'Hello, world')
    comparison.feed(b'Hello, W')
    comparison.feed(b'ORLD' * 1000)
    difference = comparison.difference()
    assert (difference.before, difference.recorded) == (b'Hello, ', b'world')
    assert difference.replayed.startswith(b'WORLDORLD')
    assert len(difference.replayed) <= 400


def test_datagrams_are_compared_one_by_one():
    assert not Datagrams([b'ab']).differs
    for messages, is_same in (([b'ab', b'c'], True), ([b'a', b'bc'], False),
                              ([b'ab', b'c', b''], False), ([b'ab'], False)):
        comparison = Datagrams([b'ab', b'c'])
        for message in messages:
            comparison.feed(message)
        assert comparison.is_complete == is_same, messages


@pytest.mark.parametrize('text, words', [
    ('dates', 'no such mask: dates'), ('x=(', 'the mask x is no regular expression')])
def test_a_mask_that_is_none_is_refused(text, words):
    with pytest.raises(StudyError, match=words):
        masks.mask(text)
