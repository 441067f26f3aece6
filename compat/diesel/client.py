"""A Client lends its connection to the loop that calls one of its methods."""
import errno
import socket

from compat.diesel.connection import Connection
from compat.diesel.errors import ClientConnectionError, ClientConnectionTimeout
from compat.diesel.loop import wait_for_socket
from compat.diesel.resolver import resolve_dns_name
from compat.diesel.udp import UDPSocket

UNDER_WAY = (errno.EINPROGRESS, errno.EWOULDBLOCK)


class Client(object):
    """A TCP client, to be made and used inside a loop.

    addr: a host name or an IPv4 address. ssl_ctx: an ssl.SSLContext. timeout:
    seconds to connect. source_ip: the address to connect from. Raise
    ClientConnectionError, ClientConnectionTimeout or DNSResolutionError, and
    TypeError for another kind of context.

    A subclass has methods decorated with @call, which talk with send() and until().
    """

    def __init__(self, addr, port, ssl_ctx=None, timeout=None, source_ip=None):
        if ssl_ctx is not None:
            from compat.diesel.security import check_context
            check_context(ssl_ctx)
        self.ssl_ctx = ssl_ctx
        self.connected = False
        self.conn = None
        self.addr = addr
        self.port = port
        self._setup_socket(self._resolve(addr), timeout, source_ip)

    def _resolve(self, addr):
        return resolve_dns_name(addr)

    def _setup_socket(self, ip, timeout, source_ip=None):
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if source_ip:
                sock.bind((source_ip, 0))
            self._connect(sock, ip, timeout)
            if self.ssl_ctx is None:
                self.conn = Connection(sock, (ip, self.port))
            else:
                self.conn = self._secure(sock, ip, timeout)
        except BaseException:
            sock.close()
            raise
        self.connected = True
        self.on_connect()

    def _connect(self, sock, ip, timeout):
        status = sock.connect_ex((ip, self.port))
        if status in UNDER_WAY:
            wait_for_socket(sock, timeout, self._timeout())
            status = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if status:
            raise ClientConnectionError(
                'Could not connect to remote host (%s:%s)' % (self.addr, self.port))

    def _secure(self, sock, ip, timeout):
        from compat.diesel.security import SecureConnection, secure
        try:
            tls = secure(sock, self.ssl_ctx, timeout, self._timeout(),
                         server_hostname=self.addr)
        except ClientConnectionTimeout:
            raise
        except OSError as error:
            raise ClientConnectionError('TLS with %s:%s failed: %s' % (
                self.addr, self.port, error)) from error
        return SecureConnection(tls, (ip, self.port))

    def _timeout(self):
        return ClientConnectionTimeout('connection timeout (%s:%s)'
                                            % (self.addr, self.port))

    def on_connect(self):
        """For subclasses: called once, when the client is connected."""

    def __enter__(self):
        return self

    def __exit__(self, *args, **kw):
        self.close()

    def close(self):
        """Close the connection once everything has been sent."""
        self.connected = False
        if self.conn is not None:
            self.conn.close()
            self.conn = None

    @property
    def is_closed(self):
        """Whether the connection is closed, by either side."""
        return self.conn is None or self.conn.closed


class UDPClient(Client):
    """A client whose methods send packets to (addr, port), and receive them."""

    def __init__(self, addr, port, source_ip=None):
        Client.__init__(self, addr, port, source_ip=source_ip)

    def _setup_socket(self, ip, timeout, source_ip=None):
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            sock.setblocking(False)
            if source_ip:
                sock.bind((source_ip, 0))
            self.conn = UDPSocket(self, sock, ip, self.port)
        except BaseException:
            sock.close()
            raise
        self.connected = True

    @property
    def remote_addr(self):
        """Where packets go: (ip, port)."""
        return self.conn.remote_addr

    @remote_addr.setter
    def remote_addr(self, address):
        self.conn.remote_addr = address
