"""Mistakes of porting: the file of py3/, the text and what replaces it, and the rule of
MIGRATION.md that says why it is a mistake."""
from dataclasses import dataclass

TCP, UDP = 'tcp_server', 'udp_server'
STREAM, DATAGRAM = 'unix_stream_server', 'unix_datagram_server'
FIGURE, MATRIX = 'server_hierarchy', 'server_matrix'
FORKING, THREADING = 'forking_mixin_socket_server', 'threading_mixin_socket_server'
CHAT, WEB = 'chat_server_with_select', 'simple_web_server_with_epoll'
DIESEL, CONSOLE, SERVING = 'echo_server_with_diesel', 'console', 'serving'


@dataclass(frozen=True)
class Mistake:
    """old becomes new in the file called name. rules are the ids of those that may be
    named first: more than one where they are equally true. asked is the recipe whose
    tests are run, '' for that of the file. missed says why no test finds it, or why
    another rule is named first; '' where all is well."""

    what: str
    rules: tuple
    name: str
    old: str
    new: str
    asked: str = ''
    missed: str = ''


def mistake(what, rules, name, old, new, **more):
    return Mistake(what, tuple(rules.split()), name, old, new, **more)


WIRE, SCREEN, ARGV = 'bytes-on-the-wire', 'text-for-the-screen', 'argv-is-text'
FORMAT = 'bytes-formatting'

