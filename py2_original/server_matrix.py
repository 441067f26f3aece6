#!/usr/bin/env python2.7
"""What overlaps and what waits: four families of servers, in three kinds each.

The families are TCP, UDP, and streams and datagrams of Unix sockets; the kinds
are synchronous, a process for each request (ForkingMixIn), and a thread for
each request (ThreadingMixIn). A thirteenth server has its mix-in after the
server class, where it does nothing. A service takes SERVICE_TIME seconds, and
the reply is the line "<begin> <end>" in seconds since 1970, a clock that
processes share.

Without arguments this sends every server two requests at once and prints a
table: whether their services overlapped or queued, and how many service times
both took. With --serve --server NAME it is one of the servers for real clients.
A stream server reads one line, or what comes before the client closes its
sending side; a datagram is answered whatever it says.
"""
import argparse
import errno
import os
import Queue
import re
import shutil
import signal
import socket
import SocketServer
import sys
import tempfile
import threading
import time

SERVER_HOST = 'localhost'
SERVER_PORT = 0  # the kernel picks a free port
BUF_SIZE = 1024
SERVICE_TIME = 1.0  # seconds that every service takes
REQUEST_TIME = 2.0  # seconds that a stream's client may take to ask
PATIENCE = 10.0  # seconds that a client waits for a reply
RETRY_SECONDS = 0.5  # until the next attempt to accept
OUT_OF_DESCRIPTORS = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
POLL = 0.05  # seconds between a loop's looks at whether to end
ROW = '%-28s %-14s %-13s %-11s %s'

if not hasattr(os, 'fork') or not hasattr(socket, 'AF_UNIX'):
    sys.exit('server_matrix.py: error: no fork() or Unix sockets on this platform')


def say(message):
    """Print one line now, even where stdout is a pipe."""
    print message
    sys.stdout.flush()


def report(message):
    """Print one line, unless stdout is dead: the server goes on."""
    try:
        say(message)
    except EnvironmentError:
        pass


def printable(data):
    """Return data with control and non-ASCII bytes as escapes, fit to print."""
    return data.decode('latin-1').encode('unicode_escape')


def slow_service():
    """Take SERVICE_TIME seconds; return the reply: when it began and ended."""
    begin = time.time()
    while time.time() < begin + SERVICE_TIME:
        time.sleep(max(0, begin + SERVICE_TIME - time.time()))
    return '%f %f\n' % (begin, time.time())


class StreamHandler(SocketServer.StreamRequestHandler):
    """Serves one line of a connection."""

    timeout = REQUEST_TIME  # a synchronous server cannot wait for ever

    def handle(self):
        try:
            if self.rfile.readline(BUF_SIZE):
                self.request.sendall(slow_service())
        except socket.error:
            pass  # it left, or had nothing to ask: nobody wants a reply


class DatagramHandler(SocketServer.BaseRequestHandler):
    """Serves one datagram."""

    def handle(self):
        server_socket = self.request[1]
        if not self.client_address:
            return  # a Unix socket without a path has no address to reply to
        try:
            # Without the flag a client that does not read would stop us.
            server_socket.sendto(slow_service(), socket.MSG_DONTWAIT,
                                 self.client_address)
        except socket.error:
            pass  # it left: nobody wants a reply


class ForkingTCPServer(SocketServer.ForkingMixIn, SocketServer.TCPServer):
    """A process for each connection."""


class ForkingUDPServer(SocketServer.ForkingMixIn, SocketServer.UDPServer):
    """A process for each datagram."""


class ForkingUnixStreamServer(SocketServer.ForkingMixIn,
                              SocketServer.UnixStreamServer):
    """A process for each connection."""


class ForkingUnixDatagramServer(SocketServer.ForkingMixIn,
                                SocketServer.UnixDatagramServer):
    """A process for each datagram."""


class ThreadingTCPServer(SocketServer.ThreadingMixIn, SocketServer.TCPServer):
    """A thread for each connection."""

    daemon_threads = True


class ThreadingUDPServer(SocketServer.ThreadingMixIn, SocketServer.UDPServer):
    """A thread for each datagram."""

    daemon_threads = True


class ThreadingUnixStreamServer(SocketServer.ThreadingMixIn,
                                SocketServer.UnixStreamServer):
    """A thread for each connection."""

    daemon_threads = True


class ThreadingUnixDatagramServer(SocketServer.ThreadingMixIn,
                                  SocketServer.UnixDatagramServer):
    """A thread for each datagram."""

    daemon_threads = True


