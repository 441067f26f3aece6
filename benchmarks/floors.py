"""The floor of each server: its system calls and nothing else, in the same Python.

    python floors.py KIND [--path FILE]     runs on 2.7 and on 3.x

No port can be faster than this, and none need be much slower. Each kind prints where it
listens, as the recipes do, and then:

    stream      waits, accepts, reads, prints, writes, reads the end, closes
    datagram    waits, reads, prints, writes
    forking     as stream, in a process for each connection
    threading   accepts; in a thread for each connection reads and writes
    epoll       one constant answer on epoll, a web page: reads and writes
    echo        as epoll, and the answer is a line
    printing    as echo, and prints a line for each answer
    chat        what one says is written to all others: select() in 2.7, selectors in 3
"""
import argparse
import os
import select
import socket

try:
    import selectors
    from _thread import start_new_thread
except ImportError:  # Python 2
    selectors = None
    from thread import start_new_thread

BACKLOG = 1024
ERRORS = OSError, socket.error  # two in Python 2, one in 3
SIZE = 4096  # bytes that are read at once
LINE = b'Server sending response: [HELLO\\r\\n]\n'  # what a recipe prints of a request
ECHO = b'HELLO\r\n'
FORKED = b'12345: hello\r\n'
THREADED = b'Thread-2: hello\r\n'
SAID = b'You said: hello\r\n'
GREETING = (b'HTTP/1.1 200 OK\r\nDate: Wed, 25 Nov 2026 12:00:00 GMT\r\n'
            b'Content-Type: text/plain; charset=utf-8\r\nContent-Length: 26\r\n\r\n'
            b'Hello from epoll, w\xc3\xb6rld!\n')


def bound(path, kind):
    """Return a new socket on a free port or a path, after printing where it is."""
    sock = socket.socket(socket.AF_UNIX if path else socket.AF_INET, kind)
    sock.bind(path or ('127.0.0.1', 0))
    if kind == socket.SOCK_STREAM:
        sock.listen(BACKLOG)
    where = path or '127.0.0.1:%d' % sock.getsockname()[1]
    os.write(1, ('listening on %s\n' % where).encode('ascii'))
    return sock


def waiting(sock):
    """Return a function that waits until sock can be read, as the library's loop does:
    with poll() in Python 3, and with select() in Python 2."""
    if selectors is None:
        return lambda: select.select([sock], [], [])
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return poll.poll


def converse(sock, answer):
    """Answer one request, and wait for the client to say that there is no other."""
    try:
        sock.recv(SIZE)
        os.write(1, LINE)
        sock.send(answer)
        sock.recv(SIZE)
        sock.shutdown(socket.SHUT_WR)
    except ERRORS:
        pass  # the client has closed


def stream(path):
    listening = bound(path, socket.SOCK_STREAM)
    wait = waiting(listening)
    while True:
        wait()
        sock, _ = listening.accept()
        converse(sock, ECHO)
        sock.close()


def datagram(path):
    sock = bound(path, socket.SOCK_DGRAM)
    wait = waiting(sock)
    while True:
        wait()
        _, sender = sock.recvfrom(SIZE)
        os.write(1, LINE)
        sock.sendto(ECHO, sender)


def forking(path):
    listening = bound(path, socket.SOCK_STREAM)
    wait = waiting(listening)
    children = set()
    while True:
        wait()
        sock, _ = listening.accept()
        pid = os.fork()
        if not pid:
            converse(sock, FORKED)
            os._exit(0)
        sock.close()
        children.add(pid)
        for pid in list(children):
            if os.waitpid(pid, os.WNOHANG)[0]:
                children.remove(pid)


def threading(path):
    listening = bound(path, socket.SOCK_STREAM)

    def serve(sock):
        try:
            while sock.recv(SIZE):
                sock.send(THREADED)
        except ERRORS:
            pass  # reset by its client
        sock.close()

    while True:
        sock, _ = listening.accept()
        start_new_thread(serve, (sock,))


def epoll(path, answer=GREETING, line=None):
    listening = bound(path, socket.SOCK_STREAM)
    poller = select.epoll()
    poller.register(listening.fileno(), select.EPOLLIN)
    socks = {}
    while True:
        try:
            ready = poller.poll()
        except IOError:
            continue  # in Python 2 a signal ends it, and so does strace
        for descriptor, _ in ready:
            if descriptor not in socks:
                sock, _ = listening.accept()
                socks[sock.fileno()] = sock
                poller.register(sock.fileno(), select.EPOLLIN)
                continue
            try:
                if socks[descriptor].recv(SIZE):
                    if line:
                        os.write(1, line)
                    socks[descriptor].send(answer)
                    continue
            except ERRORS:
                pass  # reset by its client
            socks.pop(descriptor).close()


def echo(path):
    epoll(path, ECHO)


def printing(path):
    epoll(path, SAID, LINE)


def chat(path):
    listening = bound(path, socket.SOCK_STREAM)
    readable, watch, forget = chat_poller()
    watch(listening)
    socks = set()
    while True:
        for sock in readable():
            if sock is listening:
                other, _ = listening.accept()
                socks.add(other)
                watch(other)
            elif not passed_on(sock, socks):
                socks.remove(sock)
                forget(sock)
                sock.close()


def passed_on(sock, socks):
    """Write to all others what sock says; return whether it has said anything."""
    try:
        said = sock.recv(SIZE)
        for other in socks:
            if said and other is not sock:
                other.send(said)
        return said
    except ERRORS:
        return b''


def chat_poller():
    """Return three functions: one waits and returns the sockets that can be read, one
    watches a socket, one forgets it."""
    if selectors is None:
        socks = set()
        return lambda: select.select(socks, [], [])[0], socks.add, socks.remove
    selector = selectors.DefaultSelector()
    return (lambda: [key.fileobj for key, _ in selector.select()],
            lambda sock: selector.register(sock, selectors.EVENT_READ),
            selector.unregister)


KINDS = {'stream': stream, 'datagram': datagram, 'forking': forking,
         'threading': threading, 'epoll': epoll, 'echo': echo, 'printing': printing,
         'chat': chat}


def main():
    parser = argparse.ArgumentParser(description='The floor of a server.')
    parser.add_argument('kind', choices=sorted(KINDS))
    parser.add_argument('--path', help='a socket file, in place of a port')
    args = parser.parse_args()
    KINDS[args.kind](args.path)


if __name__ == '__main__':
    main()
