"""What Python says when something goes wrong, found in what a test has shown of it."""
import re

ESCAPED = re.compile(r'\\([\\\'"nt])')
COLOUR = re.compile(r'(?:\x1b|\\x1b|\\033)\[[\d;]*m')
# What pytest writes of an error, in contrast to the source that it shows.
SHOWN = re.compile(r'E  |\s*\|')
# The last line of a traceback.
LAST = re.compile(r'[\w.]*(?:Error|Warning|Exception|Interrupt|Exit)(?::|$)')
LETTERS = {'n': '\n', 't': '\t'}
DEPTH = 3  # a repr of a repr of a repr: a message in an exception in an assertion


def plain(text):
    """Return a text as it was before it was put into repr()s and into colours."""
    for _ in range(DEPTH):
        text = ESCAPED.sub(lambda match: LETTERS.get(match[1], match[1]), text)
    return COLOUR.sub('', text)


def last_lines(text):
    """Return the last lines of the tracebacks in a plain text."""
    return [line.strip() for line in text.splitlines() if LAST.match(line.strip())]


def of_test(test):
    """Return the words in which a failed test has failed, as text: what pytest shows of
    the error, and the last lines of the tracebacks that its programs have printed."""
    shown = '\n'.join(filter(SHOWN.match, test.text.splitlines()))
    lines = [line for line in plain(shown).splitlines()
             # Its name is that of a thread, and no thread's name is wrong by itself.
             if not line.lstrip('E ').startswith('Exception in thread ')]
    return '\n'.join(lines + last_lines(plain(test.said)))
