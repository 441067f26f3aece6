"""For programs that log through twiggy themselves: with the real library all that goes
through twiggy comes out among diesel's lines."""
try:
    import twiggy
except ImportError:
    twiggy = None  # then the program does not use it either


def send_lines_to(write_line, level):
    """Have twiggy write what is at least as serious as level by write_line(level,
    fields, text, trace, suppress_newlines), and nothing else."""
    if twiggy is not None:
        twiggy.emitters.clear()
        twiggy.add_emitters(('*', twiggy.levels.name2level(str(level)), None,
                             Output(write_line)))


class Output(object):
    """An output of twiggy's that hands messages on."""

    def __init__(self, write_line):
        self._write_line = write_line

    def output(self, msg):
        """Write one twiggy.message.Message."""
        fields = {name: value for name, value in msg.fields.items()
                  if name not in ('time', 'level')}
        self._write_line(msg.level, fields, msg.text, msg.traceback or '',
                         msg.suppress_newlines)
