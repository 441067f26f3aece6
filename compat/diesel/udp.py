"""UDP: a socket that wakes the loop that waits for its packets."""
import collections

from compat.diesel.connection import BUFSIZ, Connection

UNREAD_PACKETS = 1024   # packets kept for a loop that does not ask for them


class datagram(object):
    """A sentinel for first() and receive(): the next UDP packet."""


datagram = datagram()


class Datagram(bytes):
    """A UDP packet; addr is where it comes from."""

    def __new__(cls, payload, addr):
        self = bytes.__new__(cls, payload)
        self.addr = addr
        return self


class UDPSocket(Connection):
    """A UDP socket. A client's has one peer, ip and port; a service's answers the
    sender of the packet that its loop received last.

    At most UNREAD_PACKETS packets are kept for the loop. Others are dropped, as UDP
    allows, and so is a packet that the socket does not take at once.
    """
    waits_for_peer = False

    def __init__(self, parent, sock, ip=None, port=None):
        self.parent = parent
        self.remote_addr = None if ip is None else (ip, port)
        self._answers = ip is None
        self._packets = collections.deque()
        Connection.__init__(self, sock, self.remote_addr)

    def handle_read(self):
        """Read a packet. Called by the hub."""
        if self.closed:
            return
        try:
            data, addr = self.sock.recvfrom(BUFSIZ)
        except OSError:
            return  # it is about an earlier packet, which nobody received
        packet = Datagram(data, addr)
        if self.waiter is None:
            if len(self._packets) < UNREAD_PACKETS:
                self._packets.append(packet)
            return
        loop, self.waiter = self.waiter, None
        loop.take_input(self._taken(packet))

    def _taken(self, packet):
        if self._answers:
            self.remote_addr = self.addr = self.parent.remote_addr = packet.addr
        return packet

    def check_incoming(self, condition, callback=None):
        """Return the next packet that is there, or None. The condition can only be
        datagram."""
        if condition is not datagram:
            raise TypeError('a UDP socket has datagrams only')
        return self._taken(self._packets.popleft()) if self._packets else None

    def queue_outgoing(self, msg, priority=5):
        """Send one packet to the peer."""
        if isinstance(msg, str):
            raise TypeError('text cannot be sent, only bytes: encode it first')
        if self.remote_addr is None:
            raise RuntimeError('nobody has sent a packet yet that could be answered')
        try:
            self.sock.sendto(msg, self.remote_addr)
        except self.would_block:
            pass

    def close(self):
        """Close now: nothing is queued."""
        self.shutdown()
