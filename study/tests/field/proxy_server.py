#!/usr/bin/env python2.7
"""A caching HTTP proxy for one upstream: BaseHTTPServer and urllib2.

Usage: proxy_server.py PORT UPSTREAM
"""
import BaseHTTPServer
import httplib
import os
import SocketServer
import sys
import time
import urllib
import urllib2
import urlparse
from StringIO import StringIO

UPSTREAM = 'http://127.0.0.1:8080'
MAX_AGE = 30
CACHE_DIR_MODE = 0700
ERROR_PAGE = '<html><body><h1>%d</h1><p>%s</p></body></html>'


class Cache(object):

    def __init__(self):
        self.entries = {}

    def get(self, url):
        entry = self.entries.get(url)
        if entry and time.time() - entry[0] < MAX_AGE:
            return entry[1]

    def put(self, url, page):
        self.entries[url] = (time.time(), page)
        for key, (stamp, _) in self.entries.items():
            if time.time() - stamp > MAX_AGE:
                del self.entries[key]

    def __nonzero__(self):
        return True


class ProxyHandler(BaseHTTPServer.BaseHTTPRequestHandler):
    cache = Cache()
    server_version = 'OldProxy/0.3'

    def do_GET(self):
        parts = urlparse.urlparse(self.path)
        query = urlparse.parse_qs(parts.query)
        if parts.path == '/_status':
            return self.send_page(200, self.status(query))
        page = self.cache.get(self.path)
        if page is None:
            try:
                page = self.fetch(self.path)
            except urllib2.HTTPError, e:
                return self.send_page(e.code, ERROR_PAGE % (e.code, e.msg))
            except (urllib2.URLError, httplib.HTTPException), e:
                return self.send_page(502, ERROR_PAGE % (502, 'upstream'))
            self.cache.put(self.path, page)
        self.send_page(200, page)

    def do_POST(self):
        length = int(self.headers.get('content-length', 0))
        body = self.rfile.read(length)
        fields = dict(pair.split('=') for pair in body.split('&'))
        print 'form:', fields
        reply = urllib2.urlopen(UPSTREAM + self.path, urllib.urlencode(fields))
        self.send_page(200, reply.read())

    def fetch(self, path):
        request = urllib2.Request(UPSTREAM + path)
        request.add_header('X-Forwarded-For', self.client_address[0])
        reply = urllib2.urlopen(request)
        page = reply.read()
        if '<html' not in page:
            page = '<pre>' + page + '</pre>'
        return page

    def status(self, query):
        out = StringIO()
        print >>out, '<h1>Cache</h1>'
        for url, entry in self.cache.entries.iteritems():
            print >>out, '<p>%s: %d bytes</p>' % (urllib.quote(url), len(entry[1]))
        if query.has_key('verbose'):
            out.write('<p>pid %d</p>' % os.getpid())
        return out.getvalue()

    def send_page(self, code, page):
        self.send_response(code)
        self.send_header('Content-Type', 'text/html')
        self.send_header('Content-Length', str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, format, *args):
        sys.stderr.write('%s %s\n' % (self.client_address[0], format % args))


class ProxyServer(SocketServer.ForkingMixIn, BaseHTTPServer.HTTPServer):
    pass


if __name__ == '__main__':
    if len(sys.argv) > 2:
        UPSTREAM = sys.argv[2]
    server = ProxyServer(('127.0.0.1', int(sys.argv[1])), ProxyHandler)
    print 'listening on', server.server_port
    sys.stdout.flush()
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.socket.close()
