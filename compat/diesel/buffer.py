"""What a connection has received and nobody has taken yet."""


class BufAny(object):
    """As a sentinel: whatever is there, as soon as there is something."""


class Buffer(object):
    """Bytes come in through feed(); what the sentinel asks for goes out.

    A sentinel is a number of bytes, a sequence of bytes that ends the message
    (and is part of it), or BufAny. What has been searched once is not searched
    again, so a long line in many small packets costs no more than in one.
    """
    __slots__ = ('_data', '_term', '_searched')

    def __init__(self):
        self._data = b''     # bytes while it is one piece, else a bytearray
        self._term = None
        self._searched = 0   # the sentinel does not begin before this index

    def __len__(self):
        return len(self._data)

    @property
    def has_data(self):
        """Whether anything is left."""
        return bool(self._data)

    @property
    def wants_sentinel(self):
        """Whether only a sequence of bytes can end the message."""
        return type(self._term) is bytes

    def set_term(self, term):
        """Set the sentinel: an int, bytes, or BufAny."""
        if isinstance(term, str):
            raise TypeError('a sentinel is bytes, not text: %r' % term)
        self._term = term
        self._searched = 0

    def clear_term(self):
        """Wait for nothing."""
        self._term = None

    def feed(self, data):
        """Append data; return what check() then returns."""
        if not self._data:
            self._data = data
        else:
            if type(self._data) is bytes:
                self._data = bytearray(self._data)
            self._data += data
        if self._term is not None:
            return self.check()

    def check(self):
        """Return and remove the next message as bytes, or return None.

        The sentinel is used up by the message that it finds.
        """
        term = self._term
        data = self._data
        if type(term) is bytes:
            end = data.find(term, self._searched)
            if end < 0:
                # Its first bytes may be the last that came.
                self._searched = max(0, len(data) - len(term) + 1)
                return None
            end += len(term)
        elif term is None or not data and term != 0:
            return None
        elif term is BufAny:
            end = len(data)
        elif len(data) >= term:
            end = term
        else:
            return None
        self._term = None
        return self._take(end)

    def _take(self, end):
        """Remove the first bytes and return them."""
        data = self._data
        if end == len(data):
            self._data = b''
            return data if type(data) is bytes else bytes(data)
        message = bytes(data[:end])
        if type(data) is bytes:
            # Taking line after line off bytes would copy the rest each time.
            data = self._data = bytearray(data)
        del data[:end]  # a bytearray only moves its start
        return message

    def pop(self):
        """Return and remove everything, as bytes."""
        return self._take(len(self._data))
