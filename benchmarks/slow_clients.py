"""Slow clients against the web server of both trees, while a good client asks.

    python3 -m benchmarks.slow_clients [--connections 500] [--tree py2_original]

Needs slowhttptest (apt install slowhttptest) and the interpreters of the trees (see
README.md). In each case many slow connections are opened. Meanwhile a good client opens
a connection of its own 20 times a second, and says how long the greeting took. The
kernel says how many connections were open, and when the last slow one was gone.

    nobody       only the good client: what the machine does without slow ones
    headers      slowhttptest -H: a line of the head every 5 seconds
    body         slowhttptest -B: some bytes of the body every 5 seconds
    read         slowhttptest -X: reads 1 byte a second of pipelined replies; they fit
                 into the kernel's buffers, so to the server it is an idle client
    sips         our own, 20 new ones a second: asks for more than the kernel keeps for
                 it, with segments of the size that a network has, and reads 1 byte a
                 second

Prints a line for each, in milliseconds and seconds.
"""
import argparse
import contextlib
import errno
import os
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import time

from compat import process
from compat import trees

NAME = 'simple_web_server_with_epoll'
REQUEST = b'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'
PIPELINED = b'GET / HTTP/1.1\r\nHost: x\r\n\r\n'
CASES = {
    'nobody': [],
    'headers': ['-H', '-i', '5'],
    'body': ['-B', '-i', '5', '-s', '8192'],
    'read': ['-X', '-k', '10', '-n', '1', '-z', '1', '-w', '1', '-y', '512'],
    'sips': [],
}
SEGMENT = 1460  # bytes, as on Ethernet; on loopback megabytes would be under way
PAUSE = 0.05  # seconds between two requests of the good client
BASELINE = 15  # seconds of the case nobody
REST = 5  # seconds to go on watching when the slow ones are gone


def greeting_seconds(address):
    """Return how long a new client waits for its greeting, in seconds."""
    start = time.perf_counter()
    with socket.create_connection(address, timeout=process.DEADLINE) as sock:
        sock.sendall(REQUEST)
        data = b''.join(iter(lambda: sock.recv(65536), b''))
    assert data.startswith(b'HTTP/1.1 200 OK\r\n'), data
    return time.perf_counter() - start


def sockets(server):
    """Return how many descriptors a server, a Child, has open."""
    return len(os.listdir('/proc/%d/fd' % server.pid))


class SlowReaders(object):
    """Connections that ask for much, and read a byte a second."""

    def __init__(self, address, count):
        self.address, self.left, self.socks = address, count, []
        self.next_sip = 0

    def step(self):
        """Open one more; let each read a byte if a second has passed."""
        if self.left:
            self.left -= 1
            self.socks.append([self.open(), PIPELINED * 1000])
        for pair in list(self.socks):
            if not self.attempt(self.ask, pair):
                pair[0].close()
                self.socks.remove(pair)
        if time.monotonic() >= self.next_sip:
            self.next_sip = time.monotonic() + 1
            for sock, _ in self.socks:
                self.attempt(sock.recv, 1)

    def open(self):
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, SEGMENT)
        sock.connect(self.address)
        sock.setblocking(False)
        return sock

    @staticmethod
    def ask(pair):
        if pair[1]:
            pair[1] = pair[1][pair[0].send(pair[1][:65536]):]

    @staticmethod
    def attempt(call, argument):
        """Return whether the connection is still open."""
        try:
            call(argument)
        except OSError as error:
            return error.errno == errno.EAGAIN
        return True

    def close(self):
        for sock, _ in self.socks:
            sock.close()


@contextlib.contextmanager
def slow_clients(case, address, count, seconds):
    """A context with slow clients. It gives a function to call again and again."""
    readers = SlowReaders(address, count if case == 'sips' else 0)
    with tempfile.TemporaryDirectory() as folder:
        program = CASES[case] and subprocess.Popen(
            ['slowhttptest', '-c', str(count), '-r', '250', '-l', str(seconds),
             '-u', 'http://%s:%d/' % address] + CASES[case], cwd=folder,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        try:
            yield readers.step
        finally:
            readers.close()
            if program:
                program.kill()
                program.wait()


def watch(server, seconds, step):
    """Return the times of the good client, the most slow connections that were open,
    and when the last of them was gone. Times are in seconds, the last since now."""
    idle = sockets(server)
    start, times, most, gone = time.monotonic(), [], 0, 0
    while time.monotonic() < start + seconds:
        step()
        times.append(greeting_seconds(server.address))
        slow = sockets(server) - idle
        most = max(most, slow)
        if slow > 2:  # the good client's may not have gone yet
            gone = time.monotonic() - start
        elif gone and time.monotonic() - start > gone + REST:
            break
        time.sleep(PAUSE)
    return times, most, gone


def measure(tree, case, count, seconds):
    """Run one case against one tree and print its line."""
    seconds = min(seconds, BASELINE) if case == 'nobody' else seconds
    with process.Server(tree, NAME) as server:
        with slow_clients(case, server.address, count, seconds) as step:
            times, most, gone = watch(server, seconds, step)
        times.sort()
        version = subprocess.check_output(
            process.python(tree) + ['-c', 'import sys; print(sys.version.split()[0])'])
        print('%-8s %-8s at most %3d connections, gone after %5.1f s; good client: '
              '%4d requests, median %5.1f ms, 99%% %5.1f ms, worst %5.1f ms; stderr %r'
              % (version.decode('ascii').strip(), case, most, gone, len(times),
                 times[len(times) // 2] * 1000, times[len(times) * 99 // 100] * 1000,
                 times[-1] * 1000, server.stderr), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--connections', type=int, default=500)
    parser.add_argument('--seconds', type=int, default=120, help='at most, of a case')
    parser.add_argument('--tree', action='append', choices=['py2_original', 'py3'])
    parser.add_argument('--case', action='append', choices=sorted(CASES))
    args = parser.parse_args()
    if not shutil.which('slowhttptest'):
        sys.exit('slow_clients: error: no slowhttptest (apt install slowhttptest)')
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < args.connections + 100:
        sys.exit('slow_clients: error: the hard limit of descriptors is %d' % hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    for name in args.tree or ['py2_original', 'py3']:
        for case in args.case or CASES:
            measure(trees.named(name), case, args.connections, args.seconds)


if __name__ == '__main__':
    main()
