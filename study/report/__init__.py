"""The report: MIGRATION.md, both trees and what the tests said, as a static site.

    python -m study.report [--open] [--output DIR]      (3.9 and later)

It runs no test. build() is for other tools.
"""
import os
import pathlib
import sys
import webbrowser

from compat import trees
from study import rules
from study.commands import CommandLine
from study.report import results
from study.report import site

FOLDER = os.path.join(trees.ROOT, 'build', 'report')


def build(folder=FOLDER, outcomes=results.FOLDER):
    """Write the site into a folder, which is made, and return the path of its first
    page. outcomes is where tests/conftest.py left what the tests said.

    Raises study.rules.RulesError if MIGRATION.md cannot be read, OSError if the
    folder cannot be written.
    """
    return site.Site(results.load(outcomes)).write(folder)


def main(argv=None):
    """Build the site, say where it is, and return the exit status."""
    parser = CommandLine(
        prog='study report', description='The port as a static site, to be read in a '
        'browser. No test is run for it.')
    parser.add_argument('--open', action='store_true', help='show it in the browser')
    parser.add_argument('--output', metavar='DIR', default=FOLDER,
                        help='where to write it (default: build/report)')
    args = parser.parse_args(argv)
    try:
        first = build(args.output)
    except rules.RulesError as error:
        return complain(error)
    except OSError as error:
        return complain('%s: %s' % (error.filename, error.strerror))
    print(first)
    if args.open and not webbrowser.open(pathlib.Path(first).as_uri()):
        return complain('no browser found to open it in')
    return 0


def complain(message):
    print('study report: %s' % message, file=sys.stderr)
    return 1
