#!/usr/bin/env python3
"""The same, ported until it ran: with the classic mistakes."""
import os
import socketserver
import sys

BUF_SIZE = 1024


class ForkingServerRequestHandler(socketserver.BaseRequestHandler):

    def handle(self):
        data = self.request.recv(BUF_SIZE)
        current_process_id = os.getpid()
        response = '%s: %s' % (current_process_id, data)
        print('Server sending response [current_process_id: data] = [%s]' % response)
        sys.stdout.flush()
        self.request.send(response.encode('utf-8'))


class ForkingServer(socketserver.ForkingMixIn, socketserver.TCPServer):
    pass


def main():
    server = ForkingServer(('127.0.0.1', int(sys.argv[1])), ForkingServerRequestHandler)
    print('Server loop running PID: %s' % os.getpid())
    sys.stdout.flush()
    try:
        server.serve_forever()
    finally:
        server.socket.close()


if __name__ == '__main__':
    main()
