"""study replay: the clients of a recording, played to another server."""
from study.commands import CommandLine
from study.commands.record import add_server_options, parsed
from study.recording import addresses
from study.recording import conversations
from study.recording import masks
from study.recording import replayer
from study.recording import verdict as verdicts
from study.rulebook import rules

EPILOG = 'Masks with names: %s.' % '; '.join(
    '%s, %s' % pair for pair in masks.SAYS.items())


def main(argv):
    """Play a recording; return 0 if the server does what that of the recording did, else
    1. Raises StudyError."""
    parser = CommandLine(
        prog='study replay', description='Play the clients of a recording to another '
        'server, and compare what it says, what it prints and how it ends.',
        epilog=EPILOG, usage='study replay FILE --to ADDRESS [--mask NAME[=REGEX]]... '
        '[--patience SECONDS] [-- COMMAND ...]')
    parser.add_argument('recording', metavar='FILE', help='what study record has written')
    parser.add_argument('--mask', metavar='NAME[=REGEX]', action='append', default=[],
                        help='what may differ: a name alone, or one of your own and a '
                        'regular expression over bytes')
    add_server_options(parser, 'how long the server may keep a client waiting')
    args, command = parsed(parser, argv)
    wanted = [masks.mask(text) for text in args.mask]
    to = addresses.of_server(args.to)
    recording = conversations.load(args.recording)
    verdict = replayer.replay(recording, to, wanted, args.patience, command)
    for line in verdicts.lines(recording, verdict, rules.load):
        print(line)
    return 1 if verdict.differences else 0
