"""TLS: the contexts, the handshake, and a connection over it.

This module is imported when a program gives a context, not before: on PyPy the import
of ssl opens a file, which takes the place of a stdout that was closed at the start.
"""
import ssl

from compat.diesel.connection import Connection
from compat.diesel.loop import wait_for_socket


class SecureConnection(Connection):
    """A Connection over an ssl.SSLSocket, after the handshake."""
    would_block = Connection.would_block + (ssl.SSLWantReadError,
                                            ssl.SSLWantWriteError)


def check_context(ssl_ctx):
    """Raise TypeError unless this is an ssl.SSLContext: the real library takes
    pyOpenSSL's."""
    if not isinstance(ssl_ctx, ssl.SSLContext):
        raise TypeError('ssl_ctx must be an ssl.SSLContext, not %s.%s' % (
            type(ssl_ctx).__module__, type(ssl_ctx).__name__))


def secure(sock, ssl_ctx, timeout=None, late=None, **options):
    """Return a non-blocking socket as an ssl.SSLSocket that has done its handshake.
    Other loops go on meanwhile. options are those of SSLContext.wrap_socket().

    Raise ssl.SSLError or OSError if it fails, and late, an exception, after timeout
    seconds; in either case the socket is closed.
    """
    try:
        sock = ssl_ctx.wrap_socket(sock, do_handshake_on_connect=False, **options)
        handshake(sock, timeout, late)
    except BaseException:
        sock.close()
        raise
    return sock


def handshake(sock, timeout=None, late=None):
    """Do the handshake of a non-blocking ssl.SSLSocket in the current loop.

    Raise ssl.SSLError or OSError if it fails, and late, an exception, after timeout
    seconds.
    """
    while True:
        try:
            return sock.do_handshake()
        except ssl.SSLWantReadError:
            wait_for_socket(sock, timeout, late, write=False)
        except ssl.SSLWantWriteError:
            wait_for_socket(sock, timeout, late)
