"""An Application runs Loops and Services until it is told to stop."""
import errno
import socket

from greenlet import getcurrent

from compat.diesel import runtime
from compat.diesel.connection import Connection
from compat.diesel.errors import ApplicationEnd
from compat.diesel.events import WaitPool
from compat.diesel.hub import EventHub
from compat.diesel.logmod import log
from compat.diesel.loop import Loop
from compat.diesel.udp import UDPSocket

FAREWELLS = 4  # times that a loop is told to end: its finally clauses may wait
PAUSE = 0.1  # seconds not to accept when there are no descriptors left
NO_DESCRIPTOR = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)

# Loops that catch even GreenletExit and go on. The garbage collector must not end one:
# what the loop uses would be gone, and it might catch the errors without end.
undying = []


class Application(object):
    """The main loop, and what it runs. A program has one, unless
    allow_app_replacement says that this one takes the place of another."""

    def __init__(self, allow_app_replacement=False):
        assert allow_app_replacement or runtime.current_app is None, \
            'Only one Application instance per program allowed'
        runtime.current_app = self
        self.hub = EventHub()
        self.waits = WaitPool()
        self.runhub = None
        self.running = {}   # the loops that are alive, a set in order
        self._run = False
        self._services = []
        self._loops = []

    def add_service(self, service):
        """Add a Service. It listens when run() is called, or at once if that was
        called already.

        Raise socket.error (OSError) if it cannot listen.
        """
        service.application = self
        self._services.append(service)
        if self._run:
            service.bind_and_listen()
            service.register(self)

    def add_loop(self, loop, front=False, keep_alive=False, track=False):
        """Add a Loop. front: before those that wait to start. keep_alive: start
        it again half a second after its end. track: count its CPU time, and that
        of the loops which it forks, each on its own."""
        if track:
            loop.enable_tracking()
        if keep_alive:
            loop.keep_alive = True
        loop.app = self
        loop.hub = self.hub
        if self._run:
            self.hub.schedule(loop.start)
        elif front:
            self._loops.insert(0, loop)
        else:
            self._loops.append(loop)

    def setup(self):
        """For subclasses: called by run() when the services listen, before the
        first loop runs."""

    def run(self):
        """Run until halt(), an interrupt (ctrl-C) or SystemExit, which is raised.

        Raise socket.error (OSError) if a service cannot listen. Anything else
        that a loop raises is logged, and ends only that loop.
        """
        self._run = True
        try:
            log.warning('Starting diesel <{0}>', self.hub.describe)
            for service in self._services:
                service.bind_and_listen()
                service.register(self)
            for loop in self._loops:
                self.hub.schedule(loop.start)
            self.setup()
            self.runhub = getcurrent()
            self._run_hub()
            log.info('Ending diesel application')
        finally:
            self._run = False
            self._end_loops()
            runtime.current_loop = None
            self._close()
            if runtime.current_app is self:
                runtime.current_app = None

    def _run_hub(self):
        while self._run:
            try:
                self.hub.handle_events()
            except (SystemExit, KeyboardInterrupt, ApplicationEnd) as error:
                log.warning('-- {0} raised.. exiting main loop --',
                            type(error).__name__)
                if isinstance(error, SystemExit):
                    raise
                return
            except Exception:
                log.trace().error('-- Unhandled Exception rose to main loop --')

    def _end_loops(self):
        """End the loops that still wait, before anything that they use is closed.
        The garbage collector would do it too late: their attributes may be gone."""
        for loop in self.running:
            loop.clear_pending_events()  # not even for what others give up
        for _ in range(FAREWELLS):
            for loop in list(self.running):
                loop.kill()
        for loop in self.running:
            log.error('{0} does not end', loop)
            undying.append(loop)

    def _close(self):
        for service in self._services:
            service.close()
        self.hub.close_all()

    def halt(self):
        """End the application. This does not return: it raises an ApplicationEnd
        in the current loop."""
        self._run = False
        raise ApplicationEnd()

    def global_bail(self, msg):
        """Return a function that logs a reason, msg, and ends the application."""
        def bail():
            log.critical('ABORTING: {0}', msg)
            self.halt()
        return bail


