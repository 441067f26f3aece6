"""Every server under good and bad clients for minutes: does anything grow?

    python -m benchmarks.soak [--tree py2_original] [--minutes 5] [RECIPE ...]

All servers run at once, each with a few clients that throw dice: a good conversation,
whose answer is checked, or a bad one (a reset, half a line, rubbish, nothing at all, or
much without reading). After the first fifth of the time everybody pauses, and what the
server holds is counted: descriptors, threads, children, memory. At the end it is
counted again. The exit status is 1 if there are more descriptors, threads or children
than before, if memory has grown by more than a tenth plus 2 MiB, if a good client was
not answered, or if a server wrote anything to stderr.
"""
import collections
import os
import random
import shutil
import socket
import struct
import sys
import threading
import time

from benchmarks import children
from compat import kernel
from compat import process
from compat import trees
from tests.talk import connected

CLIENTS = 2  # of each server, at once
REST = 0.02  # seconds between two conversations
SETTLE = 4  # seconds that a server gets to be done with its clients
GROWTH = 2 << 20  # bytes

Counts = collections.namedtuple('Counts', 'descriptors threads children memory')


def exchange(address, request, is_answer, end=True):
    """Send a request in two pieces, and read until is_answer(reply)."""
    with connected(address) as sock:
        cut = random.randrange(len(request))
        sock.sendall(request[:cut])
        sock.sendall(request[cut:])
        if end:
            sock.shutdown(socket.SHUT_WR)
        reply = b''
        while not is_answer(reply):
            data = sock.recv(65536)
            if not data:
                raise AssertionError('%r is no answer to %r' % (reply, request))
            reply += data


def line():
    return bytes(random.choice(b'abcdefgh') for _ in range(random.randrange(1, 900)))


def upper(address):
    said = line() + b'\n'
    exchange(address, said, lambda reply: reply == said.upper())


def labelled(address):
    said = line() + b'\n'
    exchange(address, said, lambda reply: reply.partition(b': ')[2] == said)


def you_said(address):
    said = line() + b'\r\n'
    exchange(address, said, lambda reply: reply == b'You said: ' + said, end=False)


def figure(address):
    with connected(address) as sock:
        if not sock.recv(65536).startswith(b'BaseRequestHandler\n'):
            raise AssertionError('no figure')


def service(address):
    exchange(address, b'please\n', lambda reply: len(reply.split()) == 2)


def web(address):
    exchange(address, b'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
             lambda reply: reply.startswith(b'HTTP/1.1 200 OK\r\n'))


def frame(data):
    return struct.pack('!I', len(data)) + data


def chat(address):
    name = b'%d' % random.getrandbits(60)
    exchange(address, frame(name) + frame(line()),
             lambda reply: b'* Welcome, ' + name in reply, end=False)


def datagram(address):
    said = line()
    with datagram_socket(address) as sock:
        sock.sendto(said, address)
        # UDP promises nothing: it is fair to ask twice.
        try:
            reply = sock.recv(65536)
        except socket.timeout:
            sock.sendto(said, address)
            reply = sock.recv(65536)
    if reply != said.upper():
        raise AssertionError('%r is no answer to %r' % (reply, said))


class datagram_socket(object):
    """A bound socket, of the family of a server's address."""

    def __init__(self, address):
        self.folder = None
        if isinstance(address, str):
            self.folder = process.private_folder()
            self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            self.sock.bind(os.path.join(self.folder, 'c'))
        else:
            self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.sock.bind((address[0], 0))
        self.sock.settimeout(process.DEADLINE / 2)

    def __enter__(self):
        return self.sock

    def __exit__(self, *exception):
        self.sock.close()
        if self.folder:
            shutil.rmtree(self.folder)


def bad_stream(address):
    """One bad conversation; the server may end it at any moment."""
    with connected(address) as sock:
        try:
            random.choice([reset, half, rubbish, nothing, deaf])(sock)
        except OSError:
            return


def reset(sock):
    sock.sendall(line())
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))


def half(sock):
    sock.sendall(line())


def rubbish(sock):
    sock.sendall(os.urandom(random.randrange(1, 5000)))
    sock.shutdown(socket.SHUT_WR)
    sock.settimeout(1)
    sock.recv(100)