class MixInLastTCPServer(SocketServer.TCPServer, SocketServer.ForkingMixIn):
    """Synchronous: the process_request() of TCPServer is found first."""


SERVERS = dict((server_class.__name__, server_class) for server_class in (
    SocketServer.TCPServer, ForkingTCPServer, ThreadingTCPServer,
    SocketServer.UDPServer, ForkingUDPServer, ThreadingUDPServer,
    SocketServer.UnixStreamServer, ForkingUnixStreamServer,
    ThreadingUnixStreamServer, SocketServer.UnixDatagramServer,
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
    """Return what a server's mix-in makes of it by name, None without one."""
    bases = [base.__name__ for base in SERVERS[name].__bases__]
    kinds = {'ForkingMixIn': 'forking', 'ThreadingMixIn': 'threading'}
    if bases[0] in kinds:
        return kinds[bases[0]]
    return kinds[bases[1]] + ' last' if len(bases) > 1 else None


def in_order(names):
    """Return the names of servers by family, those without a mix-in first."""
    return [row[2] for row in sorted((family(name), kind(name), name)
                                     for name in names)]


def request_failed(request, client_address):
    """Called in an except clause, in any thread or child."""
    report('Request failed: %s' % sys.exc_info()[1])


def patient(get_request):
    """Return get_request with a pause where there is no descriptor for the client:
    it waits in the backlog, and the loop would ask again at once."""
    def get():
        try:
            return get_request()
        except socket.error, error:
            if error.errno in OUT_OF_DESCRIPTORS:
                report('Nobody is let in for now: %s' % error.strerror)
                time.sleep(RETRY_SECONDS)
            raise
    return get


def make_server(name, host, port, folder):
    """Return the server of that name at (host, port), or if it has a Unix socket
    on a path in the folder; raise socket.error if it cannot listen."""
    server_class = SERVERS[name]
    handler_class = DatagramHandler
    if server_class.socket_type == socket.SOCK_STREAM:
        handler_class = StreamHandler
    address = (host, port)
    if server_class.address_family == socket.AF_UNIX:
        address = os.path.join(folder, name)
    server = server_class(address, handler_class)
    # Set here, for a third of the classes are the library's own.
    server.handle_error = request_failed
    server.get_request = patient(server.get_request)
    if server_class.address_family == socket.AF_UNIX:
        os.chmod(address, 0600)  # the folder has been private all the while
    return server


def children(server):
    """Return the pids of a server's child processes still to be waited for."""
    return list(getattr(server, 'active_children', None) or ())


def close(server):
    """Close the server's socket and wait for the children still at work."""
    server.server_close()
    for pid in children(server):
        os.waitpid(pid, 0)


class SlowClient(object):
    """A client that asks a server once."""

    def __init__(self, server, path):
        """Connect to the server; raise socket.error if it does not listen. The
        path is for a client of Unix datagrams to bind: without one it would get
        no reply."""
        family_and_type = server.address_family, server.socket_type
        self.sock = socket.socket(*family_and_type)
        self.sock.settimeout(PATIENCE)
        try:
            if family_and_type == (socket.AF_UNIX, socket.SOCK_DGRAM):
                self.sock.bind(path)
                os.chmod(path, 0600)
            self.sock.connect(server.server_address)
        except:
            self.sock.close()
            raise

    def send(self):
        """Ask for the service."""
        self.sock.sendall('Serve me, please.\n')

    def receive(self):
        """Return when the service began and ended; raise socket.error if no whole
        reply comes, or nothing in PATIENCE seconds."""
        reply = ''
        while not reply.endswith('\n'):
            data = self.sock.recv(BUF_SIZE)
            if not data:
                raise socket.error('the server closed before its reply')
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
    halves go up."""
    seconds = (max(end for _, end in services)
               - min(begin for begin, _ in services))
    return int(round(seconds / SERVICE_TIME))


def row(name, services):
    """Return the line of the table for a server and its services."""
    return ROW % (name, family(name), kind(name) or 'synchronous',
                  'overlapped' if overlapped(services) else 'queued',
                  service_times(services))


def print_table(services):
    """Print a line for each server, and how many overlapped. services: name ->
    the services of that server."""
    say(ROW % ('server', 'family', 'kind', 'requests', 'service times'))
    for name in in_order(services):
        say(row(name, services[name]))
    count = sum(overlapped(both) for both in services.itervalues())
    say('%s of %s overlapped: %s%%'
        % (count, len(services), 100 * count / len(services)))


def ask(name, client, replies):
    """Put what a client receives into the queue replies, as (name, service); if
    nothing comes, the error takes the place of the service."""
    try:
        replies.put((name, client.receive()))
    except socket.error, error:
        replies.put((name, error))
    client.close()


def ask_twice(servers, folder):
    """Send every server two requests at once; return a dictionary: name -> its
    services, each (begin, end). Raise the error of a client without a reply."""
    clients = [(name, SlowClient(servers[name], os.path.join(folder, name + number)))
               for name in servers for number in '12']
    replies = Queue.Queue()
    for name, client in clients:
        client.send()
        threading.Thread(target=ask, args=(name, client, replies)).start()
    services = {}
    for _ in clients:
        name, service = replies.get()
        if isinstance(service, Exception):
            raise service
        services.setdefault(name, []).append(service)
    return services


def demonstrate():
    """Play all servers, with two clients each, and print the table."""
    folder = tempfile.mkdtemp(prefix='recipe-')
    demonstration_pid = os.getpid()

    def stop(signum, frame):
        if os.getpid() == demonstration_pid:
            shutil.rmtree(folder, ignore_errors=True)
        signal.signal(signum, signal.SIG_DFL)
        os.kill(os.getpid(), signum)

    signal.signal(signal.SIGINT, stop)
    try:
        servers = dict((name, make_server(name, SERVER_HOST, SERVER_PORT, folder))
                       for name in SERVERS)
        for server in servers.itervalues():
            server_thread = threading.Thread(target=server.serve_forever,
                                             args=(POLL,))
            server_thread.daemon = True  # a lost reply must not keep us here
            server_thread.start()
        try:
            print_table(ask_twice(servers, folder))
        finally:
            for server in servers.itervalues():
                server.shutdown()
                close(server)
    finally:
        shutil.rmtree(folder)


def remove(folder):
    """Remove a folder of socket files. One descriptor will do for it, while
    shutil.rmtree() takes more, and a crowd may have left no other."""
    for name in os.listdir(folder):
        os.unlink(os.path.join(folder, name))
    os.rmdir(folder)


def serve(name, host, port):
    """Serve until SIGINT or SIGTERM; raise socket.error if it cannot listen."""
    folder = tempfile.mkdtemp(prefix='recipe-')
    try:
        serve_in(folder, name, host, port)
    finally:
        remove(folder)


def serve_in(folder, name, host, port):
    """Do what serve() says. A Unix socket has its path in the folder."""
    server = make_server(name, host, port, folder)
    server_pid = os.getpid()

    def stop(signum, frame):
        if os.getpid() != server_pid:
            os._exit(0)  # a child: its client goes, and nothing is printed
        # shutdown() waits for the loop that this thread runs: ask from another.
        threading.Thread(target=server.shutdown).start()

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    say('Server listening on %s' % where(server))
    server.serve_forever()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    for pid in children(server):
        os.kill(pid, signal.SIGTERM)
    close(server)
    # A thread that runs while the interpreter goes could print a traceback.
    for thread in threading.enumerate():
        if thread is not threading.current_thread():
            thread.join(REQUEST_TIME + SERVICE_TIME)


def where(server):
    """Return the address of a server as people write it."""
    if server.address_family == socket.AF_UNIX:
        return printable(server.server_address)
    return '%s:%s' % server.server_address


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


def server_name(text):
    """Return text if it is the name of a server, or raise."""
    if text not in SERVERS:
        raise argparse.ArgumentTypeError('no such server: %s' % text)
    return text


def main():
    parser = CommandLine(description='What overlaps and what waits.')
    parser.add_argument('--serve', action='store_true',
                        help='serve real clients until SIGINT or SIGTERM')
    parser.add_argument('--server', type=server_name, metavar='NAME',
                        default='ForkingTCPServer',
                        help='which server to be: %s (default: %%(default)s)'
                        % ', '.join(in_order(SERVERS)))
    parser.add_argument('--host', default=SERVER_HOST,
                        help='address to listen on, for TCP and UDP '
                        '(default: %(default)s)')
    parser.add_argument('--port', type=port_number, default=SERVER_PORT,
                        help='port to listen on, for TCP and UDP '
                        '(default: any free one)')
    try:
        os.fstat(1)  # else our first socket would become stdout
        args = parser.parse_args()
        if args.serve:
            serve(args.server, args.host, args.port)
        else:
            demonstrate()
    except EnvironmentError, error:
        parser.exit(1, '%s: error: %s\n' % (parser.prog, error.strerror or error))


if __name__ == '__main__':
    main()
