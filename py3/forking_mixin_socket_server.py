#!/usr/bin/env python3
"""A process for every connection: ForkingMixIn in front of TCPServer.

The reply to each line is "<pid of the child>: <line>", so a client can see
which process served it. The last line needs no newline if the client shuts
down its sending side; a line of more than BUF_SIZE bytes is answered in pieces of
that size.

Without arguments this plays a server and two clients, and ends. With --serve
it serves real clients; with --connect HOST PORT it is one client.
"""
import os
import socket
import socketserver

import serving
from console import CommandLine, printable, renew_stdout, report, require, say

SERVER_HOST = 'localhost'
SERVER_PORT = 0  # the kernel picks a free port
BUF_SIZE = 1024
ECHO_MSG = 'Hello echo server!'

require(os, 'fork', 'fork()')


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
        """Send the message, shut down the sending side, and print the reply."""
        current_process_id = os.getpid()
        say('PID %s Sending echo message to the server : "%s"'
            % (current_process_id, ECHO_MSG))
        sent_data_length = self.sock.send(ECHO_MSG.encode('utf-8'))
        say('Sent: %d characters, so far...' % sent_data_length)
        self.sock.shutdown(socket.SHUT_WR)
        response = self.receive()
        # A quirk of 2012, kept: it cuts off a pid of three digits, and no longer one.
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
    """Answers in the child process until the client has nothing more to say."""

    def setup(self):
        renew_stdout()
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
    for pid in serving.children(server):
        os.waitpid(pid, 0)


def demonstrate():
    """Play a server and two clients, one after the other."""
    server = serving.listening(ForkingServer, (SERVER_HOST, SERVER_PORT),
                               ForkingServerRequestHandler)
    ip, port = server.server_address
    with serving.running(server, close, let_go=serving.end_children) as loop:
        serving.at_interrupt(loop.break_off)
        say('Server loop running PID: %s' % os.getpid())

        client1 = ForkedClient(ip, port)
        client1.run()
        client2 = ForkedClient(ip, port)
        client2.run()

        client1.shutdown()
        client2.shutdown()


def serve(args):
    """Serve until SIGINT or SIGTERM; raise OSError if it cannot listen."""
    server = serving.listening(ForkingServer, (args.host, args.port),
                               ForkingServerRequestHandler)
    serving.serve(server, close, let_go=serving.end_children)


def connect(args):
    """Play one client of a server that runs elsewhere."""
    client = ForkedClient(*args.connect)
    client.run()
    client.shutdown()


def main():
    parser = CommandLine('Echo with a process for each connection.')
    parser.add_server_options(SERVER_HOST, SERVER_PORT)
    parser.add_client_options()
    parser.run(demonstrate, serve, connect)


if __name__ == '__main__':
    main()
