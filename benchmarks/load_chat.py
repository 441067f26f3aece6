"""A chat room under load: does everybody read everything, once, in one order?

    python -m benchmarks.load_chat [--tree py2_original] [--deaf 50]

The clients join and take turns to speak, so many messages a second. One more client
only listens: the order in which it reads the messages is the order for all. A deaf
client joins, and then neither reads nor speaks. The exit status is 1 if any other
client misses a message, reads one twice, or reads them in another order.
"""
import selectors
import socket
import struct
import sys
import time

from benchmarks import children
from compat import kernel
from compat import process

SMALL = 4096  # bytes: the receive buffer of a client that stops reading
MOST = 1 << 18  # bytes that one read takes
PATIENCE = 60  # seconds that the last messages may take
HEADER = struct.Struct('!I')


def frame(text):
    data = text.encode('ascii')
    return HEADER.pack(len(data)) + data


class Talker(object):
    """A client. heard: the numbers of the messages that it has read, in order."""

    def __init__(self, address, number, deaf=False):
        self.heard, self.buffer = [], bytearray()
        self.sock = socket.socket()
        if deaf:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
        self.sock.settimeout(process.DEADLINE)
        self.sock.connect(address)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock.sendall(frame('client %05d' % number))
        self.sock.recv(1)  # the welcome begins
        self.buffer += b'\0'

    def read(self):
        """Read once; return how many messages came, or None at the end."""
        data = self.sock.recv(MOST)
        if not data:
            return None
        before = len(self.heard)
        self.buffer += data
        begin = 0
        while len(self.buffer) >= begin + HEADER.size:
            text = begin + HEADER.size
            end = text + HEADER.unpack_from(self.buffer, begin)[0]
            if len(self.buffer) < end:
                break
            if self.buffer[text:text + 1] == b'<':
                number = self.buffer.index(b'> ', text) + len(b'> ')
                self.heard.append(int(self.buffer[number:number + 8]))
            begin = end
        del self.buffer[:begin]
        return len(self.heard) - before


class Load(object):
    """One room and its clients, all played in this thread. main() says what the
    arguments are."""

    def __init__(self, address, args):
        self.rate, self.size = args.rate, args.size
        self.total = int(args.rate * args.seconds)
        self.deaf = [Talker(address, number, True) for number in range(args.deaf)]
        self.talkers = [Talker(address, number)
                        for number in range(args.deaf, args.clients)]
        self.listener = Talker(address, args.clients)
        self.sent_at, self.delays = [], []
        self.selector = selectors.DefaultSelector()
        for one in self.talkers + [self.listener]:
            self.selector.register(one.sock, selectors.EVENT_READ, one)
        self.left = 0  # messages that are still to be read by somebody

    def run(self):
        """Say and read everything; return how many seconds that took."""
        start = time.monotonic()
        end = start + self.total / self.rate + PATIENCE
        while (len(self.sent_at) < self.total or self.left) and time.monotonic() < end:
            self.speak(min(self.total, int((time.monotonic() - start) * self.rate)))
            for key, _ in self.selector.select(0.5 / self.rate):
                self.read(key.data)
        return time.monotonic() - start

    def speak(self, due):
        """Send the messages up to that number."""
        for number in range(len(self.sent_at), due):
            self.sent_at.append(time.monotonic())
            speaker = self.talkers[number % len(self.talkers)]
            speaker.sock.sendall(frame(('%08d' % number).ljust(self.size, '.')))
            self.left += len(self.talkers)  # its own is for the listener

    def read(self, one):
        count = one.read()
        if count is None:
            self.selector.unregister(one.sock)
            return
        self.left -= count
        if one is self.listener and count:
            now = time.monotonic()
            self.delays += [now - self.sent_at[number] for number in one.heard[-count:]]

    def faults(self):
        """Return what went wrong, as lines."""
        order = self.listener.heard
        found = []
        if sorted(order) != list(range(self.total)):
            found.append('the listener read %d of %d messages'
                         % (len(set(order)), self.total))
        for index, one in enumerate(self.talkers):
            wanted = [number for number in order if number % len(self.talkers) != index]
            if one.heard != wanted:
                found.append('talker %d read %d messages instead of %d, or in another '
                             'order' % (index, len(one.heard), len(wanted)))
        return found

    def close(self):
        for one in self.talkers + self.deaf + [self.listener]:
            one.sock.close()


def main():
    parser = children.parser('A chat room under load.')
    parser.add_argument('--clients', type=int, default=500)
    parser.add_argument('--rate', type=float, default=100, help='messages a second')
    parser.add_argument('--seconds', type=float, default=60)
    parser.add_argument('--size', type=int, default=64, help='bytes of a message')
    parser.add_argument('--deaf', type=int, default=0, help='how many stop reading')
    args = parser.parse_args()
    with children.LoadedServer(args.tree, 'chat_server_with_select') as server:
        load = Load(server.address, args)
        seconds = load.run()
        faults = load.faults()
        deaf_left = kernel.descriptors(server.pid)
        load.close()
        delays = sorted(load.delays) or [0]
        print('%s: %d messages to %d readers in %.1f s, %d deaf; %d frames read; '
              'half within %.1f ms, 99 %% within %.1f ms, the last within %.1f ms; '
              'server: %.1f s of processor, %.1f MiB, %d descriptors at the end'
              % (args.tree.name, load.total, len(load.talkers) + 1, seconds,
                 len(load.deaf), sum(len(one.heard) for one in load.talkers),
                 delays[len(delays) // 2] * 1e3, delays[len(delays) * 99 // 100] * 1e3,
                 delays[-1] * 1e3, kernel.cpu_seconds(server.pid),
                 kernel.memory(server.pid) / 2.0 ** 20, deaf_left))
        for line in faults:
            print('FAULT: ' + line)
    sys.exit(bool(faults))


if __name__ == '__main__':
    main()
