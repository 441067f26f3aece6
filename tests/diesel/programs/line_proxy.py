"""A proxy for a line protocol that keeps its connections to the backend in a pool.

A client says "get KEY" or "set KEY VALUE"; the backend answers a line to each.
"""
import diesel
from diesel.util.pool import ConnectionPool
from diesel.logmod import levels, set_log_level

set_log_level(levels.DISABLED)
backends = []


class Store(object):
    """The backend: a dictionary, over TCP."""

    def __init__(self):
        self.values = {}

    def __call__(self, addr):
        backends.append(addr)
        while True:
            words = diesel.until_eol().strip().split(b' ', 2)
            if words[0] == b'set' and len(words) == 3:
                self.values[words[1]] = words[2]
                diesel.send(b'STORED\r\n')
            elif words[0] == b'get' and words[1:2]:
                diesel.send(self.values.get(words[1], b'') + b'\r\n')
            else:
                diesel.send(b'ERROR\r\n')


class StoreClient(diesel.Client):
    @diesel.call
    def command(self, line):
        diesel.send(line)
        return diesel.until_eol()


store = diesel.Service(Store(), 0, '127.0.0.1')
pool = ConnectionPool(lambda: StoreClient('127.0.0.1', store.port), StoreClient.close,
                      pool_size=2, pool_max=2)


def proxy(addr):
    diesel.label('proxy for %s:%s' % addr)
    while True:
        which, line = diesel.first(until_eol=True, sleep=30)
        if which == 'sleep':
            diesel.send(b'BYE\r\n')
            return
        if line.startswith(b'quit'):
            diesel.send(b'%d backends\r\n' % len(backends))
            return
        try:
            with pool.connection as conn:
                diesel.send(conn.command(line))
        except diesel.ClientConnectionClosed:
            diesel.send(b'ERROR backend\r\n')


def announce():
    print(front.port)
    import sys
    sys.stdout.flush()


front = diesel.Service(proxy, 0, '127.0.0.1')
diesel.quickstart(store, front, announce)
