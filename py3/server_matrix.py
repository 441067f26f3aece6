#!/usr/bin/env python3
"""What overlaps and what waits: four families of servers, three kinds of each.

The families are TCP, UDP, and the streams and datagrams of Unix sockets. The kinds
are: synchronous, a process for each request (ForkingMixIn), a thread for each
request (ThreadingMixIn). A thirteenth server has its mix-in after the
server class, where it does nothing. A service takes SERVICE_TIME seconds, and
the reply is the line "<begin> <end>" in seconds since 1970, by a clock that all
processes share.

Without arguments this sends every server two requests at once and prints a
table: whether their services overlapped or queued, and how many service times
both took. With --serve --server NAME it is one of the servers for real clients.
A stream server reads one line, or what comes before the client shuts down its
sending side; a datagram is answered whatever it says.
"""
import argparse
import math
import os
import queue
import socket
import socketserver
import sys
import threading
import time

import serving
from console import CommandLine, port_number, report, require, say

SERVER_HOST = 'localhost'
SERVER_PORT = 0  # the kernel picks a free port
BUF_SIZE = 1024
SERVICE_TIME = 1.0  # seconds that every service takes
REQUEST_TIME = 2.0  # seconds that the client of a stream has for its request
PATIENCE = 10.0  # seconds that a client waits for a reply
ROW = '%-28s %-14s %-13s %-11s %s'

require(os, 'fork', 'fork()')
require(socket, 'AF_UNIX', 'Unix sockets')


def slow_service():
    """Take SERVICE_TIME seconds; return the reply: when this began and ended."""
    begin = time.time()
    time.sleep(SERVICE_TIME)
    return b'%f %f\n' % (begin, time.time())


class StreamHandler(socketserver.StreamRequestHandler):
    """Serves one line of a connection."""

    timeout = REQUEST_TIME  # a synchronous server cannot wait for ever

    def handle(self):
        try:
            if self.rfile.readline(BUF_SIZE):
                self.request.sendall(slow_service())
        except OSError:
            pass  # the client has left: nobody wants a reply


class DatagramHandler(socketserver.BaseRequestHandler):
    """Serves one datagram."""

    def handle(self):
        server_socket = self.request[1]
        if not self.client_address:
            return  # a Unix socket without a path has no address to reply to
        try:
            # Without the flag, a client that does not read would block us.
            server_socket.sendto(slow_service(), socket.MSG_DONTWAIT,
                                 self.client_address)
        except OSError:
            pass  # the client has left: nobody wants a reply


class ForkingTCPServer(socketserver.ForkingMixIn, socketserver.TCPServer):
    """A process for each connection."""


class ForkingUDPServer(socketserver.ForkingMixIn, socketserver.UDPServer):
    """A process for each datagram."""


class ForkingUnixStreamServer(socketserver.ForkingMixIn,
                              socketserver.UnixStreamServer):
    """A process for each connection."""


class ForkingUnixDatagramServer(socketserver.ForkingMixIn,
                                socketserver.UnixDatagramServer):
    """A process for each datagram."""


