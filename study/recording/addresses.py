"""Addresses as people write them: HOST:PORT, [v6]:PORT, PORT, or the path of a socket
file, which has a slash in it or no colon."""
import os
import re
import socket
from dataclasses import dataclass

from study.errors import StudyError

LOOPBACK = '127.0.0.1'
ADDRESS = re.compile(r'(?:\[(?P<v6>[^][]+)\]|(?P<host>[^][/:]*)):(?P<port>\d{1,5})$')
LONGEST_PATH = 107  # bytes that are left of 108 (man 7 unix)


@dataclass(frozen=True)
class Address:
    """family is AF_INET, AF_INET6 or AF_UNIX; name is what bind() and connect() take."""

    family: int
    name: object

    @property
    def is_path(self):
        return self.family == socket.AF_UNIX

    def __str__(self):
        if self.is_path:
            return self.name
        form = '[%s]:%d' if self.family == socket.AF_INET6 else '%s:%d'
        return form % self.name[:2]


def parsed(text):
    """Return the Address that a text stands for; a PORT alone, or :PORT, is one of this
    machine's own. Raises StudyError."""
    match = ADDRESS.match(':' + text if text.isdigit() else text)
    if match:
        return resolved(match['v6'] or match['host'] or LOOPBACK, int(match['port']))
    if not text or (':' in text and '/' not in text) or '\0' in text:
        raise StudyError('neither HOST:PORT nor a path: %s' % text)
    if len(os.fsencode(text)) > LONGEST_PATH:
        raise StudyError('a path of more than %d bytes: %s' % (LONGEST_PATH, text))
    return Address(socket.AF_UNIX, text)


def resolved(host, port):
    """Return the Address of a host, the one of IPv4 if it has several. Raises
    StudyError."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError, OverflowError) as error:
        raise StudyError('%s:%d: %s' % (host, port,
                                        getattr(error, 'strerror', None) or error))
    family, _, _, _, name = min(found, key=lambda one: one[0] != socket.AF_INET)
    return Address(family, name)


def of_server(text):
    """Return the Address of a server, which has a port. Raises StudyError."""
    address = parsed(text)
    if not address.is_path and address.name[1] == 0:
        raise StudyError('a server has a port, which is not 0: %s' % text)
    return address
