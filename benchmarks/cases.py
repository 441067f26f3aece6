"""What is measured: groups of cases, each with its servers, load and sizes."""
import os
import shutil
import socket
import sys
import tempfile
from dataclasses import dataclass, field

from benchmarks.running import BUILD, HERE, BenchError, Load, Server
from compat import interpreters
from compat import trees

VERSIONS = [(2, 7), (3, 6), (3, 8), (3, 11), (3, 13)]
# More columns where these are: what came after, and PyPy.
NEWER = [version for version in interpreters.VERSIONS if version > VERSIONS[-1]]
ENDS = OLDEST, NEWEST = VERSIONS[0], VERSIONS[-1]
NAMES = ['%d.%d' % version for version in VERSIONS + NEWER] + ['pypy3']
# Of each recipe that answers as fast as it can: the kind of its floor (floors.py).
FLOORS = {'tcp_server': 'stream', 'unix_stream_server': 'stream',
          'udp_server': 'datagram', 'unix_datagram_server': 'datagram',
          'forking_mixin_socket_server': 'forking',
          'threading_mixin_socket_server': 'threading',
          'echo_server_with_diesel': 'printing',
          'simple_web_server_with_epoll': 'epoll', 'chat_server_with_select': 'chat'}
LINE = b'hello\r\n'
MESSAGE = b'a message to everybody in the room, of some sixty-four characters'
GET = b'GET / HTTP/1.1\r\nHost: x\r\n\r\n'
WEB_ENDS = 6  # status, three fields, the empty line, the body
NGINX = """daemon off; worker_processes 1; pid %(folder)s/pid; error_log stderr crit;
worker_rlimit_nofile 20000;
events { worker_connections 16000; }
http {
    access_log off; server_tokens off; default_type "text/plain; charset=utf-8";
    keepalive_requests 1000000000; client_body_temp_path %(folder)s;
    proxy_temp_path %(folder)s; fastcgi_temp_path %(folder)s;
    uwsgi_temp_path %(folder)s; scgi_temp_path %(folder)s;
    server { listen 127.0.0.1:%(port)d backlog=1024;
             location / { return 200 "Hello from epoll, w\u00f6rld!\\n"; } }
}
"""


@dataclass
class Case:
    """One table: servers that do the same, under one load, at several sizes.

    A size is a number of clients. With busy it is a number of idle connections, beside
    so many busy clients. anew: the sizes at which clients connect again for each round;
    after a rest, so many need more than a round to be at full speed again. limits: a
    server's name -> (its last size, why; without a reason the table leaves it out).
    """

    name: str
    load: Load
    sizes: tuple
    servers: list = field(default_factory=list)
    busy: int = None
    anew: tuple = ()
    limits: dict = field(default_factory=dict)


def python(version):
    """Return a Python of a version, or None. If there is a tox environment of that
    version, it is the Python of that, which has the packages."""
    own = os.path.join(trees.ROOT, '.tox', 'py%d%d' % version, 'bin', 'python')
    if os.path.exists(own):
        return own
    try:
        return interpreters.find(*version)
    except interpreters.InterpreterMissing:
        return None


def newer():
    """Return (name, path) of each of NEWER that is here, and of PyPy."""
    found = [('%d.%d' % version, python(version)) for version in NEWER]
    pypy = os.path.join(trees.ROOT, '.tox', 'pypy3', 'bin', 'python')
    found.append(('pypy3', pypy if os.path.exists(pypy) else shutil.which('pypy3')))
    return [(name, executable) for name, executable in found if executable]


def interpreters_here(versions=None):
    """Return (name, path) of the interpreters that are here: of versions, or of
    VERSIONS and what is newer."""
    named = [('%d.%d' % version, python(version)) for version in versions or VERSIONS]
    return ([(name, executable) for name, executable in named if executable]
            + (newer() if versions is None else []))


