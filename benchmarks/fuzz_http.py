"""Fuzz the web server's connections: see benchmarks/fuzzing.py."""
import re

from benchmarks import fuzzing
from tests import inside

DATE = re.compile(b'Date: [^\r]+\r\n')
GET = b'GET / HTTP/1.1\r\nHost: x\r\n'
SEEDS = [
    GET + b'\r\n' + GET + b'Connection: close\r\n\r\n',
    b'HEAD http://x/ HTTP/1.0\nConnection: keep-alive\n\n' + GET + b'\r\n',
    GET + b'Content-Length: 3, 3\r\n\r\nabc' + GET + b'\r\n',
    GET + b'Expect: 100-continue\r\nContent-Length: 003\r\n\r\nabc' + GET + b'\r\n',
    GET + b'Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
    b'OPTIONS * HTTP/1.1\r\nHost: [::1]:80\r\n\r\n'
    b'CONNECT x:80 HTTP/1.1\r\nHost:\r\n\r\n',
    b'\r\n\r\nGET /' + b'x' * 8200 + b' HTTP/1.1\r\n',
    GET + b'X: ' + b' ' * 8000 + b'\x01\r\n\r\n',
    GET + b'X: y\r\n z: \xff\r\n' * 100,
]


def main():
    web = inside.web(fuzzing.instrumented('simple_web_server_with_epoll'))

    def answer(pieces):
        """Return what the server says, without what may differ: the date, and the 100
        for a client that does not wait for it."""
        said = web.answer(pieces).replace(b'HTTP/1.1 100 Continue\r\n\r\n', b'')
        return DATE.sub(b'', said)

    fuzzing.fuzz(answer, SEEDS)


if __name__ == '__main__':
    main()
