#!/usr/bin/env python3
"""Datagrams on a socket file: UnixDatagramServer.

The reply to each datagram is one datagram: the same bytes in upper case. It can
only go to a client that has bound a path too, so ours binds a file in a folder of
its own; a client without a path gets no answer. Nothing is lost on the way
between two programs on one machine, but a client that does not read loses its
replies: the server does not wait for it. The server is synchronous: it handles one
datagram at a time.

Without arguments this plays a server and two clients, and ends. With --serve it
serves real clients on --path, or else on a file in a new private folder.
With --connect PATH it is one client.
"""
import contextlib
import os
import select
import socket
import socketserver
import sys

import serving
from console import CommandLine, Failure, printable, require, say

FILE_NAME = 'echo.sock'
MAX_DATAGRAM = 65535  # bytes
MESSAGE = 'Hello echo server!'
PATIENCE = 2  # seconds to wait for an answer

require(socket, 'AF_UNIX', 'Unix sockets')


class Client(object):
    """A socket that talks to one server, and prints what it sends and receives."""

    def __init__(self, name, path, own_path):
        """Bind own_path, so that the server can answer, and talk to the server at
        path; raise OSError if there is none."""
        self.name = name
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            self.sock.bind(own_path)
            os.chmod(own_path, 0o600)  # its folder has been private all the while
            self.sock.connect(path)
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
        """Close the socket; its file goes with its folder."""
        self.sock.close()


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
            # Without the flag, a client that does not read would block us.
            sock.sendto(response, socket.MSG_DONTWAIT, self.client_address)
        except OSError as error:
            say('Reply lost: %s' % error.strerror)


class EchoServer(socketserver.UnixDatagramServer):
    """A synchronous server: serve_forever() itself runs the handler."""

    max_packet_size = MAX_DATAGRAM + 1  # one byte more shows that it was cut off

    def handle_error(self, request, client_address):
        """Called in an except clause: the library would print a traceback."""
        say('Request failed: %s' % sys.exc_info()[1])


def demonstrate():
    """Play a server and two clients: one datagram at a time."""
    with serving.private_folder() as folder:
        path = os.path.join(folder, FILE_NAME)
        server = serving.listening(EchoServer, path, EchoRequestHandler)
        say('Server listening on %s' % serving.where(server))
        client1 = Client('Client 1', path, path + '.client1')
        client2 = Client('Client 2', path, path + '.client2')
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
        serving.close(server)


def serve(args):
    """Serve on args.path, or else on a file in a new private folder, until SIGINT
    or SIGTERM; raise OSError if it cannot bind."""
    serving.serve_on_file(EchoServer, args.path, EchoRequestHandler)


def connect(args):
    """Play one client of a server that runs elsewhere."""
    with serving.private_folder() as folder:
        own_path = os.path.join(folder, FILE_NAME)
        with contextlib.closing(Client('Client', args.connect, own_path)) as client:
            client.send(args.message)
            client.receive()


def main():
    parser = CommandLine('Upper-case echo on a Unix datagram socket.')
    parser.add_path_options()
    parser.add_message(MESSAGE)
    parser.run(demonstrate, serve, connect)


if __name__ == '__main__':
    main()
