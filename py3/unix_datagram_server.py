#!/usr/bin/env python3
"""Datagrams on a socket file: UnixDatagramServer.

The reply to each datagram is one datagram: the same bytes in upper case. It can
only go to a client that has bound a path too, so this one binds a file in a
folder of its own; a client without a path is heard and not answered. Between
two programs on one machine nothing gets lost on the way, but a client that does
not read loses its replies: the server does not wait for it. It is synchronous:
it takes one datagram after the other.

Without arguments this plays a server and two clients and ends. With --serve it
waits for real clients on --path, or else on a file in a new private folder.
With --connect PATH it is one client.
"""
import argparse
import errno
import os
import select
import shutil
import signal
import socket
import socketserver
import stat
import sys
import tempfile

FILE_NAME = 'echo.sock'
MAX_DATAGRAM = 65535  # bytes
MESSAGE = 'Hello echo server!'
PATIENCE = 2  # seconds to wait for an answer

if not hasattr(socket, 'AF_UNIX'):
    sys.exit('unix_datagram_server.py: error: no Unix sockets on this platform')


def say(message):
    """Print one line now, even where stdout is a pipe."""
    print(message)
    sys.stdout.flush()


def printable(data):
    """Return data with control and non-ASCII bytes as escapes, fit to print."""
    return data.decode('latin-1').encode('unicode_escape').decode('ascii')


class Client(object):
    """A socket that speaks to one server and says so on the screen."""

    def __init__(self, name, path, folder=None):
        """Bind a path to be answered on, in a folder of its own in that folder, and
        speak to the server at the other; raise OSError if there is none."""
        self.name = name
        self.folder = tempfile.mkdtemp(prefix='recipe-', dir=folder)
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            self.sock.bind(os.path.join(self.folder, FILE_NAME))
            os.chmod(self.sock.getsockname(), 0o600)
            self.sock.connect(path)
        except:
            self.close()
            raise

    def send(self, message):
        """Send one datagram."""
        say('%s sends: %s' % (self.name, printable(message)))
        self.sock.send(message)

    def is_answered(self):
        """Return whether an answer is there already."""
        return self.sock in select.select([self.sock], [], [], 0)[0]

    def receive(self):
        """Wait for one datagram; raise socket.timeout if none comes."""
        self.sock.settimeout(PATIENCE)
        reply = self.sock.recv(MAX_DATAGRAM)
        say('%s received: %s' % (self.name, printable(reply)))

    def close(self):
        """Close the socket and remove its file."""
        self.sock.close()
        shutil.rmtree(self.folder)


class EchoRequestHandler(socketserver.BaseRequestHandler):
    """Answers one datagram."""

    def handle(self):
        data, sock = self.request
        if len(data) > MAX_DATAGRAM:
            say('No reply: more than %d bytes' % MAX_DATAGRAM)
        elif not self.client_address:
            say('No reply: the client has no path')
        else:
            self.answer(data.upper(), sock)

    def answer(self, response, sock):
        say('Server sending response: [%s]' % printable(response))
        try:
            # Without the flag a client that does not read would stop us.
            sock.sendto(response, socket.MSG_DONTWAIT, self.client_address)
        except OSError as error:
            say('Reply lost: %s' % error.strerror)


class EchoServer(socketserver.UnixDatagramServer):
    """A synchronous server: serve_forever() itself runs the handler."""

    max_packet_size = MAX_DATAGRAM + 1  # one more tells that it was cut off

    def server_bind(self):
        """Bind a file that is its owner's alone from the first moment on."""
        umask = os.umask(0o177)
        try:
            socketserver.UnixDatagramServer.server_bind(self)
        finally:
            os.umask(umask)

    def handle_error(self, request, client_address):
        """Called in an except clause: let the signal through, print the rest."""
        error = sys.exc_info()[1]
        if isinstance(error, KeyboardInterrupt):
            raise
        say('Request failed: %s' % error)


def close(server):
    """Close the listening socket and remove its file."""
    server.server_close()
    os.unlink(server.server_address)


