"""A recording as a file: writing and reading it. FORMAT.md describes it for people.

The text of a message is bytes with escapes: \\n, \\r, \\t, \\", \\\\ and \\xNN. All else
is printable ASCII, as it is.
"""
import os
import re
import time
from dataclasses import dataclass, field
from typing import NamedTuple

from study.errors import StudyError

VERSION = 1
KINDS = ('stream', 'datagram')
PIECE = 4096  # bytes of a message that stand in one line
FLUSH_SECONDS = 0.2  # at most so much later a line is in the file
CLIENT, SERVER = '>', '<'

FIRST = re.compile(r'conversations (\d+)$')
EVENT = re.compile(r'(?P<time>\d+\.\d+) (?:stop|(?P<number>[1-9]\d*) (?:'
                   r'(?P<connect>connect(?: unnamed)?)'
                   r'|(?P<side>[<>]) (?:(?P<what>end|reset|refused)|"(?P<data>.*)")))$')
MORE = re.compile(r'\s+"(.*)"$')
HEAD = re.compile(r'(kind|to|command) (.+)$')
SCREEN = re.compile(r'(stdout|stderr) "(.*)"$')
STATUS = re.compile(r'status (\d+) (by itself|after SIGTERM)$')
PLAIN = re.compile(r'[\w@%+=:,./\[\]-]+', re.ASCII)
WORD = re.compile(r'"(?:[^"\\]|\\.)*"|[^\s"]+')
WORDS = re.compile(r'(?:%s)(?:\s+(?:%s))*' % (WORD.pattern, WORD.pattern))
LAST = re.compile(r'end of (\d+) conversations?$')
ESCAPE = re.compile(r'\\(?:[nrt"\\]|x[0-9a-fA-F]{2})')


class Event(NamedTuple):
    """What happened. time: seconds since the beginning. number: of the conversation, or
    0 for 'stop'. side: who did it, '>' for the client and '<' for the server. what:
    'connect', 'unnamed' (a client without a path connects), 'data', 'end' (no more will
    come from that side), 'reset', 'refused' or 'stop' (the server is sent SIGTERM)."""

    time: float
    number: int
    side: str
    what: str
    data: bytes = b''


@dataclass
class Recording:
    """What a file says. status is None where the server was not started for the
    recording; then nothing of its screen is known."""

    kind: str = 'stream'
    to: str = ''
    command: list = field(default_factory=list)
    events: list = field(default_factory=list)
    screen: dict = field(default_factory=lambda: {
        'stdout': bytearray(), 'stderr': bytearray()})
    status: object = None
    by_itself: bool = False

    @property
    def is_datagram(self):
        return self.kind == 'datagram'

    @property
    def total(self):
        """How many conversations there are."""
        return len({event.number for event in self.events if event.number})


def quoted(data):
    """Return bytes as printable text between quotation marks."""
    text = data.decode('latin-1').encode('unicode_escape').decode('ascii')
    return '"%s"' % text.replace('"', '\\"')


def unquoted(text):
    """Return the bytes that stand between quotation marks. Raises ValueError."""
    rest = ESCAPE.sub('', text)
    if not (rest.isascii() and rest.isprintable()) or '"' in rest or '\\' in rest:
        raise ValueError('no such escape, or a byte that needs one')
    return text.encode('ascii').decode('unicode_escape').encode('latin-1')


def word(text):
    """Return a word of a command as it is, or else between quotation marks."""
    return text if PLAIN.fullmatch(text) else quoted(os.fsencode(text))


class Writer:
    """Writes a recording to an open text file, as things happen."""

    def __init__(self, file, kind, to, command=()):
        self.file, self.begin, self.flushed = file, time.monotonic(), 0
        self.numbers, self.is_finished = 0, False
        self._line('conversations %d' % VERSION)
        self._line('kind %s' % kind)
        self._line('to %s' % word(str(to)))
        if command:
            self._line('command %s' % ' '.join(map(word, command)))

    def connect(self, unnamed=False):
        """Begin a conversation and return its number."""
        self.numbers += 1
        self._event('%d connect%s' % (self.numbers, ' unnamed' * unnamed))
        return self.numbers

    def data(self, number, side, data):
        """Write a message down, in several lines if it is long."""
        self._event('%d %s %s' % (number, side, quoted(data[:PIECE])))
        for begin in range(PIECE, len(data), PIECE):
            self._line('    ' + quoted(data[begin:begin + PIECE]))

    def ended(self, number, side, what):
        """Write down that one side has ended its half, or all of it."""
        self._event('%d %s %s' % (number, side, what))

    def stop(self):
        """Write down that the server is told to end."""
        self._event('stop')

    def screen(self, name, lines):
        """Write down what the server has printed, an iterable of bytes, on 'stdout' or
        'stderr'."""
        for line in lines:
            for begin in range(0, len(line), PIECE):
                self._line('%s %s' % (name, quoted(line[begin:begin + PIECE])))

    def status(self, status, by_itself):
        """Write down how the server has ended."""
        self._line('status %d %s' % (status,
                                     'by itself' if by_itself else 'after SIGTERM'))

    def finish(self):
        """Write the last line: without it a file counts as cut off."""
        self._line('end of %d conversation%s' % (self.numbers, 's' * (self.numbers != 1)))
        self.file.flush()
        self.is_finished = True

    def flush(self):
        """Let what was written stand in the file, if it has waited long enough."""
        now = time.monotonic()
        if now - self.flushed > FLUSH_SECONDS:
            self.flushed = now
            self.file.flush()

    def _event(self, text):
        self._line('%.6f %s' % (time.monotonic() - self.begin, text))

    def _line(self, text):
        self.file.write(text + '\n')


