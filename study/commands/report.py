"""study report: all of it as a static site, to be read in a browser."""
import pathlib
import webbrowser

from study import report
from study.commands import CommandLine
from study.errors import StudyError
from study.rulebook import rules


def main(argv):
    """Build the site, say where it is, and return the exit status. Raises
    StudyError."""
    parser = CommandLine(
        prog='study report', description='The port as a static site, to be read in a '
        'browser. No test is run for it.')
    parser.add_argument('--open', action='store_true', help='show it in the browser')
    parser.add_argument('--output', metavar='DIR', default=report.FOLDER,
                        help='where to write it (default: build/report)')
    args = parser.parse_args(argv)
    try:
        first = report.build(args.output)
    except rules.RulesError as error:
        raise StudyError(error)
    except OSError as error:
        raise StudyError('%s: %s' % (error.filename, error.strerror))
    print(first)
    if args.open and not webbrowser.open(pathlib.Path(first).as_uri()):
        raise StudyError('no browser found to open it in')
    return 0