def demonstrate():
    """Play a server and two clients: one datagram at a time."""
    folder = tempfile.mkdtemp(prefix='recipe-')
    try:
        talk(os.path.join(folder, FILE_NAME))
    finally:
        shutil.rmtree(folder)


def talk(path):
    """The demonstration itself, on a path in a folder of its own."""
    server = EchoServer(path, EchoRequestHandler)
    say('Server listening on %s' % printable(os.fsencode(path)))

    client1 = Client('Client 1', path, os.path.dirname(path))
    client2 = Client('Client 2', path, os.path.dirname(path))
    try:
        client1.send(b'Hello from client 1')
        client2.send(b'Hello from client 2')
        server.handle_request()
        client1.receive()
        if not client2.is_answered():
            say('Client 2 has no answer: one request was handled.')
        server.handle_request()
        client2.receive()
    finally:
        client1.close()
        client2.close()
    close(server)


def refuse_unsafe(path):
    """Raise OSError where somebody else could put another file in place."""
    folder = os.path.dirname(path) or os.curdir
    if os.path.islink(path):
        raise OSError(errno.EPERM, 'The path is a symbolic link')
    if os.stat(folder).st_mode & stat.S_IWOTH:
        raise OSError(errno.EPERM, 'The folder of the path is open to everybody')


def ignore(signum, frame):
    """Handle a second signal, until it can be ignored: in a handler SIG_IGN makes
    an error of one that came together with the first."""


def serve(path):
    """Serve on path until SIGINT or SIGTERM; raise OSError if it cannot
    bind."""
    refuse_unsafe(path)
    server = EchoServer(path, EchoRequestHandler)

    def stop(signum, frame):
        signal.signal(signal.SIGINT, ignore)
        signal.signal(signal.SIGTERM, ignore)
        raise KeyboardInterrupt

    try:
        signal.signal(signal.SIGINT, stop)
        signal.signal(signal.SIGTERM, stop)
        say('Server listening on %s' % printable(os.fsencode(path)))
        server.serve_forever()
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    finally:
        close(server)


def serve_in_private():
    """Serve on a file in a new folder, which goes with the server."""
    folder = tempfile.mkdtemp(prefix='recipe-')
    try:
        serve(os.path.join(folder, FILE_NAME))
    finally:
        shutil.rmtree(folder)


def connect(path, message):
    """Play one client of a server that runs elsewhere."""
    client = Client('Client', path)
    try:
        client.send(message)
        client.receive()
    finally:
        client.close()


class CommandLine(argparse.ArgumentParser):
    """An argument parser that spends one line on an error."""

    def print_help(self, file=None):
        say(self.format_help().rstrip('\n'))  # argparse would not see it fail

    def error(self, message):
        self.exit(2, '%s: error: %s\n' % (self.prog, message))


def main():
    parser = CommandLine(description='Upper-case echo on a Unix datagram socket.')
    parser.add_argument('--serve', action='store_true',
                        help='serve real clients until SIGINT or SIGTERM')
    parser.add_argument('--path',
                        help='socket file to make (default: one in a new folder)')
    parser.add_argument('--connect', metavar='PATH',
                        help='be one client of the server there')
    parser.add_argument('--message', default=MESSAGE, type=os.fsencode,
                        help='what that client says (default: %(default)s)')
    try:
        os.fstat(1)  # else our first socket would become stdout
        args = parser.parse_args()
        if args.connect:
            connect(args.connect, args.message)
        elif args.serve and args.path:
            serve(args.path)
        elif args.serve:
            serve_in_private()
        else:
            demonstrate()
    except socket.timeout:
        parser.exit(1, '%s: error: no answer in %d seconds\n'
                    % (parser.prog, PATIENCE))
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)  # no file is left: end as others do
    except OSError as error:
        # What could not be printed Python would try once more at its end.
        os.closerange(1, 2)  # there may be no other descriptor
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        parser.exit(1, '%s: error: %s\n' % (parser.prog, error.strerror or error))


if __name__ == '__main__':
    main()
