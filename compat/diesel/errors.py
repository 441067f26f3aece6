"""What diesel raises: about connections, and to end loops and applications."""
import socket


class ConnectionClosed(socket.error):
    """The peer has closed the connection. buffer: the bytes that it sent before and
    that no loop has received, or None."""

    def __init__(self, msg, buffer=None):
        socket.error.__init__(self, msg)
        self.buffer = buffer


class ClientConnectionClosed(socket.error):
    """The server has closed the connection during a Client's call."""

    def __init__(self, msg, buffer=None, addr=None, port=None):
        socket.error.__init__(self, msg)
        self.buffer = buffer
        self.addr = addr
        self.port = port

    def __str__(self):
        text = socket.error.__str__(self)
        if self.addr and self.port:
            text += ' (addr=%s, port=%s)' % (self.addr, self.port)
        return text


class ClientConnectionError(socket.error):
    """A client could not connect."""


class ClientConnectionTimeout(socket.error):
    """A client could not connect in time."""


class ApplicationEnd(Exception):
    """Ends the application. It is raised in the loop that asks for the end."""


class LoopKeepAlive(Exception):
    """The loop has ended and is to be started again."""


class ParentDiedException(Exception):
    """The loop that forked this one as its child has ended."""


class TerminateLoop(Exception):
    """Ends the current loop, and its connection, without a word in the log."""
