#!/usr/bin/env python2.7
"""A thread for every connection: ThreadingMixIn in front of TCPServer.

The reply to each line is "<name of the thread>: <line>", so a client can see
which thread served it. A last line may go without its newline when the client
closes its sending side; a line of more than BUF_SIZE bytes is answered in
pieces of that size.

Without arguments this plays a server and three clients and ends. With --serve
it waits for real clients; with --connect HOST PORT it is one client.
"""
import argparse
import errno
import os
import re
import signal
import socket
import SocketServer
import sys
import threading
import time

SERVER_HOST = 'localhost'
SERVER_PORT = 0  # the kernel picks a free port
BUF_SIZE = 1024
MESSAGE = 'Hello from client %d'
RETRY_SECONDS = 0.5  # until the next attempt to accept
OUT_OF_DESCRIPTORS = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)

screen = threading.Lock()


def say(message):
    """Print one line now, and whole: print writes the newline by itself, and
    another thread may come in between."""
    with screen:
        print message
        sys.stdout.flush()


def printable(data):
    """Return data with control and non-ASCII bytes as escapes, fit to print."""
    return data.decode('latin-1').encode('unicode_escape')


def client(ip, port, message):
    """Say message to the server at (ip, port) and print its whole reply; raise
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
    """Answers in a thread, until the client has no more to say."""

    def handle(self):
        try:
            self.echo()
        except socket.error, error:
            say('Connection lost: %s' % error.strerror)

    def echo(self):
        thread_name = threading.current_thread().name
        for data in iter(lambda: self.rfile.readline(BUF_SIZE), ''):
            response = '%s: %s' % (thread_name, data)
            self.request.sendall(response)


class ThreadedTCPServer(SocketServer.ThreadingMixIn, SocketServer.TCPServer):
    """The mix-in comes first, so its process_request() wins. What is added is a
    list of the open connections, to end them with the server."""

    # The process may end while a thread still waits for its client. Without
    # this one silent client would keep the process for as long as it likes.
    daemon_threads = True
    allow_reuse_address = True  # else a restart waits for old connections
    request_queue_size = 128  # of the library's 5 a crowd waits for seconds

    def __init__(self, server_address, handler_class):
        self.connections = set()
        SocketServer.TCPServer.__init__(self, server_address, handler_class)

    def get_request(self):
        """Called in the thread of the loop. Without a descriptor for the client
        there is a pause: it waits in the backlog, and the loop would ask again at
        once."""
        try:
            request, client_address = SocketServer.TCPServer.get_request(self)
        except socket.error, error:
            if error.errno in OUT_OF_DESCRIPTORS:
                say('Nobody is let in for now: %s' % error.strerror)
                time.sleep(RETRY_SECONDS)
            raise
        self.connections.add(request)
        return request, client_address

    def handle_error(self, request, client_address):
        """Called in an except clause, in any thread."""
        say('Request failed: %s' % sys.exc_info()[1])

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
            pass  # its thread, or its client, was faster


def join_threads(but):
    """Wait for the end of all threads but these. One that runs while the
    interpreter goes could print a traceback."""
    for thread in threading.enumerate():
        if thread not in but:
            thread.join()


def demonstrate():
    """Play a server and three clients, one after the other."""
    server = ThreadedTCPServer((SERVER_HOST, SERVER_PORT),
                               ThreadedTCPRequestHandler)
    ip, port = server.server_address
    others = threading.enumerate()
    server_thread = threading.Thread(target=server.serve_forever)
    server_thread.daemon = True  # a client that fails must not keep us here
    server_thread.start()
    try:
        say('Server loop running on thread: %s' % server_thread.name)

        for number in range(1, 4):
            client(ip, port, MESSAGE % number)
    finally:
        server.shutdown()
        close(server)
        join_threads(others)


def serve(host, port):
    """Serve until SIGINT or SIGTERM; raise socket.error if it cannot listen."""
    server = ThreadedTCPServer((host, port), ThreadedTCPRequestHandler)

    def stop(signum, frame):
        # shutdown() waits for the loop that this thread runs: ask from another.
        threading.Thread(target=server.shutdown).start()

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    say('Server listening on %s:%s' % server.server_address)
    server.serve_forever()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    close(server)
    join_threads([threading.current_thread()])


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
    parser = CommandLine(description='Echo with a thread for each connection.')
    parser.add_argument('--serve', action='store_true',
                        help='serve real clients until SIGINT or SIGTERM')
    parser.add_argument('--host', default=SERVER_HOST,
                        help='address to listen on (default: %(default)s)')
    parser.add_argument('--port', type=port_number, default=SERVER_PORT,
                        help='port to listen on (default: any free one)')
    parser.add_argument('--connect', nargs=2, metavar=('HOST', 'PORT'),
                        help='be one client of the server there')
    parser.add_argument('--message', default=MESSAGE % 1,
                        help='what that client says (default: %(default)s)')
    try:
        os.fstat(1)  # else our first socket would become stdout
        args = parser.parse_args()
        if args.connect:
            client(args.connect[0], port_number(args.connect[1]), args.message)
        elif args.serve:
            serve(args.host, args.port)
        else:
            demonstrate()
    except argparse.ArgumentTypeError, error:
        parser.error(error)
    except EnvironmentError, error:
        parser.exit(1, '%s: error: %s\n' % (parser.prog, error.strerror))


if __name__ == '__main__':
    main()
