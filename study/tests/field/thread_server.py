#!/usr/bin/env python
# A job server: a thread for each client, jobs in a queue, workers that do them.
#
#   client: JOB <n> <words>      server: DONE <n> <result> (by <worker>)
import os
import Queue
import signal
import socket
import string
import sys
import thread
import threading

HOST = '127.0.0.1'
BANNER = 'jobserver 1.0 ready\n'
WORKERS = 4
READ_SIZE = 4096 / 2

jobs = Queue.Queue()
clients = {}
stats_lock = thread.allocate_lock()
stats = {'jobs': 0L, 'bytes': 0L}


def log(message, *args):
    sys.stderr.write('%s: %s\n' % (threading.currentThread().getName(),
                                   message % args))


class Worker(threading.Thread):

    def __init__(self):
        threading.Thread.__init__(self)
        self.setDaemon(True)

    def run(self):
        while 1:
            conn, number, text = jobs.get()
            try:
                result = self.work(text)
                name = threading.currentThread().getName()
                conn.sendall('DONE %s %s (by %s)\n' % (number, result, name))
            except socket.error, err:
                log('client gone: %s', err)
            stats_lock.acquire()
            stats['jobs'] += 1
            stats['bytes'] += len(text)
            stats_lock.release()

    def work(self, text):
        if text.startswith('reverse '):
            return text[8:][::-1]
        elif text.startswith('shout '):
            return string.upper(text[6:])
        return `text`


def read_lines(conn):
    pending = ''
    while True:
        data = conn.recv(READ_SIZE)
        if data == '':
            break
        pending = pending + data
        lines = pending.split('\n')
        pending = lines.pop()
        for line in lines:
            yield line.strip()


def serve_client(conn, address):
    clients[conn] = address
    conn.send(BANNER)
    try:
        for line in read_lines(conn):
            log('%s says %s', address, line)
            if line[0:1] == '#':
                continue
            parts = line.split(None, 2)
            if len(parts) <> 3 or parts[0] != 'JOB':
                conn.send('ERROR what is ' + line + '?\n')
                continue
            jobs.put((conn, parts[1], parts[2]))
    finally:
        del clients[conn]
        conn.close()


def stop(signum, frame):
    for conn in clients.keys():
        conn.close()
    print 'served %d jobs' % stats['jobs']
    os._exit(0)


if __name__ == '__main__':
    if len(sys.argv) != 2:
        raise SystemExit, 'usage: thread_server.py PORT'
    for i in xrange(WORKERS):
        Worker().start()
    signal.signal(signal.SIGTERM, stop)
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((HOST, int(sys.argv[1])))
    listener.listen(10)
    print 'listening on %d' % listener.getsockname()[1]
    sys.stdout.flush()
    while 1:
        try:
            conn, address = listener.accept()
        except socket.error as err:
            if err[0] == 4:
                continue
            raise
        t = threading.Thread(target=serve_client, args=(conn, address))
        t.setDaemon(1)
        t.start()
