#!/usr/bin/env python3
"""Many clients in one thread, written as if there were one: diesel.

The reply to each line is "You said: <line>". A line ends with a carriage return
and a newline, as until_eol() has it. echo() looks as if it waited for its client
and nobody else; but each until_eol() hands over to whichever client has spoken.
A client that shuts down its sending side has left: diesel then closes.

Without arguments this plays a server and two clients and ends. With --serve
it waits for real clients; with --connect HOST PORT it is one client.
"""
import argparse
import errno
import os
import re
import signal
import socket
import sys

# diesel itself has never left Python 2: the project brings one of its own.
sys.path.append(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
try:
    from compat import diesel
except ImportError as error:
    sys.exit('echo_server_with_diesel.py: error: %s; it comes with '
             '"pip install ." in the project\'s folder' % error)

SERVER_HOST = 'localhost'
SERVER_PORT = 0  # the kernel picks a free port
CONNECT_TIMEOUT = 10  # seconds
ECHO_MSG = 'Hello echo server!'
RETRY_SECONDS = 0.5  # until the next attempt to accept
OUT_OF_DESCRIPTORS = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


def say(message):
    """Print one line now, for whoever reads our output through a pipe."""
    print(message)
    sys.stdout.flush()


def printable(data):
    """Return data with control and non-ASCII bytes as escapes, fit to print."""
    return data.decode('latin-1').encode('unicode_escape').decode('ascii')


def echo(address):
    """Answer every line of the client at address (host, port) until it leaves."""
    try:
        while True:
            line = diesel.until_eol()
            say('Client %s:%s said: %s' % (address + (printable(line),)))
            diesel.send(b'You said: %s' % line)
    except diesel.ConnectionClosed:
        say('Client %s:%s left' % address)
    diesel.fire('left')


class EchoService(diesel.Service):
    """Without a descriptor for a client diesel itself would ask again at once, and
    never come to the clients that it has."""

    def accept_new_connection(self):
        try:
            diesel.Service.accept_new_connection(self)
        except OSError as error:
            if error.errno not in OUT_OF_DESCRIPTORS:
                raise
            hub = self.application.hub
            hub.unregister(self.sock)
            hub.call_later(RETRY_SECONDS, self.register, self.application)


class EchoClient(diesel.Client):
    """A client that waits for the answer to each of its lines."""

    @diesel.call
    def ask(self, message):
        """Send a line and return the answer, with its end.

        Raise diesel.ClientConnectionClosed if the server closes instead.
        """
        diesel.send(message.encode('utf-8') + b'\r\n')
        return diesel.until_eol()

    def run(self):
        """Say ECHO_MSG and print the answer."""
        say('Sending: %s' % ECHO_MSG)
        say('Received: %s' % printable(self.ask(ECHO_MSG)))


def play(action, *services):
    """Run action as the main loop of an application that ends with it.

    Raise what it raises: diesel itself would only log it.
    """
    errors = []

    def main_loop():
        try:
            action()
        except Exception as error:
            errors.append(error)
        diesel.quickstop()

    diesel.quickstart(main_loop, *services)
    if errors:
        raise errors[0]


def demonstrate():
    """Play a server and two clients that are connected at the same time."""
    service = EchoService(echo, SERVER_PORT, SERVER_HOST)

    def leave(client):
        # Nobody else runs between close() and wait(): the news that the client
        # has left cannot come before we listen for it.
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


def serve(host, port):
    """Serve until SIGINT or SIGTERM; raise OSError if it cannot listen."""
    service = EchoService(echo, port, host)

    def stop():
        # diesel has given both back: a second one would kill us.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        diesel.fire('stop')

    def announce():
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)  # diesel takes nobody's place
            diesel.signal(number, stop)
        say('Server listening on %s:%s' % service.sock.getsockname())
        diesel.wait('stop')

    play(announce, service)


def connect(host, port):
    """Play one client of a server that runs elsewhere."""
    found = socket.getaddrinfo(host, port, socket.AF_INET, socket.SOCK_STREAM)
    ip = found[0][4][0]

    def one_client():
        client = EchoClient(ip, port, timeout=CONNECT_TIMEOUT)
        client.run()
        client.close()

    play(one_client)


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
    parser = CommandLine(description='Echo to many clients in one thread: diesel.')
    parser.add_argument('--serve', action='store_true',
                        help='serve real clients until SIGINT or SIGTERM')
    parser.add_argument('--host', default=SERVER_HOST, type=os.fsencode,
                        help='address to listen on (default: %(default)s)')
    parser.add_argument('--port', type=port_number, default=SERVER_PORT,
                        help='port to listen on (default: any free one)')
    parser.add_argument('--connect', nargs=2, metavar=('HOST', 'PORT'),
                        help='be one client of the server there')
    try:
        os.fstat(1)  # else our first socket would become stdout
        args = parser.parse_args()
        diesel.set_log_level(diesel.loglevels.DISABLED)  # what there is to say, we say
        if args.connect:
            connect(os.fsencode(args.connect[0]), port_number(args.connect[1]))
        elif args.serve:
            serve(args.host, args.port)
        else:
            demonstrate()
    except argparse.ArgumentTypeError as error:
        parser.error(error)
    except OSError as error:
        # What could not be printed Python would try once more at its end.
        os.closerange(1, 2)  # there may be no other descriptor
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        parser.exit(1, '%s: error: %s\n' % (parser.prog, error.strerror or error))


if __name__ == '__main__':
    main()
