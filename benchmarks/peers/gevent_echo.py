"""Lines back, on gevent's StreamServer."""
from gevent.server import StreamServer


def echo(sock, address):
    lines = sock.makefile('rb')
    for line in lines:
        sock.sendall(line)


server = StreamServer(('127.0.0.1', 0), echo, backlog=1024)
server.init_socket()
print('listening on 127.0.0.1:%d' % server.address[1], flush=True)
server.serve_forever()
