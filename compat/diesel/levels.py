"""How serious a log line is. Levels compare: DEBUG < ... < CRITICAL < DISABLED."""
import functools


@functools.total_ordering
class LogLevel(object):
    """One level; str() gives its name."""

    def __init__(self, name, value):
        self._name = name
        self._value = value

    def __str__(self):
        return self._name

    def __repr__(self):
        return '<LogLevel %s>' % self._name

    def __eq__(self, other):
        return self is other

    def __lt__(self, other):
        if not isinstance(other, LogLevel):
            return NotImplemented
        return self._value < other._value

    def __hash__(self):
        return hash(self._name)


DEBUG = LogLevel('DEBUG', 1)
INFO = LogLevel('INFO', 2)
NOTICE = LogLevel('NOTICE', 3)
WARNING = LogLevel('WARNING', 4)
ERROR = LogLevel('ERROR', 5)
CRITICAL = LogLevel('CRITICAL', 6)
DISABLED = LogLevel('DISABLED', 7)


def name2level(name):
    """Return the level of that name; raise KeyError if there is none."""
    return {str(level): level for level in (
        DEBUG, INFO, NOTICE, WARNING, ERROR, CRITICAL, DISABLED)}[name.upper()]
