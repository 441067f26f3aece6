"""The server that is started for a recording: waited for, ended, its screen kept.

Whether it listens is read from the kernel's tables, for a client that only looks
would be one more client to the server.
"""
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time

from study.errors import StudyError
from study.rulebook import words

POLL = 0.01  # seconds between two looks
PIECE = 65536  # bytes of what it has printed that are read at once
TABLES = {(socket.AF_INET, False): 'tcp', (socket.AF_INET6, False): 'tcp6',
          (socket.AF_INET, True): 'udp', (socket.AF_INET6, True): 'udp6'}
LISTENS, UNCONNECTED = '0A', '07'  # the states of TCP and UDP (include/net/tcp_states.h)
ACCEPTS = 0x10000  # the flag of a socket file that listens (man 5 proc)
STREAM, DATAGRAM = '0001', '0002'


class Command:
    """A child process. words: the command, a list. Its stdout and stderr go to files."""

    def __init__(self, words):
        self.words = words
        self.files = {name: tempfile.TemporaryFile() for name in ('stdout', 'stderr')}
        self.told = False  # to end
        try:
            # Its own session: Ctrl-C on our terminal is meant for us alone.
            self.popen = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, start_new_session=True, **self.files)
        except (OSError, ValueError) as error:
            self.close_files()
            raise StudyError('cannot run %s: %s' % (
                words[0], getattr(error, 'strerror', None) or error))

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        """Leave nothing behind."""
        self.kill()
        self.close_files()

    @property
    def has_ended(self):
        return self.popen.poll() is not None

    @property
    def status(self):
        """How it has ended, as a shell says it."""
        code = self.popen.returncode
        return 128 - code if code < 0 else code

    def wait_until_it_listens(self, address, datagram, patience):
        """Raises StudyError if it ends instead, or does not listen in time."""
        end = time.monotonic() + patience
        while not listens(address, datagram):
            if self.has_ended:
                raise StudyError(self.why_it_died(address))
            if time.monotonic() > end:
                raise StudyError('%s does not listen on %s after %g seconds' % (
                    shlex.quote(self.words[0]), address, patience))
            time.sleep(POLL)

    def why_it_died(self, address):
        lines = self.printed('stderr').decode('utf-8', 'replace').split('\n')
        last = next((line for line in reversed(lines) if line.strip()), '')
        return '%s ended with status %d before it listened on %s%s' % (
            shlex.quote(self.words[0]), self.status, address,
            ': ' + words.plain(last).strip() if last else '')

    def stop(self):
        """Send it SIGTERM, once."""
        if not self.told and not self.has_ended:
            self.told = True
            self.popen.send_signal(signal.SIGTERM)

    def wait(self, seconds):
        """Return whether it ends within some seconds."""
        try:
            self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def kill(self):
        """End it now, with its children if they are still of its group."""
        if not self.has_ended:
            try:
                os.killpg(self.popen.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.popen.wait()

    def printed(self, name):
        """Return what it has printed so far, as bytes."""
        return b''.join(self.lines(name))

    def lines(self, name):
        """Yield what it has printed so far, line by line, on 'stdout' or 'stderr'. The
        place in the file is the child's own, and stays."""
        place, rest = 0, b''
        while True:
            piece = os.pread(self.files[name].fileno(), PIECE, place)
            if not piece:
                break
            place += len(piece)
            *whole, rest = (rest + piece).split(b'\n')
            for line in whole:
                yield line + b'\n'
        if rest:
            yield rest

    def close_files(self):
        for file in self.files.values():
            file.close()


def require_free(address, datagram):
    """Raise StudyError if somebody listens on an address before COMMAND does."""
    if listens(address, datagram):
        raise StudyError('somebody listens on %s already' % address)


def require_server(address, datagram):
    """Raise StudyError if nobody listens on an address of this machine. Where the system
    does not tell, nobody is asked: that would be one client more."""
    is_here = address.is_path or address.name[0].startswith(('127.', '::1'))
    if is_here and os.path.exists('/proc/net/unix') and not listens(address, datagram):
        raise StudyError('nobody listens on %s: start the server first, or give COMMAND'
                         % address)


def listens(address, datagram):
    """Return whether a server is at an Address. Raises StudyError where the system does
    not tell."""
    try:
        if address.is_path:
            return any(is_at(line, address.name, datagram) for line in table('unix'))
        return any(listens_in(name, address.name, datagram)
                   for (_, kind), name in TABLES.items() if kind == datagram)
    except FileNotFoundError:
        return answers(address, datagram)


def table(name):
    with open('/proc/net/' + name, encoding='utf-8', errors='surrogateescape') as file:
        return file.read().splitlines()[1:]


def is_at(line, path, datagram):
    """Return whether a line of /proc/net/unix is of a server at a path."""
    match = re.match(r'\S+ \S+ \S+ (\S+) (\S+) \S+ +\S+ ([^@].*)$', line)
    if not match or match[2] != (DATAGRAM if datagram else STREAM):
        return False
    if not datagram and not int(match[1], 16) & ACCEPTS:
        return False
    try:
        return os.path.samefile(match[3], path)
    except OSError:
        return False


def listens_in(name, wanted, datagram):
    """Return whether somebody listens on (host, port, ...) by a table of the kernel."""
    if name.endswith('6') and not os.path.exists('/proc/net/' + name):
        return False  # a system without IPv6
    state = UNCONNECTED if datagram else LISTENS
    for line in table(name):
        local, its_state = line.split()[1], line.split()[3]
        host, _, port = local.partition(':')
        if its_state == state and int(port, 16) == wanted[1] and takes(host, wanted[0]):
            return True
    return False


def takes(digits, host):
    """Return whether an address of the tables, words of the machine in hexadecimal, is
    a host or stands for any."""
    raw = b''.join(int(digits[place:place + 8], 16).to_bytes(4, sys.byteorder)
                   for place in range(0, len(digits), 8))
    if not any(raw):
        return True
    family = socket.AF_INET6 if ':' in host else socket.AF_INET
    wanted = socket.inet_pton(family, host.partition('%')[0])
    return raw in (wanted, b'\0' * 10 + b'\xff\xff' + wanted)


def answers(address, datagram):
    """The same where there is no /proc: by asking, which streams alone can bear."""
    if datagram:
        raise StudyError('this system does not say who listens: start the server '
                         'yourself, and leave COMMAND out')
    with socket.socket(address.family, socket.SOCK_STREAM) as sock:
        return sock.connect_ex(address.name) == 0
