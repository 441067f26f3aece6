"""The command line of the benchmarks."""
import argparse
import os
import sys

from benchmarks import cases, outcome, pages, plots, running
from benchmarks.progress import Progress, expected

LAST = os.path.join(running.BUILD, 'run.json')
LONG_HELP = """A run of everything takes about a quarter of an hour with five
interpreters. For less, name groups, or interpreters (--python 2.7 3.13), or ask for
fewer rounds: with less than four there is no spread."""


def rounds_of(case, rounds, progress):
    """Measure a case; return its Rows."""
    rows = []
    try:
        for server in case.servers:
            server.start()
        for size in case.sizes:
            rows += rounds_at(case, size, rounds, progress)
    finally:
        for server in case.servers:
            if hasattr(server, 'process'):
                server.stop()
    return rows


def rounds_at(case, size, rounds, progress):
    """Measure a case at one size; the servers take turns. Return its Rows."""
    rows = {server.name: outcome.Row(case.name, server.name, size, server.baseline, [],
                                     server.floor, why_not(case, server, size) or '')
            for server in case.servers if why_not(case, server, size) != ''}
    turns = [server for server in case.servers
             if server.name in rows and not rows[server.name].note]
    crowds = {}
    try:
        for number in range(rounds):
            for server in turns:
                progress.step(
                    '%s, %d clients' % (case.name, size),
                    '%s, round %d of %d' % (server.name, number + 1, rounds),
                    expected(size))
                a_round(case, size, rows[server.name], server, crowds)
    finally:
        for crowd in crowds.values():
            crowd.close()
    return list(rows.values())


def why_not(case, server, size):
    """Return None if a server is measured at a size; else why not, '' if that is not
    worth a line."""
    last, reason = case.limits.get(server.name, (size, ''))
    return None if size <= last else reason and 'not more than %d: %s' % (last, reason)


def a_round(case, size, row, server, crowds):
    """Measure a server once. If it does not hold so many connections, its row says so
    and it has no more turns."""
    if row.note:
        return
    try:
        if server.name not in crowds:
            crowds[server.name] = connected(case, server, size)
        row.rounds.append(crowds[server.name].round())
    except running.TooMany as error:
        row.note = 'cannot hold the connections: %s of %d had an answer' % (
            error.held, size)
        row.rounds.clear()
        return
    if size in case.anew:
        crowds.pop(server.name).close()


def connected(case, server, size):
    """Return the Clients of a case, connected to a server."""
    if case.busy is None:
        return case.load.connect(server, size)
    return case.load.connect(server, case.busy, idle=size)


def work(found, rounds):
    """Return the seconds that the rounds of cases are expected to take."""
    return rounds * sum(
        expected(size) for case in found for size in case.sizes
        for server in case.servers if why_not(case, server, size) is None)


def measure(found, rounds):
    """Measure cases and print their tables; return all Rows."""
    for program in ('load', 'echo'):
        running.compiled(program)
    progress = Progress(work(found, rounds))
    rows = []
    for case in found:
        own = rounds_of(case, rounds, progress)
        lines = outcome.table(own)
        if case.busy is not None:
            lines += outcome.idle_costs(own)
        progress.clear()
        print('\n%s (%s)' % (case.name, case.load.mode))
        print('\n'.join(lines), flush=True)
        rows += own
    return rows


def saved(path, rows):
    """Save a run and its plots; return its Rows as they were saved, rounded: tables and
    plots must be those that somebody else makes from the file."""
    outcome.save(path, rows)
    rows = outcome.load(path)
    plots.draw(rows, os.path.dirname(os.path.abspath(path)))
    return rows


def arguments():
    """Return the parsed command line. It ends with status 2 where a run is to be kept
    that the tables of benchmarks/README.md cannot be made from."""
    parser = argparse.ArgumentParser(
        prog='bench', description='Both trees, their floors and others, side by side, '
        'in rounds: A B A B. ' + LONG_HELP)
    parser.add_argument('groups', nargs='*', metavar='GROUP',
                        help=', '.join(cases.GROUPS) + ' (default: all)')
    parser.add_argument('--python', nargs='+', metavar='VERSION', default=[],
                        help='some interpreters only, of: %s (default: all that are '
                        'here)' % ', '.join(cases.NAMES))
    parser.add_argument('--rounds', type=int, default=5,
                        help='of each measurement (default: %(default)s)')
    parser.add_argument('--output', default=LAST, metavar='JSON',
                        help='where the run is saved (default: %(default)s)')
    parser.add_argument('--keep', action='store_const', dest='output',
                        const=outcome.KEPT, help='save it as the run that '
                        'benchmarks/README.md and the report show, and write its '
                        'tables; all groups and interpreters only')
    parser.add_argument('--against', metavar='JSON', help='say what has changed since')
    args = parser.parse_args()
    args.keep = os.path.abspath(args.output) == outcome.KEPT
    if args.rounds < 1:
        parser.error('a measurement has at least one round')
    for unknown in set(args.python) - set(cases.NAMES):
        parser.error('no such interpreter: %s (there are: %s)'
                     % (unknown, ', '.join(cases.NAMES)))
    if args.keep and (args.groups or args.python):
        parser.error('a run of some groups cannot be kept: the pages show all of them')
    for version in cases.VERSIONS * args.keep:
        if cases.python(version) is None:
            parser.error('a run without Python %d.%d cannot be kept' % version)
    return args


def main():
    args = arguments()
    try:
        old = outcome.load(args.against) if args.against else None
        found = cases.cases(args.groups, args.python)
        rows = measure(found, args.rounds)
    except (running.BenchError, OSError) as error:
        sys.exit('bench: error: %s' % error)
    rows = saved(args.output, rows)
    print('\nsaved in %s, with its plots beside it' % args.output)
    if args.keep:
        pages.write(rows)
        print('its tables are in %s' % pages.README)
    if old:
        print('\n'.join(outcome.changes(old, rows)))


if __name__ == '__main__':
    main()
