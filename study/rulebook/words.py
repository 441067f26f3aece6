"""What Python says when something goes wrong, found in the output of a test."""
import re

ESCAPED = re.compile(r'\\([\\\'"nt])')
COLOUR = re.compile(r'(?:\x1b|\\x1b|\\033)\[[\d;]*m')
# How pytest marks the lines of an error; what it shows besides is source.
SHOWN = re.compile(r'E  |\s*\|')
# The last line of a traceback, or what a recipe prints in its place.
LAST = re.compile(r'(?:[\w.]*(?:Error|Warning|Exception|Interrupt|Exit)(?::|$)'
                  r'|Request failed: )')
# Above it may stand the name of a thread, which is not wrong by itself.
THREAD = re.compile(r'Exception in thread .*')
LETTERS = {'n': '\n', 't': '\t'}
DEPTH = 3  # a repr of a repr of a repr: an assertion shows an exception's message


def plain(text):
    """Return a text without colours, and as it was before repr() was called on it."""
    for _ in range(DEPTH):
        text = ESCAPED.sub(lambda match: LETTERS.get(match[1], match[1]), text)
    return COLOUR.sub('', text)


def last_lines(text):
    """Return the last lines of the tracebacks in a plain text."""
    return [line.strip() for line in text.splitlines() if LAST.match(line.strip())]


def of_group(test):
    """Return the last lines of the tracebacks in an exception group that pytest shows."""
    lines = '\n'.join(line.lstrip('E |+') for line in test.text.splitlines()
                      if SHOWN.match(line))
    return [line for line in last_lines(plain(lines))
            if not line.startswith('ExceptionGroup')]


def worth_reading(lines):
    """Return the lines without warnings about what was left open: one error is
    the reason of many of them."""
    return [line for line in lines if not line.startswith('ResourceWarning')]


def of_test(test):
    """Return the words in which a failed test has failed, as text: what pytest shows of
    the error, and the last lines of the tracebacks that its programs have printed."""
    shown = plain('\n'.join(filter(SHOWN.match, test.text.splitlines())))
    return '\n'.join([THREAD.sub('', shown)] + last_lines(plain(test.said)))
