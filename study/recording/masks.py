"""What may differ between a recording and its replay: masks, regular expressions over
bytes, each with a name.

The text that a mask finds in the recording may be any other text that it matches.
"""
import re
from dataclasses import dataclass

from study.errors import StudyError

DAY = '(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)'
MONTH = '(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)'
NAMED = {
    # RFC 9110, section 5.6.7
    'date': DAY + r', \d{2} ' + MONTH + r' \d{4} \d{2}:\d{2}:\d{2} GMT',
    'pid': r'(?<![\w.])[1-9]\d{1,6}(?![\w.])',
    'port': r'(?:(?<=:)|(?<=\b[Pp]ort ))[1-9]\d{1,4}(?!\w)',
    'thread': r'\bThread-\d+',
    'time': r'\b(?:\d{4}-\d{2}-\d{2}(?:[ T]\d{2}:\d{2}:\d{2}(?:[.,]\d+)?)?'
            r'|\d{2}:\d{2}:\d{2}(?:[.,]\d+)?|\d{9,10}\.\d+)(?!\w)',
}
SAYS = {
    'date': 'the Date of HTTP', 'pid': 'a whole number of two to seven digits',
    'port': 'a number after a colon or "port"', 'thread': 'Thread-N',
    'time': '12:30:59, a day, or seconds since 1970 with a fraction',
}


@dataclass(frozen=True)
class Mask:
    """name stands for what the pattern, compiled, finds."""

    name: str
    pattern: object


def mask(text):
    """Return the Mask that an option asks for: a name of NAMED, or NAME=REGEX. Raises
    StudyError."""
    name, equals, regex = text.partition('=')
    if not equals:
        if name not in NAMED:
            raise StudyError('no such mask: %s (there are %s, or NAME=REGEX)'
                             % (name, ', '.join(NAMED)))
        regex = NAMED[name]
    try:
        return Mask(name, re.compile(regex.encode('utf-8', 'surrogateescape')))
    except re.error as error:
        raise StudyError('the mask %s is no regular expression: %s' % (name, error))


def found(masks, data):
    """Return [(begin, end, Mask)] in order, for what masks find in bytes. Of two that
    overlap, the one that begins first counts, then the one that was given first."""
    spans = sorted((match.start(), place, match.end())
                   for place, mask in enumerate(masks)
                   for match in mask.pattern.finditer(data) if match.group())
    kept, free = [], 0
    for begin, place, end in spans:
        if begin >= free:
            kept.append((begin, end, masks[place]))
            free = end
    return kept


def masked(masks, data):
    """Return bytes with the name of a mask in place of what it finds."""
    pieces, done = [], 0
    for begin, end, mask in found(masks, data):
        pieces += [data[done:begin], b'<%s>' % mask.name.encode()]
        done = end
    return b''.join(pieces + [data[done:]])
