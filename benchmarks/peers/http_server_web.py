"""The greeting, by the standard library's http.server with a thread a client."""
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

GREETING = 'Hello from epoll, w\xf6rld!\n'.encode('utf-8')


class Handler(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    wbufsize = -1  # head and body in one packet
    disable_nagle_algorithm = True

    def do_GET(self):
        self.send_response_only(200)
        self.send_header('Date', self.date_time_string())
        self.send_header('Content-Type', 'text/plain; charset=utf-8')
        self.send_header('Content-Length', str(len(GREETING)))
        self.end_headers()
        self.wfile.write(GREETING)


class Server(ThreadingHTTPServer):
    request_queue_size = 1024


server = Server(('127.0.0.1', 0), Handler)
print('listening on 127.0.0.1:%d' % server.server_port, flush=True)
server.serve_forever()
