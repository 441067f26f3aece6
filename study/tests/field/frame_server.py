#!/usr/bin/env python2
"""Remote calls in pickled frames: SocketServer with a thread for each client.

A frame is its length, an unsigned long, a byte for its kind and a pickle. Only for
a network of friends: what is pickled can run anything.
"""
import cPickle as pickle
import SocketServer
import struct
import sys
import threading
from cStringIO import StringIO

HEAD = 'LB'
CALL, RESULT, FAULT = 0, 1, 2
LIMIT = 1 << 20


class Registry:
    """The functions that may be called."""

    def __init__(self):
        self.functions = {}

    def add(self, name, function):
        self.functions[name] = function

    def call(self, name, args):
        if not self.functions.has_key(name):
            raise KeyError, name
        return self.functions[name](*args)


registry = Registry()


class FrameHandler(SocketServer.BaseRequestHandler):

    def read_exactly(self, size):
        chunks = []
        while size > 0:
            chunk = self.request.recv(min(size, 4096))
            if not chunk:
                raise EOFError('the peer has left')
            chunks.append(chunk)
            size -= len(chunk)
        return ''.join(chunks)

    def read_frame(self):
        head = self.read_exactly(struct.calcsize(HEAD))
        length, kind = struct.unpack(HEAD, head)
        if length > LIMIT:
            raise ValueError('frame of %d bytes' % length)
        return kind, self.read_exactly(length)

    def write_frame(self, kind, value):
        out = StringIO()
        pickle.dump(value, out)
        body = out.getvalue()
        self.request.sendall(struct.pack(HEAD, len(body), kind) + body)

    def handle(self):
        magic = self.request.recv(4)
        if magic[0] != 'R' or magic != 'RPC1':
            self.request.sendall('BAD MAGIC ' + magic)
            return
        self.request.sendall('OK\r\n')
        while 1:
            try:
                kind, body = self.read_frame()
            except EOFError:
                break
            name, args = pickle.loads(body)
            print 'call', name, args
            try:
                self.write_frame(RESULT, registry.call(name, args))
            except Exception, e:
                self.write_frame(FAULT, str(e))


class Server(SocketServer.TCPServer, SocketServer.ThreadingMixIn):
    allow_reuse_address = True
    daemon_threads = True

    def handle_error(self, request, client_address):
        print >>sys.stderr, 'error with', client_address, sys.exc_info()[1]


def average(numbers):
    return sum(numbers) / len(numbers)


def main():
    registry.add('average', average)
    registry.add('sorted', lambda items: sorted(items, cmp))
    registry.add('upper', lambda text: text.upper())
    server = Server(('', int(sys.argv[1])), FrameHandler)
    print 'listening on', server.server_address[1]
    sys.stdout.flush()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        while thread.isAlive():
            thread.join(1)
    except KeyboardInterrupt:
        server.shutdown()
        server.socket.close()


if __name__ == '__main__':
    main()