def load(path):
    """Return the Recording in a file. Raises StudyError, which says in which line it is
    none."""
    try:
        with open(path, encoding='latin-1') as file:
            return Reader(path).read(file)
    except OSError as error:
        raise StudyError('%s: %s' % (path, error.strerror))


class Reader:
    """Reads a recording line by line."""

    def __init__(self, path):
        self.path, self.line = os.path.basename(path), 0
        self.recording = Recording()
        self.open = {}  # number of a conversation: the sides that may still speak
        self.total = None  # what the last line says
        self.pieces = None  # of the message that may go on in the next line

    def wrong(self, why):
        return StudyError('%s, line %d: %s' % (self.path, self.line, why))

    def read(self, file):
        """Return the Recording. Raises StudyError."""
        self.line = 1
        self.check_version(file.readline(100).rstrip('\n'))
        for line in file:
            self.line += 1
            self.take(line)
        self.end_message()
        if self.total is None:
            raise self.wrong('cut off: the last line is not "end of ... conversations"')
        if self.total != self.recording.total:
            raise self.wrong('%d conversations are promised, and there are %d'
                             % (self.total, self.recording.total))
        return self.recording

    def check_version(self, line):
        match = FIRST.match(line)
        if not match:
            raise StudyError('%s: no recording: its first line is not "conversations %d"'
                             % (self.path, VERSION))
        if int(match[1]) != VERSION:
            raise StudyError('%s: a recording of version %s, and this program reads '
                             'version %d' % (self.path, match[1], VERSION))

    def take(self, line):
        """Take in a line."""
        if not line.endswith('\n'):
            raise self.wrong('cut off in the middle of a line')
        line = line.rstrip()
        if not line or line.startswith('#'):
            return
        if self.total is not None:
            raise self.wrong('a line after the end')
        more = MORE.match(line)
        if more:
            self.take_more(more)
            return
        self.end_message()
        for pattern, take in ((EVENT, self.take_event), (HEAD, self.take_head),
                              (SCREEN, self.take_screen), (STATUS, self.take_status),
                              (LAST, self.take_last)):
            match = pattern.match(line)
            if match:
                take(match)
                return
        raise self.wrong('no line of a recording: %s' % line[:60])

    def bytes_of(self, text):
        try:
            return unquoted(text)
        except ValueError as error:
            raise self.wrong(error)

    def take_more(self, match):
        if self.pieces is None:
            raise self.wrong('goes on with a message that has not begun')
        self.pieces.append(self.bytes_of(match[1]))

    def end_message(self):
        """Put a message together, now that no more of it can come."""
        if self.pieces is not None:
            events = self.recording.events
            events[-1] = events[-1]._replace(data=b''.join(self.pieces))
            self.pieces = None

    def take_event(self, match):
        number, side = int(match['number'] or 0), match['side'] or CLIENT
        what = match['what'] or 'data'
        if match['connect']:
            what = 'unnamed' if match['connect'].endswith('unnamed') else 'connect'
        elif not number:
            what = 'stop'
        event = Event(float(match['time']), number, side, what)
        self.check_order(event)
        if what == 'data':
            self.pieces = [self.bytes_of(match['data'])]
        self.recording.events.append(event)

    def check_order(self, event):
        """Raise StudyError if an event cannot follow those before it."""
        number, what = event.number, event.what
        if what == 'stop':
            return
        if what in ('connect', 'unnamed'):
            if number in self.open:
                raise self.wrong('conversation %d begins twice' % number)
            self.open[number] = {CLIENT, SERVER}
            return
        if number not in self.open:
            raise self.wrong('conversation %d has not begun' % number)
        if event.side not in self.open[number] and what != 'reset':
            raise self.wrong('conversation %d: that side has ended' % number)
        if what != 'data':
            self.open[number].discard(event.side)

    def take_head(self, match):
        name, value = match[1], match[2]
        if name == 'command':
            self.recording.command = self.words(value)
        elif name == 'kind':
            if value not in KINDS:
                raise self.wrong('no such kind: %s' % value[:60])
            self.recording.kind = value
        else:
            self.recording.to, = self.words(value)[:1] or ['']

    def words(self, text):
        """Return the words of a line of the head."""
        if not WORDS.fullmatch(text):
            raise self.wrong('a word without its quotation mark')
        return [os.fsdecode(self.bytes_of(one[1:-1])) if one[0] == '"' else one
                for one in WORD.findall(text)]

    def take_screen(self, match):
        self.recording.screen[match[1]] += self.bytes_of(match[2])

    def take_status(self, match):
        self.recording.status = int(match[1])
        self.recording.by_itself = match[2] == 'by itself'

    def take_last(self, match):
        self.total = int(match[1])
