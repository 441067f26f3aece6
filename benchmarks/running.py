"""A server on one core, the load on another, and what that costs.

Linux only: /proc says what a process has used (man 5 proc).
"""
import fcntl
import json
import os
import re
import select
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass, field

from compat import trees

BUILD = os.path.join(trees.ROOT, 'build', 'bench')
HERE = os.path.dirname(os.path.abspath(__file__))
TICKS = os.sysconf('SC_CLK_TCK')
SERVER_CORE, LOAD_CORE = 0, 1
START = 20     # seconds a server may take until it listens
SETTLE = 5     # seconds it may take to be idle again
BUFFERED = {'PYTHONUNBUFFERED': ''}  # unbuffered, a line is two writes
F_SETPIPE_SZ, PIPE = 1031, 1 << 20  # fcntl.F_SETPIPE_SZ since Python 3.10; bytes
PAUSE = 0.05   # seconds between two looks at what a server prints
LONGEST = 120  # seconds a load may take, connecting included


class BenchError(Exception):
    """Something that is needed is missing or does not work; str() says what."""


class TooMany(Exception):
    """A server does not hold so many connections; held says how many it does."""

    def __init__(self, held):
        Exception.__init__(self, 'holds %d' % held)
        self.held = held


def compiled(name, *options):
    """Return the path of a C program of this folder, compiled anew. options: more
    options for the compiler."""
    compiler = shutil.which('cc')
    if not compiler:
        raise BenchError('no C compiler (cc) on PATH, for %s.c' % name)
    os.makedirs(BUILD, exist_ok=True)
    target = os.path.join(BUILD, name)
    source = os.path.join(HERE, name + '.c')
    subprocess.run([compiler, '-O2', *options, '-o', target, source], check=True)
    return target


def cores_apart():
    """Return whether server and load can have a core each."""
    return os.cpu_count() > 1 and shutil.which('taskset') is not None


def on_core(core, command):
    """Return the command, pinned to a core where there is more than one."""
    return ['taskset', '-c', str(core)] + command if cores_apart() else command


