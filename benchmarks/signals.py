"""SIGINT or SIGTERM at any moment: does every server end as it should?

    python -m benchmarks.signals [--tree py2_original] [--rounds 100] [RECIPE ...]

In each round a server is started, the good and bad clients of benchmarks.soak talk to
it, and after a random time it gets one of the two signals, or both. It must end with
status 0, with nothing on stderr, and leave no child process.
"""
import os
import random
import signal
import sys
import threading
import time

from benchmarks import children
from benchmarks import soak
from compat import kernel
from compat import process
from compat import trees

LONGEST = 0.3  # seconds until the signal
CLIENTS = 3
SIGNALS = [[signal.SIGINT], [signal.SIGTERM], [signal.SIGTERM, signal.SIGINT],
           [signal.SIGINT, signal.SIGINT]]


def talk(recipe, address, is_over):
    """Talk until the server has gone; the answers do not matter."""
    good = soak.GOOD[recipe]
    bad = soak.bad_datagram if good is soak.datagram else soak.bad_stream
    while not is_over.is_set():
        try:
            random.choice([good, bad])(address)
        except (OSError, AssertionError):
            continue


def one_round(tree, recipe):
    """Return what went wrong, or None."""
    with children.LoadedServer(tree, recipe) as server:
        is_over = threading.Event()
        crowd = [threading.Thread(target=talk, args=(recipe, server.address, is_over))
                 for _ in range(CLIENTS)]
        for one in crowd:
            one.daemon = True
            one.start()
        time.sleep(random.random() * LONGEST)
        pids = list(kernel.children(server.pid))
        for number in random.choice(SIGNALS):
            server.signal(number)
        try:
            status = server.wait()
        except process.Timeout:
            status = 'does not end'
        is_over.set()
        left = [pid for pid in pids if kernel.stat(pid)]
        if isinstance(server.address, str) and os.path.exists(server.address):
            left.append(server.address)
    if (status, server.stderr, left) != (0, b'', []):
        return 'status %s, stderr %r, left %s' % (status, server.stderr, left)


def rounds(tree, recipe, count):
    found = [one_round(tree, recipe) for _ in range(count)]
    faults = [fault for fault in found if fault]
    print('%s %s: %d of %d rounds ended well' % (tree.name, recipe, count - len(faults),
                                                 count))
    for fault in faults[:3]:
        print('FAULT: %s: %s' % (recipe, fault))
    sys.stdout.flush()
    return not faults


def main():
    parser = children.parser('SIGINT or SIGTERM at any moment.')
    parser.add_argument('--rounds', type=int, default=100)
    parser.add_argument('recipes', nargs='*', metavar='RECIPE', default=trees.RECIPES)
    args = parser.parse_args()
    well = [rounds(args.tree, recipe, args.rounds) for recipe in args.recipes]
    sys.exit(not all(well))


if __name__ == '__main__':
    main()
