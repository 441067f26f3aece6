#!/usr/bin/env python2.7
"""Datagrams: UDPServer, whose handlers get (data, socket).

The reply to each datagram is one datagram: the same bytes in upper case. There
is no connection, so there is nothing to wait for and nothing to close. A
datagram may get lost, come twice or overtake another (RFC 768): a client that
must know asks again, and this one gives up after PATIENCE seconds. The server
is synchronous: it takes one datagram after the other.

Without arguments this plays a server and two clients and ends. With --serve it
waits for real clients; with --connect HOST PORT it is one client.
"""
import argparse
import os
import re
import select
import signal
import socket
import SocketServer
import sys

SERVER_HOST = 'localhost'
SERVER_PORT = 0  # the kernel picks a free port
MAX_DATAGRAM = 65535  # bytes: what the length field of UDP can say, and more
MESSAGE = 'Hello echo server!'
PATIENCE = 2  # seconds to wait for an answer


def say(message):
    """Print one line now, even where stdout is a pipe."""
    print message
    sys.stdout.flush()


def printable(data):
    """Return data with control and non-ASCII bytes as escapes, fit to print."""
    return data.decode('latin-1').encode('unicode_escape')


class Client(object):
    """A socket that speaks to one server and says so on the screen."""

    def __init__(self, name, address):
        """Speak to (ip, port) only: what others send is not for us."""
        self.name = name
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self.sock.connect(address)
        except:
            self.sock.close()
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
        """Close the socket; the server cannot notice."""
        self.sock.close()


class EchoRequestHandler(SocketServer.BaseRequestHandler):
    """Answers one datagram."""

    def handle(self):
        data, sock = self.request
        response = data.upper()
        say('Server sending response: [%s]' % printable(response))
        try:
            sock.sendto(response, self.client_address)
        except socket.error, error:
            say('Reply lost: %s' % error.strerror)


class EchoServer(SocketServer.UDPServer):
    """A synchronous server: serve_forever() itself runs the handler."""

    max_packet_size = MAX_DATAGRAM  # the library's 8192 would cut the rest off

    def handle_error(self, request, client_address):
        """Called in an except clause: let the signal through, print the rest."""
        error = sys.exc_info()[1]
        if isinstance(error, KeyboardInterrupt):
            raise
        say('Request failed: %s' % error)


def demonstrate():
    """Play a server and two clients: one datagram at a time."""
    server = EchoServer((SERVER_HOST, SERVER_PORT), EchoRequestHandler)
    say('Server listening on %s:%s' % server.server_address)

    client1 = Client('Client 1', server.server_address)
    client2 = Client('Client 2', server.server_address)
    client1.send('Hello from client 1')
    client2.send('Hello from client 2')
    server.handle_request()
    client1.receive()
    if not client2.is_answered():
        say('Client 2 has no answer: one request was handled.')
    server.handle_request()
    client2.receive()

    client1.close()
    client2.close()
    server.server_close()


def ignore(signum, frame):
    """Handle a second signal, until it can be ignored: in a handler SIG_IGN makes
    an error of one that came together with the first."""


def serve(host, port):
    """Serve until SIGINT or SIGTERM; raise socket.error if it cannot bind."""
    server = EchoServer((host, port), EchoRequestHandler)

    def stop(signum, frame):
        signal.signal(signal.SIGINT, ignore)
        signal.signal(signal.SIGTERM, ignore)
        raise KeyboardInterrupt

    try:
        signal.signal(signal.SIGINT, stop)
        signal.signal(signal.SIGTERM, stop)
        say('Server listening on %s:%s' % server.server_address)
        server.serve_forever()
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    finally:
        server.server_close()


def connect(host, port, message):
    """Play one client of a server that runs elsewhere."""
    client = Client('Client', (host, port))
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


def port_number(text):
    """Return text as a port, or raise for what is not between 0 and 65535."""
    if not re.match('[0-9]{1,5}$', text) or int(text) > 65535:
        raise argparse.ArgumentTypeError('not a port: %s' % text)
    return int(text)


def main():
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # to end without a traceback
    parser = CommandLine(description='Upper-case echo of datagrams.')
    parser.add_argument('--serve', action='store_true',
                        help='serve real clients until SIGINT or SIGTERM')
    parser.add_argument('--host', default=SERVER_HOST,
                        help='address to listen on (default: %(default)s)')
    parser.add_argument('--port', type=port_number, default=SERVER_PORT,
                        help='port to listen on (default: any free one)')
    parser.add_argument('--connect', nargs=2, metavar=('HOST', 'PORT'),
                        help='be one client of the server there')
    parser.add_argument('--message', default=MESSAGE,
                        help='what that client says (default: %(default)s)')
    try:
        os.fstat(1)  # else our first socket would become stdout
        args = parser.parse_args()
        if args.connect:
            host, port = args.connect
            connect(host, port_number(port), args.message)
        elif args.serve:
            serve(args.host, args.port)
        else:
            demonstrate()
    except argparse.ArgumentTypeError, error:
        parser.error(error)
    except socket.timeout:
        parser.exit(1, '%s: error: no answer in %d seconds\n'
                    % (parser.prog, PATIENCE))
    except EnvironmentError, error:
        parser.exit(1, '%s: error: %s\n' % (parser.prog, error.strerror or error))


if __name__ == '__main__':
    main()
