"""Requests by URL, over connections that are kept for the next one."""
import urllib.parse

from compat.diesel.errors import ClientConnectionClosed
from compat.diesel.protocols.http import core as http
from compat.diesel.util.pool import ConnectionPool

VERSION = '3.0'
USER_AGENT = 'diesel.protocols.http.pool v%s' % VERSION
POOL_SIZE = 10   # connections kept for a server

_pools = {}      # grows with every server that is asked: not for a web crawler

PORTS = {'http': 80, 'https': 443}
CLIENTS = {'http': http.HttpClient, 'https': http.HttpsClient}


class InvalidUrlScheme(Exception):
    """The URL is not one of http or https."""


def request(url, method='GET', timeout=60, body=None, headers=None):
    """Return the Response to a request.

    body: bytes, or what urllib's urlencode() takes. headers: a dict; Connection,
    Host and User-Agent are added. A server that closes a connection which was
    kept is asked again over the next one, POOL_SIZE times at most. Raises
    InvalidUrlScheme, and what HttpClient and its request() raise.
    """
    parts = urllib.parse.urlsplit(url)
    headers = dict(headers or {})
    headers['Connection'] = 'keep-alive'
    headers.setdefault('Host', parts.netloc.rpartition('@')[2])
    headers.setdefault('User-Agent', USER_AGENT)
    if body and not isinstance(body, (bytes, str)):
        body = urllib.parse.urlencode(body).encode('ascii')
    pool = http_pool_for_url(parts)
    for attempt in range(1, POOL_SIZE + 1):
        try:
            with pool.connection as conn:
                return conn.request(method, url, headers, body=body, timeout=timeout)
        except ClientConnectionClosed:
            if attempt == POOL_SIZE:
                raise


def http_pool_for_url(req_url):
    """Return the ConnectionPool of the server of a split URL."""
    key = host_and_port_from_url(req_url)
    if key not in _pools:
        make_client = ClientFactory(req_url.scheme, *key)
        _pools[key] = ConnectionPool(make_client, lambda client: client.close(),
                                     POOL_SIZE)
    return _pools[key]


def host_and_port_from_url(req_url):
    """Return the server of a split URL, (host, port)."""
    if req_url.scheme not in PORTS:
        raise InvalidUrlScheme(req_url.scheme)
    return req_url.hostname, req_url.port or PORTS[req_url.scheme]


class ClientFactory(object):
    """Calling it makes a client that is connected to a server."""

    def __init__(self, scheme, host, port):
        if scheme not in CLIENTS:
            raise InvalidUrlScheme(scheme)
        self.ClientClass = CLIENTS[scheme]
        self.host = host
        self.port = port

    def __call__(self):
        return self.ClientClass(self.host, self.port)
