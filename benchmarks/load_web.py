"""Load on the web server of both trees: many idle connections, some busy ones.

    python3 -m benchmarks.load_web [--idle 10000] [--busy 100] [--tree py2_original]

Opens the idle connections, each of which asks once and stays open. Then lets the busy
ones ask again and again for --seconds. Then asks once more on every idle one. Every
request must get the greeting. Prints the requests a second, how long a greeting took,
and how much memory an idle connection costs the server (resident, without the kernel's
buffers).
"""
import argparse
import os
import re
import resource
import selectors
import socket
import subprocess
import sys
import time

from compat import process
from compat import trees

NAME = 'simple_web_server_with_epoll'
REQUEST = b'GET / HTTP/1.1\r\nHost: x\r\n\r\n'
GREETING = b'Hello from epoll, w\xc3\xb6rld!\n'
BESIDE = 200  # descriptors for everything but the connections
WAIT = 30  # seconds for one greeting


class LoadError(Exception):
    """The server did not do what it must; str() says what."""


def connect(address):
    """Return a new connection."""
    return socket.create_connection(address, timeout=WAIT)


def hear(sock):
    """Read one greeting; raise LoadError for anything else."""
    data = b''
    while not data.endswith(GREETING):
        piece = sock.recv(65536)
        if not piece:
            raise LoadError('a connection was closed after %r' % data)
        data += piece
    if data.count(b'HTTP/1.1 200 OK\r\n') != 1:
        raise LoadError('not a greeting: %r' % data)


def ask_all(socks):
    """Ask on each connection, a hundred at a time, and hear every answer."""
    for first in range(0, len(socks), 100):
        some = socks[first:first + 100]
        for sock in some:
            sock.sendall(REQUEST)
        for sock in some:
            hear(sock)


def keep_busy(socks, seconds):
    """Ask on each connection, and again as soon as the answer is there. Return how
    long each greeting took, in seconds."""
    times, started = [], {}
    with selectors.DefaultSelector() as selector:
        for sock in socks:
            selector.register(sock, selectors.EVENT_READ)
            started[sock] = time.perf_counter()
            sock.sendall(REQUEST)
        end = time.perf_counter() + seconds
        while started:
            ready = selector.select(WAIT)
            if not ready:
                raise LoadError('%d clients waited %d s in vain' % (len(started), WAIT))
            for key, _ in ready:
                hear(key.fileobj)
                now = time.perf_counter()
                times.append(now - started.pop(key.fileobj))
                if now < end:
                    started[key.fileobj] = now
                    key.fileobj.sendall(REQUEST)
    return times


def resident(pid):
    """Return the memory of a process, in bytes (man 5 proc, VmRSS)."""
    with open('/proc/%d/status' % pid) as status:
        return int(re.search(r'VmRSS:\s+(\d+) kB', status.read()).group(1)) * 1024


def measure(tree, idle_count, busy_count, seconds):
    """Load one tree's server and print what happened; raise LoadError."""
    idle, busy = [], []
    with process.Server(tree, NAME) as server:
        try:
            busy += [connect(server.address) for _ in range(busy_count)]
            keep_busy(busy, 1)
            before = resident(server.pid)
            for _ in range(idle_count):
                idle.append(connect(server.address))
            ask_all(idle)
            cost = (resident(server.pid) - before) / idle_count
            times = keep_busy(busy, seconds)
            ask_all(idle)
            descriptors = len(os.listdir('/proc/%d/fd' % server.pid))
        finally:
            for sock in idle + busy:
                sock.close()
        process.wait_until(
            lambda: len(os.listdir('/proc/%d/fd' % server.pid)) < BESIDE,
            'the server has closed what its clients closed')
        if server.stderr:
            raise LoadError('stderr: %r' % server.stderr)
    times.sort()
    version = subprocess.check_output(
        process.python(tree) + ['-c', 'import sys; print(sys.version.split()[0])'])
    print('%-8s %d idle, %d busy (%d descriptors): %d requests, %.0f a second; median '
          '%.1f ms, 99%% %.1f ms, worst %.1f ms; every idle one was answered after; '
          '%.0f bytes an idle connection'
          % (version.decode('ascii').strip(), idle_count, busy_count, descriptors,
             len(times), len(times) / seconds, times[len(times) // 2] * 1000,
             times[len(times) * 99 // 100] * 1000, times[-1] * 1000, cost), flush=True)


def raise_limit(count):
    """Let this process and its children open so many descriptors; exit with one line
    where the hard limit is lower."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard != resource.RLIM_INFINITY and hard < count:
        sys.exit('load_web: error: needs %d descriptors, and the hard limit here is %d '
                 '(ulimit -Hn)' % (count, hard))
    resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--idle', type=int, default=10000)
    parser.add_argument('--busy', type=int, default=100)
    parser.add_argument('--seconds', type=int, default=20, help='of the busy ones')
    parser.add_argument('--tree', action='append', choices=['py2_original', 'py3'])
    args = parser.parse_args()
    raise_limit(args.idle + args.busy + BESIDE)
    try:
        for name in args.tree or ['py2_original', 'py3']:
            measure(trees.named(name), args.idle, args.busy, args.seconds)
    except (LoadError, OSError) as error:
        sys.exit('load_web: error: %s' % error)


if __name__ == '__main__':
    main()
