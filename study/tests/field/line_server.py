#!/usr/bin/python
"""A key-value store that one talks to in lines, on asyncore.

SET name value, GET name, KEYS, INCR name, QUIT. Every answer begins with + or -.
"""
import asyncore
import socket
import string
import sys
import time

MAX_LINE = 512
STATS_EVERY = 60
NAME_CHARS = string.letters + string.digits + '_'


class CommandError(Exception):
    pass


class Session(asyncore.dispatcher):

    def __init__(self, sock, store):
        asyncore.dispatcher.__init__(self, sock)
        self.store = store
        self.inbuf = ''
        self.outbuf = ''

    def writable(self):
        return len(self.outbuf) > 0

    def handle_read(self):
        chunk = self.recv(1024)
        self.inbuf += chunk
        while '\n' in self.inbuf:
            line, self.inbuf = self.inbuf.split('\n', 1)
            self.handle_line(line.rstrip('\r'))
        if len(self.inbuf) > MAX_LINE:
            self.outbuf += '-line too long\r\n'
            self.inbuf = ''

    def handle_line(self, line):
        words = line.split(' ', 2)
        command = words[0].upper()
        try:
            if command == 'SET' and len(words) == 3:
                self.store[self.checked(words[1])] = words[2]
                self.reply('stored')
            elif command == 'GET':
                if not self.store.has_key(words[1]):
                    raise CommandError, 'no such name'
                self.reply(self.store[words[1]])
            elif command == 'INCR':
                number = int(self.store.get(words[1], '0')) + 1
                self.store[words[1]] = str(number)
                self.reply('%d' % number)
            elif command == 'KEYS':
                names = self.store.keys()
                names.sort()
                self.reply(' '.join(names))
            elif command == 'QUIT':
                self.close()
            else:
                self.outbuf += '-unknown command: %s\r\n' % command
        except CommandError, e:
            self.outbuf += '-%s\r\n' % e
        except IndexError:
            self.outbuf += '-a name is missing\r\n'

    def checked(self, name):
        for char in name:
            if char not in NAME_CHARS:
                raise CommandError('bad name: ' + repr(name))
        return name

    def reply(self, text):
        self.outbuf += '+' + text + '\r\n'

    def handle_write(self):
        sent = self.send(self.outbuf)
        self.outbuf = self.outbuf[sent:]

    def handle_close(self):
        print 'closed', self.addr
        self.close()


class Listener(asyncore.dispatcher):

    def __init__(self, port):
        asyncore.dispatcher.__init__(self)
        self.store = {}
        self.create_socket(socket.AF_INET, socket.SOCK_STREAM)
        self.set_reuse_addr()
        self.bind(('127.0.0.1', port))
        self.listen(5)

    def handle_accept(self):
        pair = self.accept()
        if pair is not None:
            sock, addr = pair
            print 'connection from %s:%d' % addr
            Session(sock, self.store)


def main():
    try:
        listener = Listener(int(sys.argv[1]))
    except socket.error, (code, message):
        print >>sys.stderr, 'cannot listen:', message
        sys.exit(1)
    print 'listening on', listener.socket.getsockname()[1]
    sys.stdout.flush()
    begin = time.time()
    while True:
        asyncore.loop(timeout=1, count=1)
        if time.time() - begin > STATS_EVERY:
            print len(listener.store), 'names'
            begin = time.time()


if __name__ == '__main__':
    main()