def recipe(name, versions=None, path=False):
    """Return Servers of a recipe: see interpreters_here(). Without versions each has
    its floor beside it."""
    servers = []
    for version, executable in interpreters_here(versions):
        tree = trees.named('py2_original' if version == '2.7' else 'py3')
        server = Server('%s %s' % (tree.name, version),
                        [executable, tree.script(name), '--serve'],
                        baseline=version == '2.7', in_folder=path, version=version)
        servers.append(server)
        if versions is None:
            server.floor = 'floor %s' % version
            servers.append(floor(FLOORS[name], version, executable, path))
    return servers


def floor(kind, version, executable, path=False):
    """Return the Server that is a floor, under an interpreter."""
    return Server('floor %s' % version,
                  [executable, os.path.join(HERE, 'floors.py'), kind],
                  in_folder=path, version=version)


def two_builds(name):
    """Return a recipe's Servers on two builds of one version: the Python of its tox
    environment, and the system's Python 3. Return [] where these are not two."""
    system = shutil.which('python3', path=os.defpath)
    own = python(interpreters.version(system)) if system else None
    if not own or os.path.realpath(own) == os.path.realpath(system):
        return []
    version, script = interpreters.version(system), trees.named('py3').script(name)
    return [Server('py3 %d.%d, %s' % (version + (what,)),
                   [executable, script, '--serve'], baseline=executable == own)
            for executable, what in ((own, 'built here'), (system, "the system's"))]


def newest_and_oldest(name, what):
    """Return a recipe's Servers on the first and the last version, with what in their
    names."""
    servers = recipe(name, ENDS)
    for server in servers:
        server.name = '%s, %s' % (server.name, what)
        server.baseline = server.baseline and what == 'process'
    return servers


def peer(name, script, version=None, baseline=False):
    """Return a Server that is a script of peers/."""
    return Server(name, [python(version) if version else sys.executable,
                         os.path.join(HERE, 'peers', script)],
                  baseline=baseline, version='%d.%d' % version if version else '')


def c_program(name, *arguments):
    return Server(name, [os.path.join(BUILD, 'echo'), '0'] + list(arguments))


def nginx():
    """Return nginx as Servers: one, or none where it is not installed."""
    program = shutil.which('nginx') or shutil.which('nginx', path='/usr/sbin')
    if not program:
        print('bench: no nginx on this machine', file=sys.stderr, flush=True)
        return []
    folder, port = tempfile.mkdtemp(prefix='bench-'), free_port()
    config = os.path.join(folder, 'nginx.conf')
    with open(config, 'w', encoding='utf-8') as target:
        target.write(NGINX % {'folder': folder, 'port': port})
    return [Server('nginx, 1 worker', [program, '-c', config, '-p', folder],
                   address='127.0.0.1:%d' % port, cleanup=folder)]


def free_port():
    with socket.socket() as sock:
        sock.bind(('127.0.0.1', 0))
        return sock.getsockname()[1]


def echo():
    """The servers of socketserver: a new connection for each request, or one kept."""
    again, kept = Load('reconnect', LINE), Load('keep', LINE)
    packet = Load('datagram', LINE)
    limit, gevent = c_program('C, read and write'), peer('gevent', 'gevent_echo.py')
    return [
        Case('tcp_server', again, (1, 5), recipe('tcp_server')),
        Case('unix_stream_server', again, (1, 5),
             recipe('unix_stream_server', path=True)),
        Case('udp_server', packet, (1, 10, 100), recipe('udp_server')),
        Case('unix_datagram_server', packet, (1, 10),
             recipe('unix_datagram_server', path=True)),
        Case('forking_mixin_socket_server', again, (1, 5),
             recipe('forking_mixin_socket_server')),
        Case('threading_mixin_socket_server', kept, (1, 10, 100, 1000),
             recipe('threading_mixin_socket_server') + [limit, gevent]),
        Case('a process or a thread a request', again, (1, 5),
             newest_and_oldest('forking_mixin_socket_server', 'process')
             + newest_and_oldest('threading_mixin_socket_server', 'thread')),
    ]


