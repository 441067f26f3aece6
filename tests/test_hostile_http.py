"""The web server in public: whatever comes, in whatever pieces, however slowly."""
import collections
import contextlib
import errno
import re
import resource
import select
import signal
import socket
import sys
import threading

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
import pytest

from compat import process
from tests import inside
from tests.names import WEB

pytestmark = pytest.mark.about(WEB)
GREETING = b'Hello from epoll, w\xc3\xb6rld!\n'
GET = b'GET / HTTP/1.1\r\n'
HOST = b'Host: x\r\n'
PLAIN = GET + HOST + b'\r\n'
SMUGGLED = b'GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n'  # its answer would be a 404
CONTINUE = b'HTTP/1.1 100 Continue\r\n\r\n'
rule = pytest.mark.rule
# The same examples in every run: a failure is somebody's change, not luck.
FIXED = dict(deadline=None, derandomize=True, database=None,
             suppress_health_check=[HealthCheck.too_slow])
QUICK = settings(max_examples=100, **FIXED)
WIRE = settings(max_examples=30, **FIXED)


@pytest.fixture
def server(running):
    return running(WEB)


@pytest.fixture
def shared(standing):
    return standing(WEB)


@pytest.fixture
def web(recipe):
    """The web server, with its loop in our hands."""
    machine = inside.web(recipe(WEB))
    yield machine
    machine.close()


def plain(answer):
    """Return an answer without what may differ: the date, and a 100, which need not
    be said to a client whose body has begun to come (RFC 9110, section 10.1.1)."""
    return re.sub(b'Date: [^\r]+\r\n', b'', answer).replace(CONTINUE, b'')


def statuses(answer):
    return [int(status) for status in re.findall(b'HTTP/1.1 (\\d+) ', answer)]


def post(fields, body=b'', method=b'POST'):
    return method + b' / HTTP/1.1\r\nHost: x\r\n' + fields + b'\r\n' + body


def get(line):
    return line + b'\r\nHost: x\r\n\r\n'


def field(line):
    return GET + HOST + line + b'\r\n\r\n'


