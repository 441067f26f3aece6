"""Changes that Python 3 does not need, in lines of py3/ that a rule explains.

Each is the name of a file, what stands there once, and what is put in its place.
"""
CHANGES = [
    # names
    ('console', 'print(message)', 'print(text)'),
    ('serving', 'error = caught', 'failure = caught'),
    ('forking_mixin_socket_server', 'except Exception as error:',
     'except Exception as failed:'),
    ('server_hierarchy', 'getattr(socketserver, name).__bases__',
     'getattr(socketserver, name).__mro__'),
    ('simple_web_server_with_epoll', "self.waker.send(b'x')", "self.wakeup.send(b'x')"),
    # numbers
    ('serving', 'os.umask(0o177)', 'os.umask(0o117)'),
    ('chat_server_with_select', 'MAX_FRAME // 16', 'MAX_FRAME // 8'),
    ('server_matrix', 'SERVICE_TIME + 0.5)', 'SERVICE_TIME + 0.49)'),
    ('serving', 'request_queue_size = 5', 'request_queue_size = 50'),
    ('threading_mixin_socket_server', '.name.split()[0]', '.name.split()[-1]'),
    # words of a message, of a docstring, of a comment
    ('tcp_server', "b'Hello from client 2'", "b'Hello from Client 2'"),
    ('server_matrix', "OSError('the server closed before its reply')",
     "OSError('the server closed before the reply')"),
    ('unix_datagram_server', 'path; raise OSError if there is none',
     'path; raise OSError if there is no path'),
    ('unix_stream_server', 'OSError if nobody listens', 'OSError if no one listens'),
    ('threading_mixin_socket_server', '# Since Python 3.10', '# Since Python 3.9'),
    ('echo_server_with_diesel', "b'You said: %s'", "b'You said:  %s'"),
    # terminators
    ('tcp_server', "sendall(message + b'\\n')", "sendall(message + b'\\r\\n')"),
    ('unix_stream_server', "reply.endswith(b'\\n')", "reply.endswith(b'\\r\\n')"),
    ('server_matrix', "b'%f %f\\n'", "b'%f\\t%f\\n'"),
    # arguments added, calls added and dropped
    ('tcp_server', 'in range(requests)', 'in range(0, requests)'),
    ('server_hierarchy', "figure().encode('utf-8')",
     "figure().encode('utf-8', 'replace')"),
    ('chat_server_with_select', 'in list(self.parting.items())',
     'in sorted(self.parting.items())'),
    ('console', ".encode('unicode_escape').decode('ascii')",
     ".encode('unicode_escape').decode('ascii').strip()"),
    ('forking_mixin_socket_server', 'iter(lambda: self.rfile.readline(BUF_SIZE), b',
     'iter(lambda: self.rfile.readline(), b'),
    ('simple_web_server_with_epoll', "word.strip(b' \\t').lower()",
     "word.strip(b' \\t')"),
    # order, operators, conditions, indents, lines
    ('udp_server', "    client1.send(b'Hello from client 1')\n"
     "    client2.send(b'Hello from client 2')\n",
     "    client2.send(b'Hello from client 2')\n"
     "    client1.send(b'Hello from client 1')\n"),
    ('unix_datagram_server', "client1.send(b'Hello from client 1')",
     "client2.send(b'Hello from client 1')"),
    ('simple_web_server_with_epoll', "minor == b'0' or not expected",
     "minor == b'0' and not expected"),
    ('udp_server', 'except OSError as error:', 'except (OSError, ValueError) as error:'),
    ('console', '            sys.stdout.flush()\n        except OSError:\n',
     '            sys.stdout.flush()\n            sys.stderr.flush()\n'
     '        except OSError:\n'),
]
