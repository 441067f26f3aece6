"""What a replay has found, as text for a person."""
import shutil
import textwrap

from study.recording import explain
from study.recording.conversations import quoted
from study.recording.replayer import STATUS

WIDTH = 120  # columns where nothing says how many there are
BEFORE, AFTER = 20, 100  # bytes that are shown before a difference, and from there on
MOST = 10  # differences that are shown


def lines(recording, verdict, rules):
    """Yield the lines that say what differs, and whether all is the same. rules are
    loaded by a function, only if they are needed."""
    if not verdict.differences:
        yield 'The same: %s, %d bytes, %.1f s.' % (
            conversations(verdict.played), verdict.received, verdict.seconds)
        return
    found, told = rules(), set()
    said = ''.join(verdict.printed.get(name, b'').decode('utf-8', 'replace')
                   for name in ('stderr', 'stdout'))
    for where, difference in list(verdict.differences.items())[:MOST]:
        yield title(where, difference)
        yield from side_by_side(difference, where == STATUS)
        rule = explain.rule_of(difference, found, not isinstance(where, int), said)
        if rule:
            yield '  %s: %s' % (rule.id, rule.title)
        if rule and rule.id not in told:
            told.add(rule.id)
            yield from textwrap.wrap(rule.why, width(), initial_indent='  ',
                                     subsequent_indent='  ')
            yield '  ' + rule.link
        yield ''
    if len(verdict.differences) > MOST:
        yield '%d more differences are not shown.' % (len(verdict.differences) - MOST)
    yield summary(recording, verdict)


def summary(recording, verdict):
    wrong = sum(isinstance(where, int) for where in verdict.differences)
    screen = [str(where) for where in verdict.differences if not isinstance(where, int)]
    text = '%d of %s differ%s' % (wrong, conversations(recording.total),
                                  's' * (wrong == 1))
    if screen:
        text += ', and the ' + ' and the '.join(screen)
    if verdict.played < recording.total:
        text += '; %d were not played' % (recording.total - verdict.played)
    return text + '.'


def conversations(number):
    return '%d conversation%s' % (number, 's' * (number != 1))


def title(where, difference):
    """Return the line above a difference."""
    if where == STATUS:
        return 'The exit status' + (': ' + difference.note if difference.note else '')
    place = 'The %s' % where if isinstance(where, str) else 'Conversation %d' % where
    text = '%s, from byte %d on' % (place, difference.place + 1)
    return text + (': ' + difference.note if difference.note else '')


def side_by_side(difference, is_whole):
    """Yield the lines of the two columns: recorded, and replayed."""
    column = (width() - 5) // 2
    cells = [cell(difference.before, data, column, is_whole)
             for data in (difference.recorded, difference.replayed)]
    yield '  %-*s | %s' % (column, 'recorded', 'replayed')
    rows = max(map(len, cells))
    for left, right in zip(*(rows_of + [''] * (rows - len(rows_of))
                             for rows_of in cells)):
        yield ('  %-*s | %s' % (column, left, right)).rstrip()


def cell(before, data, column, is_whole):
    """Return the lines of one column: some bytes before a difference, and from there."""
    if is_whole:
        return [data.decode()]
    if not data:
        text = '%s, and nothing more' % quoted(before[-BEFORE:])
    else:
        text = quoted(before[-BEFORE:] + data[:AFTER])
    return textwrap.wrap(text, column, drop_whitespace=False) or ['']


def width():
    return max(40, shutil.get_terminal_size((WIDTH, 24)).columns or WIDTH)
