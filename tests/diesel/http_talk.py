"""HTTP as a test says and hears it, in bytes, over a tests.talk.Conversation."""
import collections

from tests.talk import Conversation

Answer = collections.namedtuple('Answer', 'status headers body')


class HttpConversation(Conversation):
    """A client that sends what it is told, and takes answers apart."""

    def read_head(self):
        """Return the status (an int), and the headers: lower-case names -> lists
        of values."""
        data = b''
        while not data.endswith(b'\r\n\r\n'):
            piece = self.read(1)
            assert piece, 'the end came within %r' % data
            data += piece
        lines = data.split(b'\r\n')[:-2]
        headers = {}
        for line in lines[1:]:
            name, value = line.split(b': ', 1)
            headers.setdefault(name.lower(), []).append(value)
        version, status = lines[0].split(b' ')[:2]
        assert version in (b'HTTP/1.0', b'HTTP/1.1')
        return int(status), headers

    def read_answer(self):
        """Return the next Answer, up to its length or the end."""
        status, headers = self.read_head()
        if b'content-length' in headers:
            body = self.read(int(headers[b'content-length'][0]))
        else:
            body = self.read_all()
        return Answer(status, headers, body)

    def ask(self, request):
        """Send the bytes of a request and return the Answer."""
        self.send(request)
        return self.read_answer()


def get(path, *headers):
    """Return the bytes of a GET request; headers are whole lines."""
    return b'\r\n'.join((b'GET ' + path + b' HTTP/1.1', b'Host: here') + headers
                        + (b'', b''))


def post(path, body, *headers):
    """Return the bytes of a POST request."""
    length = ('Content-Length: %d' % len(body)).encode('ascii')
    return b'\r\n'.join((b'POST ' + path + b' HTTP/1.1', b'Host: here', length)
                        + headers + (b'', body))


def answers(address, *requests):
    """Return the Answers to requests that one client sends in turn."""
    talk = HttpConversation(address)
    try:
        return [talk.ask(request) for request in requests]
    finally:
        talk.close()
