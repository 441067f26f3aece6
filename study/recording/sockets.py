"""What both sides of a conversation need: sockets that never block."""
import errno
import os
import resource
import selectors
import socket
import struct

from study.errors import StudyError

BACKLOG = 4096  # clients that may wait to be accepted; the system may allow fewer
MOST = 65536  # bytes that are read at once
MOST_OF_DATAGRAM = 262144  # bytes: one on a socket file can have more than 64 KiB
WAITING = (errno.EINPROGRESS, errno.EAGAIN, errno.EALREADY)
OUT_OF_DESCRIPTORS = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
RESET = struct.pack('ii', 1, 0)  # struct linger: close() resets the connection


def allow_many_descriptors():
    """Raise the limit of open descriptors as far as this user may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (OSError, ValueError):
        pass  # macOS: the hard limit may be more than the kernel allows


def listening(address, datagram):
    """Return a socket at an Address. A socket file is its owner's alone. Raises
    StudyError."""
    kind = socket.SOCK_DGRAM if datagram else socket.SOCK_STREAM
    sock = socket.socket(address.family, kind)
    sock.setblocking(False)
    umask = os.umask(0o177)
    try:
        if not (address.is_path or datagram):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address.name)
        if not datagram:
            sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        raise StudyError('%s: %s' % (address, error.strerror))
    finally:
        os.umask(umask)
    return sock


def outgoing(address, datagram):
    """Return a socket that can connect to an Address. Raises OSError."""
    sock = socket.socket(address.family,
                         socket.SOCK_DGRAM if datagram else socket.SOCK_STREAM)
    sock.setblocking(False)
    return sock


def at_once(sock):
    """Let small messages of a TCP connection go out without delay."""
    if sock.family != socket.AF_UNIX:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def reset(sock):
    """Close a connection so that its other end reads an error."""
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    except OSError:
        pass  # it has ended already
    sock.close()


def end_sending(sock):
    """Say that no more will come, to a peer that may be gone."""
    try:
        sock.shutdown(socket.SHUT_WR)
    except OSError:
        pass


class Watcher:
    """Says which sockets are ready. Each is watched for what watch() was last told."""

    def __init__(self):
        self.selector = selectors.DefaultSelector()
        self.events = {}  # by socket

    def watch(self, sock, read, write, owner):
        """Watch a socket for the owner, or no more if it should neither be read nor
        written."""
        events = read * selectors.EVENT_READ | write * selectors.EVENT_WRITE
        before = self.events.get(sock, 0)
        if events == before:
            return
        if not events:
            self.forget(sock)
        elif before:
            self.selector.modify(sock, events, owner)
            self.events[sock] = events
        else:
            self.selector.register(sock, events, owner)
            self.events[sock] = events

    def forget(self, sock):
        """Watch a socket no more; it must still be open."""
        if self.events.pop(sock, 0):
            self.selector.unregister(sock)

    def ready(self, seconds):
        """Yield (owner, readable, writable) for what is ready within some seconds."""
        for key, events in self.selector.select(seconds):
            yield (key.data, bool(events & selectors.EVENT_READ),
                   bool(events & selectors.EVENT_WRITE))

    def close(self):
        self.selector.close()