# Each ends the connection, so that nothing behind it is taken for a request, which
# is how requests are smuggled past a proxy that counts otherwise (RFC 9112, 11.2).
REFUSED = [
    # Two ideas of where the body ends.
    ('cl-te', post(b'Content-Length: 6\r\nTransfer-Encoding: chunked\r\n',
                   b'0\r\n\r\nG'), 400),
    ('te-cl', post(b'Transfer-Encoding: chunked\r\nContent-Length: 4\r\n',
                   b'5c\r\nGPOST / HTTP/1.1\r\n\r\n0\r\n\r\n'), 400),
    # A coding, and what is not chunked in the end (RFC 9112, sections 6.1 and 6.3).
    ('te-te', post(b'Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n'), 400),
    ('te-twice', post(b'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n'),
     501),
    ('te-chunked', post(b'Transfer-Encoding: chunked\r\n', b'3\r\nabc\r\n0\r\n\r\n'),
     411),
    ('te-upper', post(b'TRANSFER-ENCODING: CHUNKED\r\n', b'0\r\n\r\n'), 411),
    ('te-tab', post(b'Transfer-Encoding:\tchunked\t\r\n', b'0\r\n\r\n'), 411),
    ('te-identity', post(b'Transfer-Encoding: identity\r\n'), 400),
    ('te-empty', post(b'Transfer-Encoding:\r\n'), 400),
    ('te-comma', post(b'Transfer-Encoding: chunked,\r\n'), 411),
    ('te-quoted', post(b'Transfer-Encoding: "chunked"\r\n'), 400),
    ('te-parameter', post(b'Transfer-Encoding: chunked;x=y\r\n'), 400),
    ('te-commas', post(b'Transfer-Encoding: , ,chunked ,,\r\n'), 411),
    ('te-gzip', post(b'Transfer-Encoding: gzip\r\n'), 400),
    ('te-gzip-last', post(b'Transfer-Encoding: chunked, gzip\r\n'), 400),
    ('te-gzip-chunked', post(b'Transfer-Encoding: gzip, chunked\r\n'), 501),
    ('te-xchunked', post(b'Transfer-Encoding: xchunked\r\n'), 400),
    ('te-vertical-tab', post(b'Transfer-Encoding: \x0bchunked\r\n'), 400),
    ('te-space-before-colon', post(b'Transfer-Encoding : chunked\r\n'), 400),
    ('te-space-before-name', post(b' Transfer-Encoding: chunked\r\n'), 400),
    ('te-folded', post(b'Transfer-Encoding:\r\n chunked\r\n'), 400),
    ('te-after-bare-cr', post(b'X: y\rTransfer-Encoding: chunked\r\n'), 400),
    ('te-nul-in-name', post(b'Transfer-\0Encoding: chunked\r\n'), 400),
    ('te-nul-in-value', post(b'Transfer-Encoding: chunked\0\r\n'), 400),
    ('te-1.0', b'POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 400),
    ('cl-differ', post(b'Content-Length: 0\r\nContent-Length: 44\r\n'), 400),
    ('cl-differ-in-zeros', post(b'Content-Length: 3\r\nContent-Length: 03\r\n', b'abc'),
     400),
    ('cl-list-differs', post(b'Content-Length: 3, 4\r\n', b'abc'), 400),
    ('cl-list-ends', post(b'Content-Length: 3,\r\n', b'abc'), 400),
    ('cl-list-begins', post(b'Content-Length: ,3\r\n', b'abc'), 400),
    ('cl-list-hole', post(b'Content-Length: 3,,3\r\n', b'abc'), 400),
    ('cl-list-cut', post(b'Content-Length: 33, 3\r\n', b'abc'), 400),
    ('cl-list-longer', post(b'Content-Length: 3, 33\r\n', b'abc'), 400),
    ('cl-list-of-nothing', post(b'Content-Length: ,\r\n', b'abc'), 400),
    ('cl-plus', post(b'Content-Length: +3\r\n', b'abc'), 400),
    ('cl-minus', post(b'Content-Length: -0\r\n'), 400),
    ('cl-hex', post(b'Content-Length: 0x3\r\n', b'abc'), 400),
    ('cl-float', post(b'Content-Length: 3.0\r\n', b'abc'), 400),
    ('cl-exponent', post(b'Content-Length: 3e0\r\n', b'abc'), 400),
    ('cl-two-words', post(b'Content-Length: 3 3\r\n', b'abc'), 400),
    ('cl-quoted', post(b'Content-Length: "3"\r\n', b'abc'), 400),
    ('cl-word', post(b'Content-Length: chunked\r\n'), 400),
    ('cl-form-feed', post(b'Content-Length: \x0c3\r\n', b'abc'), 400),
    ('cl-no-break-space', post(b'Content-Length: \xa03\r\n', b'abc'), 400),
    ('cl-arabic-digit', post(b'Content-Length: \xd9\xa3\r\n', b'abc'), 400),
    ('cl-semicolon', post(b'Content-Length: 3;\r\n', b'abc'), 400),
    ('cl-2**32', post(b'Content-Length: 4294967296\r\n'), 413),
    ('cl-2**64', post(b'Content-Length: 18446744073709551616\r\n'), 413),
    # Two ideas of where a line ends.
    ('bare-cr-for-line', b'GET / HTTP/1.1\rHost: x\r\r', 400),
    ('bare-cr-in-value', field(b'X: a\rb'), 400),
    ('bare-cr-at-end', field(b'X: a\r'), 400),
    ('two-crs', GET[:-2] + b'\r\r\n' + HOST + b'\r\n', 400),
    ('cr-before-request', b'\r' + PLAIN, 400),
    ('fold-tab', field(b'X: a\r\n\tb'), 400),
    ('fold-of-nothing', field(b'X: a\r\n '), 400),
    ('fold-first', GET + b' \r\nHost: x\r\n\r\n', 400),
    ('line-separator', field(b'X: a\x85\r\n \xe2\x80\xa8'), 400),
    # Characters.
    ('nul-in-target', get(b'GET /\0 HTTP/1.1'), 400),
    ('nul-in-name', field(b'X\0: y'), 400),
    ('nul-in-value', field(b'X: y\0z'), 400),
    ('control-in-name', field(b'X\x01: y'), 400),
    ('control-in-value', field(b'X: \x1b[2J'), 400),
    ('delete-in-value', field(b'X: \x7f'), 400),
    ('delete-in-target', get(b'GET /\x7f HTTP/1.1'), 400),
    ('tab-in-target', get(b'GET /\ta HTTP/1.1'), 400),
    ('utf-8-in-name', field(b'\xc3\xbc: y'), 400),
    ('brackets-in-name', field(b'X[y]: z'), 400),
    ('space-in-name', field(b'X y: z'), 400),
    ('tab-before-colon', field(b'X\t: y'), 400),
    ('backspace-in-method', get(b'GE\x08T / HTTP/1.1'), 400),
    ('colon-in-method', get(b'GET: / HTTP/1.1'), 400),
    # The request line.
    ('space-first', b' ' + PLAIN, 400),
    ('tab-for-space', get(b'GET\t/ HTTP/1.1'), 400),
    ('space-last', get(b'GET / HTTP/1.1 '), 400),
    ('version-lower', get(b'GET / http/1.1'), 400),
    ('version-without-dot', get(b'GET / HTTP/11'), 400),
    ('version-space', get(b'GET / HTTP /1.1'), 400),
    ('version-negative', get(b'GET / HTTP/-1.1'), 400),
    ('version-arabic', get(b'GET / HTTP/\xd9\xa1.1'), 400),
    ('version-0.9', get(b'GET / HTTP/0.9'), 505),
    ('no-method', get(b'/ HTTP/1.1'), 400),
    ('no-target', get(b'GET HTTP/1.1'), 400),
    ('a-reply', b'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', 400),
    ('tls', b'\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n\r\n', 400),
    ('proxy-protocol', b'PROXY TCP4 127.0.0.1 127.0.0.1 1 2\r\n' + PLAIN, 400),
    # The target and the host (RFC 9112, section 3.2).
    ('star-of-get', get(b'GET * HTTP/1.1'), 400),
    ('authority-of-get', get(b'GET x:80 HTTP/1.1'), 400),
    ('query-only', get(b'GET ?x HTTP/1.1'), 400),
    ('other-scheme', get(b'GET ftp://x/ HTTP/1.1'), 400),
    ('no-authority', get(b'GET http:/// HTTP/1.1'), 400),
    ('user-in-authority', get(b'GET http://bank@x/ HTTP/1.1'), 400),
    # An authority is what a Host is, and not empty (RFC 9110, section 4.2.1).
    ('authority-without-host', get(b'GET http://:80/ HTTP/1.1'), 400),
    ('authority-open-bracket', get(b'GET http://[/ HTTP/1.1'), 400),
    ('authority-port-word', get(b'GET http://x:http/ HTTP/1.1'), 400),
    ('authority-two-ports', get(b'GET http://x:1:2/ HTTP/1.1'), 400),
    ('authority-angles', get(b'GET http://<>/ HTTP/1.1'), 400),
    ('authority-no-address', get(b'GET http://[:::::]/ HTTP/1.1'), 400),
    ('authority-of-https', get(b'GET https://x:1:2/ HTTP/1.1'), 400),
    ('authority-of-post', get(b'POST http://<>/nothing HTTP/1.1'), 400),
    ('backslash', get(b'GET \\ HTTP/1.1'), 400),
    ('dot', get(b'GET . HTTP/1.1'), 400),
    ('percent-cut', get(b'GET /% HTTP/1.1'), 400),
    ('percent-word', get(b'GET /%zz HTTP/1.1'), 400),
    ('host-with-path', GET + b'Host: x/y\r\n\r\n', 400),
    ('host-with-user', GET + b'Host: bank@x\r\n\r\n', 400),
    ('host-two-ports', GET + b'Host: x:80:80\r\n\r\n', 400),
    ('host-port-word', GET + b'Host: x:http\r\n\r\n', 400),
    # RFC 3986, section 3.2.2.
    ('host-colons', GET + b'Host: [:::::]\r\n\r\n', 400),
    ('host-two-gaps', GET + b'Host: [1::2::3]\r\n\r\n', 400),
    ('host-seven-groups', GET + b'Host: [1:2:3:4:5:6:7]\r\n\r\n', 400),
    ('host-nine-groups', GET + b'Host: [1:2:3:4:5:6:7:8:9]\r\n\r\n', 400),
    ('host-five-digits', GET + b'Host: [::12345]\r\n\r\n', 400),
    ('host-ipv4-in-brackets', GET + b'Host: [127.0.0.1]\r\n\r\n', 400),
    ('host-ipv4-of-300', GET + b'Host: [::300.0.0.1]\r\n\r\n', 400),
    ('host-zone', GET + b'Host: [fe80::1%25lo]\r\n\r\n', 400),
    ('host-empty-brackets', GET + b'Host: []\r\n\r\n', 400),
    ('host-future-of-nothing', GET + b'Host: [v1.]\r\n\r\n', 400),
    ('host-future-without-number', GET + b'Host: [v.x]\r\n\r\n', 400),
    ('host-future-in-hex', GET + b'Host: [vg.x]\r\n\r\n', 400),
    ('host-future-slash', GET + b'Host: [v1.x/y]\r\n\r\n', 400),
    ('host-open-bracket', GET + b'Host: [::1\r\n\r\n', 400),
    ('host-bad-percent', GET + b'Host: x%zz\r\n\r\n', 400),
    ('host-utf-8', GET + b'Host: \xc3\xbc\r\n\r\n', 400),
    ('hosts-of-two-cases', GET + b'Host: x\r\nHOST: x\r\n\r\n', 400),
    ('absolute-without-host', b'GET http://x/ HTTP/1.1\r\n\r\n', 400),
    # Expectations (RFC 9110, section 10.1.1).
    ('expect-other', post(b'Expect: 200-ok\r\nContent-Length: 3\r\n', b'abc'), 417),
    ('expect-two', post(b'Expect: 100-continue, x\r\nContent-Length: 3\r\n', b'abc'),
     417),
    ('expect-too-much', post(b'Expect: 100-continue\r\nContent-Length: 1048577\r\n'),
     413),
    ('expect-chunked', post(b'Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n'),
     411),
    # The final answer comes at once, and the client may then send no body.
    ('expect-to-no-avail', post(b'Expect: 100-continue\r\nContent-Length: 3\r\n'), 405),
    ('expect-with-body', post(b'Expect: 100-Continue\r\nContent-Length: 3\r\n', b'abc'),
     405),
    ('expect-of-nothing', b'GET /nothing HTTP/1.1\r\nHost: x\r\n'
     b'Expect: 100-continue\r\nContent-Length: 3\r\n\r\n', 404),
    ('expect-of-https', b'GET https://x/ HTTP/1.1\r\nHost: x\r\n'
     b'Expect: 100-continue\r\nContent-Length: 3\r\n\r\n', 421),
    # What begins no request line.
    ('nul-first', b'\0' + PLAIN, 400),
    ('parenthesis-first', b'(' + PLAIN, 400),
    ('old-byte-first', b'\x80' + PLAIN, 400),
    ('lone-cr-first', b'\r\r\n' + PLAIN, 400),
    # Sizes.
    ('line-too-long', get(b'GET /' + b'x' * 8192 + b' HTTP/1.1'), 414),
    ('name-too-long', field(b'x' * 8192 + b': y'), 431),
    ('value-too-long', field(b'X: ' + b'y' * 8192), 431),
    ('no-end-of-name', GET + HOST + b'x' * 8192, 431),
]


@pytest.mark.hostile
@rule('bytes-on-the-wire')
@pytest.mark.parametrize('said, status', [case[1:] for case in REFUSED],
                         ids=[case[0] for case in REFUSED])
def test_what_could_be_read_in_two_ways_ends_the_connection(web, said, status):
    answer = web.answer([said + SMUGGLED])
    assert statuses(answer) == [status]
    assert b'\r\nConnection: close\r\n' in answer


SERVED = [
    ('origin', get(b'GET / HTTP/1.1'), 200),
    ('query', get(b'GET /?a=%00&b=/../ HTTP/1.1'), 200),
    ('empty-query', get(b'GET /? HTTP/1.1'), 200),
    ('absolute', get(b'GET http://x/ HTTP/1.1'), 200),
    # No TLS here (RFC 9110, section 7.4).
    ('absolute-https', get(b'GET https://x/ HTTP/1.1'), 421),
    ('absolute-https-upper', get(b'GET HTTPS://x:443/nothing HTTP/1.1'), 421),
    ('absolute-https-post', get(b'POST https://x HTTP/1.1'), 421),
    ('absolute-ipvfuture', get(b'GET http://[V1F.a:b]:80 HTTP/1.1'), 200),
    ('absolute-empty-port', get(b'GET http://x:/ HTTP/1.1'), 200),
    ('absolute-query', get(b'GET http://x?y HTTP/1.1'), 200),
    ('absolute-ipv6', get(b'GET http://[::1]:80/ HTTP/1.1'), 200),
    ('absolute-path', get(b'GET http://x//y HTTP/1.1'), 404),
    ('star', get(b'OPTIONS * HTTP/1.1'), 405),
    ('authority', get(b'CONNECT x:80 HTTP/1.1'), 405),
    ('percent-slash', get(b'GET /%2F HTTP/1.1'), 404),
    ('percent-nul', get(b'GET /%00 HTTP/1.1'), 404),
    ('percent-newline', get(b'GET /%0d%0aX:%20y HTTP/1.1'), 404),
    ('percent-dots', get(b'GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1'), 404),
    ('percent-percent', get(b'GET /%25zz HTTP/1.1'), 404),
    ('percent-overlong', get(b'GET /%c0%af HTTP/1.1'), 404),
    ('dots', get(b'GET /../../etc/passwd HTTP/1.1'), 404),
    ('two-slashes', get(b'GET // HTTP/1.1'), 404),
    ('scheme-in-path', get(b'GET /http://x/ HTTP/1.1'), 404),
    ('any-token', get(b"!#$%&'*+.^_`|~9 / HTTP/1.1"), 405),
    ('no-space-after-colon', b'GET / HTTP/1.1\r\nHost:x\r\n\r\n', 200),
    ('tabs-around-value', b'GET / HTTP/1.1\r\nHost:\t x \t\r\n\r\n', 200),
    ('empty-host', b'GET / HTTP/1.1\r\nHost:\r\n\r\n', 200),
    ('host-and-port', b'GET / HTTP/1.1\r\nHost: x:8007\r\n\r\n', 200),
    ('host-ipv6', b'GET / HTTP/1.1\r\nHost: [::ffff:127.0.0.1]:80\r\n\r\n', 200),
    ('host-ipv6-gap-first', b'GET / HTTP/1.1\r\nHost: [::2:3:4:5:6:7:8]\r\n\r\n', 200),
    ('host-ipv6-gap-last', b'GET / HTTP/1.1\r\nHost: [1:2:3:4:5:6:7::]\r\n\r\n', 200),
    ('host-ipv6-whole', b'GET / HTTP/1.1\r\nHost: [1:2:3:4:5:6:7:aF]\r\n\r\n', 200),
    ('host-ipvfuture', b'GET / HTTP/1.1\r\nHost: [v1.x]\r\n\r\n', 200),
    ('host-percent', b'GET / HTTP/1.1\r\nHost: %c3%bc.example\r\n\r\n', 200),
    ('empty-value', field(b'X:'), 200),
    ('value-with-colons', field(b'X: a: b:'), 200),
    ('lines-end-in-lf', PLAIN.replace(b'\r', b''), 200),
    ('line-ends-mixed', b'GET / HTTP/1.1\nHost: x\r\n\n', 200),
    ('empty-lines-first', b'\r\n\r\n\n' + PLAIN, 200),
    ('body-of-get', post(b'Content-Length: 30\r\n', SMUGGLED[:30], b'GET'), 200),
    ('cl-zero', post(b'Content-Length: 0\r\n'), 405),
    ('cl-zeros', post(b'Content-Length: ' + b'0' * 5000 + b'3\r\n', b'abc'), 405),
    ('cl-same-twice', post(b'Content-Length: 3\r\nContent-Length: 3\r\n', b'abc'), 405),
    ('cl-same-in-list', post(b'Content-Length: 3 ,\t3\r\n', b'abc'), 405),
    ('cl-of-another-name', post(b'Content_Length: 9\r\nX-Content-Length: 9\r\n'), 405),
    ('expect-with-body', post(b'Expect: 100-Continue\r\nContent-Length: 3\r\n', b'abc',
                              b'GET'), 200),
    # Empty elements of a list do not count (RFC 9110, section 5.6.1.2).
    ('expect-comma', post(b'Expect: 100-continue,\r\nContent-Length: 3\r\n', b'abc',
                          b'GET'), 200),
    ('expect-empty', post(b'Expect:\r\nContent-Length: 3\r\n', b'abc'), 405),
    ('expect-commas', post(b'Expect: , ,\r\n'), 405),
    ('connection-commas', field(b'Connection: ,, keep-alive ,'), 200),
    ('expect-without-body', post(b'Expect: 100-continue\r\n'), 405),
    ('expect-of-1.0', b'GET / HTTP/1.0\r\nConnection: keep-alive\r\nExpect: x\r\n\r\n',
     200),
    ('upgrade', field(b'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c'), 200),
    ('the-longest-head', field(b'X: ' + b'y' * (8192 - len(field(b'X: ')))), 200),
]


@pytest.mark.hostile
@pytest.mark.parametrize('said, status', [case[1:] for case in SERVED],
                         ids=[case[0] for case in SERVED])
def test_what_can_be_read_in_one_way_is_answered_and_so_is_the_next(web, said, status):
    answer = web.answer([said + PLAIN]).replace(CONTINUE, b'')
    assert statuses(answer) == [status, 200]
    assert answer.endswith(GREETING)


@pytest.mark.hostile
@rule('bytes-on-the-wire')
@pytest.mark.parametrize('fields, told', [
    (b'Expect: 100-continue\r\nContent-Length: 3\r\n', True),
    (b'expect:100-CONTINUE\r\nContent-Length: 3\r\n', True),
    (b'Expect: 100-continue\r\nContent-Length: 0\r\n', False),
    (b'Expect: 100-continue\r\n', False), (b'Expect:\r\nContent-Length: 3\r\n', False)],
    ids=['body', 'case', 'empty-body', 'no-body', 'no-expectation'])
def test_a_client_with_a_body_to_send_is_told_to_go_on_and_no_other(web, fields, told):
    peer = web.connect()
    web.say(peer, post(fields, method=b'GET'))
    assert (peer.received == CONTINUE) == told
    assert peer.received.startswith(CONTINUE) == told
    web.end(peer)


@pytest.mark.hostile
@pytest.mark.parametrize('said, status', [
    (post(b'Expect: 100-continue\r\nContent-Length: 3\r\n'), 405),
    (b'\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400), (b'\0', 400), (b' ', 400),
    (b'\x80', 400), (b'"', 400), (b'\r\n\r\n(', 400), (b'\rG', 400)],
    ids=['expect-to-no-avail', 'tls', 'nul', 'space', 'old-byte', 'quote',
         'after-empty-lines', 'after-cr'])
def test_what_cannot_be_served_is_answered_before_more_has_come(web, said, status):
    peer = web.connect()
    web.say(peer, said)
    assert statuses(peer.received) == [status]
    assert peer.ended  # nothing more will be said to it
    web.end(peer)


@pytest.mark.hostile
@pytest.mark.parametrize('said', [b'G', b'\r', b'\n\r', b'~'])
def test_what_may_become_a_request_is_awaited(web, said):
    peer = web.connect()
    web.say(peer, said)
    assert (peer.received, peer.ended) == (b'', False)
    web.end(peer)


@pytest.mark.hostile
@pytest.mark.parametrize('length, status', [(8170, 431), (8176, 431), (8177, 414),
                                            (8178, 414), (9000, 414)])
def test_the_limit_of_a_line_is_the_same_in_one_piece_and_in_many(web, length, status):
    said = get(b'GET /' + b'x' * length + b' HTTP/1.1')
    answers = set(plain(web.answer(inside.pieces(said, cuts)))
                  for cuts in ([], range(0, 9000, 1000), [8192], [8193], [8194]))
    assert [statuses(answer) for answer in answers] == [[status]]


@pytest.mark.hostile
@pytest.mark.parametrize('said', [
    b'HEAD / HTTP/1.1\r\n\r\n', b'HEAD x HTTP/1.1\r\nHost: x\r\n\r\n',
    b'HEAD /' + b'x' * 9000, b'HEAD / HTTP/1.1\r\nHost: x\r\nX: ' + b'y' * 9000],
    ids=['no-host', 'target', 'long-line', 'long-head'])
def test_an_error_to_head_has_no_body_however_it_comes(web, said):
    for cuts in ([], [3], [4], [5], [100]):
        assert web.answer(inside.pieces(said, cuts)).endswith(b'\r\n\r\n')


@pytest.mark.hostile
def test_spaces_are_no_reason_to_think_for_minutes(shared, conversation):
    client = conversation(shared.address)
    client.send(field(b'X:' + b' ' * 8000 + b'\x01'))
    other = conversation(shared.address)
    other.send(GET + HOST + b'Connection: close\r\n\r\n')
    assert statuses(other.read_all()) == [200]
    assert statuses(client.read(12) + b' ') == [400]


@pytest.mark.hostile
def test_a_hundred_thousand_fields_are_one_error(shared, conversation):
    client = conversation(shared.address)
    with inside.ignoring(socket.error):
        client.send(GET + HOST + b'X: y\r\n' * 100000 + b'\r\n')
    assert statuses(read_error(client)) == [431]
    assert_served(shared, conversation)


@pytest.mark.hostile
@pytest.mark.parametrize('start, status', [(GET, 431), (b'', 414)],
                         ids=['fields', 'line'])
def test_a_head_without_end_is_ended_by_the_server(shared, conversation, start, status):
    client = conversation(shared.address)
    line = b'X: y\r\n' if start else b'x' * 1000
    client.send(start)
    with inside.ignoring(socket.error):
        for _ in range(1000000):
            if select.select([client.sock], [], [], 0)[0]:
                break
            client.send(line)
        else:
            pytest.fail('the server reads on and on')
    assert statuses(read_error(client)) == [status]
    assert_served(shared, conversation)


def read_error(client):
    """Return what a client gets from a server that ends the connection."""
    data = b''
    with inside.ignoring(socket.error):  # a reset, if the client went on sending
        for piece in iter(lambda: client.sock.recv(65536), b''):
            data += piece
    return data


def ask(client):
    """A client gets the greeting, on a connection that stays open."""
    client.send(PLAIN)
    hear(client)


def hear(client):
    head = b''
    while not head.endswith(b'\r\n\r\n'):
        line = client.read_line()
        assert line, 'the connection ended in the middle of a head: %r' % head
        head += line
    assert statuses(head) == [200]
    client.expect(GREETING)


def assert_served(server, conversation):
    """A new client of a server, a child, gets the greeting."""
    other = conversation(server.address)
    ask(other)
    other.close()


CONVERSATION = (
    b'GET / HTTP/1.1\r\nHost: x\r\n\r\n'
    b'\r\nHEAD /nothing HTTP/1.1\nHost: x\nX: \xff\n\n'
    b'PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 7\r\n\r\n\r\n\r\nGET'
    b'GET / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n'
    b'Content-Length: 3\r\n\r\nabc'
    b'GET http://x/ HTTP/1.0\r\nConnection: keep-alive\r\n\r\n'
    b'OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')


@pytest.mark.hostile
def test_pipelined_requests_may_be_cut_at_every_byte(web):
    whole = plain(web.answer([CONVERSATION]))
    assert statuses(whole) == [200, 404, 405, 200, 200, 405]
    for cut in range(1, len(CONVERSATION)):
        assert plain(web.answer(inside.pieces(CONVERSATION, [cut]))) == whole, cut
    assert plain(web.answer(inside.pieces(CONVERSATION, range(1000)))) == whole


Said = collections.namedtuple('Said', 'data status')


@st.composite
def requests(draw):
    """A valid request, and the status of its answer."""
    method = draw(st.sampled_from([b'GET', b'HEAD', b'POST', b'get', b'PATCH']))
    target = draw(st.sampled_from([b'/', b'/?' + b'q' * 50, b'/nothing', b'http://x']))
    newline = draw(st.sampled_from([b'\r\n', b'\n']))
    body = draw(st.one_of(st.none(), st.binary(max_size=40)))
    values = st.text(u'\t !~x\xe4', max_size=20)
    lines = [method + b' ' + target + b' HTTP/1.1', b'Host: x']
    lines += [b'X-%d: ' % number + value.encode('latin-1') for number, value
              in enumerate(draw(st.lists(values, max_size=3)))]
    status = (404 if target == b'/nothing'
              else 200 if method in (b'GET', b'HEAD') else 405)
    if body is not None:
        lines.append(b'Content-Length: %d' % len(body))
        if status == 200 and draw(st.booleans()):  # else it would be the last
            lines.append(b'Expect: 100-continue')
    return Said(newline.join(lines + [b'', b'']) + (body or b''), status)


CUTS = st.lists(st.integers(0, 10000), max_size=8)


@pytest.mark.hostile
def test_any_split_of_valid_requests_gives_the_same_answers(web):
    @QUICK
    @given(st.lists(requests(), min_size=1, max_size=5), CUTS)
    def check(said, cuts):
        data = b''.join(one.data for one in said)
        whole = web.answer([data])
        assert statuses(whole.replace(CONTINUE, b'')) == [one.status for one in said]
        assert plain(web.answer(inside.pieces(data, cuts))) == plain(whole)
    check()


FRAGMENTS = st.one_of(st.binary(max_size=6), st.sampled_from([
    b'GET', b'HEAD ', b' ', b'/', b'*', b' HTTP/1.1', b' HTTP/1.0', b'\r', b'\n',
    b'\r\n', b'\r\n\r\n', b'\n\n', GET, PLAIN, HOST, b'Host:', b':',
    b'Content-Length: 5\r\n', b'Content-Length: 0\r\n', b'X: y\r\n',
    b'Transfer-Encoding: chunked\r\n', b'Connection: close\r\n',
    b'Expect: 100-continue\r\n', b'\t', b'\0', b'x' * 4100, b'http://']))


@pytest.mark.hostile
def test_any_split_of_anything_gives_the_same_answers(web):
    @QUICK
    @given(st.lists(FRAGMENTS, max_size=12).map(b''.join), CUTS)
    @example(b'HEAD /' + b'x' * 8190, [100])
    @example(GET + HOST + b'\r\nHEAD', [len(PLAIN)])
    @example(b'\r', [])
    def check(data, cuts):
        assert plain(web.answer(inside.pieces(data, cuts))) == plain(web.answer([data]))
    check()


@pytest.mark.hostile
def test_no_head_is_more_than_a_bad_request(recipe):
    module = recipe(WEB)

    @settings(QUICK, max_examples=300)
    @given(st.lists(FRAGMENTS, max_size=8).map(b''.join))
    @example(b'')
    def check(head):
        with inside.ignoring(module.BadRequest):
            request = module.parse_head(head + b'\r\n\r\n')
            assert 0 <= request.length <= module.MAX_BODY
            module.status_of(request)
    check()


@pytest.mark.hostile
@rule('oserror')
def test_any_bytes_leave_the_server_serving_its_other_clients(server, conversation):
    other = conversation(server.address)

    @WIRE
    @given(st.lists(FRAGMENTS, max_size=6), st.sampled_from(inside.GOODBYES))
    def check(said, goodbye):
        client = conversation(server.address)
        inside.say_and_go(client, said, goodbye)
        ask(other)
    check()
    server.signal(signal.SIGTERM)
    assert (server.wait(), server.stderr) == (0, b'')


@pytest.fixture
def hasty(recipe):
    """A server in this process that gives each request and reply half a second."""
    module = recipe(WEB)
    module.SECONDS = dict(module.SECONDS, request=0.5, reply=0.5)
    with inside.serving(module) as server:
        # Else the kernel takes megabytes of replies before the server notices.
        server.listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        yield server


def slow_until_shed(slow, step, good):
    """Let each slow client take its step, again and again, with a good client asking
    in between, until the server has closed all the slow ones."""
    def round_of_steps():
        ask(good)
        slow[:] = [client for client in slow if step(client)]
        return not slow
    process.wait_until(round_of_steps, 'the slow clients are shed')


@pytest.mark.hostile
@pytest.mark.parametrize('start', [b'', GET + b'Host: x\r\nX: ',
                                   post(b'Content-Length: 100000\r\n')],
                         ids=['line', 'field', 'body'])
def test_fifty_slow_requests_delay_nobody_and_are_shed(hasty, conversation, start):
    slow = [conversation(hasty.server_address) for _ in range(50)]
    answers = collections.defaultdict(bytes)

    def drip(client):
        """Send a byte, whatever comes; return whether nothing has come."""
        if select.select([client.sock], [], [], 0)[0]:
            answers[client] = read_error(client)
            return False
        client.send(b'x')
        return True

    for client in slow:
        client.send(start)
    slow_until_shed(slow, drip, conversation(hasty.server_address))
    assert [statuses(answer) for answer in answers.values()] == [[408]] * 50


class SlowReader(object):
    """A client with little room for replies that asks for many."""

    def __init__(self, address):
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.sock.connect(address)
        self.sock.setblocking(False)
        self.bears(self.sock.send, PLAIN * 1000)

    def sip(self):
        """Read a byte and ask for more; return whether the server bears it."""
        return self.bears(self.sock.recv, 1) and self.bears(self.sock.send, PLAIN)

    @staticmethod
    def bears(call, argument):
        try:
            call(argument)
        except socket.error as error:
            return error.errno == errno.EAGAIN
        return True


@pytest.mark.hostile
@rule('oserror')
def test_fifty_clients_that_read_slowly_delay_nobody_and_are_shed(hasty, conversation):
    readers = [SlowReader(hasty.server_address) for _ in range(50)]
    try:
        slow_until_shed(list(readers), SlowReader.sip,
                        conversation(hasty.server_address))
    finally:
        for reader in readers:
            reader.sock.close()


@pytest.mark.hostile
def test_time_to_read_is_for_all_that_waits_and_not_for_each_byte(web, monkeypatch):
    module = sys.modules[type(web.server).__module__]
    monkeypatch.setattr(module, 'WORTH_MOVING', 0)  # the test is quick
    peer = web.connect()
    peer.drain = lambda: None  # it reads nothing, until we read
    connection, = web.server.connections.values()
    connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    web.say(peer, PLAIN * 2000)
    deadlines = web.server.deadlines['reply']
    before, due, received = deadlines[connection], connection.due, 0
    assert 10000 < due < len(connection.outgoing)
    while deadlines[connection] == before:  # a KeyError, if it is done
        received += len(peer.sock.recv(1000))
        web.rest()
    # What was in the kernel when the time began is read, but not counted.
    assert due <= received <= due + 10000
    web.end(peer)


class Clock(object):
    """In the place of the module time. now: seconds since 1970."""

    now = 1000000000.0

    def time(self):
        return self.now


@pytest.mark.hostile
def test_each_request_gives_new_time_for_the_next(recipe, monkeypatch):
    module, clock = recipe(WEB), Clock()
    monkeypatch.setattr(module, 'time', clock)
    web = inside.web(module)
    try:
        peer = web.connect()
        for _ in range(4):
            clock.now += module.SECONDS['idle'] * 0.7
            web.say(peer, PLAIN)
        assert statuses(peer.received) == [200] * 4
        clock.now += module.SECONDS['idle'] * 1.1
        web.rest()
        peer.drain()
        assert peer.ended
    finally:
        web.close()


@pytest.mark.unit
def test_what_is_due_is_not_waited_for(recipe):
    server = recipe(WEB).WebServer('127.0.0.1', 0)
    try:
        assert server.patience() == -1
        server.retry_at = 0.0  # long ago
        assert server.patience() == 0
    finally:
        server.close()


@pytest.mark.hostile
def test_a_client_that_asks_for_thousands_at_once_does_not_take_the_turn_of_others(web):
    greedy, good = web.connect(), web.connect()
    greedy.sock.send(PLAIN * 2000)
    good.sock.send(PLAIN)
    before = []

    def drain():
        inside.Peer.drain(good)
        if good.received and not before:
            before.append(len(statuses(greedy.received)))

    good.drain = drain
    web.rest()
    assert statuses(good.received) == [200]
    assert before[0] < 300


# Interrupts itself a thousand times a second, with a handler that does nothing.
INTERRUPTED = """
import signal
from compat import trees
server = trees.load(%r).WebServer('127.0.0.1', 0)
signal.signal(signal.SIGTERM, lambda *_: server.stop())
signal.signal(signal.SIGALRM, lambda *_: None)
signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
import sys
sys.stdout.write('Server listening on %%s:%%s\\n' %% server.server_address)
sys.stdout.flush()
server.serve_forever()
signal.setitimer(signal.ITIMER_REAL, 0)
server.close()
""" % WEB


@pytest.mark.hostile
@rule('eintr')
def test_a_thousand_signals_a_second_lose_no_request(running, conversation):
    server = running(WEB, command=['-c', INTERRUPTED])
    for _ in range(20):
        assert_served(server, conversation)
    client = conversation(server.address)

    def speak():
        client.send(PLAIN * 5000 + post(b'Content-Length: 100000\r\n', b'x' * 100000))
        client.end()
    sender = threading.Thread(target=speak)
    sender.start()
    answer = client.read_all()
    sender.join(process.DEADLINE)
    assert statuses(answer) == [200] * 5000 + [405]
    server.signal(signal.SIGTERM)
    assert (server.wait(), server.stderr) == (0, b'')


@pytest.mark.hostile
@rule('eintr')
def test_a_server_that_was_stopped_and_continued_serves_on(server, conversation):
    client = conversation(server.address)
    for _ in range(20):
        server.signal(signal.SIGSTOP)
        server.signal(signal.SIGCONT)
        ask(client)
    assert server.stderr == b''


@contextlib.contextmanager
def descriptors(count):
    """Let this process and its children open this many; skip where they may not."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < count:
        pytest.skip('needs %d descriptors, and the hard limit here is %d: '
                    'ulimit -Hn' % (count, hard))
    if soft != resource.RLIM_INFINITY and soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.hostile
def test_a_thousand_idle_connections_hinder_no_busy_one(running, conversation):
    with descriptors(1500):
        server = running(WEB)
        idle = []
        for _ in range(1000):  # each has ten seconds for its first request
            idle.append(conversation(server.address))
            ask(idle[-1])
        busy = [conversation(server.address) for _ in range(10)]
        for _ in range(30):
            for client in busy:
                client.send(PLAIN)
            for client in busy:
                hear(client)
        for client in idle:
            ask(client)
        for client in idle:
            client.close()
