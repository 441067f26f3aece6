#!/usr/bin/env python3
"""A process for every connection: ForkingMixIn in front of TCPServer.

The reply to each line is "<pid of the child>: <line>", so a client can see
which process served it. A last line may go without its newline when the client
closes its sending side; a line of more than BUF_SIZE bytes is answered in
pieces of that size.

Without arguments this plays a server and two clients and ends. With --serve
it waits for real clients; with --connect HOST PORT it is one client.
"""
import argparse
import codecs
import os
import re
import signal
import socket
import socketserver
import sys
import threading

SERVER_HOST = 'localhost'
SERVER_PORT = 0  # the kernel picks a free port
BUF_SIZE = 1024
ECHO_MSG = 'Hello echo server!'

if not hasattr(os, 'fork'):
    sys.exit('forking_mixin_socket_server.py: error: no fork() on this platform')


def say(message):
    """Print one line now: a forked child leaves through os._exit(), which
    throws away what a pipe's buffer still holds."""
    print(message)
    sys.stdout.flush()


def report(message):
    """Print one line, unless stdout is dead: a child goes on for its client."""
    try:
        say(message)
    except OSError:
        pass


# Looked up now, and not anew in every child.
for name in 'latin-1', 'unicode_escape':
    codecs.lookup(name)


def printable(data):
    """Return data with control and non-ASCII bytes as escapes, fit to print."""
    return data.decode('latin-1').encode('unicode_escape').decode('ascii')


class ForkedClient(object):
    """A client that says ECHO_MSG once and reads the whole reply."""

    def __init__(self, ip, port):
        """Connect to (ip, port); raise OSError if nobody listens."""
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            self.sock.connect((ip, port))
        except:
            self.sock.close()
            raise

    def run(self):
        """Send the message, say that no more will come, print the reply."""
        current_process_id = os.getpid()
        say('PID %s Sending echo message to the server : "%s"'
            % (current_process_id, ECHO_MSG))
        sent_data_length = self.sock.send(ECHO_MSG.encode('utf-8'))
        say('Sent: %d characters, so far...' % sent_data_length)
        self.sock.shutdown(socket.SHUT_WR)
        response = self.receive()
        # The sixth character on: what follows a pid of three digits.
        say('PID %s received: %s'
            % (current_process_id, printable(response[5:])))

    def receive(self):
        """Return all that the server sends until it closes."""
        pieces = []
        while True:
            data = self.sock.recv(BUF_SIZE)
            if not data:
                return b''.join(pieces)
            pieces.append(data)

    def shutdown(self):
        """Close the connection."""
        self.sock.close()


class ForkingServerRequestHandler(socketserver.StreamRequestHandler):
    """Answers in the child process, until the client has no more to say."""

    def setup(self):
        # Our copy of the parent's stdout may hold half a line of the parent's,
        # which the first flush would print again: take a fresh one.
        sys.stdout = os.fdopen(1, 'w')
        socketserver.StreamRequestHandler.setup(self)

    def handle(self):
        try:
            self.echo()
        except OSError as error:
            report('Connection lost: %s' % error.strerror)
        except Exception as error:
            report('Request failed: %s' % error)

    def echo(self):
        current_process_id = os.getpid()
        for data in iter(lambda: self.rfile.readline(BUF_SIZE), b''):
            response = b'%d: %s' % (current_process_id, data)
            say('Server sending response [current_process_id: data] =[%s]'
                % printable(response))
            self.request.sendall(response)


class ForkingServer(socketserver.ForkingMixIn, socketserver.TCPServer):
    """Nothing to add: the mix-in comes first, so its process_request() wins."""


def close(server):
    """Close the listening socket and wait for the children still at work."""
    server.server_close()
    for pid in list(server.active_children or ()):
        os.waitpid(pid, 0)


def end_children(server):
    """End the children still at work."""
    for pid in list(server.active_children or ()):
        try:
            os.kill(pid, signal.SIGKILL)  # just after fork() SIGTERM can go unheard
        except OSError:
            pass  # the loop has just waited for it


def demonstrate():
    """Play a server and two clients, one after the other."""
    demonstration_pid = os.getpid()

    def stop(signum, frame):
        if os.getpid() != demonstration_pid:
            os._exit(0)  # a child: nothing is printed
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, stop)
    server = ForkingServer((SERVER_HOST, SERVER_PORT),
                           ForkingServerRequestHandler)
    ip, port = server.server_address
    server_thread = threading.Thread(target=server.serve_forever)
    server_thread.daemon = True  # a client that fails must not keep us here
    server_thread.start()
    try:
        say('Server loop running PID: %s' % os.getpid())

        client1 = ForkedClient(ip, port)
        client1.run()
        client2 = ForkedClient(ip, port)
        client2.run()

        client1.shutdown()
        client2.shutdown()
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        server.shutdown()
        # One whose client failed has a copy of its socket, and sees no end.
        end_children(server)
        close(server)


def serve(host, port):
    """Serve until SIGINT or SIGTERM; raise OSError if it cannot listen."""
    server = ForkingServer((host, port), ForkingServerRequestHandler)
    server_pid = os.getpid()

    def stop(signum, frame):
        if os.getpid() != server_pid:
            os._exit(0)  # a child: its client goes, and nothing is printed
        # shutdown() waits for the loop that this thread runs: ask from another.
        threading.Thread(target=server.shutdown).start()
        # With max_children at work the loop waits for one of them to end.
        end_children(server)

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    say('Server listening on %s:%s' % server.server_address)
    server.serve_forever()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    end_children(server)
    close(server)


def connect(host, port):
    """Play one client of a server that runs elsewhere."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    client = ForkedClient(host, port)
    client.run()
    client.shutdown()


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
    parser = CommandLine(description='Echo with a process for each connection.')
    parser.add_argument('--serve', action='store_true',
                        help='serve real clients until SIGINT or SIGTERM')
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
            demonstrate()
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)  # no child is left: end as others do
    except argparse.ArgumentTypeError as error:
        parser.error(error)
    except OSError as error:
        # What could not be printed Python would try once more at its end.
        os.closerange(1, 2)  # there may be no other descriptor
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        parser.exit(1, '%s: error: %s\n' % (parser.prog, error.strerror))


if __name__ == '__main__':
    main()
