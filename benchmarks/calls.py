"""The system calls of a request, recipe by recipe.

    python3 -m benchmarks.calls [RECIPE...]

Each recipe and its floor run on the oldest and the newest Python, under the load of the
recipe's case.
`strace -f -c` is attached to it and counts its calls and those of its children and
threads.
"""
import argparse
import re
import shutil
import signal
import subprocess
import sys
import tempfile

from benchmarks import cases, running
from compat import trees

RARE = 0.05  # calls a request: fewer are not printed


def cases_by_recipe():
    """Return a dict: recipe -> (Load, clients, Servers), of the case of its name."""
    found = {}
    for case in cases.cases([]):
        for server in case.servers:
            server.forget()  # only nginx has a folder before it starts
        if case.name in trees.RECIPES:
            ends = [server for server in case.servers
                    if server.version in ('2.7', '3.13')]
            found.setdefault(case.name, (case.load, min(case.sizes[1], 100), ends))
    return found


def calls(server, load, clients):
    """Return a dict: system call -> how many times a request makes it."""
    crowd = load.connect(server, clients)
    with tempfile.NamedTemporaryFile() as summary:
        tracer = subprocess.Popen(
            ['strace', '-f', '-c', '-o', summary.name, '-p', str(server.process.pid)],
            stderr=subprocess.PIPE)
        tracer.stderr.readline()  # "attached"
        requests = crowd.round()['requests']
        tracer.send_signal(signal.SIGINT)
        tracer.communicate()
        lines = summary.read().decode('utf-8', 'replace').splitlines()
    crowd.close()
    counted = {}
    for line in lines:
        match = re.match(r'\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?(\w+)$', line)
        if match and match.group(2) != 'total':
            counted[match.group(2)] = int(match.group(1)) / max(1, requests)
    return counted


def told(counted):
    """Return counted calls as text, the most frequent first."""
    often = sorted(counted.items(), key=lambda item: -item[1])
    return ', '.join('%s %.1f' % (name, count) for name, count in often
                     if count > RARE)


def measure(load, clients, servers):
    """Print which calls the servers of one recipe make for a request."""
    for server in servers:
        server.start()
        try:
            counted = calls(server, load, clients)
        finally:
            server.stop()
        print('  %-16s %4.1f: %s' % (server.name, sum(counted.values()), told(counted)),
              flush=True)


def main():
    found = cases_by_recipe()
    parser = argparse.ArgumentParser(prog='calls', description=__doc__.splitlines()[0])
    parser.add_argument('recipes', nargs='*', metavar='RECIPE',
                        help=', '.join(found) + ' (default: all)')
    args = parser.parse_args()
    if not shutil.which('strace'):
        sys.exit('calls: error: no strace on PATH')
    unknown = set(args.recipes) - set(found)
    if unknown:
        parser.error('no case of %s' % ', '.join(sorted(unknown)))
    try:
        running.compiled('load')
        for name in args.recipes or found:
            load, clients, servers = found[name]
            print('%s, %d clients (%s)' % (name, clients, load.mode))
            measure(load, clients, servers)
    except (running.BenchError, OSError) as error:
        sys.exit('calls: error: %s' % error)


if __name__ == '__main__':
    main()