@dataclass
class Server:
    """A server that a case measures.

    name is what the tables say. Ratios are to the server whose baseline is true.
    address is a path or host:port; None means that the server prints it. version names
    its Python, if that is one of the matrix. floor is the name of the Server that makes
    the same system calls and nothing else.
    """

    name: str
    command: list
    baseline: bool = False
    address: str = None
    env: dict = field(default_factory=dict)
    cleanup: str = None  # a folder to remove
    in_folder: bool = False  # it takes --path, a socket file in a folder of its own
    version: str = ''
    floor: str = ''

    def start(self):
        """Start it and wait until it listens. Raises BenchError."""
        path, self.reader = [], None
        if self.in_folder:
            self.cleanup = tempfile.mkdtemp(prefix='bench-')
            path = ['--path', os.path.join(self.cleanup, 'socket')]
        self.process = subprocess.Popen(
            on_core(SERVER_CORE, self.command + path), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=trees.ROOT,
            env=dict(os.environ, **dict(BUFFERED, **self.env)))
        if self.address is None:
            line = self.process.stdout.readline().decode('utf-8', 'replace')
            match = re.search(r'listening on (\S+)$', line.strip())
            if not match:
                self.stop()
                raise BenchError('%s does not listen: %r' % (self.name, line))
            self.address = match.group(1)
        else:
            self._wait_until_it_listens()
        # Without a reader, a server that prints would wait at some point.
        self.reader = threading.Thread(target=self._drain, daemon=True)
        self.reader.start()

    def _wait_until_it_listens(self):
        host, _, port = self.address.rpartition(':')
        end = time.monotonic() + START
        while time.monotonic() < end and self.process.poll() is None:
            try:
                return socket.create_connection((host, int(port))).close()
            except OSError:
                time.sleep(0.02)
        self.stop()
        raise BenchError('%s does not listen on %s' % (self.name, self.address))

    def _drain(self):
        # A reader that waits would be woken for each line, on the server's time.
        descriptor = self.process.stdout.fileno()
        fcntl.fcntl(descriptor, F_SETPIPE_SZ, PIPE)
        while os.read(descriptor, PIPE):
            time.sleep(PAUSE)

    def stop(self):
        """End it."""
        self.process.terminate()
        try:
            self.process.wait(SETTLE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.reader:
            self.reader.join(SETTLE)
        self.process.stdout.close()
        self.forget()

    def forget(self):
        """Remove its folder: it is not running."""
        if self.cleanup:
            shutil.rmtree(self.cleanup, ignore_errors=True)

    def pids(self):
        """Return its own pid and those of its children that are still there."""
        path = '/proc/%d/task/%d/children' % (self.process.pid, self.process.pid)
        with open(path) as source:
            return [self.process.pid] + [int(pid) for pid in source.read().split()]

    def cpu(self):
        """Return the seconds of processor that it and its children have used."""
        return own_seconds(self.process.pid) + self.children_cpu()

    def children_cpu(self):
        """Return the seconds of processor that its children have used."""
        own, *children = self.pids()
        return waited_seconds(own) + sum(own_seconds(pid) + waited_seconds(pid)
                                         for pid in children)

    def memory(self):
        """Return its resident memory in bytes, without its children."""
        with open('/proc/%d/statm' % self.process.pid) as source:
            return int(source.read().split()[1]) * os.sysconf('SC_PAGE_SIZE')

    def settle(self):
        """Wait until it does nothing."""
        end = time.monotonic() + SETTLE
        before = None
        while time.monotonic() < end:
            used = self.cpu()
            if used == before:
                return
            before = used
            time.sleep(0.02)


def own_seconds(pid):
    """Return how many seconds of processor a process has used, threads that have ended
    included (the clock of man 3 clock_getcpuclockid; this is its number on Linux)."""
    try:
        return time.clock_gettime((~pid << 3) | 2)
    except OSError:
        return 0  # it has just ended


def waited_seconds(pid):
    """Return how many seconds of processor its children have used that it has waited
    for. The kernel counts them in ticks."""
    try:
        with open('/proc/%d/stat' % pid) as source:
            fields = source.read().rpartition(')')[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return (int(fields[13]) + int(fields[14])) / TICKS


@dataclass
class Load:
    """What the clients ask: see load.c."""

    mode: str
    request: bytes
    ends: int = 1
    seconds: float = 0.3

    def connect(self, server, clients, idle=0):
        """Return Clients that are connected to a server. Raises BenchError, and
        TooMany where the server does not answer each of them."""
        return Clients(self, server, clients, idle)


class Clients:
    """A load that is connected, and asks in rounds: while other servers have their
    turn, its clients stay connected."""

    def __init__(self, load, server, clients, idle):
        self.server = server
        with tempfile.NamedTemporaryFile() as request:
            request.write(load.request)
            request.flush()
            command = [os.path.join(BUILD, 'load'), load.mode, server.address,
                       str(clients), str(load.seconds), request.name, str(load.ends),
                       str(idle), str(server.process.pid), str(int(cores_apart()))]
            # Unbuffered: select() must see each line.
            self.process = subprocess.Popen(
                on_core(LOAD_CORE, command), bufsize=0, stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            said = self._line(lambda: None)
        if said.startswith(b'holds '):
            self.close()
            raise TooMany(int(said.split()[1]))

    def _line(self, meanwhile):
        """Return its next line; call meanwhile() until it is there."""
        end = time.monotonic() + LONGEST
        while not select.select([self.process.stdout], [], [], 0.02)[0]:
            meanwhile()
            if time.monotonic() > end:
                self.close()
                raise BenchError('%s: not done in %d seconds'
                                 % (self.server.name, LONGEST))
        line = self.process.stdout.readline()
        if not line:
            error = self.process.stderr.readline().decode().strip()
            self.close()
            raise BenchError('%s: %s' % (self.server.name, error))
        return line

    def round(self):
        """Ask for one round; return what it measured, a dict:

        requests, rate (requests a second), p50 and p99 (seconds), cpu (seconds of
        processor a request), memory (bytes, the most that was seen), errors, silent
        (clients that had no answer at all), busy (the share of its time that the load
        was at work: near 1, it was the load that could do no more).
        """
        self.server.settle()
        memory = [self.server.memory()]
        self.process.stdin.write(b'round\n')
        self._line(lambda: None)
        before = self.server.children_cpu()
        said = json.loads(self._line(lambda: memory.append(self.server.memory())))
        used = said['cpu'] + self.server.children_cpu() - before
        return {'requests': said['requests'],
                'rate': said['requests'] / said['seconds'], 'p50': said['p50'],
                'p99': said['p99'], 'cpu': used / max(1, said['requests']),
                'memory': max(memory), 'errors': said['errors'],
                'silent': said['silent'], 'busy': said['busy']}

    def close(self):
        """Close all connections."""
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            pipe.close()