def nothing(sock):
    sock.shutdown(socket.SHUT_WR)


def deaf(sock):
    sock.settimeout(0.2)
    for _ in range(100):
        sock.sendall(b'x' * 1000 + b'\r\n')


def bad_datagram(address):
    if isinstance(address, str):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as nameless:
            nameless.sendto(line(), address)
    with datagram_socket(address) as sock:
        for said in (b'', os.urandom(60000), line()):
            sock.sendto(said, address)


GOOD = {
    'tcp_server': upper, 'unix_stream_server': upper, 'server_hierarchy': figure,
    'server_matrix': service, 'forking_mixin_socket_server': labelled,
    'threading_mixin_socket_server': labelled, 'chat_server_with_select': chat,
    'simple_web_server_with_epoll': web, 'echo_server_with_diesel': you_said,
    'udp_server': datagram, 'unix_datagram_server': datagram,
}


class Soak(object):
    """A server and its clients, which run in threads of their own."""

    def __init__(self, tree, recipe):
        self.recipe = recipe
        self.server = children.LoadedServer(tree, recipe)
        self.bad = bad_datagram if GOOD[recipe] is datagram else bad_stream
        self.done = collections.Counter()
        self.faults = []
        self.before = self.after = None

    def run(self, seconds):
        """Let the clients talk for so many seconds, and then the server settle."""
        end = time.monotonic() + seconds
        crowd = [threading.Thread(target=self.talk, args=(end,))
                 for _ in range(CLIENTS)]
        for one in crowd:
            one.start()
        for one in crowd:
            one.join()
        time.sleep(SETTLE)

    def talk(self, end):
        while time.monotonic() < end:
            kind = random.choice(['good', 'bad'])
            try:
                (GOOD[self.recipe] if kind == 'good' else self.bad)(self.server.address)
            except (OSError, AssertionError) as error:
                if kind == 'good':
                    self.faults.append('a good client: %r' % error)
            self.done[kind] += 1
            time.sleep(REST)

    def soak(self, seconds):
        self.run(seconds / 5)
        self.before = self.count()
        self.run(seconds * 4 / 5)
        self.after = self.count()
        self.judge()

    def count(self):
        pid = self.server.pid
        living = [state for state in kernel.children(pid).values() if state != b'Z']
        return Counts(kernel.descriptors(pid), kernel.threads(pid), len(living),
                      kernel.memory(pid))

    def judge(self):
        """Note what has grown, what the server said, and how it ended."""
        for name, old, new in zip(Counts._fields, self.before, self.after):
            if new > (old * 1.1 + GROWTH if name == 'memory' else old):
                self.faults.append('%s: from %d to %d' % (name, old, new))
        if self.server.popen.poll() is not None:
            self.faults.append('it ended with status %d' % self.server.popen.returncode)
        self.server.end()
        if self.server.stderr or self.server.popen.returncode:
            self.faults.append('status %s, stderr %r' % (self.server.popen.returncode,
                                                         self.server.stderr))

    def report(self, tree):
        print('%-12s %-29s %6d good %6d bad; descriptors %d -> %d, threads %d -> %d, '
              'children %d -> %d, memory %.1f -> %.1f MiB'
              % (tree.name, self.recipe, self.done['good'], self.done['bad'],
                 self.before.descriptors, self.after.descriptors,
                 self.before.threads, self.after.threads,
                 self.before.children, self.after.children,
                 self.before.memory / 2.0 ** 20, self.after.memory / 2.0 ** 20))
        for fault in self.faults[:5]:
            print('FAULT: %s: %s' % (self.recipe, fault))
        sys.stdout.flush()


def main():
    parser = children.parser('Every server for minutes: does anything grow?')
    parser.add_argument('--minutes', type=float, default=5)
    parser.add_argument('recipes', nargs='*', metavar='RECIPE', default=trees.RECIPES)
    args = parser.parse_args()
    soaks = [Soak(args.tree, recipe) for recipe in args.recipes]
    running = [threading.Thread(target=soak.soak, args=(args.minutes * 60,))
               for soak in soaks]
    for one in running:
        one.start()
    for one in running:
        one.join()
    for soak in soaks:
        soak.report(args.tree)
    sys.exit(any(soak.faults for soak in soaks))


if __name__ == '__main__':
    main()
