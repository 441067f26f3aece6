"""Host names to IPv4 addresses, while other loops go on."""
import socket
import time

from compat.diesel.functions import thread

DNS_CACHE_TIME = 300  # seconds
cache = {}            # name -> (address, when it was asked for)


class DNSResolutionError(Exception):
    """The name has no address."""


def resolve_dns_name(name):
    """Return the IPv4 address of a host name, as text. Raise DNSResolutionError.

    The system's resolver is asked, in a thread (the real library has one of its
    own), and the answer is kept for DNS_CACHE_TIME seconds.
    """
    try:
        socket.inet_aton(name)
        return name
    except OSError:
        pass
    known = cache.get(name)
    if known and time.monotonic() - known[1] < DNS_CACHE_TIME:
        return known[0]
    try:
        address = thread(socket.gethostbyname, name)
    except (OSError, UnicodeError) as error:
        # A name with an empty or too long label raises a UnicodeError.
        raise DNSResolutionError('could not resolve A record for %s' % name) from error
    cache[name] = address, time.monotonic()
    return address
