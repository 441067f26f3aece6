"""The forking and the threading echo server under load.

    python -m benchmarks.load_echo [--tree py2_original]

The forking server gets 1,000 connections, but only a few at once (--at-once). The
threading server gets 1,000 that are all open before the first of them speaks. Each
client sends a line and must read its own line back. The exit status is 1 if one does
not, or if the forking server ever has more children than the library's limit of 40, or
leaves one behind.
"""
import selectors
import socket
import sys
import time

from benchmarks import children
from compat import kernel
from compat import process

FORKING, THREADING = 'forking_mixin_socket_server', 'threading_mixin_socket_server'
MAX_CHILDREN = 40  # ForkingMixIn.max_children


class Asker(object):
    """A client with one line of its own. reply is what it has read so far."""

    def __init__(self, address, number):
        self.line = b'this is client %d\n' % number
        self.reply = b''
        self.sock = socket.create_connection(address, process.DEADLINE)

    def ask(self):
        self.sock.sendall(self.line)
        self.sock.shutdown(socket.SHUT_WR)

    def read(self):
        """Read once; return whether there is more to come."""
        data = self.sock.recv(1024)
        self.reply += data
        return bool(data)

    def is_answered(self):
        return self.reply.partition(b': ')[2] == self.line


class Peaks(object):
    """The most children, zombies and threads that a server has had."""

    def __init__(self, server):
        self.server = server
        self.children = self.zombies = self.threads = 0

    def look(self):
        found = list(kernel.children(self.server.pid).values())
        self.children = max(self.children, len(found))
        self.zombies = max(self.zombies, found.count(b'Z'))
        self.threads = max(self.threads, kernel.threads(self.server.pid))


def talk(server, requests, at_once, all_first):
    """Ask so many times; return how many clients got their answer, and the Peaks."""
    selector, peaks = selectors.DefaultSelector(), Peaks(server)
    answered = started = 0
    waiting = [Asker(server.address, number) for number in range(requests * all_first)]
    peaks.look()
    while started < requests or selector.get_map():
        while started < requests and len(selector.get_map()) < at_once:
            one = waiting[started] if all_first else Asker(server.address, started)
            one.ask()
            selector.register(one.sock, selectors.EVENT_READ, one)
            started += 1
        for key, _ in selector.select(process.DEADLINE):
            if not key.data.read():
                selector.unregister(key.fileobj)
                key.fileobj.close()
                answered += key.data.is_answered()
        peaks.look()
    return answered, peaks


def measure(tree, recipe, requests, at_once, all_first):
    """Load a server, print what happened, and return whether all was well."""
    with children.LoadedServer(tree, recipe) as server:
        begin = time.monotonic()
        answered, peaks = talk(server, requests, at_once, all_first)
        seconds = time.monotonic() - begin
        resting = len(kernel.zombies(server.pid))
        pids = list(kernel.children(server.pid))
        server.signal(15)
        status = server.wait()
    left = [pid for pid in pids if kernel.stat(pid)]
    print('%s %s: %d of %d answered in %.1f s; at most %d children, %d of them '
          'zombies, and %d threads; %d zombies at rest, %d children left at the end; '
          'status %d, stderr %r'
          % (tree.name, recipe, answered, requests, seconds, peaks.children,
             peaks.zombies, peaks.threads, resting, len(left), status, server.stderr))
    return (answered == requests and peaks.children <= MAX_CHILDREN and not left
            and (status, server.stderr) == (0, b''))


def main():
    parser = children.parser('Echo servers under load.')
    parser.add_argument('--requests', type=int, default=1000)
    # Its backlog is the library's 5. Clients beyond it wait until TCP tries again.
    parser.add_argument('--at-once', type=int, default=5,
                        help='clients of the forking server at any time')
    args = parser.parse_args()
    well = [measure(args.tree, FORKING, args.requests, args.at_once, False),
            measure(args.tree, THREADING, args.requests, args.requests, True)]
    sys.exit(not all(well))


if __name__ == '__main__':
    main()
