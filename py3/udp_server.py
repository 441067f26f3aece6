#!/usr/bin/env python3
"""Datagrams: UDPServer, whose handlers get (data, socket).

The reply to each datagram is one datagram: the same bytes in upper case. There
is no connection, so there is nothing to wait for and nothing to close. A
datagram may get lost, arrive twice, or overtake another (RFC 768). A client that
needs an answer must ask again; this one gives up after PATIENCE seconds. The server
is synchronous: it handles one datagram at a time.

One datagram with a forged sender can make two such servers answer each other for ever
(CVE-2024-2169): never give one a public address without a rate limit in front of it.

Without arguments this plays a server and two clients, and ends. With --serve it
serves real clients; with --connect HOST PORT it is one client.
"""
import contextlib
import select
import socket
import socketserver
import sys

import serving
from console import CommandLine, Failure, printable, say

SERVER_HOST = 'localhost'
SERVER_PORT = 0  # the kernel picks a free port
MAX_DATAGRAM = 65535  # bytes: the most that the length field of UDP can hold
MESSAGE = 'Hello echo server!'
PATIENCE = 2  # seconds to wait for an answer


class Client(object):
    """A socket that talks to one server, and prints what it sends and receives."""

    def __init__(self, name, address):
        """Talk to (ip, port) only: the kernel drops what others send."""
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
        """Return whether an answer has already come."""
        return self.sock in select.select([self.sock], [], [], 0)[0]

    def receive(self):
        """Wait for one datagram and print it; raise Failure if none comes."""
        self.sock.settimeout(PATIENCE)
        try:
            reply = self.sock.recv(MAX_DATAGRAM)
        except socket.timeout:
            raise Failure('no answer in %d seconds' % PATIENCE)
        say('%s received: %s' % (self.name, printable(reply)))

    def close(self):
        """Close the socket; the server does not notice."""
        self.sock.close()


class EchoRequestHandler(socketserver.BaseRequestHandler):
    """Answers one datagram."""

    def handle(self):
        data, sock = self.request
        response = data.upper()
        say('Server sending response: [%s]' % printable(response))
        try:
            sock.sendto(response, self.client_address)
        except OSError as error:
            say('Reply lost: %s' % error.strerror)


class EchoServer(socketserver.UDPServer):
    """A synchronous server: serve_forever() itself runs the handler."""

    max_packet_size = MAX_DATAGRAM  # the library's 8192 would cut the rest off

    def verify_request(self, request, client_address):
        """Return False for a sender with our own port: it could be this server."""
        return client_address[1] != self.server_address[1]

    def handle_error(self, request, client_address):
        """Called in an except clause: the library would print a traceback."""
        say('Request failed: %s' % sys.exc_info()[1])


def demonstrate():
    """Play a server and two clients: one datagram at a time."""
    server = serving.listening(EchoServer, (SERVER_HOST, SERVER_PORT),
                               EchoRequestHandler)
    say('Server listening on %s' % serving.where(server))

    client1 = Client('Client 1', server.server_address)
    client2 = Client('Client 2', server.server_address)
    client1.send(b'Hello from client 1')
    client2.send(b'Hello from client 2')
    server.handle_request()
    client1.receive()
    if not client2.is_answered():
        say('Client 2 has no answer: one request was handled.')
    server.handle_request()
    client2.receive()

    client1.close()
    client2.close()
    server.server_close()


def serve(args):
    """Serve until SIGINT or SIGTERM; raise OSError if it cannot bind."""
    serving.serve(serving.listening(EchoServer, (args.host, args.port),
                                    EchoRequestHandler))


def connect(args):
    """Play one client of a server that runs elsewhere."""
    with contextlib.closing(Client('Client', args.connect)) as client:
        client.send(args.message)
        client.receive()


def main():
    parser = CommandLine('Upper-case echo of datagrams.')
    parser.add_server_options(SERVER_HOST, SERVER_PORT)
    parser.add_client_options()
    parser.add_message(MESSAGE)
    parser.run(demonstrate, serve, connect)


if __name__ == '__main__':
    main()
