"""Log lines on stderr: '[2012/05/30 12:00:00] {diesel} WARNING|message'.

The real library logs through twiggy; this is the part of twiggy's interface
that programs use. A message is a format string for str.format():

    log.warning('{0} died', loop)
    log.name('chat').info('hello')
"""
import sys
import time
import traceback

from compat.diesel import levels

_settings = {'level': levels.INFO}


def set_log_level(level=levels.INFO):
    """Log what is at least as grave as level; levels.DISABLED logs nothing."""
    _settings['level'] = level


class Logger(object):
    """Writes lines under a name and with fields; each change is a new Logger."""

    def __init__(self, name='', fields=(), trace=False):
        self._name = name
        self._fields = tuple(fields)
        self._trace = trace

    def name(self, name):
        """Return a logger of that name."""
        return Logger(name, self._fields, self._trace)

    def fields(self, **fields):
        """Return a logger that adds these to every line."""
        return Logger(self._name, self._fields + tuple(sorted(fields.items())),
                      self._trace)

    def trace(self, kind='error'):
        """Return a logger that adds the exception that is being handled."""
        return Logger(self._name, self._fields, kind)

    def emit(self, level, message, *args, **kw):
        """Write one line if level is grave enough."""
        if level < _settings['level'] or _settings['level'] is levels.DISABLED:
            return
        if args or kw:
            message = message.format(*args, **kw)
        parts = ['{%s}' % self._name] if self._name else []
        parts.append(str(level))
        parts += ['%s=%s' % field for field in self._fields]
        lines = '[%s] %s|%s\n' % (time.strftime('%Y/%m/%d %H:%M:%S'),
                                  parts[0] + ' ' + ':'.join(parts[1:])
                                  if self._name else ':'.join(parts), message)
        if self._trace:
            lines += traceback.format_exc()
        if sys.stderr is not None:
            sys.stderr.write(lines)
            sys.stderr.flush()

    def debug(self, message='', *args, **kw):
        """Log what helps to find a mistake."""
        self.emit(levels.DEBUG, message, *args, **kw)

    def info(self, message='', *args, **kw):
        """Log the usual."""
        self.emit(levels.INFO, message, *args, **kw)

    def notice(self, message='', *args, **kw):
        """Log the usual that stands out."""
        self.emit(levels.NOTICE, message, *args, **kw)

    def warning(self, message='', *args, **kw):
        """Log what may need a look."""
        self.emit(levels.WARNING, message, *args, **kw)

    def error(self, message='', *args, **kw):
        """Log what went wrong."""
        self.emit(levels.ERROR, message, *args, **kw)

    def critical(self, message='', *args, **kw):
        """Log what makes going on impossible."""
        self.emit(levels.CRITICAL, message, *args, **kw)


olog = Logger()
log = olog.name('diesel')
