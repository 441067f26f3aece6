"""A function in an application, and a service that a test can talk to."""
import pytest

from compat import diesel
from compat import diesel_runner


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