def diesel():
    """diesel alone, and the recipe, which prints a line for each line that it reads."""
    kept = Load('keep', LINE)
    ours = peer('compat.diesel, 3.13', 'diesel_echo.py', NEWEST)
    ours.floor = 'floor 3.13'
    alone = [peer('diesel 3.0.24, 2.7', 'diesel_echo.py', OLDEST, baseline=True), ours,
             floor('echo', '3.13', python(NEWEST)),
             peer('asyncio streams', 'asyncio_echo.py'),
             peer('gevent', 'gevent_echo.py'), c_program('C, read and write')]
    return [Case('diesel', kept, (1, 100, 1000), alone),
            Case('echo_server_with_diesel', kept, (1, 100, 1000),
                 recipe('echo_server_with_diesel'))]


def web():
    """The web server, and others that send the same bytes."""
    others = nginx() + [peer('http.server', 'http_server_web.py'),
                        peer('asyncio and h11', 'h11_web.py')]
    servers = recipe('simple_web_server_with_epoll')
    limits = {server.name: (1000, '') for server in servers
              if server.version not in ('2.7', '3.13')}
    limits['http.server'] = 1000, 'a thread for each connection'
    limits['asyncio and h11'] = 1000, 'a round would take half a minute'
    return [Case('simple_web_server_with_epoll', Load('keep', GET, WEB_ENDS),
                 (1, 10, 100, 1000, 10000), servers + others,
                 limits=limits, anew=(10000,))]


def chat():
    """Messages a second that reach somebody."""
    return [Case('chat_server_with_select', Load('chat', MESSAGE), (10, 100, 1000),
                 recipe('chat_server_with_select')
                 + [c_program('C, read and write', 'fanout')])]


def idle():
    """What idle connections cost: the time of busy clients, and memory."""
    select = recipe('chat_server_with_select', ENDS)
    epoll = recipe('simple_web_server_with_epoll', ENDS)
    greenlets = [peer('diesel 3.0.24, 2.7', 'diesel_echo.py', OLDEST, baseline=True),
                 peer('compat.diesel, 3.13', 'diesel_echo.py', NEWEST)]
    return [Case('idle, chat (select in 2.7, selectors in 3.13)',
                 Load('chat', MESSAGE), (10, 1000, 10000), select, busy=10,
                 limits={'py2_original 2.7': (1000, 'select() takes no more')}),
            Case('idle, web (epoll)', Load('keep', GET, WEB_ENDS),
                 (10, 1000, 10000), epoll, busy=10),
            Case('idle, diesel', Load('keep', LINE), (10, 5000), greenlets, busy=200)]


def builds():
    """What the build of an interpreter matters, compared with its version."""
    loads = [('tcp_server', Load('reconnect', LINE), 5),
             ('threading_mixin_socket_server', Load('keep', LINE), 100),
             ('simple_web_server_with_epoll', Load('keep', GET, WEB_ENDS), 100),
             ('chat_server_with_select', Load('chat', MESSAGE), 100)]
    return [Case('%s, two builds' % name, load, (size,), two_builds(name))
            for name, load, size in loads]


GROUPS = {'echo': echo, 'diesel': diesel, 'web': web, 'chat': chat, 'idle': idle,
          'builds': builds}


def cases(names, versions=None):
    """Return the cases of some groups, with the interpreters of these versions only
    (names such as '3.13'), or with all. Raises BenchError for an unknown group."""
    for unknown in set(names) - set(GROUPS):
        raise BenchError('no such group: %s (there are: %s)'
                         % (unknown, ', '.join(GROUPS)))
    found = [case for name in names or GROUPS for case in GROUPS[name]()]
    for case in found:
        case.servers = [server for server in case.servers if server.command[0]
                        and (not versions or server.version in ('', *versions))]
    return [case for case in found if case.servers]
