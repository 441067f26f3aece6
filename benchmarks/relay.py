"""What the relay of `study record` costs: the same transfer with it and without, in one
run; a thousand connections at once; a client that does not read.

    python -m benchmarks.relay [MEGABYTES]

Client, relay and server are three processes or more, so that each has a processor of its
own where there are enough. The exit status is 1 if a byte is lost.
"""
import hashlib
import multiprocessing
import os
import socket
import sys
import tempfile
import time

from compat import kernel
from study.recording import addresses
from study.recording import conversations
from study.recording import relay
from study.recording import sockets

PIECE = os.urandom(2 ** 20)
TEXT = b'The quick brown fox jumps over the lazy dog.\n' * (2 ** 20 // 45)
CLIENTS = 1000
LAZY_SECONDS = 2


def listening():
    sock = socket.socket()
    sock.bind(('127.0.0.1', 0))
    sock.listen(4096)
    return sock


def sink(server, results):
    """Take one connection to its end; tell how many bytes came, and their digest."""
    sock, count, digest = server.accept()[0], 0, hashlib.sha256()
    for data in iter(lambda: sock.recv(2 ** 18), b''):
        count += len(data)
        digest.update(data)
    results.put((count, digest.hexdigest()))
    sock.close()


def relaying(listen, to, path):
    """Relay until killed."""
    sockets.allow_many_descriptors()
    with open(path, 'w', encoding='ascii') as file:
        one = relay.StreamRelay(listen, to, conversations.Writer(file, 'stream', to))
        while True:
            one.step(0.1)


class Relay:
    """A context: a relay in a process of its own, in front of a server's socket."""

    def __init__(self, server, folder):
        to = addresses.Address(socket.AF_INET, server.getsockname())
        listen = sockets.listening(addresses.parsed('0'), False)
        self.address, self.path = listen.getsockname(), os.path.join(folder, 'recording')
        self.process = multiprocessing.Process(target=relaying,
                                               args=(listen, to, self.path))
        self.listen = listen

    def __enter__(self):
        self.process.start()
        self.listen.close()
        return self

    def __exit__(self, *exception):
        self.process.terminate()
        self.process.join()

    @property
    def memory(self):
        return kernel.memory(self.process.pid) / 2 ** 20


def transfer(address, server, piece, megabytes):
    """Send so much to an address, behind which the server is; return (megabytes a
    second, whether all has come)."""
    results, digest = multiprocessing.Queue(), hashlib.sha256()
    worker = multiprocessing.Process(target=sink, args=(server, results))
    worker.start()
    begin = time.monotonic()
    with socket.create_connection(address) as sock:
        for _ in range(megabytes):
            sock.sendall(piece)
        sock.shutdown(socket.SHUT_WR)
        count, seen = results.get()
    seconds = time.monotonic() - begin
    worker.join()
    for _ in range(megabytes):
        digest.update(piece)
    return (megabytes * len(piece) / 2 ** 20 / seconds,
            (count, seen) == (megabytes * len(piece), digest.hexdigest()))


def measure_rate(name, piece, megabytes, folder):
    """Print the rate with the relay and without; return whether nothing was lost."""
    server = listening()
    bare, _ = transfer(server.getsockname(), server, piece, megabytes)
    with Relay(server, folder) as one:
        transfer(one.address, server, piece, megabytes // 8 + 1)
        before = one.memory
        rate, whole = transfer(one.address, server, piece, megabytes)
        print('%-18s %6.0f MB/s without, %6.1f MB/s with it; memory %.0f, then %.0f MiB; '
              '%s' % (name, bare, rate, before, one.memory,
                      'nothing lost' if whole else 'BYTES LOST'))
    server.close()
    return whole


def echo_all(server, count):
    """Accept so many clients, then answer each."""
    sockets.allow_many_descriptors()
    socks = [server.accept()[0] for _ in range(count)]
    for sock in socks:
        data = b''.join(iter(lambda: sock.recv(65536), b''))
        sock.sendall(data * 2)
        sock.close()


def measure_crowd(folder):
    """Let a thousand clients be connected at once; return whether all were answered."""
    sockets.allow_many_descriptors()
    server = listening()
    with Relay(server, folder) as one:
        worker = multiprocessing.Process(target=echo_all, args=(server, CLIENTS))
        worker.start()
        begin = time.monotonic()
        clients = [socket.create_connection(one.address) for _ in range(CLIENTS)]
        for number, sock in enumerate(clients):
            sock.sendall(b'%d' % number * 100)
            sock.shutdown(socket.SHUT_WR)
        good = sum(b''.join(iter(lambda: sock.recv(65536), b'')) == b'%d' % number * 200
                   for number, sock in enumerate(clients))
        print('%-18s %d of %d answered in %.1f s; memory %.0f MiB' % (
            'at once', good, CLIENTS, time.monotonic() - begin, one.memory))
        for sock in clients:
            sock.close()
        worker.join()
    server.close()
    return good == CLIENTS


def pour(server, seconds, results):
    """Write to one client as much as it takes, for some seconds."""
    sock, sent = server.accept()[0], 0
    sock.setblocking(False)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            sent += sock.send(PIECE)
        except BlockingIOError:
            time.sleep(0.01)
    sock.close()
    results.put(sent)


def measure_lazy(folder):
    """Let a client read nothing, then all; return whether all came."""
    server, results = listening(), multiprocessing.Queue()
    with Relay(server, folder) as one:
        worker = multiprocessing.Process(target=pour,
                                         args=(server, LAZY_SECONDS, results))
        worker.start()
        with socket.create_connection(one.address) as sock:
            sent, memory = results.get(), one.memory
            read = sum(map(len, iter(lambda: sock.recv(65536), b'')))
        worker.join()
        print('%-18s its server could write %.1f MiB, and all of it came: %s; memory '
              '%.0f MiB' % ('does not read', sent / 2 ** 20, read == sent, memory))
    server.close()
    return read == sent


def main(argv):
    megabytes = int(argv[0]) if argv else 256
    with tempfile.TemporaryDirectory() as folder:
        whole = [measure_rate('text', TEXT, megabytes, folder),
                 measure_rate('random bytes', PIECE, megabytes, folder),
                 measure_crowd(folder), measure_lazy(folder)]
    return 0 if all(whole) else 1


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
