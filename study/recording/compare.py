"""What a server says, compared with what it has said in a recording.

The recorded bytes are cut into segments: literal ones, and those that a mask has found.
What comes is matched segment by segment as it comes, so that the cost does not depend
on what has come before, and at any moment it is known up to which place of the recording
the server has got.
"""
import copy
from typing import NamedTuple

from study.recording import masks as masking

WINDOW = 1024  # bytes that a mask may match
FOLLOWING = 16  # bytes after a mask that show where it ends
CONTEXT = 64  # bytes before a difference that are kept, for patterns that look back too
SHOWN = 400  # bytes from a difference on that are kept


class Segment(NamedTuple):
    """Bytes of the recording from begin to end; mask is None if they are literal."""

    begin: int
    end: int
    mask: object


class Difference(NamedTuple):
    """The first difference: at which byte of the recording; the bytes before it, and
    from there on in the recording and in the replay. note says in words what is wrong
    where bytes do not say it all."""

    place: int
    before: bytes
    recorded: bytes
    replayed: bytes
    note: str = ''


def segments(recorded, masks):
    """Return recorded bytes as Segments."""
    cut, done = [], 0
    for begin, end, mask in masking.found(masks, recorded):
        if begin > done:
            cut.append(Segment(done, begin, None))
        cut.append(Segment(begin, end, mask.pattern))
        done = end
    if done < len(recorded):
        cut.append(Segment(done, len(recorded), None))
    return cut


class Comparison:
    """Compares a stream of bytes with recorded ones.

    place: up to which byte of the recording all is the same. differs: whether something
    else has come. received: how many bytes have come. is_cut: whether the recorded bytes
    may be the beginning only, so that more of them is no difference.
    """

    is_cut = False

    def __init__(self, recorded, masks=()):
        self.recorded = bytes(recorded)
        self.segments = segments(self.recorded, masks)
        self.at = self.place = self.received = 0
        self.differs = False
        self.buffer, self.next = bytearray(), 0  # what has come; from where on it is new

    def feed(self, data):
        """Take what has come."""
        self.received += len(data)
        if self.differs:
            self.buffer += data[:max(0, self.next + SHOWN - len(self.buffer))]
            return
        self.buffer += data
        self.advance(final=False)

    def finish(self):
        """Take it that nothing more comes."""
        if not self.differs:
            self.advance(final=True)

    @property
    def is_complete(self):
        """Whether all that was recorded has come."""
        return self.place == len(self.recorded) and not self.differs

    def reached(self, place):
        """Return whether what has come corresponds to the recording up to a place. Of
        what a mask has found the beginning is enough: its length may differ."""
        if self.place >= place or self.at == len(self.segments) or self.differs:
            return self.place >= place
        if not self.segments[self.at].mask:
            return False
        trial = copy.copy(self)  # as if nothing more came
        trial.buffer = self.buffer[:]
        trial.advance(final=True)
        if trial.place >= place or trial.at == len(self.segments):
            return trial.place >= place
        segment = trial.segments[trial.at]
        return bool(segment.mask) and segment.begin == trial.place and (
            place < segment.end)

    def advance(self, final):
        """Match as far as what has come reaches."""
        while self.at < len(self.segments) and not self.differs:
            segment = self.segments[self.at]
            ended = (self.match_mask(segment, final) if segment.mask
                     else self.match_literal(segment))
            if not ended:
                return
            self.at += 1
            self.place = segment.end
            self.forget()
        if self.next < len(self.buffer) and not self.differs:
            if self.is_cut:
                del self.buffer[self.next:]
            else:
                self.differ()

    def match_literal(self, segment):
        """Return whether all of a segment has come."""
        size = min(segment.end - self.place, len(self.buffer) - self.next)
        same = common(self.recorded[self.place:self.place + size],
                      bytes(self.buffer[self.next:self.next + size]))
        self.place += same
        self.next += same
        if same < size:
            self.differ()
        self.forget()
        return self.place == segment.end

    def match_mask(self, segment, final):
        """Return whether all of a segment has come, and what follows shows its end."""
        end = self.end_of_mask(segment.mask, self.follows())
        if end is not None and (final or len(self.buffer) >= end + FOLLOWING
                                or self.starts_at(end)):
            self.next = end
            return True
        if final or len(self.buffer) >= self.next + WINDOW:
            self.differ()
        return False

    def end_of_mask(self, pattern, follows):
        """Return where that ends which a pattern matches, or None if it matches nothing
        yet. follows: the bytes that should come next, as far as that matters."""
        match = pattern.match(self.buffer, self.next, self.next + WINDOW)
        if not match or self.buffer.startswith(follows, match.end()):
            return match and match.end()
        for end in range(match.end() - 1, self.next - 1, -1):
            # The longest match may have taken of what is literal in the recording.
            if self.buffer.startswith(follows, end) and (
                    pattern.fullmatch(self.buffer, self.next, end)):
                return end
        return match.end()

    def starts_at(self, end):
        """Return whether what should follow a mask stands there, and is not empty."""
        follows = self.follows()
        return bool(follows) and self.buffer.startswith(follows, end)

    def follows(self):
        """Return how the literal segment after this one begins, or b'' if another mask
        or nothing comes next."""
        if self.at + 1 == len(self.segments) or self.segments[self.at + 1].mask:
            return b''
        segment = self.segments[self.at + 1]
        return self.recorded[segment.begin:min(segment.end, segment.begin + FOLLOWING)]

    def forget(self):
        """Drop what is matched, but for some context."""
        if self.next > 16 * CONTEXT:
            del self.buffer[:self.next - CONTEXT]
            self.next = CONTEXT

    def differ(self):
        self.differs = True
        del self.buffer[self.next + SHOWN:]

    def difference(self, note=''):
        """Return the Difference that has been found, or None. With a note there is one
        in any case, from here on."""
        if not (self.differs or note):
            return None
        before = max(0, self.next - CONTEXT)
        return Difference(self.place, bytes(self.buffer[before:self.next]),
                          bytes(self.recorded[self.place:self.place + SHOWN]),
                          bytes(self.buffer[self.next:self.next + SHOWN]), note)


def common(one, other):
    """Return how many bytes at the beginning of two texts of the same length are the
    same."""
    if one == other:
        return len(one)
    low, high = 0, len(one)  # the first low are the same, the first high are not
    while high - low > 1:
        middle = (low + high) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle
    return low


class Datagrams:
    """Compares messages, each of which is whole, with recorded ones. A place is a number
    of messages."""

    def __init__(self, recorded, masks=()):
        self.recorded, self.masks = recorded, masks
        self.place = self.received = 0
        self.wrong = None  # the Comparison of the first that differs

    @property
    def differs(self):
        return self.wrong is not None

    @property
    def is_complete(self):
        return self.place == len(self.recorded) and not self.differs

    def reached(self, place):
        return self.place >= place

    def feed(self, data):
        """Take a message."""
        self.received += len(data)
        if self.differs:
            return
        surplus = self.place == len(self.recorded)
        one = Comparison(b'' if surplus else self.recorded[self.place], self.masks)
        one.feed(data)
        one.finish()
        if one.is_complete and not surplus:
            self.place += 1
        else:
            self.wrong = one

    def finish(self):
        """Nothing is left to be decided."""

    def difference(self, note=''):
        """Return the Difference of the first message that differs, or None; its place is
        the one in that message."""
        if self.differs:
            return self.wrong.difference(note or 'message %d' % (self.place + 1))
        if not note:
            return None
        rest = self.recorded[self.place:self.place + 1] or [b'']
        return Difference(0, b'', rest[0][:SHOWN], b'', note)
