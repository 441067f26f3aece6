#!/usr/bin/env python3
"""Who inherits from whom among the servers, drawn from the live classes.

Every class stands under the last of its bases. A class with more than one says
so: "ForkingTCPServer = ForkingMixIn + TCPServer", in the order in which Python
looks a method up, which is why a mix-in has to come first.

Without arguments this prints the figure. With --serve it sends the figure to
every client and closes the connection, without reading what the client says;
with --connect HOST PORT it prints what such a server sends.
"""
import argparse
import errno
import os
import re
import signal
import socket
import socketserver
import sys
import threading
import time

SERVER_HOST = 'localhost'
SERVER_PORT = 0  # the kernel picks a free port
BUF_SIZE = 1024
RETRY_SECONDS = 0.5  # until the next attempt to accept
OUT_OF_DESCRIPTORS = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
CLASSES = (
    'BaseServer', 'TCPServer', 'UDPServer', 'UnixStreamServer',
    'UnixDatagramServer', 'ForkingMixIn', 'ThreadingMixIn', 'ForkingTCPServer',
    'ForkingUDPServer', 'ThreadingTCPServer', 'ThreadingUDPServer',
    'ThreadingUnixStreamServer', 'ThreadingUnixDatagramServer',
    'BaseRequestHandler', 'StreamRequestHandler', 'DatagramRequestHandler',
)


def say(message):
    """Print one line now, even where stdout is a pipe."""
    print(message)
    sys.stdout.flush()


def printable(data):
    """Return data with control and non-ASCII bytes as escapes, fit to print."""
    return data.decode('latin-1').encode('unicode_escape').decode('ascii')


def bases(name):
    """Return the names of the bases of one of CLASSES, in order."""
    found = getattr(socketserver, name).__bases__
    return [base.__name__ for base in found if base is not object]


def parent(name):
    """Return the name of the class that this one is drawn under, or None."""
    return bases(name)[-1] if bases(name) else None


def families(names):
    """Return a dictionary: the name of a parent, or None for those without one
    -> the names of its children, sorted."""
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
    """Yield the lines for sorted names and all below them. found is from
    families(), indent what each line begins with."""
    for name in children:
        yield '%s+-- %s' % (indent, label(name))
        below = indent + ('    ' if name == children[-1] else '|   ')
        for line in branch(found.get(name, []), found, below):
            yield line


def figure():
    """Return the figure of CLASSES, a line for each. Those that the platform does
    not have (Unix sockets, fork) are left out."""
    found = families(name for name in CLASSES if hasattr(socketserver, name))
    lines = []
    for root in found[None]:
        lines.append(label(root))
        lines.extend(branch(found.get(root, []), found, ''))
    return '\n'.join(lines) + '\n'


class FigureRequestHandler(socketserver.BaseRequestHandler):
    """Sends the figure: short enough for no client to hold up the next."""

    def handle(self):
        try:
            self.request.sendall(figure().encode('utf-8'))
        except OSError as error:
            say('Connection lost: %s' % error.strerror)


class FigureServer(socketserver.TCPServer):
    """A synchronous server."""

    allow_reuse_address = True  # else a restart waits for old connections

    def get_request(self):
        """Accept a client. Without a descriptor for it there is a pause: it waits
        in the backlog, and the loop would ask again at once."""
        try:
            return socketserver.TCPServer.get_request(self)
        except OSError as error:
            if error.errno in OUT_OF_DESCRIPTORS:
                say('Nobody is let in for now: %s' % error.strerror)
                time.sleep(RETRY_SECONDS)
            raise

    def handle_error(self, request, client_address):
        """Called in an except clause."""
        say('Request failed: %s' % sys.exc_info()[1])


def serve(host, port):
    """Serve until SIGINT or SIGTERM; raise OSError if it cannot listen."""
    server = FigureServer((host, port), FigureRequestHandler)

    def stop(signum, frame):
        # shutdown() waits for the loop that this thread runs: ask from another.
        threading.Thread(target=server.shutdown).start()

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    say('Server listening on %s:%s' % server.server_address)
    server.serve_forever()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    server.server_close()


def connect(host, port):
    """Print what the server at (host, port) sends; raise OSError if nobody
    listens there."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.connect((host, port))
        received = b''.join(iter(lambda: sock.recv(BUF_SIZE), b''))
    finally:
        sock.close()
    for line in received.splitlines():
        say(printable(line))


class CommandLine(argparse.ArgumentParser):
    """An argument parser that spends one line on an error."""

    def print_help(self, file=None):
        say(self.format_help().rstrip('\n'))  # argparse would not see it fail

    def error(self, message):
        self.exit(2, '%s: error: %s\n' % (self.prog, message))


def port_number(text):
    """Return text as a port, or raise for what is not between 0 and 65535."""
    if not re.match('[0-9]{1,5}$', text) or int(text) > 65535:
        raise argparse.ArgumentTypeError('not a port: %s' % text)
    return int(text)


def main():
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # to end without a traceback
    parser = CommandLine(description='The inheritance of the server classes.')
    parser.add_argument('--serve', action='store_true',
                        help='send it to real clients until SIGINT or SIGTERM')
    parser.add_argument('--host', default=SERVER_HOST, type=os.fsencode,
                        help='address to listen on (default: %(default)s)')
    parser.add_argument('--port', type=port_number, default=SERVER_PORT,
                        help='port to listen on (default: any free one)')
    parser.add_argument('--connect', nargs=2, metavar=('HOST', 'PORT'),
                        help='be one client of the server there')
    try:
        os.fstat(1)  # else our first socket would become stdout
        args = parser.parse_args()
        if args.connect:
            connect(os.fsencode(args.connect[0]), port_number(args.connect[1]))
        elif args.serve:
            serve(args.host, args.port)
        else:
            say(figure().rstrip())
    except argparse.ArgumentTypeError as error:
        parser.error(error)
    except OSError as error:
        # What could not be printed Python would try once more at its end.
        os.closerange(1, 2)  # there may be no other descriptor
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        parser.exit(1, '%s: error: %s\n' % (parser.prog, error.strerror))


if __name__ == '__main__':
    main()
