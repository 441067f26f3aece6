"""The command line of the benchmarks."""
import argparse
import os
import sys

from benchmarks import cases, outcome, plots, running

LAST = os.path.join(running.BUILD, 'run.json')


def rounds_of(case, rounds):
    """Measure a case; return its Rows."""
    rows = []
    try:
        for server in case.servers:
            server.start()
        for size in case.sizes:
            rows += rounds_at(case, size, rounds)
    finally:
        for server in case.servers:
            if hasattr(server, 'process'):
                server.stop()
    return rows


def rounds_at(case, size, rounds):
    """Measure a case at one size; the servers take turns. Return its Rows."""
    rows = {server.name: outcome.Row(case.name, server.name, size, server.baseline, [])
            for server in case.servers
            if size <= case.limits.get(server.name, size)}
    crowds = {}
    try:
        for _ in range(rounds):
            for server in case.servers:
                if server.name not in rows:
                    continue
                if server.name not in crowds:
                    crowds[server.name] = connected(case, server, size)
                rows[server.name].rounds.append(crowds[server.name].round())
                if size in case.anew:
                    crowds.pop(server.name).close()
    finally:
        for crowd in crowds.values():
            crowd.close()
    return list(rows.values())


def connected(case, server, size):
    """Return the Clients of a case, connected to a server."""
    if case.busy is None:
        return case.load.connect(server, size)
    return case.load.connect(server, case.busy, idle=size)


def measure(names, rounds):
    """Measure groups of cases and print their tables; return all Rows."""
    for program in ('load', 'echo'):
        running.compiled(program)
    rows = []
    for case in cases.cases(names):
        print('\n%s (%s)' % (case.name, case.load.mode), flush=True)
        own = rounds_of(case, rounds)
        lines = outcome.table(own)
        if case.busy is not None:
            lines += outcome.idle_costs(own)
        print('\n'.join(lines), flush=True)
        rows += own
    return rows


def arguments():
    """Return the parsed command line. It ends with status 2 where a run is to be kept
    that the tables of benchmarks/README.md cannot be made from."""
    parser = argparse.ArgumentParser(prog='bench', description='Both trees and others, '
                                     'side by side, in rounds: A B A B.')
    parser.add_argument('groups', nargs='*', metavar='GROUP',
                        help=', '.join(cases.GROUPS) + ' (default: all)')
    parser.add_argument('--rounds', type=int, default=5,
                        help='of each measurement (default: %(default)s)')
    parser.add_argument('--output', default=LAST, metavar='JSON',
                        help='where the run is saved (default: %(default)s)')
    parser.add_argument('--keep', action='store_const', dest='output',
                        const=outcome.KEPT, help='save it as the run that '
                        'benchmarks/README.md and the report show; all groups only')
    parser.add_argument('--against', metavar='JSON', help='say what has changed since')
    args = parser.parse_args()
    args.keep = os.path.abspath(args.output) == outcome.KEPT
    if args.keep and args.groups:
        parser.error('a run of some groups cannot be kept: the pages show all of them')
    for version in cases.VERSIONS * args.keep:
        if cases.python(version) is None:
            parser.error('a run without Python %d.%d cannot be kept' % version)
    return args


def main():
    args = arguments()
    try:
        old = outcome.load(args.against) if args.against else None
        rows = measure(args.groups, args.rounds)
    except (running.BenchError, OSError) as error:
        sys.exit('bench: error: %s' % error)
    outcome.save(args.output, rows)
    plots.draw(rows, os.path.dirname(os.path.abspath(args.output)))
    print('\nsaved in %s, with its plots beside it' % args.output)
    if args.keep:
        print('the table of benchmarks/README.md:\n' + '\n'.join(outcome.page(rows)))
    if old:
        print('\n'.join(outcome.changes(old, rows)))


if __name__ == '__main__':
    main()
