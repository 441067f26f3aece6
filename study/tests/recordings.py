"""What the tests of record and replay share: servers, clients, free places to listen."""
import io
import os
import random
import re
import shutil
import socket
import subprocess
import sys
import threading

import pytest

from compat import interpreters
from compat import process
from compat import trees
from study.recording import addresses
from study.recording import conversations
from study.recording import datagrams
from study.recording import relay
from study.recording import sockets
from study.tests.tool import COMMAND, environment

REPLAY_SECONDS = 120
PORTS = range(20000, 32000)  # none that the kernel gives away by itself


def free_port(kind=socket.SOCK_STREAM):
    """Return a port of 127.0.0.1 on which nobody listens."""
    while True:
        port = random.choice(PORTS)
        with socket.socket(socket.AF_INET, kind) as sock:
            try:
                sock.bind(('127.0.0.1', port))
            except OSError:
                continue
        return port


def python2(modules='sys'):
    """Return the path of a Python 2.7 that can import modules; skips the test if there
    is none."""
    try:
        path = interpreters.find(2)
    except interpreters.InterpreterMissing as missing:
        pytest.skip(str(missing))
    if subprocess.call([path, '-c', 'import ' + modules], stderr=subprocess.DEVNULL):
        pytest.skip('%s has no %s' % (path, modules))
    return path


class Recorder:
    """`study record` as a child that has said where it listens: address, as socket
    takes it."""

    def __init__(self, arguments):
        self.popen = subprocess.Popen(
            COMMAND + ['record'] + list(arguments), cwd=trees.ROOT, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=environment())
        first = self.popen.stdout.readline()
        match = re.match(r'Listening on (.+), for .+$', first)
        if not match:
            raise AssertionError(first + self.popen.stderr.read())
        host, colon, port = match[1].rpartition(':')
        self.address = (host, int(port)) if colon else match[1]

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        if self.popen.poll() is None:
            self.popen.kill()
        self.popen.communicate()

    def wait(self):
        """Wait until it ends by itself; return what it has printed since the first
        line."""
        output, errors = self.popen.communicate(timeout=process.DEADLINE)
        assert (self.popen.returncode, errors) == (0, '')
        return output

    def stop(self, number):
        """Send it a signal, and wait."""
        self.popen.send_signal(number)
        return self.wait()


def replay(*arguments, **more):
    """Run `study replay`, with more in its environment; return a
    subprocess.CompletedProcess whose output is text."""
    return subprocess.run(COMMAND + ['replay'] + [str(one) for one in arguments],
                          cwd=trees.ROOT, text=True, capture_output=True,
                          timeout=REPLAY_SECONDS, env=environment(COLUMNS='120', **more))


def program(*words, said=b''):
    """Run a client to its end, and return what it prints. Skips the test if it is not on
    this machine."""
    if not shutil.which(words[0]):
        pytest.skip('no %s on this machine' % words[0])
    child = subprocess.run(words, input=said, capture_output=True,
                           timeout=process.DEADLINE)
    assert child.returncode == 0, child
    return child.stdout


def client(recipe, *arguments, said=b''):
    """Run a recipe's own client mode; return what it prints."""
    return program(sys.executable, trees.named('py3').script(recipe), '--connect',
                   *map(str, arguments), said=said)


def serve(executable, folder, recipe, *arguments):
    """Return the command of a server, a list."""
    return [executable, os.path.join(folder, recipe + '.py'), '--serve',
            *map(str, arguments)]


class Relaying:
    """A relay in a thread of this process: address is where clients come to. Any socket
    of a server that is given must be bound; it is closed at the end."""

    def __init__(self, server, datagram=False, most=None):
        self.server, self.file = server, io.StringIO()
        name = server.getsockname()
        to = addresses.Address(server.family, name)
        self.folder = None
        listen = addresses.parsed('0')
        if to.is_path:
            self.folder = process.private_folder()
            listen = addresses.parsed(os.path.join(self.folder, 'relay'))
        self.journal = conversations.Writer(
            self.file, 'datagram' if datagram else 'stream', to)
        listening = sockets.listening(listen, datagram)
        self.address = listening.getsockname()
        kind = datagrams.DatagramRelay if datagram else relay.StreamRelay
        self.relay = kind(listening, to, self.journal, most)
        self.told = threading.Event()
        self.thread = threading.Thread(target=self.work)

    def work(self):
        while not self.told.is_set():
            self.relay.step(0.01)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *exception):
        self.told.set()
        self.thread.join(process.DEADLINE)
        self.relay.close()
        self.server.close()
        if self.folder:
            shutil.rmtree(self.folder)

    def wait_until_idle(self):
        """Wait until every conversation has ended."""
        process.wait_until(lambda: self.relay.is_idle and self.relay.bytes,
                           'the conversations end')

    @property
    def recording(self):
        """What it has written down, now that it has ended."""
        if not self.journal.is_finished:
            self.journal.finish()
        return conversations.Reader('recording').read(io.StringIO(self.file.getvalue()))


def said(recording, number, side):
    """Return all that one side of a conversation has said."""
    return b''.join(event.data for event in recording.events
                    if (event.number, event.side, event.what) == (number, side, 'data'))


def listening(path=None, backlog=1024):
    """Return a socket that listens, on a port or a path."""
    sock = socket.socket(socket.AF_UNIX if path else socket.AF_INET)
    sock.bind(path or ('127.0.0.1', 0))
    sock.listen(backlog)
    sock.settimeout(process.DEADLINE)
    return sock


def everything(sock):
    """Return all that is read up to the end."""
    return b''.join(iter(lambda: sock.recv(65536), b''))
