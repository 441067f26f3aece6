"""study scan: which rules will meet a program of yours, line by line."""
import os
import sys

from study import output as outputs
from study.commands import CommandLine
from study.errors import StudyError
from study.names import rule_named
from study.rulebook import rules as rulebook
from study.scanning import output
from study.scanning import scan
from study.scanning import source

FORMATS = ('text', 'json', 'github')


def scanned(paths, rules, major):
    """Return (Sources that could be read, Findings in them, a line for each file that
    could not)."""
    read, findings, errors = [], [], []
    for path in paths:
        try:
            read.append(source.read(path, major))
            findings += scan.findings(read[-1], rules)
        except source.SourceError as error:
            errors.append(str(error))
    return read, findings, errors


def status(findings, errors):
    """Return the exit status: 2 where a file could not be read, 1 where something is
    left to do that 2to3 does not do, else 0."""
    if errors:
        return 2
    return 1 if any(one.part != 'done' for one in findings) else 0


def main(argv):
    """Scan files and folders; return the exit status. Raises StudyError."""
    parser = CommandLine(
        prog='study scan', description='Say line by line which rules of MIGRATION.md '
        'apply to Python 2 source, and what Python 3 source can still have wrong. '
        'Nothing is imported or run. Exit status: 0 nothing is found but what 2to3 does, '
        '1 something else is, 2 a file cannot be read, or bad use.')
    parser.add_argument('paths', metavar='FILE|DIR', nargs='+',
                        help='a file, or a folder for all .py files below it')
    parser.add_argument('--format', choices=FORMATS, default='text',
                        help='text for people; json; github for annotations')
    parser.add_argument('--python', choices=('2', '3'), help='which Python the source '
                        'is for (default: each file tells)')
    parser.add_argument('--rule', action='append', metavar='ID',
                        help='only this rule; may be given again')
    parser.add_argument('--report', metavar='DIR', help='write the findings as a page '
                        'for each file besides, as "study report" shows a pair')
    args = parser.parse_args(argv)
    rules = rulebook.load()
    wanted = chosen(rules, args.rule)
    paths = scan.files(args.paths)
    if not paths:
        raise StudyError('no .py file in %s' % ', '.join(args.paths))
    read, findings, errors = scanned(paths, wanted, args.python and int(args.python))
    if args.report:
        report(args.report, read, findings)
    say(args.format, findings, rules, errors, len(read))
    return status(findings, errors)


def report(folder, read, findings):
    """Write the report into a folder, with the files that were read, and say on stderr
    where it is. Raises StudyError."""
    from study import report as pages  # it needs more packages than a scan
    from study.report import scanned as files
    try:
        first = pages.build(folder, files=files.files(read, findings))
    except OSError as error:
        raise StudyError('%s: %s' % (error.filename, error.strerror))
    page = os.path.join(os.path.dirname(first), 'scanned.html' if findings else
                        'index.html')
    print('study: the report is in %s' % page, file=sys.stderr)


def chosen(rules, ids):
    return {name: rules[name] for name in (
        [rule_named(rules, one).id for one in ids] if ids else rules)}


def say(form, findings, rules, errors, read):
    """Print the findings in a format, and what cannot be read on stderr."""
    if form == 'json':
        print(output.as_json(findings, rules, errors))
    elif form == 'github':
        for line in output.as_github(findings, errors):
            print(line)
    elif read:
        with outputs.paged() as console:
            output.show(console, findings, rules, read)
    for error in errors:
        print('study: %s' % error, file=sys.stderr)
