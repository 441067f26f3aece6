#!/usr/bin/env python2.7
"""One connection at a time: TCPServer with a BaseRequestHandler.

The reply to each line is the same line in upper case. The last line needs no
newline if the client shuts down its sending side; a line of more than BUF_SIZE bytes
is answered in pieces of that size. The server is synchronous: the next client waits
until this one closes.

Without arguments this plays a server and two clients, and ends. With --serve it
serves real clients: for ever, through serve_forever(), or with --requests N exactly
N of them, each through one handle_request(). With --connect HOST PORT it is one
client.
"""
import contextlib
import select
import socket
import SocketServer
import sys

import serving
from console import CommandLine, count, printable, say

SERVER_HOST = 'localhost'
SERVER_PORT = 0  # the kernel picks a free port
BUF_SIZE = 1024
MESSAGE = 'Hello echo server!'
PATIENCE = 0.2  # seconds: an answer would have come by then


class Client(object):
    """One connection, which prints what it sends and receives."""

    def __init__(self, name, address):
        """Connect to (ip, port); raise socket.error if nobody listens."""
        self.name = name
        self.sock = socket.create_connection(address)

    def send(self, message):
        """Send one line; message has no newline."""
        say('%s sends: %s' % (self.name, printable(message)))
        self.sock.sendall(message + '\n')

    def is_answered(self):
        """Return whether something can be read within PATIENCE seconds."""
        return self.sock in select.select([self.sock], [], [], PATIENCE)[0]

    def receive(self):
        """Read one line, however many pieces it comes in, and print it."""
        reply = ''
        while not reply.endswith('\n'):
            data = self.sock.recv(BUF_SIZE)
            if not data:
                break
            reply += data
        say('%s received: %s' % (self.name, printable(reply.rstrip('\n'))))

    def close(self):
        """Close the connection, so that the server can go on."""
        try:
            say('%s closes.' % self.name)
        finally:
            self.sock.close()


class EchoRequestHandler(SocketServer.BaseRequestHandler):
    """Answers one client until it has nothing more to say."""

    def handle(self):
        lines = self.request.makefile('rb')
        try:
            for data in iter(lambda: lines.readline(BUF_SIZE), ''):
                self.answer(data)
        except socket.error, error:
            say('Connection lost: %s' % error.strerror)
        finally:
            lines.close()

    def answer(self, data):
        response = data.upper()
        say('Server sending response: [%s]' % printable(response))
        self.request.sendall(response)


class EchoServer(SocketServer.TCPServer):
    """A synchronous server: serve_forever() itself runs the handler."""

    def handle_error(self, request, client_address):
        """Called in an except clause: the library would print a traceback."""
        say('Request failed: %s' % sys.exc_info()[1])


def demonstrate():
    """Play a server and two clients: the second waits for the first."""
    server = serving.listening(EchoServer, (SERVER_HOST, SERVER_PORT),
                               EchoRequestHandler)
    with serving.running(server):
        say('Server listening on %s' % serving.where(server))
        client1 = Client('Client 1', server.server_address)
        client2 = Client('Client 2', server.server_address)
        client2.send('Hello from client 2')
        client1.send('Hello from client 1')
        client1.receive()
        if not client2.is_answered():
            say('Client 2 has no answer: the server waits for client 1.')
        client1.close()
        client2.receive()
        client2.close()


def handle_requests(loop, requests):
    """Handle this many requests, or fewer if the loop is told to stop."""
    for number in xrange(requests):
        while loop.accepted == number:
            if not loop.has_request():
                return
            loop.server.handle_request()


def serve(args):
    """Serve args.requests clients, or all until SIGINT or SIGTERM; raise
    socket.error if it cannot listen."""
    server = serving.listening(EchoServer, (args.host, args.port), EchoRequestHandler)
    if args.requests:
        serving.serve(server, work=lambda loop: handle_requests(loop, args.requests))
    else:
        serving.serve(server)


def connect(args):
    """Play one client of a server that runs elsewhere."""
    with contextlib.closing(Client('Client', args.connect)) as client:
        client.send(args.message)
        client.receive()


def main():
    parser = CommandLine('Upper-case echo, one client at a time.')
    parser.add_server_options(SERVER_HOST, SERVER_PORT)
    parser.add_argument('--requests', type=count, metavar='N',
                        help='end after N requests')
    parser.add_client_options()
    parser.add_message(MESSAGE)
    parser.run(demonstrate, serve, connect)


if __name__ == '__main__':
    main()
