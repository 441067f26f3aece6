"""study record: what real clients and a server say to each other, as a file."""
import argparse
import shlex
import signal

from study.commands import CommandLine
from study.errors import StudyError
from study.recording import addresses
from study.recording import recorder

EPILOG = 'ADDRESS is HOST:PORT, [IPV6]:PORT, PORT of this machine, or the path of a ' \
    'socket file. Ctrl-C ends the recording. The format: study/recording/FORMAT.md.'


def add_server_options(parser, patience):
    """Add what record and replay have in common."""
    parser.add_argument('--to', metavar='ADDRESS', required=True,
                        help='where the server listens')
    parser.add_argument('--patience', type=seconds, metavar='SECONDS', default=5.0,
                        help=patience + ' (default: %(default)g)')
    parser.add_argument('command', metavar='COMMAND', nargs='*', help='starts the server '
                        'and is ended with SIGTERM; what it prints counts too')


def seconds(text):
    """Return text as a number of seconds, or raise ArgumentTypeError."""
    try:
        number = float(text)
    except ValueError:
        number = 0
    if not 0 < number < 1e6:
        raise argparse.ArgumentTypeError('not a number of seconds: %s' % text)
    return number


def count(text):
    """Return text as a number from 1 on, or raise ArgumentTypeError."""
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 10 ** 9):
        raise argparse.ArgumentTypeError('not a number of connections: %s' % text)
    return int(text)


def end_as_ctrl_c_does():
    """Let SIGTERM raise KeyboardInterrupt too, so that no COMMAND is left behind."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def parsed(parser, argv):
    """Return (the arguments, the COMMAND after "--"). From now on SIGTERM ends us as
    Ctrl-C does."""
    place = argv.index('--') if '--' in argv else len(argv)
    args = parser.parse_args(argv[:place])
    if args.command:
        parser.error('COMMAND stands after "--": %s' % shlex.join(args.command))
    end_as_ctrl_c_does()
    return args, argv[place + 1:]


def main(argv):
    """Record until it is told to end; return the exit status. Raises StudyError."""
    parser = CommandLine(
        prog='study record', description='Stand between real clients and a server, and '
        'write their conversations down.', epilog=EPILOG,
        usage='study record --listen ADDRESS --to ADDRESS -o FILE [--datagram] '
        '[--connections N] [--patience SECONDS] [-- COMMAND ...]')
    parser.add_argument('--listen', metavar='ADDRESS', required=True,
                        help='where clients shall come to; port 0 is any free one')
    parser.add_argument('-o', '--output', metavar='FILE', required=True,
                        help='the recording')
    parser.add_argument('--datagram', action='store_true',
                        help='datagrams, not streams')
    parser.add_argument('--connections', type=count, metavar='N',
                        help='end after N clients')
    add_server_options(parser, 'how long COMMAND may take to listen, and to end')
    args, command = parsed(parser, argv)
    told = []

    def note_signals():
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: told.append(True))

    listen, to = addresses.parsed(args.listen), addresses.of_server(args.to)
    try:
        recorder.record(listen, to, args.output, datagram=args.datagram,
                        most=args.connections, command=command,
                        patience=args.patience, ready=note_signals,
                        is_told=lambda: bool(told))
    except BrokenPipeError:
        raise  # nobody reads what we print
    except OSError as error:
        raise StudyError('%s: %s' % (error.filename or args.output, error.strerror))
    return 0
