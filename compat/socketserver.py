"""The library's socketserver, under its Python 3 name on both.

It adds what newer Pythons have and the tests need on all of them:

    serving(server)   a context manager, as servers themselves are since 3.6, which
                      also runs the loop in a thread
"""
from __future__ import absolute_import

import contextlib
import threading

from six.moves import socketserver as library

DEADLINE = 10  # seconds a loop may take to stop


@contextlib.contextmanager
def serving(server):
    """Run server.serve_forever() in a thread; stop and close it at the end.

    Gives the server. Raises AssertionError if the loop does not stop.
    """
    loop = threading.Thread(target=server.serve_forever, args=(0.01,))
    loop.daemon = True
    loop.start()
    try:
        yield server
    finally:
        server.shutdown()
        loop.join(DEADLINE)
        server.server_close()
        assert not loop.is_alive(), 'the server loop does not stop'
