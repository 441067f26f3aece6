"""What a connection must still send: bytes and files, the urgent ones first."""
import bisect
import io
import os

FIRST = float('-inf')  # the rank of what has been read in part


class PipelineCloseRequest(Exception):
    """Everything has been sent, and a close was requested."""


class PipelineClosed(Exception):
    """Something was added after the request to close."""


class Pipeline(object):
    """A queue of bytes and of binary files that is read in pieces.

    Higher priorities go first, and equal ones in the order in which they were added.
    Nothing overtakes the rest of an item that has been read in part.
    """

    def __init__(self):
        self._ranks = []      # ascending negative priorities, one for each item
        self._items = []      # (binary file, bytes left in it)
        self.closing = False  # whether nothing will be added any more
        self.size = 0         # bytes waiting

    @property
    def empty(self):
        """Whether there is nothing to do: no bytes, and no request to close."""
        return not self._items and not self.closing

    def add(self, d, priority=5):
        """Append bytes, or a binary file that can seek.

        Raise PipelineClosed after close_request(), and ValueError (TypeError for
        text, which must be encoded first) for what cannot be sent.
        """
        if self.closing:
            raise PipelineClosed()
        if isinstance(d, (str, io.TextIOBase)):
            raise TypeError('text cannot be sent, only bytes: encode it first')
        if isinstance(d, (bytes, bytearray, memoryview)):
            source = io.BytesIO(d)
        elif hasattr(d, 'read'):
            source = d
        else:
            raise ValueError('add() takes bytes or a binary file, not %r' % (d,))
        length = bytes_left(source)
        index = bisect.bisect_right(self._ranks, -priority)
        self._ranks.insert(index, -priority)
        self._items.insert(index, (source, length))
        self.size += length

    def read(self, amt):
        """Return up to amt bytes, b'' if there are none.

        Raise PipelineCloseRequest if all is read and closing was asked for.
        """
        if not self._items and self.closing:
            raise PipelineCloseRequest()
        pieces = []
        while self._items and amt > 0:
            piece = self._read_first(amt)
            amt -= len(piece)
            pieces.append(piece)
        return b''.join(pieces)

    def _read_first(self, amt):
        source, left = self._items[0]
        try:
            piece = source.read(min(amt, left))
        except (OSError, ValueError):  # closed meanwhile
            piece = b''
        left -= len(piece)
        self.size -= len(piece)
        if left and piece:
            self._items[0] = source, left
            self._ranks[0] = FIRST
        else:
            self.size -= left  # of a file that has become shorter
            del self._items[0], self._ranks[0]
        return piece

    def backup(self, d):
        """Put bytes that the socket did not take back at the front."""
        if d:
            self._ranks.insert(0, FIRST)
            self._items.insert(0, (io.BytesIO(d), len(d)))
            self.size += len(d)

    def close_request(self):
        """Accept nothing more; read() says when everything has been sent."""
        self.closing = True


def bytes_left(source):
    """Return how many bytes a file has from where it stands."""
    here = source.tell()
    end = source.seek(0, os.SEEK_END)
    source.seek(here)
    return end - here
