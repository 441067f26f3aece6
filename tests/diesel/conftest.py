"""A function in an application, and a service that a test can talk to."""
import os

import pytest

from compat import diesel
from compat import process
from tests.diesel import runner

# A self-signed certificate for localhost and 127.0.0.1, and its key, valid until
# 2126: made for these tests, with `openssl req -x509`.
CERTIFICATE = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                           'localhost.pem')

DIESEL = 'a diesel program'
IMPORTS = '''
from compat import diesel
try:
    from compat.diesel import web
except ImportError:
    pass  # what it needs is not installed
'''


def pytest_collectstart(collector):
    if isinstance(collector, pytest.Module):
        # About compat.diesel itself, and not the recipe that uses it.
        collector.add_marker(pytest.mark.about())


@pytest.fixture
def run():
    """A function: main (and loops and services beside it) -> what main returns,
    run as a loop of an application of its own; see tests.diesel.runner."""
    return runner.run


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
def said(run, conversation):
    """A function: (handler, pieces) -> all that the peer of handler(addr) reads when it
    sends these pieces of bytes, each after the one before has been read."""
    def pulse(addr):
        while True:
            diesel.send(diesel.receive(1))

    def say(handler, *pieces):
        services = [diesel.Service(one, 0, '127.0.0.1') for one in (handler, pulse)]

        def client():
            talk, beat = [conversation(('127.0.0.1', service.port))
                          for service in services]
            for piece in pieces:
                talk.send(piece)
                # The answer comes a pass of the hub later, and the piece was there.
                beat.send(b'.')
                beat.expect(b'.')
            return talk.read_all()
        return run(lambda: diesel.thread(client), services)
    return say


@pytest.fixture
def program(tree):
    """A function: the source of a program -> the Child that has run it."""
    def start(source):
        return process.run(tree, DIESEL, command=['-c', source])
    return start


@pytest.fixture
def forked_program(tree, pythons):
    """A function: the source of a program -> how it has ended, in a fork of a Python
    that has imported diesel (tests.prepared)."""
    return lambda source: pythons.run(tree, DIESEL, IMPORTS, source)


@pytest.fixture
def certificate():
    """The path of a PEM file with a certificate for localhost and its key."""
    return CERTIFICATE
