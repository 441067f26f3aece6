#!/usr/bin/env python3
"""TCPServer on a socket file: UnixStreamServer.

The reply to each line is the same line in upper case. A last line may go
without its newline when the client closes its sending side; a line of more than
BUF_SIZE bytes is answered in pieces of that size. The server is synchronous:
until a client closes, the next one waits. Only the user who started the server
can connect, and the file goes when the server ends; a file that is there before
is never touched.

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
import threading
import time

FILE_NAME = 'echo.sock'
BUF_SIZE = 1024
MESSAGE = 'Hello echo server!'
PATIENCE = 0.2  # seconds in which an answer would have come
RETRY_SECONDS = 0.5  # until the next attempt to accept
OUT_OF_DESCRIPTORS = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)

if not hasattr(socket, 'AF_UNIX'):
    sys.exit('unix_stream_server.py: error: no Unix sockets on this platform')


def say(message):
    """Print one line now, even where stdout is a pipe."""
    print(message)
    sys.stdout.flush()


def printable(data):
    """Return data with control and non-ASCII bytes as escapes, fit to print."""
    return data.decode('latin-1').encode('unicode_escape').decode('ascii')


class Client(object):
    """One connection, which says on the screen what it sends and receives."""

    def __init__(self, name, path):
        """Connect to the socket file; raise OSError if nobody listens."""
        self.name = name
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self.sock.connect(path)
        except:
            self.sock.close()
            raise

    def send(self, message):
        """Send one line: message is without its newline."""
        say('%s sends: %s' % (self.name, printable(message)))
        self.sock.sendall(message + b'\n')

    def is_answered(self):
        """Return whether something can be read within PATIENCE seconds."""
        return self.sock in select.select([self.sock], [], [], PATIENCE)[0]

    def receive(self):
        """Read one line, in however many pieces it comes."""
        reply = b''
        while not reply.endswith(b'\n'):
            data = self.sock.recv(BUF_SIZE)
            if not data:
                break
            reply += data
        say('%s received: %s' % (self.name, printable(reply.rstrip(b'\n'))))

    def close(self):
        """Close the connection, which lets the server go on."""
        try:
            say('%s closes.' % self.name)
        finally:
            self.sock.close()


class EchoRequestHandler(socketserver.BaseRequestHandler):
    """Answers one connection, until the client has no more to say."""

    def handle(self):
        # makefile() is Python code here, and a signal in it leaves half a file.
        lines = open(self.request.fileno(), 'rb', closefd=False)
        try:
            for data in iter(lambda: lines.readline(BUF_SIZE), b''):
                self.answer(data)
        except OSError as error:
            say('Connection lost: %s' % error.strerror)
        finally:
            lines.close()

    def answer(self, data):
        response = data.upper()
        say('Server sending response: [%s]' % printable(response))
        self.request.sendall(response)


class EchoServer(socketserver.UnixStreamServer):
    """A synchronous server: serve_forever() itself runs the handler."""

    def server_bind(self):
        """Bind a file that is its owner's alone from the first moment on."""
        umask = os.umask(0o177)
        try:
            socketserver.UnixStreamServer.server_bind(self)
        finally:
            os.umask(umask)

    def get_request(self):
        """Accept a client. Without a descriptor for it there is a pause: it waits
        in the backlog, and the loop would ask again at once."""
        try:
            return socketserver.UnixStreamServer.get_request(self)
        except OSError as error:
            if error.errno in OUT_OF_DESCRIPTORS:
                say('Nobody is let in for now: %s' % error.strerror)
                time.sleep(RETRY_SECONDS)
            raise

    def handle_error(self, request, client_address):
        """Called in an except clause: let the signal through, print the rest."""
        error = sys.exc_info()[1]
        if isinstance(error, KeyboardInterrupt):
            raise
        try:
            say('Request failed: %s' % error)
        finally:
            self.shutdown_request(request)  # if that failed, the library does not


def close(server):
    """Close the listening socket and remove its file."""
    server.server_close()
    os.unlink(server.server_address)


def run(server):
    """Serve in a thread. No client may wait for a server that stdout has failed."""
    try:
        server.serve_forever()
    except OSError:
        server.server_close()


def demonstrate():
    """Play a server and two clients: the second waits for the first."""
    folder = tempfile.mkdtemp(prefix='recipe-')
    try:
        talk(os.path.join(folder, FILE_NAME))
    finally:
        shutil.rmtree(folder)


def talk(path):
    """The demonstration itself, on a path in a folder of its own."""
    server = EchoServer(path, EchoRequestHandler)
    server_thread = threading.Thread(target=run, args=(server,))
    server_thread.daemon = True  # a client that fails must not keep us here
    server_thread.start()
    clients = []
    try:
        say('Server listening on %s' % printable(os.fsencode(path)))

        for name in 'Client 1', 'Client 2':
            clients.append(Client(name, path))
        client1, client2 = clients
        client2.send(b'Hello from client 2')
        client1.send(b'Hello from client 1')
        client1.receive()
        if not client2.is_answered():
            say('Client 2 has no answer: the server waits for client 1.')
        client1.close()
        client2.receive()
        client2.close()
    finally:
        # The loop goes on for as long as the client that it serves.
        for client in clients:
            client.sock.close()
        server.shutdown()
        server_thread.join()
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
    listen."""
    refuse_unsafe(path)
    server = EchoServer(path, EchoRequestHandler)

    def stop(signum, frame):
        signal.signal(signal.SIGINT, ignore)
        signal.signal(signal.SIGTERM, ignore)
        # In a destructor of a file on a socket it is lost: ask again until it is heard.
        signal.signal(signal.SIGALRM, stop)
        signal.alarm(1)
        raise KeyboardInterrupt

    try:
        signal.signal(signal.SIGINT, stop)
        signal.signal(signal.SIGTERM, stop)
        say('Server listening on %s' % printable(os.fsencode(path)))
        server.serve_forever()
    except KeyboardInterrupt:
        signal.alarm(0)
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
    parser = CommandLine(description='Upper-case echo on a Unix stream socket.')
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
