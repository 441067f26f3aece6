"""TLS: the handshake, without keeping anybody else waiting."""
import ssl

from compat.diesel.loop import wait_for_socket


def handshake(sock, timeout=None, late=None):
    """Finish the handshake of a non-blocking ssl.SSLSocket in the current loop.

    Raise ssl.SSLError or OSError if it fails, late after timeout seconds.
    """
    while True:
        try:
            return sock.do_handshake()
        except ssl.SSLWantReadError:
            wait_for_socket(sock, timeout, late, write=False)
        except ssl.SSLWantWriteError:
            wait_for_socket(sock, timeout, late)