class Service(object):
    """A TCP service: a loop with connection_handler(address) for each client.

    With port 0 the system chooses; the attribute port is the real one once the
    service listens. iface:
    the host name or IPv4 address to listen on. ssl_ctx: an ssl.SSLContext;
    TypeError is raised for another kind.
    """
    LQUEUE_SIZ = 500

    def __init__(self, connection_handler, port, iface='', ssl_ctx=None, track=False):
        self.connection_handler = connection_handler
        self.port = port
        self.iface = iface
        if ssl_ctx is not None:
            from compat.diesel.security import check_context
            check_context(ssl_ctx)
        self.ssl_ctx = ssl_ctx
        self.track = track
        self.sock = None
        self.application = None
        if hasattr(connection_handler, 'on_service_init'):
            connection_handler.on_service_init(self)

    @property
    def listening(self):
        """Whether it has its socket."""
        return self.sock is not None

    def bind_and_listen(self):
        """Bind to the port and listen. Raise socket.error (OSError)."""
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._bind(sock)
        sock.listen(self.LQUEUE_SIZ)

    def _bind(self, sock):
        sock.setblocking(False)
        try:
            sock.bind((self.iface, self.port))
        except OSError as error:
            sock.close()
            self.handle_cannot_bind(str(error))
            raise
        self.sock = sock
        self.port = sock.getsockname()[1]

    def handle_cannot_bind(self, reason):
        """Log why it does not listen."""
        log.critical('service at {0}:{1} cannot bind: {2}',
                     self.iface or '*', self.port, reason)

    def register(self, app):
        """Accept clients for an application."""
        self.application = app
        app.hub.register(self.sock, self.accept_new_connection, None, None)

    def accept_new_connection(self):
        """Accept the clients that are waiting. Called by the hub."""
        for _ in range(self.LQUEUE_SIZ):
            try:
                sock, addr = self.sock.accept()
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:
                if error.errno in NO_DESCRIPTOR:
                    self._pause(error)
                    return
                continue  # that client has gone already
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.ssl_ctx is None:
                self._serve(Connection(sock, addr))
            else:
                self.application.add_loop(Loop(self._secure, sock, addr))

    def _pause(self, error):
        # The client stays in the queue, and would wake us again at once.
        log.error('service at {0}:{1} cannot accept: {2}', self.iface, self.port, error)
        hub = self.application.hub
        hub.disable_read(self.sock)
        hub.call_later(PAUSE, hub.enable_read, self.sock)

    def _serve(self, conn):
        loop = Loop(self.connection_handler, conn.addr)
        loop.connection_stack.append(conn)
        self.application.add_loop(loop, track=self.track)

    def _secure(self, sock, addr):
        from compat.diesel.security import SecureConnection, secure
        try:
            tls = secure(sock, self.ssl_ctx, server_side=True)
        except OSError as error:
            log.warning('TLS with {0} failed: {1}', addr, error)
        else:
            self._serve(SecureConnection(tls, addr))

    def close(self):
        """Stop listening."""
        if self.sock is not None:
            self.application.hub.unregister(self.sock)
            self.sock.close()
            self.sock = None


class UDPService(Service):
    """A UDP service: one loop with connection_handler(), which receives packets
    with receive(datagram) and answers the last one with send()."""

    def __init__(self, connection_handler, port, iface=''):
        Service.__init__(self, connection_handler, port, iface)
        self.remote_addr = (None, None)   # of the packet that came last

    def bind_and_listen(self):
        """Bind to the port. Raise socket.error (OSError)."""
        self._bind(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))

    def register(self, app):
        """Start the loop that serves."""
        self.application = app
        loop = Loop(self.connection_handler)
        loop.connection_stack.append(UDPSocket(self, self.sock))
        app.add_loop(loop)


class Thunk(object):
    """A function that quickstart() calls when it starts: c() returns what is to be
    run, a Loop, a Service, a callable, or a list of them."""

    def __init__(self, c):
        self.c = c

    def eval(self):
        """Return what the function makes."""
        return self.c()


def quickstart(*args, **kw):
    """Run an Application with these: Loops, Services, callables (which become
    Loops), Thunks, and lists of them. Options are the Application's."""
    app = kw.pop('__app', None) or Application(**kw)
    things = list(args)
    for thing in things:
        if isinstance(thing, Thunk):
            thing = thing.eval()
        if isinstance(thing, (list, tuple)):
            things.extend(thing)  # added after everything that is not in a list
        elif isinstance(thing, Service):
            app.add_service(thing)
        elif isinstance(thing, Loop):
            app.add_loop(thing)
        elif callable(thing):
            app.add_loop(Loop(thing))
        elif thing is not None:
            raise TypeError('quickstart() cannot run %r' % (thing,))
    app.run()


def quickstop():
    """End the application that runs; see Application.halt()."""
    runtime.current_app.halt()
