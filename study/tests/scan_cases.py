"""Small sources for every rule that a scan looks for: where it is found, and next to it
where it is not. CASES: (rule, 2 or 3, source); a line that ends with "# !" is found, and
no other.
"""
CASES = [
    ('interpreter-line', 2, "#!/usr/bin/python2.7 # !\nprint 1\n"),
    ('interpreter-line', 2, "#!/bin/sh\nprint 1\n"),
    ('print-function', 2, "print 1 # !\nprint(1)\nprint (1, 2) # !\nprint # !\n"
     "print >>f, 1\n"),
    ('except-as', 2, "try:\n    f()\nexcept A, e: # !\n    pass\nexcept B:\n    pass\n"),
    ('renamed-modules', 2, "import SocketServer # !\nx = SocketServer.TCPServer # !\n"
     "y = getattr(SocketServer, 'x') # !\nimport socket\n"),
    ('oserror', 2, 'import socket\ndef f():\n    """Raise socket.error. # !\n'
     '    It does."""\n    raise socket.error("x") # !\n'),
    ('oserror', 2, "try:\n    f()\nexcept IOError, e: # !\n    print e[0] # !\n"
     "    print e.errno\n"),
    ('exception-variable', 2, "def f():\n    try:\n        g()\n"
     "    except A, e: # !\n        pass\n    raise e\n"),
    ('exception-variable', 3, "def f():\n    try:\n        g()\n"
     "    except A as e:\n        kept = e\n    raise kept\n"),
    # bytes-on-the-wire: where bytes come from, and which ways they go
    ('bytes-on-the-wire', 2, "def f(conn):\n    data = conn.recv(10)\n"
     "    if data == '': # !\n        return 'x'\n"),
    ('bytes-on-the-wire', 2, "import socket\ns = socket.socket()\n"
     "data, peer = s.recvfrom(10)\nhead, tail = data.split(' ', 1) # !\n"
     "print tail.startswith('x') # !\n"),
    ('bytes-on-the-wire', 2, "import SocketServer\n"
     "class H(SocketServer.BaseRequestHandler):\n    def handle(self):\n"
     "        data, sock = self.request\n        if data[:3] == 'abc': # !\n"
     "            sock.sendto(self.reply(), self.client_address)\n"
     "    def reply(self):\n        return 'ok' # !\n"),
    ('bytes-on-the-wire', 2, "import SocketServer\n"
     "class H(SocketServer.StreamRequestHandler):\n    def handle(self):\n"
     "        for line in self.rfile:\n            if line == 'quit\\n': # !\n"
     "                return\n            self.wfile.write('bye') # !\n"),
    ('bytes-on-the-wire', 2, "def f(sock):\n    lines = sock.makefile('rb')\n"
     "    for line in iter(lines.readline, ''): # !\n        g(line, '')\n"),
    ('bytes-on-the-wire', 2, "import re\nHEAD = re.compile('a+') # !\n"
     "NAME = re.compile('b+')\ndef f(conn):\n    HEAD.match(conn.recv(9))\n"
     "    NAME.match('bb')\n"),
    ('bytes-on-the-wire', 2, "COMMANDS = {'GET': 1, # !\n            'PUT': 2} # !\n"
     "OTHERS = {'GET': 1}\ndef f(conn):\n    return COMMANDS[conn.recv(3)]\n"),
    ('bytes-on-the-wire', 2, "TEXT = 'hello'\ndef f(conn):\n    print TEXT\n"
     "    conn.send(TEXT) # !\n    conn.send(TEXT.encode('utf-8'))\n"),
    ('bytes-on-the-wire', 2, "def f(conn):\n    data = conn.recv(9)\n"
     "    data = data.decode('utf-8')\n    return data == 'x'\n"),
    ('bytes-on-the-wire', 2, "def f(conn):\n    parts = []\n"
     "    parts.append(conn.recv(9))\n    return ''.join(parts) # !\n"),
    ('bytes-on-the-wire', 2, "def f(conn, n):\n    conn.sendall(str(n)) # !\n"
     "    conn.sendall(str(n).encode('ascii'))\n    return str(n)\n"),
    ('bytes-on-the-wire', 2, "import os\nimport threading\ndef f(c):\n"
     "    if c.recv(1) == 'x': # !\n        pass\ndef g(listener):\n"
     "    s, _ = listener.accept()\n"
     "    threading.Thread(target=f, args=(s,)).start()\n"),
    ('bytes-on-the-wire', 3, "def f(conn):\n    for data in iter(lambda: conn.recv(9), "
     "''): # !\n        conn.sendall(b'x' + data)\n    conn.sendall('bye') # !\n"),
    ('bytes-on-the-wire', 3, "def f(conn, text):\n    if isinstance(text, str):\n"
     "        text = text.encode()\n    conn.sendall(text)\nf(s, 'x')\n"),
    ('bytes-on-the-wire', 3, "def f(conn):\n    for line in conn.makefile('r'):\n"
     "        if line == 'x':\n            return\n"),
    ('bytes-on-the-wire', 3, "def f(s):\n    return s[:2] + s[2:]\n"
     "f('text')\nf(b'bytes')\n"),
    ('bytes-formatting', 2, "def f(conn):\n    data = conn.recv(9)\n"
     "    conn.send('%s!' % data) # !\n    conn.send('{0}'.format(data)) # !\n"
     "    conn.send(repr(data)) # !\n    log('%s' % len(data))\n"),
    ('bytes-formatting', 3, "def f(conn):\n    data = conn.recv(9)\n"
     "    conn.send(('%s' % data).encode()) # !\n    conn.send('%d' % len(data)) # !\n"
     "    conn.send(b'%d' % len(data))\n"),
    ('text-for-the-screen', 2, "def f(conn):\n    data = conn.recv(9)\n"
     "    print 'got', data # !\n    print len(data)\n    print data.decode('utf-8')\n"
     "    x = u'x'.encode('unicode_escape') # !\n"),
    ('text-for-the-screen', 3, "def f(conn):\n    data = conn.recv(9)\n"
     "    print('got %s' % data) # !\n    print(f'got {data}') # !\n"
     "    print('got %r' % data)\n    print(data)\n"),
    ('argv-is-text', 2, "import sys\ndef f(conn):\n    conn.send(sys.argv[1]) # !\n"
     "    print sys.argv[2]\n"),
    ('argv-is-text', 2, "import argparse\np = argparse.ArgumentParser()\n"
     "p.add_argument('--text') # !\np.add_argument('--port', type=int)\n"
     "args = p.parse_args()\ndef f(conn):\n    conn.send(args.text)\n"),
    ('stdin-and-stdout', 2, "import sys\ndef f(conn):\n"
     "    sys.stdout.write(conn.recv(9)) # !\n    sys.stdout.write('x')\n"),
    ('newlines', 2, "def f(sock):\n    a = sock.makefile() # !\n"
     "    b = sock.makefile('r') # !\n    c = sock.makefile('rb')\n    print a\n"),
    ('utf8-strict', 2, "import re\ndef f(data):\n"
     "    if re.search('\\xed[\\xa0-\\xbf]', data): # !\n"
     "        raise E # !\n    print re.search('x', data)\n"),
    ('narrow-builds', 2, "import sys\nWIDE = sys.maxunicode > 0xffff # !\n"
     "x = u'a' if WIDE else u'b' # !\ny = u'a' if x else u'b'\nprint y\n"),
    ('struct-sizes', 2, "import socket\nimport struct\nHEAD = 'L' # !\n"
     "print struct.calcsize(HEAD)\n"
     "print struct.pack('!I', 1)\nprint struct.pack('B', 1)\n"
     "s.setsockopt(a, b, struct.pack('ii', 1, 0))\n"),
    ('struct-sizes', 3, "import socket\nimport struct\nstruct.unpack('IH', x) # !\n"),
    ('struct-sizes', 3, "import struct\nstruct.unpack('IH', x)\n"),
    ('integer-division', 2, "SIZE = 4096 / 2 # !\nHALF = 1.0 / 2\n"
     "print len(x) / 2 # !\nprint SIZE // 2\n"),
    ('rounding', 2, "print round(2.5) # !\nprint x.round(2)\n"),
    ('iteration', 2, "for i in xrange(3): # !\n    pass\nprint range(3)\n"),
    ('dict-views', 2, "d = {}\nfor k in d.keys(): # !\n    del d[k]\n"
     "for k in d.keys():\n    print k\nx = d.values()[0] # !\n"
     "names = d.keys() # !\nnames.sort()\nfor v in d.itervalues(): # !\n    pass\n"),
    ('dict-views', 3, "def f(self):\n    for c in self.clients.values(): # !\n"
     "        self.drop(c)\n    for c in self.clients.values():\n"
     "        self.greet(c)\ndef drop(self, c):\n    del self.clients[c]\n"),
    ('dict-views', 3, "def f(d):\n    for k in d.keys():\n        del d[k]\n"
     "        return\n"),
    ('sorting-mixed-types', 2, "def name(x):\n    return None if x else 'a'\n"
     "print sorted(name(x) for x in y) # !\nprint sorted(y)\n"),
    ('object-base', 2, "for b in C.__bases__: # !\n    print b\n"),
    ('octal-literals', 2, "x = 0177 # !\ny = 0\nz = 177\nprint 00\n"),
    ('thread-names', 3, "import threading\ndef f(conn):\n"
     "    name = threading.current_thread().name # !\n"
     "    conn.send(name.encode())\n    print(name)\n"
     "threading.Thread(target=f)\n"),
    ('thread-names', 3, "import threading\ndef f(conn):\n"
     "    conn.send(threading.current_thread().name.split()[0].encode())\n"
     "threading.Thread(target=f)\n"),
    ('thread-names', 3, "import threading\nclass W(threading.Thread):\n"
     "    def run(self):\n        print(threading.current_thread().name)\n"),
    ('server-close', 3, "server.socket.close() # !\nserver.server_close()\n"
     "sock.close()\nclient.socket.close()\n"),
    ('mix-in-first', 3, "class A(TCPServer, ThreadingMixIn): # !\n    pass\n"
     "class B(ThreadingMixIn, TCPServer):\n    pass\n"),
    ('fork-with-threads', 3, "import os\nimport threading\n"
     "threading.Thread(target=f).start()\nos.fork() # !\n"),
    ('fork-with-threads', 3, "import os\nos.fork()\n"),
    ('eintr', 2, "try: # !\n    f() # !\nexcept IOError, e: # !\n"
     "    if e.errno != errno.EINTR: # !\n        raise # !\n"
     "try:\n    f()\nexcept IOError, e:\n    raise\n"),
    ('eintr', 2, "while time.time() < end: # !\n    time.sleep(1) # !\n"
     "while True:\n    time.sleep(1)\n    print 1\n"),
    ('closed-fileno', 3, "def f(sock):\n    sock.close()\n"
     "    del clients[sock.fileno()] # !\n"),
    ('closed-fileno', 3, "def f(sock):\n    del clients[sock.fileno()]\n"
     "    sock.close()\n"),
    ('selectors', 3, "import select\nselect.select([sock], [], [], 1)\n"
     "select.select(list(clients), [], []) # !\n"),
    ('diesel', 2, "import diesel # !\nimport socket\nprint 1\n"),
    ('beside-the-script', 2, "import socket\nprint 1\n"),
    # What our scripts did not need
    ('bytes-items', 2, "def f(conn):\n    data = conn.recv(9)\n"
     "    print data[0] # !\n    print data[0:1]\n    for c in data: # !\n"
     "        pass\n"),
    ('print-to-a-file', 2, "print >>f, 1 # !\nprint 1\n"),
    ('threading-names', 3, "t.setDaemon(True) # !\nt.getName() # !\nt.start()\n"),
    ('epoll-unregister', 3, "import select\nwatch = select.epoll()\ndef f(sock):\n"
     "    sock.close()\n    watch.unregister(sock) # !\ndef g(sock):\n"
     "    watch.unregister(sock)\n    sock.close()\n"),
    ('children', 3, "class S(ForkingMixIn, TCPServer):\n    pass\nwhile True:\n"
     "    server.handle_request() # !\n"),
    ('thread-list', 3, "class S(ThreadingMixIn, TCPServer): # !\n    pass\n"),
    ('thread-list', 3, "class S(ThreadingMixIn, TCPServer):\n"
     "    daemon_threads = True\n"),
    ('lazy-map', 2, "map(f, x) # !\ny = filter(f, x) # !\nfor z in map(f, x):\n"
     "    print ''.join(map(str, z))\n"),
    ('lazy-map', 3, "map(f, x) # !\ny = map(f, x)\n"),
    ('escapes', 3, "import re\nre.match('\\d+', x) # !\nre.match(r'\\d+', x)\n"
     "y = '\\n\\x00'\n"),
    ('escapes', 2, "print '\\u20ac' # !\nprint u'\\u20ac'\n"),
    ('raw-input', 2, "x = raw_input() # !\ny = input('?') # !\nprint x.input()\n"),
    ('text-types', 2, "print isinstance(x, basestring) # !\nprint unicode(x) # !\n"
     "print isinstance(x, str)\ndef f(conn):\n    data = conn.recv(9)\n"
     "    return isinstance(data, str) # !\n"),
    ('comparison', 2, "class A:\n    def __cmp__(self, other): # !\n"
     "        return cmp(self.x, other.x) # !\nx.sort(cmp=f) # !\nx.sort(f) # !\n"
     "x.sort(key=f)\nprint sorted(x, g) # !\nprint sorted(x, key=g)\n"),
    ('next-method', 2, "class A:\n    def next(self): # !\n        pass\n"
     "print it.next() # !\nprint next(it)\n"),
    ('truth', 2, "class A:\n    def __nonzero__(self): # !\n        print 1\n"),
    ('reload', 2, "reload(sys) # !\nsys.setdefaultencoding('utf-8') # !\nprint 1\n"),
    ('getcwdu', 2, "import os\nprint os.getcwdu() # !\nprint os.getcwd()\n"),
    ('no-largest-integer', 2, "x = 5L # !\nprint sys.maxint # !\nprint long(3) # !\n"
     "print sys.maxsize\n"),
    ('has-key', 2, "print d.has_key(1) # !\nprint 1 in d\n"),
    ('exec', 2, "exec 'x' in d # !\nexec code # !\nprint 1\n"),
    ('string-letters', 2, "import string\nprint string.letters # !\n"
     "print string.join(x, '') # !\nprint string.atoi(x) # !\nprint string.digits\n"),
    ('thread-module', 2, "import thread # !\nthread.start_new_thread(f, ()) # !\n"
     "print thread.get_ident() # !\nprint threading\n"),
    ('stringio', 2, "from StringIO import StringIO # !\nimport cStringIO # !\n"
     "print StringIO()\n"),
    ('tuple-parameters', 2, "def f((a, b), c): # !\n    print a\n"
     "g = lambda (a, b): a # !\nh = lambda a, b: (a)\n"),
    ('backticks', 2, "print `x` # !\nprint repr(x)\n"),
    ('not-equal', 2, "print 1 <> 2 # !\nprint 1 != 2\n"),
    ('metaclass', 2, "class A:\n    __metaclass__ = B # !\n    print 1\n"),
    ('raise-with-a-comma', 2, "raise A, 'x' # !\nraise A('x')\n"),
    ('removed-modules', 3, "import asyncore # !\ntry:\n    import imp\n"
     "except ImportError:\n    pass\n"),
    ('pickle-protocol', 3, "import pickle\ndef f(conn, kept):\n"
     "    conn.send(pickle.dumps(1)) # !\n    conn.send(pickle.dumps(1, 2))\n"
     "    pickle.loads(conn.recv(9)) # !\n    pickle.loads(kept)\n"),
]
