#!/usr/bin/env python
"""A relay in the manner of IRC: one thread, one select loop.

NICK name, JOIN #channel, PRIVMSG target :text, NAMES #channel, PING, QUIT.
"""
import errno
import os
import select
import signal
import socket
import sys

CRLF = '\r\n'
SERVER_NAME = 'relay.example'
REPLIES = {
    'welcome': ':%s 001 %s :Welcome\r\n',
    'nonick': ':%s 431 :No nickname given\r\n',
    'nosuch': ':%s 401 %s :No such nick\r\n',
}


class Client:
    def __init__(self, sock, addr):
        self.sock = sock
        self.addr = addr
        self.nick = None
        self.buffer = ''
        self.outgoing = []

    def fileno(self):
        return self.sock.fileno()

    def queue(self, message):
        self.outgoing.append(message)

    def __cmp__(self, other):
        return cmp(self.nick, other.nick)


class Relay:
    def __init__(self, port):
        self.clients = {}
        self.channels = {}
        self.server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.server.bind(('127.0.0.1', port))
        self.server.listen(16)

    def run(self):
        while True:
            writers = filter(lambda c: c.outgoing, self.clients.values())
            try:
                r, w, x = select.select([self.server] + self.clients.values(),
                                        writers, [], 10)
            except select.error, (code, message):
                if code == errno.EINTR:
                    continue
                raise
            for ready in r:
                if ready is self.server:
                    sock, addr = self.server.accept()
                    self.clients[sock] = Client(sock, addr)
                else:
                    self.read(ready)
            for client in w:
                if client.sock not in self.clients:
                    continue
                data = ''.join(client.outgoing)
                sent = client.sock.send(data)
                client.outgoing = [data[sent:]]

    def read(self, client):
        try:
            data = client.sock.recv(512)
        except IOError, e:
            print 'lost %s: %s' % (client.addr, e)
            data = ''
        if not data:
            return self.drop(client)
        client.buffer += data
        lines = client.buffer.split(CRLF)
        client.buffer = lines[-1]
        map(lambda line: self.command(client, line), lines[:-1])

    def command(self, client, line):
        print '%s> %r' % (client.nick, line)
        if ' :' in line:
            head, text = line.split(' :', 1)
            args = head.split() + [text]
        else:
            args = line.split()
        handler = getattr(self, 'do_' + args[0].lower(), None)
        if handler is None:
            client.queue(':%s 421 %s :Unknown command\r\n' % (SERVER_NAME, args[0]))
        else:
            handler(client, *args[1:])

    def do_nick(self, client, name=None):
        if not name:
            client.queue(REPLIES['nonick'] % SERVER_NAME)
            return
        client.nick = name
        client.queue(REPLIES['welcome'] % (SERVER_NAME, name))

    def do_join(self, client, channel):
        self.channels.setdefault(channel, []).append(client)
        for member in self.channels[channel]:
            member.queue(':%s JOIN %s' % (client.nick, channel) + CRLF)

    def do_names(self, client, channel):
        members = self.channels.get(channel, [])
        members.sort()
        names = ' '.join([m.nick for m in members])
        client.queue(':%s 353 %s :%s\r\n' % (SERVER_NAME, channel, names))

    def do_privmsg(self, client, target, text):
        members = self.channels.get(target)
        if members is None:
            client.queue(REPLIES['nosuch'] % (SERVER_NAME, target))
            return
        for member in members:
            if member is not client:
                member.queue(':%s PRIVMSG %s :%s\r\n' % (client.nick, target, text))

    def do_ping(self, client, *args):
        client.queue('PONG ' + SERVER_NAME + CRLF)

    def do_quit(self, client, *args):
        self.drop(client)

    def drop(self, client):
        del self.clients[client.sock]
        for members in self.channels.itervalues():
            if client in members:
                members.remove(client)
        client.sock.close()


if __name__ == '__main__':
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    pidfile = os.environ.get('RELAY_PIDFILE')
    if pidfile:
        os.chmod(pidfile, 0644)
    relay = Relay(int(sys.argv[1]))
    print 'listening on %d' % relay.server.getsockname()[1]
    sys.stdout.flush()
    relay.run()