class ThreadingTCPServer(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """A thread for each connection."""

    daemon_threads = True


class ThreadingUDPServer(socketserver.ThreadingMixIn, socketserver.UDPServer):
    """A thread for each datagram."""

    daemon_threads = True


class ThreadingUnixStreamServer(socketserver.ThreadingMixIn,
                                socketserver.UnixStreamServer):
    """A thread for each connection."""

    daemon_threads = True


class ThreadingUnixDatagramServer(socketserver.ThreadingMixIn,
                                  socketserver.UnixDatagramServer):
    """A thread for each datagram."""

    daemon_threads = True


class MixInLastTCPServer(socketserver.TCPServer, socketserver.ForkingMixIn):
    """Synchronous: the process_request() of TCPServer is found first."""


SERVERS = dict((server_class.__name__, server_class) for server_class in (
    socketserver.TCPServer, ForkingTCPServer, ThreadingTCPServer,
    socketserver.UDPServer, ForkingUDPServer, ThreadingUDPServer,
    socketserver.UnixStreamServer, ForkingUnixStreamServer,
    ThreadingUnixStreamServer, socketserver.UnixDatagramServer,
    ForkingUnixDatagramServer, ThreadingUnixDatagramServer, MixInLastTCPServer,
))
FAMILIES = {
    (socket.AF_INET, socket.SOCK_STREAM): 'TCP',
    (socket.AF_INET, socket.SOCK_DGRAM): 'UDP',
    (socket.AF_UNIX, socket.SOCK_STREAM): 'Unix stream',
    (socket.AF_UNIX, socket.SOCK_DGRAM): 'Unix datagram',
}


def family(name):
    """Return the name of a server's family."""
    return FAMILIES[SERVERS[name].address_family, SERVERS[name].socket_type]


def kind(name):
    """Return the kind of a server by its name, or None if it has no mix-in."""
    bases = [base.__name__ for base in SERVERS[name].__bases__]
    kinds = {'ForkingMixIn': 'forking', 'ThreadingMixIn': 'threading'}
    if bases[0] in kinds:
        return kinds[bases[0]]
    return kinds[bases[1]] + ' last' if len(bases) > 1 else None


def in_order(names):
    """Return the names of servers by family, those without a mix-in first."""
    return [row[2] for row in sorted((family(name), kind(name) or '', name)
                                     for name in names)]


def request_failed(request, client_address):
    """Called in an except clause, in any thread or child."""
    report('Request failed: %s' % sys.exc_info()[1])


def make_server(name, host, port, folder):
    """Return the server of that name at (host, port), or on a path in the folder
    if it has a Unix socket; raise OSError if it cannot listen."""
    server_class = SERVERS[name]
    handler_class = DatagramHandler
    if server_class.socket_type == socket.SOCK_STREAM:
        handler_class = StreamHandler
    address = (host, port)
    if server_class.address_family == socket.AF_UNIX:
        address = os.path.join(folder, name)
    server = serving.listening(server_class, address, handler_class)
    server.handle_error = request_failed  # on the instance, whatever its class
    return server


def close(server):
    """Close the server's socket and wait for the children still at work."""
    serving.close(server)
    for pid in serving.children(server):
        os.waitpid(pid, 0)


class SlowClient(object):
    """A client that asks a server once."""

    def __init__(self, server, path):
        """Connect to the server; raise OSError if it does not listen. The
        path is for a client of Unix datagrams to bind: without one it would get
        no reply."""
        family_and_type = server.address_family, server.socket_type
        self.sock = socket.socket(*family_and_type)
        self.sock.settimeout(PATIENCE)
        try:
            if family_and_type == (socket.AF_UNIX, socket.SOCK_DGRAM):
                self.sock.bind(path)
                os.chmod(path, 0o600)
            self.sock.connect(server.server_address)
        except:
            self.sock.close()
            raise

    def send(self):
        """Ask for the service."""
        self.sock.sendall(b'Serve me, please.\n')

    def receive(self):
        """Return when the service began and ended; raise OSError if no whole
        reply comes, or nothing in PATIENCE seconds."""
        reply = b''
        while not reply.endswith(b'\n'):
            data = self.sock.recv(BUF_SIZE)
            if not data:
                raise OSError('the server closed before its reply')
            reply += data
        begin, end = reply.split()
        return float(begin), float(end)

    def close(self):
        """Close the connection."""
        self.sock.close()


def overlapped(services):
    """Return whether all services, each (begin, end), had a moment in common."""
    return max(begin for begin, _ in services) < min(end for _, end in services)


def service_times(services):
    """Return how many times SERVICE_TIME they took together, a whole number;
    halves are rounded up."""
    seconds = (max(end for _, end in services)
               - min(begin for begin, _ in services))
    return math.floor(seconds / SERVICE_TIME + 0.5)


def row(name, services):
    """Return the line of the table for a server and its services."""
    return ROW % (name, family(name), kind(name) or 'synchronous',
                  'overlapped' if overlapped(services) else 'queued',
                  service_times(services))


def print_table(services):
    """Print a line for each server, and how many overlapped. services maps the name
    of a server to its services."""
    say(ROW % ('server', 'family', 'kind', 'requests', 'service times'))
    for name in in_order(services):
        say(row(name, services[name]))
    count = sum(overlapped(both) for both in services.values())
    say('%s of %s overlapped: %s%%'
        % (count, len(services), 100 * count // len(services)))


def ask(name, client, replies):
    """Put what a client receives into the queue replies, as (name, service), or as
    (name, error) if nothing comes."""
    try:
        replies.put((name, client.receive()))
    except OSError as error:
        replies.put((name, error))
    client.close()


def ask_twice(servers, folder):
    """Send every server two requests at once; return a dictionary that maps its name
    to its services, each (begin, end). Raise the error of a client without a reply."""
    replies = queue.Queue()
    for name in servers:
        for number in '12':
            client = SlowClient(servers[name], os.path.join(folder, name + number))
            client.send()
            threading.Thread(target=ask, args=(name, client, replies)).start()
    services = {}
    for _ in range(2 * len(servers)):
        name, service = replies.get()
        if isinstance(service, Exception):
            raise service
        services.setdefault(name, []).append(service)
    return services


def demonstrate():
    """Play all servers, with two clients each, and print the table."""
    with serving.private_folder() as folder:
        servers = dict((name, make_server(name, SERVER_HOST, SERVER_PORT, folder))
                       for name in SERVERS)
        loops = [serving.LibraryLoop(server) for server in servers.values()]
        try:
            for loop in loops:
                loop.start()
            print_table(ask_twice(servers, folder))
        finally:
            for loop in loops:
                loop.stop()
                close(loop.server)


def serve(args):
    """Serve until SIGINT or SIGTERM; raise OSError if it cannot listen. A
    service that has begun is not cut short."""
    with serving.private_folder() as folder:
        server = make_server(args.server, args.host, args.port, folder)
        others = threading.enumerate()
        serving.serve(server, close, let_go=serving.end_children, how=socket.SHUT_RD)
        serving.join_threads(others)


def server_name(text):
    """Return text if it is the name of a server, or raise ArgumentTypeError."""
    if text not in SERVERS:
        raise argparse.ArgumentTypeError('no such server: %s' % text)
    return text


def main():
    parser = CommandLine('What overlaps and what waits.')
    parser.add_serve()
    parser.add_argument('--server', type=server_name, metavar='NAME',
                        default='ForkingTCPServer',
                        help='which server to be: %s (default: %%(default)s)'
                        % ', '.join(in_order(SERVERS)))
    parser.add_argument('--host', default=SERVER_HOST, type=os.fsencode,
                        help='address to listen on, for TCP and UDP '
                        '(default: %(default)s)')
    parser.add_argument('--port', type=port_number, default=SERVER_PORT,
                        help='port to listen on, for TCP and UDP '
                        '(default: any free one)')
    parser.run(demonstrate, serve)


if __name__ == '__main__':
    main()
