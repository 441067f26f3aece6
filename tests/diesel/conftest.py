"""A function in an application, and a service that a test can talk to."""
import os
import sys

import pytest

from compat import diesel
from compat import diesel_runner
from compat import process

# A certificate for localhost and 127.0.0.1 that has signed itself, and its key,
# until 2126: made for these tests, with `openssl req -x509`.
CERTIFICATE = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                           'localhost.pem')


@pytest.fixture
def run():
    """A function: main (and loops and services beside it) -> what main returns,
    run as a loop of an application of its own; see compat.diesel_runner."""
    return diesel_runner.run


@pytest.fixture
def served(run):
    """A function: (handler, client) -> what client(address) returns, which runs
    in a thread, with blocking sockets, while handler(addr) serves in a loop."""
    def serve(handler, client, **options):
        service = diesel.Service(handler, 0, '127.0.0.1', **options)

        def main():
            return diesel.thread(client, ('127.0.0.1', service.port))
        return run(main, service)
    return serve


@pytest.fixture
def said(served, conversation):
    """A function: (handler, pieces) -> what the peer of handler(addr) reads until
    the end, when it has sent these pieces of bytes as packets of their own."""
    def say(handler, *pieces):
        def client(address):
            talk = conversation(address)
            for piece in pieces:
                talk.send(piece)
            return talk.read_all()
        return served(handler, client)
    return say


@pytest.fixture
def program(tree):
    """A function: the source of a program -> the Child that has run it."""
    def start(source):
        return process.run(tree, 'a diesel program', command=['-c', source])
    return start


@pytest.fixture
def certificate():
    """The path of a PEM file with a certificate for localhost and its key."""
    return CERTIFICATE


@pytest.fixture
def forget_exception():
    """Python 2 keeps the last exception, and the sockets in its traceback,
    until somebody forgets it."""
    yield
    getattr(sys, 'exc_clear', lambda: None)()