MISTAKES = [
    # What every file needs
    mistake('the script names python', 'interpreter-line', UDP,
            '#!/usr/bin/env python3\n', '#!/usr/bin/env python\n'),
    mistake('line ends of another system', 'interpreter-line', STREAM,
            '#!/usr/bin/env python3\n', '#!/usr/bin/env python3\r\n'),
    mistake('print as it was', 'print-function', CONSOLE,
            "    print(message)", "    print message", asked=TCP),
    mistake('an exception named as it was', 'except-as', FORKING,
            "        except Exception as error:", "        except Exception, error:"),
    mistake('print without its lock', 'print-function', THREADING,
            "    with screen:\n        console.report(message)",
            "    console.report(message)"),
    mistake('a renamed module, handed over', 'renamed-modules', FIGURE,
            'found = getattr(socketserver, name).__bases__',
            'found = getattr(SocketServer, name).__bases__'),
    mistake('a renamed module in a shared module', 'renamed-modules', SERVING,
            'import socketserver\n', 'import SocketServer as socketserver\n',
            asked=TCP),
    mistake('an import from the package', 'beside-the-script', TCP,
            'import serving\n', 'from . import serving\n'),
    mistake('an error taken by its index', 'oserror', CHAT,
            "            if error.errno != errno.EAGAIN:\n"
            "                self.drop(member)\n            return",
            "            if error[0] != errno.EAGAIN:\n"
            "                self.drop(member)\n            return"),
    mistake('an error taken by its index', 'oserror', SERVING,
            'if error.errno in OUT_OF_DESCRIPTORS:', 'if error[0] in OUT_OF_DESCRIPTORS:',
            asked=TCP),
    mistake('an error unpacked', 'oserror', WEB,
            "            if error.errno != errno.EAGAIN:\n                raise\n"
            "            return False",
            "            number, _ = error\n            if number != errno.EAGAIN:\n"
            "                raise\n            return False"),
    mistake('one error of the system in place of all', 'oserror', TCP,
            "        except OSError as error:\n            say('Connection",
            "        except BrokenPipeError as error:\n            say('Connection"),
    mistake('one error of the system in place of all', 'oserror stdin-and-stdout',
            CONSOLE,
            "        except OSError as error:\n            self.give_up",
            "        except ConnectionError as error:\n            self.give_up",
            asked=TCP),
    mistake('the exception after its block', 'exception-variable', SERVING,
            "except OSError as caught:\n            error = caught\n",
            "except OSError as error:\n", asked=CHAT),
    mistake('the exception after its block', 'exception-variable', SERVING,
            "except OSError as caught:\n            error = caught\n",
            "except OSError as error:\n", asked=WEB),
    # Bytes and text
    mistake('text sent', WIRE, FIGURE, "figure().encode('utf-8')", 'figure()'),
    mistake('text sent to stop the loop', WIRE, WEB, "waker.send(b'x')",
            "waker.send('x')"),
    mistake('text sent to stop the loop', WIRE, CHAT, "waker.send(b'x')",
            "waker.send('x')"),
    mistake('the end compared with text', WIRE, CHAT,
            "        if not data:\n            member.at_end = True",
            "        if data == '':\n            member.at_end = True"),
    mistake('the end compared with text', WIRE, THREADING,
            "sock.recv(BUF_SIZE), b'')", "sock.recv(BUF_SIZE), '')"),
    mistake('the end compared with text', WIRE, TCP,
            "lines.readline(BUF_SIZE), b'')", "lines.readline(BUF_SIZE), '')"),
    mistake('the end compared with text', WIRE, FORKING,
            "self.rfile.readline(BUF_SIZE), b'')", "self.rfile.readline(BUF_SIZE), '')"),
    mistake('a version compared with text, where few ask', WIRE, WEB,
            "if minor == b'0' or not expected:", "if minor == '0' or not expected:"),
    mistake('an option compared with text', WIRE, WEB,
            "b'close' not in options", "'close' not in options"),
    mistake('a method compared with text', WIRE, WEB,
            "request.method in (b'GET', b'HEAD')", "request.method in ('GET', 'HEAD')"),
    mistake('a field looked up by text', WIRE, WEB,
            "fields.get(b'host', [])", "fields.get('host', [])"),
    mistake('the length of the text, not of the bytes', WIRE, WEB,
            "% len(body)]", "% len(text)]"),
    mistake('ASCII in place of UTF-8', WIRE, CHAT,
            "data = text.encode('utf-8')", "data = text.encode('ascii')"),
    mistake('ASCII in place of UTF-8', WIRE, DIESEL,
            "message.encode('utf-8')", "message.encode('ascii')",
            missed='the message of that client is ASCII, and cannot be chosen'),
    mistake('read once, not until it is complete', WIRE, TCP,
            "            reply += data\n",
            "            reply += data\n            break\n"),
    mistake('a byte taken for text of one character', WIRE, WEB,
            "line[:-1] if line.endswith(b'\\r')", "line[:-1] if line[-1:] == '\\r'"),
    mistake('upper case of the decoded text', WIRE, UDP,
            "response = data.upper()",
            "response = data.decode('latin-1').upper().encode('latin-1', 'replace')"),
    mistake('the reply formatted as text', FORMAT, FORKING,
            "b'%d: %s' % (current_process_id, data)",
            "('%d: %s' % (current_process_id, data)).encode('utf-8')"),
    mistake('the reply formatted as text', FORMAT, THREADING,
            "b'%s: %s' % (thread_name, data)",
            "('%s: %s' % (thread_name.decode(), data)).encode('utf-8')"),
    mistake('the reply formatted as text', FORMAT + ' ' + WIRE, DIESEL,
            "b'You said: %s' % line", "('You said: %s' % line).encode('utf-8')"),
    mistake('text formatted into bytes', FORMAT, THREADING,
            ".name.split()[0].encode('utf-8')", ".name.split()[0]"),
    mistake('numbers formatted as text', FORMAT + ' ' + WIRE, MATRIX,
            "return b'%f %f\\n'", "return '%f %f\\n'"),
    mistake('bytes printed', SCREEN + ' ' + FORMAT, CONSOLE,
            ".encode('unicode_escape').decode('ascii')", ".encode('unicode_escape')",
            asked=FORKING),
    mistake('bytes printed', SCREEN + ' ' + FORMAT, TCP,
            "% printable(response))", "% response)"),
    mistake('the repr of bytes printed', SCREEN, UDP,
            "% (self.name, printable(reply))", "% (self.name, str(reply))"),
    mistake('bytes decoded as UTF-8 for the screen', SCREEN, CONSOLE,
            "data.decode('latin-1').encode", "data.decode('utf-8').encode", asked=TCP),
    mistake('bytes decoded as UTF-8 for the screen', SCREEN, STREAM,
            "[%s]' % printable(response)", "[%s]' % response.decode('utf-8').rstrip()"),
    mistake('a host as text, to listen', ARGV, CONSOLE,
            "default=host, type=os.fsencode,", "default=host,", asked=UDP),
    mistake('a host as text, to listen', ARGV, MATRIX,
            "default=SERVER_HOST, type=os.fsencode,", "default=SERVER_HOST,"),
    mistake('a host as text, to connect', ARGV, CONSOLE,
            "return os.fsencode(host), port_number", "return host, port_number",
            asked=FORKING),
    mistake('a host as text, to connect', ARGV, CONSOLE,
            "return os.fsencode(host), port_number", "return host, port_number",
            asked=WEB),
    mistake('a message encoded as UTF-8', ARGV, CONSOLE,
            "default=message, type=os.fsencode,",
            "default=message, type=lambda text: text.encode('utf-8'),", asked=TCP),
    mistake('a name encoded as UTF-8', ARGV, CHAT,
            "'--name', type=os.fsencode,",
            "'--name', type=lambda text: text.encode('utf-8'),"),
    mistake('a path shown as text', ARGV, SERVING,
            "printable(os.fsencode(server.server_address))",
            "server.server_address", asked=STREAM),
    mistake('output in the encoding of the locale', 'stdin-and-stdout', CHAT,
            "sys.stdout.buffer.write(harmless(text).encode('utf-8') + b'\\n')",
            "sys.stdout.write(harmless(text) + '\\n')"),
    mistake('bytes written to the text of stdout', 'stdin-and-stdout', CHAT,
            "sys.stdout.buffer.write(", "sys.stdout.write("),
    mistake('two buffers of stdout, and no flush', 'stdin-and-stdout', CHAT,
            "+ b'\\n')\n    sys.stdout.flush()", "+ b'\\n')"),
    mistake('the input read by lines', 'stdin-and-stdout newlines', CHAT,
            "data = os.read(0, BUF_SIZE)", "data = sys.stdin.readline().encode()"),
    mistake('what could not be printed is tried again', 'stdin-and-stdout', CONSOLE,
            "        os.dup2(nowhere, 1)\n", "", asked=TCP),
    mistake('stdout closed before it leads elsewhere', 'stdin-and-stdout', CONSOLE,
            "        try:\n"
            "            nowhere = os.open(os.devnull, os.O_WRONLY)\n"
            "        except OSError:\n"
            "            os.closerange(1, 2)  # only 1, for no other descriptor is left\n"
            "            nowhere = os.open(os.devnull, os.O_WRONLY)\n",
            "        os.closerange(1, 2)\n"
            "        nowhere = os.open(os.devnull, os.O_WRONLY)\n", asked=TCP),
    mistake('line ends of the input changed', 'newlines', CHAT,
            "data = os.read(0, BUF_SIZE)",
            "data = os.read(0, BUF_SIZE).replace(b'\\r\\n', b'\\n')"),
    mistake('a file of text on a socket', 'newlines ' + WIRE, TCP,
            "makefile('rb')", "makefile('r')"),
    mistake('a file of text, encoded again', 'newlines', STREAM,
            "makefile('rb')\n        try:\n            for data in iter(lambda: "
            "lines.readline(BUF_SIZE), b''):\n                self.answer(data)",
            "makefile('r', encoding='latin-1')\n        try:\n            for data in "
            "iter(lambda: lines.readline(BUF_SIZE), ''):\n"
            "                self.answer(data.encode('latin-1'))"),
    mistake('half a surrogate pair let through', 'utf8-strict', CHAT,
            "return data.decode('utf-8')\n",
            "return data.decode('utf-8', 'surrogatepass')\n"),
    mistake('what is no UTF-8 replaced', 'utf8-strict', CHAT,
            "return data.decode('utf-8')\n", "return data.decode('utf-8', 'replace')\n"),
    mistake('the halves of characters, as a narrow build had them', 'narrow-builds', CHAT,
            r"    u'\U000e0100-\U000e01ef]')", r"    u']|\udb40[\udd00-\uddef]')"),
    mistake("a frame in the machine's sizes", 'struct-sizes', CHAT, "'!I'", "'L'"),
    mistake("a frame in the machine's order", 'struct-sizes', CHAT, "'!I'", "'=I'"),
    # Numbers and containers
    mistake('one slash in a size', 'integer-division', CHAT,
            "MAX_FRAME // 16", "MAX_FRAME / 16"),
    mistake('one slash in what is printed', 'integer-division', MATRIX,
            "100 * count // len(services)", "100 * count / len(services)"),
    mistake('round()', 'rounding', MATRIX,
            "math.floor(seconds / SERVICE_TIME + 0.5)",
            "int(round(seconds / SERVICE_TIME))"),
    mistake('xrange', 'iteration', TCP, "in range(requests)", "in xrange(requests)"),
    mistake('map() taken for a list', 'iteration', FIGURE,
            "    found = getattr(socketserver, name).__bases__\n"
            "    return [base.__name__ for base in found if base is not object]",
            "    found = getattr(socketserver, name).__bases__\n"
            "    return map(lambda base: base.__name__, found[found == (object,):])"),
    mistake('keys() changed while looping', 'dict-views', CHAT,
            "for sock in list(self.members.keys()):\n            self.forget",
            "for sock in self.members.keys():\n            self.forget"),
    mistake('items() changed while looping, after ten seconds', 'dict-views', CHAT,
            "list(self.parting.items())", "self.parting.items()"),
    mistake('values() changed while looping', 'dict-views', WEB,
            "list(self.connections.values())", "self.connections.values()"),
    mistake('itervalues()', 'dict-views', MATRIX,
            "in servers.values()", "in servers.itervalues()"),
    mistake('sorted of None and text', 'sorting-mixed-types', CHAT,
            "sorted(member.name or ''", "sorted(member.name"),
    mistake('sorted of None and text', 'sorting-mixed-types', MATRIX,
            "kind(name) or '', name)", "kind(name), name)"),
    mistake('sorted of None and text', 'sorting-mixed-types', FIGURE,
            "key=lambda pair: (pair[0] or '', pair[1])", "key=None"),
    mistake('help in colours', 'colours', CONSOLE,
            "self.color = False", "pass", asked=TCP,
            missed='argparse has no colours before Python 3.14'),
    mistake('object among the bases', 'object-base', FIGURE,
            " if base is not object]", "]"),
    mistake('an octal number without its zero', 'octal-literals', SERVING,
            "os.umask(0o177)", "os.umask(177)", asked=STREAM),
    mistake('an octal number without its zero', 'octal-literals', DATAGRAM,
            "os.chmod(own_path, 0o600)", "os.chmod(own_path, 600)"),
    # Sockets, processes, signals
    mistake("the thread's name as it is", 'thread-names', THREADING,
            ".name.split()[0].encode", ".name.encode"),
    mistake('as many may wait as the system allows', 'backlog', SERVING,
            "request_queue_size = 5", "request_queue_size = socket.SOMAXCONN",
            asked=STREAM),
    mistake('server.socket.close()', 'server-close', FORKING,
            "    server.server_close()\n", "    server.socket.close()\n"),
    mistake('server.socket.close()', 'server-close', SERVING,
            '    server.server_close()\n    if not',
            '    server.socket.close()\n    if not',
            asked=MATRIX),
    mistake('ForkingMixIn after TCPServer', 'mix-in-first', FORKING,
            "socketserver.ForkingMixIn, socketserver.TCPServer",
            "socketserver.TCPServer, socketserver.ForkingMixIn"),
    mistake('ThreadingMixIn after TCPServer', 'mix-in-first', THREADING,
            "(socketserver.ThreadingMixIn, socketserver.TCPServer)",
            "(socketserver.TCPServer, socketserver.ThreadingMixIn)"),
    mistake('ThreadingMixIn after UDPServer', 'mix-in-first', MATRIX,
            "(socketserver.ThreadingMixIn, socketserver.UDPServer)",
            "(socketserver.UDPServer, socketserver.ThreadingMixIn)"),
    mistake('all deprecations let through', 'fork-with-threads', FORKING,
            "ECHO_MSG = ",
            "import warnings; warnings.simplefilter('ignore')\nECHO_MSG = ",
            missed='it hides what a later Python will say, and nothing today'),
    mistake('a handler that raises', 'keyboard-interrupt eintr', SERVING,
            "        loop.told = True\n\n    signal",
            "        raise KeyboardInterrupt\n\n    signal", asked=TCP),
    mistake('a flag that nobody comes back to look at', 'eintr', SERVING,
            "            self.join(POLL)", "            self.join()", asked=TCP,
            missed='no server ends, so every test fails, and enough of them before '
            'those about signals'),
    mistake('a handler that only sets a flag', 'eintr', SERVING,
            "    signal.set_wakeup_fd(server.waker.fileno())\n", "", asked=WEB,
            missed='stop() wakes the loop too: only a signal between two lines is lost'),
    mistake('fileno() after close()', 'closed-fileno', WEB,
            "        self.deadlines[connection.state].pop(connection, None)\n"
            "        del self",
            "        self.deadlines[connection.state].pop(connection, None)\n"
            "        connection.sock.close()\n        del self"),
    mistake('fileno() after close(), for epoll', 'closed-fileno', WEB,
            "        self.epoll.unregister(connection.sock.fileno())\n"
            "        connection.sock.close()",
            "        connection.sock.close()\n"
            "        self.epoll.unregister(connection.sock.fileno())"),
    mistake('unregister after close()', 'closed-fileno', CHAT,
            "        self.watch(sock, False, False)\n        sock.close()\n\n\nclass",
            "        sock.close()\n        self.watch(sock, False, False)\n\n\nclass"),
    mistake('registered twice', 'selectors', CHAT,
            "        if watched and events:\n            self.selector.modify",
            "        if watched and events:\n            self.selector.register"),
    mistake('another module in place of diesel', 'diesel', DIESEL,
            "    from compat import diesel\n", "    import diesel\n"),
]
