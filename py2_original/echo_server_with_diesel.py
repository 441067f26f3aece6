#!/usr/bin/env python2.7
"""Many clients in one thread, written as if there were only one: diesel.

The reply to each line is "You said: <line>". A line ends with a carriage return
and a newline: until_eol() waits for both. echo() looks as if it waited for its
client and nobody else, but each until_eol() lets the other clients be served. A
client that shuts down its sending side has left: diesel then closes the connection.

Without arguments this plays a server and two clients, and ends. With --serve
it serves real clients; with --connect HOST PORT it is one client.
"""
import signal
import socket
import sys
import warnings

import serving
from console import CommandLine, printable, say

# pyOpenSSL, which diesel imports, warns everybody.
warnings.filterwarnings('ignore', module='OpenSSL')
try:
    import diesel
except ImportError, error:
    sys.exit('echo_server_with_diesel.py: error: %s; it comes with '
             '"pip install diesel"' % error)

SERVER_HOST = 'localhost'
SERVER_PORT = 0  # the kernel picks a free port
CONNECT_TIMEOUT = 10  # seconds
ECHO_MSG = 'Hello echo server!'


def echo(address):
    """Answer every line of the client at address (host, port) until it leaves."""
    try:
        while True:
            line = diesel.until_eol()
            say('Client %s:%s said: %s' % (address + (printable(line),)))
            diesel.send('You said: %s' % line)
    except diesel.ConnectionClosed:
        say('Client %s:%s left' % address)
    diesel.fire('left')


class EchoService(diesel.Service):
    """Pauses when there is no descriptor for the next client. diesel itself would try
    again at once, and never serve the clients that it has."""

    def accept_new_connection(self):
        try:
            diesel.Service.accept_new_connection(self)
        except socket.error, error:
            if error.errno not in serving.OUT_OF_DESCRIPTORS:
                raise
            hub = self.application.hub
            hub.unregister(self.sock)
            hub.call_later(serving.RETRY_SECONDS, self.register, self.application)


class EchoClient(diesel.Client):
    """A client that waits for the answer to each of its lines."""

    @diesel.call
    def ask(self, message):
        """Send a line and return the answer, with its line end.

        Raise diesel.ClientConnectionClosed if the server closes instead.
        """
        diesel.send(message + '\r\n')
        return diesel.until_eol()

    def run(self):
        """Say ECHO_MSG and print the answer."""
        say('Sending: %s' % ECHO_MSG)
        say('Received: %s' % printable(self.ask(ECHO_MSG)))


def play(action, *services):
    """Run action as the main loop of an application that ends with it. Raise what
    it raises, which diesel itself would only log."""
    errors = []

    def main_loop():
        try:
            action()
        except Exception, error:
            errors.append(error)
        diesel.quickstop()

    diesel.quickstart(main_loop, *services)
    if errors:
        raise errors[0]


def demonstrate():
    """Play a server and two clients that are connected at the same time."""
    service = EchoService(echo, SERVER_PORT, SERVER_HOST)

    def leave(client):
        # No other loop runs between close() and wait(): 'left' cannot be fired
        # before we wait for it.
        client.close()
        diesel.wait('left')

    def two_clients():
        client1 = EchoClient(SERVER_HOST, service.port, timeout=CONNECT_TIMEOUT)
        client1.run()
        client2 = EchoClient(SERVER_HOST, service.port, timeout=CONNECT_TIMEOUT)
        client2.run()
        client1.run()
        leave(client1)
        client2.run()
        leave(client2)

    play(two_clients, service)


def serve(args):
    """Serve until SIGINT or SIGTERM; raise socket.error if it cannot listen."""
    service = EchoService(echo, args.port, args.host)

    def stop():
        # diesel has reset both handlers, and a second signal would kill us.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        diesel.fire('stop')

    def announce():
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)  # diesel replaces no other handler
            diesel.signal(number, stop)
        say('Server listening on %s:%s' % service.sock.getsockname())
        diesel.wait('stop')

    play(announce, service)


def connect(args):
    """Play one client of a server that runs elsewhere."""
    host, port = args.connect
    found = socket.getaddrinfo(host, port, socket.AF_INET, socket.SOCK_STREAM)
    ip = found[0][4][0]

    def one_client():
        client = EchoClient(ip, port, timeout=CONNECT_TIMEOUT)
        client.run()
        client.close()

    play(one_client)


def main():
    diesel.set_log_level(diesel.loglevels.DISABLED)  # the recipe prints for itself
    parser = CommandLine('Echo to many clients in one thread: diesel.')
    parser.add_server_options(SERVER_HOST, SERVER_PORT)
    parser.add_client_options()
    parser.run(demonstrate, serve, connect)


if __name__ == '__main__':
    main()
