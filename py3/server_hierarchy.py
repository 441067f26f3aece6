#!/usr/bin/env python3
"""Which server class inherits from which, drawn from the live classes.

Every class stands under the last of its bases. A class with more than one base
names them: "ForkingTCPServer = ForkingMixIn + TCPServer". That is the order in which
Python looks a method up, and so a mix-in has to come first.

Without arguments this prints the figure. With --serve it sends the figure to
every client and closes the connection, without reading what the client says;
with --connect HOST PORT it prints what such a server sends.
"""
import socket
import socketserver
import sys

import serving
from console import CommandLine, printable, say

SERVER_HOST = 'localhost'
SERVER_PORT = 0  # the kernel picks a free port
BUF_SIZE = 1024
CLASSES = (
    'BaseServer', 'TCPServer', 'UDPServer', 'UnixStreamServer',
    'UnixDatagramServer', 'ForkingMixIn', 'ThreadingMixIn', 'ForkingTCPServer',
    'ForkingUDPServer', 'ThreadingTCPServer', 'ThreadingUDPServer',
    'ThreadingUnixStreamServer', 'ThreadingUnixDatagramServer',
    'BaseRequestHandler', 'StreamRequestHandler', 'DatagramRequestHandler',
)


def bases(name):
    """Return the names of the bases of one of CLASSES, in order."""
    found = getattr(socketserver, name).__bases__
    return [base.__name__ for base in found if base is not object]


def parent(name):
    """Return the name of the class that this one is drawn under, or None."""
    return bases(name)[-1] if bases(name) else None


def families(names):
    """Return a dictionary that maps the name of a parent to the names of its
    children, sorted. None stands for the parent of those that have none."""
    found = {}
    for above, name in sorted(((parent(name), name) for name in names),
                              key=lambda pair: (pair[0] or '', pair[1])):
        found.setdefault(above, []).append(name)
    return found


def label(name):
    """Return the name of a class, with its bases if it has more than one."""
    if len(bases(name)) < 2:
        return name
    return '%s = %s' % (name, ' + '.join(bases(name)))


def branch(children, found, indent):
    """Yield the lines for these names, which are sorted, and for all below them.
    found comes from families(); each line begins with indent."""
    for name in children:
        yield '%s+-- %s' % (indent, label(name))
        below = indent + ('    ' if name == children[-1] else '|   ')
        for line in branch(found.get(name, []), found, below):
            yield line


def figure():
    """Return the figure of CLASSES, one line for each. It leaves out those that the
    platform does not have (Unix sockets, fork)."""
    found = families(name for name in CLASSES if hasattr(socketserver, name))
    lines = []
    for root in found[None]:
        lines.append(label(root))
        lines.extend(branch(found.get(root, []), found, ''))
    return '\n'.join(lines) + '\n'


class FigureRequestHandler(socketserver.BaseRequestHandler):
    """Sends the figure, which is so short that no client delays the next."""

    def handle(self):
        try:
            self.request.sendall(figure().encode('utf-8'))
        except OSError as error:
            say('Connection lost: %s' % error.strerror)


class FigureServer(socketserver.TCPServer):
    """A synchronous server."""

    def handle_error(self, request, client_address):
        """Called in an except clause: the library would print a traceback."""
        say('Request failed: %s' % sys.exc_info()[1])


def demonstrate():
    """Print the figure."""
    say(figure().rstrip())


def serve(args):
    """Serve until SIGINT or SIGTERM; raise OSError if it cannot listen."""
    serving.serve(serving.listening(FigureServer, (args.host, args.port),
                                    FigureRequestHandler))


def connect(args):
    """Print what a server elsewhere sends; raise OSError if nobody listens."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.connect(args.connect)
        received = b''.join(iter(lambda: sock.recv(BUF_SIZE), b''))
    finally:
        sock.close()
    for line in received.splitlines():
        say(printable(line))


def main():
    parser = CommandLine('The inheritance of the server classes.')
    parser.add_server_options(SERVER_HOST, SERVER_PORT, 'send it to real clients')
    parser.add_client_options()
    parser.run(demonstrate, serve, connect)


if __name__ == '__main__':
    main()
