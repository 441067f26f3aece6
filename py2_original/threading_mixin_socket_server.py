#!/usr/bin/env python2.7
"""A thread for every connection: ThreadingMixIn in front of TCPServer.

The reply to each line is "<name of the thread>: <line>", so a client can see
which thread served it. The last line needs no newline if the client shuts
down its sending side; a line of more than BUF_SIZE bytes is answered in pieces of
that size.

Without arguments this plays a server and three clients, and ends. With --serve
it serves real clients; with --connect HOST PORT it is one client.
"""
import socket
import SocketServer
import sys
import threading

import console
import serving
from console import CommandLine, printable, say

SERVER_HOST = 'localhost'
SERVER_PORT = 0  # the kernel picks a free port
BUF_SIZE = 1024
MESSAGE = 'Hello from client %d'
screen = threading.Lock()


def report(message):
    """Print one line whole: print writes the newline separately, and another thread
    may come in between."""
    with screen:
        console.report(message)


def client(ip, port, message):
    """Send message to the server at (ip, port) and print its whole reply; raise
    socket.error if nobody listens there."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.connect((ip, port))
        sock.sendall(message)
        sock.shutdown(socket.SHUT_WR)
        response = ''.join(iter(lambda: sock.recv(BUF_SIZE), ''))
    finally:
        sock.close()
    say('Client received: %s' % printable(response))


class ThreadedTCPRequestHandler(SocketServer.StreamRequestHandler):
    """Answers in a thread until the client has nothing more to say."""

    def handle(self):
        try:
            self.echo()
        except socket.error, error:
            report('Connection lost: %s' % error.strerror)

    def echo(self):
        thread_name = threading.current_thread().name
        for data in iter(lambda: self.rfile.readline(BUF_SIZE), ''):
            response = '%s: %s' % (thread_name, data)
            self.request.sendall(response)


class ThreadedTCPServer(SocketServer.ThreadingMixIn, SocketServer.TCPServer):
    """The mix-in comes first, so its process_request() wins. This class also keeps a
    set of the open connections, so that they end with the server."""

    # The process may end while a thread still waits for its client. Otherwise one
    # silent client could keep the process alive for as long as it likes.
    daemon_threads = True
    request_queue_size = 128  # with the library's 5, a crowd waits for seconds

    def __init__(self, *arguments, **options):
        self.connections = set()
        SocketServer.TCPServer.__init__(self, *arguments, **options)

    def get_request(self):
        """Called in the thread of the loop."""
        request, client_address = SocketServer.TCPServer.get_request(self)
        self.connections.add(request)
        return request, client_address

    def handle_error(self, request, client_address):
        """Called in an except clause, in any thread: the library would print a
        traceback."""
        report('Request failed: %s' % sys.exc_info()[1])

    def shutdown_request(self, request):
        """Called in the thread of the connection."""
        self.connections.discard(request)
        SocketServer.TCPServer.shutdown_request(self, request)


def close(server):
    """Close the listening socket and every connection."""
    server.server_close()
    for request in list(server.connections):
        try:
            request.shutdown(socket.SHUT_RDWR)
        except socket.error:
            pass  # its thread, or its client, has closed it already


def demonstrate():
    """Play a server and three clients, one after the other."""
    server = serving.listening(ThreadedTCPServer, (SERVER_HOST, SERVER_PORT),
                               ThreadedTCPRequestHandler)
    ip, port = server.server_address
    others = threading.enumerate()
    with serving.running(server, close) as server_thread:
        say('Server loop running on thread: %s' % server_thread.name)

        for number in range(1, 4):
            client(ip, port, MESSAGE % number)
    serving.join_threads(others)


def serve(args):
    """Serve until SIGINT or SIGTERM; raise socket.error if it cannot listen."""
    server = serving.listening(ThreadedTCPServer, (args.host, args.port),
                               ThreadedTCPRequestHandler)
    others = threading.enumerate()
    serving.serve(server, close)
    serving.join_threads(others)


def connect(args):
    """Play one client of a server that runs elsewhere."""
    ip, port = args.connect
    client(ip, port, args.message)


def main():
    parser = CommandLine('Echo with a thread for each connection.')
    parser.add_server_options(SERVER_HOST, SERVER_PORT)
    parser.add_client_options()
    parser.add_message(MESSAGE % 1)
    parser.run(demonstrate, serve, connect)


if __name__ == '__main__':
    main()
