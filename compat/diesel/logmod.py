"""Log lines on stderr: '[2012/05/30 12:00:00] {diesel} WARNING|message'.

The real library logs through twiggy; this is the part of twiggy's interface that
programs use. A message is a format string for str.format(); the time is UTC.

    log.warning('{0} died', loop)
    log.name('chat').fields(room=5).info('hello')

A newline in a message is written as a backslash and an n, so that a peer whose words
are logged cannot forge a line. For a message that cannot be formatted, one line says
so: logging never ends a program.
"""
import string
import sys
import time
import traceback

from compat.diesel import levels
from compat.diesel import twiggylog

STYLES = {'braces': 'braces', '{}': 'braces', 'percent': 'percent', '%': 'percent',
          'dollar': 'dollar', '$': 'dollar'}
DEFAULTS = {'style': 'braces', 'trace': None, 'suppress_newlines': True}

_settings = {'level': levels.INFO}


def set_log_level(level=levels.INFO):
    """Log what is at least as serious as level; levels.DISABLED logs nothing."""
    _settings['level'] = levels.name2level(str(level))
    twiggylog.send_lines_to(write_line, level)


class Logger(object):
    """Writes lines under a name and with fields; each change gives a new Logger.

    min_level: the least serious level that is logged. It can be set."""

    def __init__(self, fields=(), options=DEFAULTS, min_level=levels.DEBUG):
        self._fields = dict(fields)
        self._options = dict(options)
        self.min_level = min_level

    def name(self, name):
        """Return a logger of that name."""
        return self.fields(name=name)

    def fields(self, **fields):
        """Return a logger that adds these to every line."""
        return self.fields_dict(fields)

    def fields_dict(self, fields):
        """Return a logger that adds these to every line: for names that are
        not identifiers."""
        changed = Logger(self._fields, self._options, self.min_level)
        changed._fields.update(fields)
        return changed

    def options(self, **options):
        """Return a logger with other options. style: 'braces', 'percent' or 'dollar',
        of the format string. trace: 'error' or a tuple from sys.exc_info(), to add a
        traceback. suppress_newlines: False to write them as they are.

        Raise ValueError for another option.
        """
        unknown = set(options) - set(DEFAULTS)
        if unknown:
            raise ValueError('Invalid options %r' % (tuple(sorted(unknown)),))
        return Logger(self._fields, dict(self._options, **options), self.min_level)

    def trace(self, trace='error'):
        """Return a logger that adds the exception that is being handled."""
        return self.options(trace=trace)

    def struct(self, **fields):
        """Log fields, at the level INFO."""
        self.fields(**fields).info()

    def struct_dict(self, fields):
        """Log fields, at the level INFO."""
        self.fields_dict(fields).info()

    def debug(self, format_spec='', *args, **kwargs):
        """Log what helps to find a bug."""
        self._emit(levels.DEBUG, format_spec, args, kwargs)

    def info(self, format_spec='', *args, **kwargs):
        """Log something ordinary."""
        self._emit(levels.INFO, format_spec, args, kwargs)

    def notice(self, format_spec='', *args, **kwargs):
        """Log something ordinary that is worth noticing."""
        self._emit(levels.NOTICE, format_spec, args, kwargs)

    def warning(self, format_spec='', *args, **kwargs):
        """Log what may need attention."""
        self._emit(levels.WARNING, format_spec, args, kwargs)

    def error(self, format_spec='', *args, **kwargs):
        """Log what went wrong."""
        self._emit(levels.ERROR, format_spec, args, kwargs)

    def critical(self, format_spec='', *args, **kwargs):
        """Log what makes going on impossible."""
        self._emit(levels.CRITICAL, format_spec, args, kwargs)

    def _emit(self, level, format_spec, args, kwargs):
        least = _settings['level']
        if level < self.min_level or level < least or least is levels.DISABLED:
            return
        fields, options = {}, self._options
        try:
            fields = {name: str(called(value))
                      for name, value in self._fields.items()}
            text = format_text(format_spec, args, kwargs, options['style'])
        except Exception as error:
            text = 'a message could not be formatted: %s (%s)' % (
                type(error).__name__, ascii(format_spec))
        write_line(level, fields, text, format_trace(options['trace']),
                   options['suppress_newlines'])


def format_text(format_spec, args, kwargs, style):
    """Return the text of a message. Functions among its values are called first."""
    args = tuple(called(value) for value in args)
    kwargs = {name: called(value) for name, value in kwargs.items()}
    if isinstance(format_spec, bytes):
        format_spec = format_spec.decode('utf-8', 'backslashreplace')
    style = STYLES[style]
    if style == 'braces':
        return str(format_spec).format(*args, **kwargs)
    if style == 'percent':
        return str(format_spec) % (args or kwargs)
    return string.Template(format_spec).substitute(kwargs)


def called(value):
    """Return what a function returns, and anything else as it is."""
    return value() if callable(value) else value


def format_trace(trace):
    """Return the traceback for the option trace; '' if there is none."""
    if trace == 'error':
        trace = sys.exc_info()
    if not trace or trace[0] is None:
        return ''
    return ''.join(traceback.format_exception(*trace))


def write_line(level, fields, text, trace='', suppress_newlines=True):
    """Write one line, and a traceback after it, to stderr. fields: a dict, in which
    name is the logger's."""
    head = ['{%s}' % fields['name']] if 'name' in fields else []
    head.append(str(level))
    head += ['%s=%s' % field for field in sorted(fields.items()) if field[0] != 'name']
    line = '%s|%s' % (' '.join(head), text)
    if suppress_newlines:
        line = line.replace('\n', '\\n')
    now = time.strftime('%Y/%m/%d %H:%M:%S', time.gmtime())
    try:
        sys.stderr.write('[%s] %s\n%s' % (now, line, trace))
        sys.stderr.flush()
    except (AttributeError, OSError, ValueError):
        pass  # there is no stderr, or nobody reads it


olog = Logger()
log = olog.name('diesel')
set_log_level()
