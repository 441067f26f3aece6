"""The life of a server: it listens, serves, is told to stop, and lets its clients go.

    server = listening(EchoServer, ('localhost', 8007), EchoRequestHandler)
    serve(server)               # prints where, and serves until SIGINT or SIGTERM
    with running(server): ...   # or serves in a thread while the block lasts

The library's serve_forever() ends when another thread calls shutdown(). Its own
thread cannot: shutdown() waits for the loop to end (Python docs, SocketServer). So
a library server's loop runs in a thread of its own, and the main thread waits for a
signal, whose handler only sets a flag. Then the main thread shuts down the connection
being served, which its handler reads as end-of-file, and calls shutdown(). A server
with a loop of its own needs no thread: see serve_alone().
"""
import contextlib
import errno
import os
import select
import signal
import socket
import stat
import threading
import time

from console import printable, report, say

POLL = 0.1  # seconds between two checks of whether to stop
RETRY_SECONDS = 0.5  # until the next attempt to accept
OUT_OF_DESCRIPTORS = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
SELECT_LIMIT = 1000  # select() takes descriptors below 1,024; a few are still to come


def listening(server_class, address, handler_class):
    """Return a new server at an address; raise socket.error if it cannot listen.

    A restarted server need not wait until the kernel forgets old connections. From
    the first moment only its owner can use a socket file; its folder must not be
    writable by everybody.
    """
    server = server_class(address, handler_class, bind_and_activate=False)
    family_and_type = server.address_family, server.socket_type
    server.allow_reuse_address = family_and_type == (socket.AF_INET, socket.SOCK_STREAM)
    umask = os.umask(0177)
    try:
        refuse_beyond_select(server.socket)
        if isinstance(address, str):
            refuse_unsafe(address)
        server.server_bind()
        server.server_activate()
    except:
        server.server_close()
        raise
    finally:
        os.umask(umask)
    return server


def listen(host, port, backlog):
    """Return a listening socket on the first address of host that is free; if none
    is, raise the last socket.error."""
    for family, kind, protocol, _, address in socket.getaddrinfo(
            host, port, socket.AF_INET, socket.SOCK_STREAM):
        sock = socket.socket(family, kind, protocol)
        try:
            # Else a restart waits for old connections.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind(address)
            sock.listen(backlog)
            return sock
        except socket.error, error:
            sock.close()
    raise error


def refuse_beyond_select(sock):
    """Refuse a socket too high for select(): close it, and raise socket.error."""
    if sock.fileno() >= SELECT_LIMIT:
        sock.close()
        raise socket.error(errno.EMFILE, os.strerror(errno.EMFILE))


def refuse_unsafe(path):
    """Raise OSError if the path is a symbolic link, or if everybody could replace the
    socket file."""
    folder = os.path.dirname(path) or os.curdir
    if os.path.islink(path):
        raise OSError(errno.EPERM, 'The path is a symbolic link')
    if os.stat(folder).st_mode & stat.S_IWOTH:
        raise OSError(errno.EPERM, 'The folder of the path is open to everybody')


def where(server):
    """Return the address of a server as people write it."""
    if isinstance(server.server_address, tuple):
        return '%s:%s' % server.server_address
    return printable(server.server_address)


def close(server):
    """Close the socket of a server, and remove its file if it has one."""
    server.server_close()
    if not isinstance(server.server_address, tuple):
        os.unlink(server.server_address)


class Loop(threading.Thread):
    """A server's own serve_forever(), in a thread; the server's stop() ends it.

    let_go: a function that is given the server, and ends its connections.
    """

    def __init__(self, server, name=None, let_go=None):
        threading.Thread.__init__(self, name=name)
        self.daemon = True  # it must not keep the process alive
        self.server, self.let_go = server, let_go
        self.error = None  # the exception that ended the loop

    def start(self):
        """Start to serve; raise OSError if there is no thread to be had."""
        try:
            threading.Thread.start(self)
        except threading.ThreadError:
            raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    def run(self):
        """Serve. If that ends in an error, leave no client waiting."""
        try:
            self.serve()
        except Exception, error:
            self.error = error
            self.end_connections()

    def serve(self):
        self.server.serve_forever()

    def end_connections(self):
        if self.let_go:
            self.let_go(self.server)

    def tell(self):
        """Tell the server to stop."""
        self.server.stop()

    def stop(self):
        """End the loop. If an error has ended it already, raise that error."""
        self.tell()
        if self.is_alive():
            self.join()
        if self.error:
            raise self.error


class LibraryLoop(Loop):
    """The loop of one of the library's servers: shutdown() ends it.

    work: a function to call in place of serve_forever(); it is given this Loop.
    how: which half of the connection being served is shut down at the end.
    """

    def __init__(self, server, name=None, let_go=None, work=None,
                 how=socket.SHUT_RDWR):
        Loop.__init__(self, server, name, let_go)
        self.work, self.how = work, how
        self.told = False  # to stop
        self.accepted = 0  # requests so far
        self.connection = None  # the one being served
        # Replaced on the instance, for its class may be the library's own.
        self.accept, server.get_request = server.get_request, self.get_request
        self.release, server.close_request = server.close_request, self.close_request

    def serve(self):
        try:
            if self.work:
                self.work(self)
            else:
                self.server.serve_forever(POLL)
        except:
            self.server.server_close()  # else clients in the backlog would wait
            raise

    def get_request(self):
        """Accept a client. If no descriptor is left for it, it stays in the backlog:
        then pause, or the loop would try again at once."""
        try:
            request, client_address = self.accept()
        except socket.error, error:
            if error.errno in OUT_OF_DESCRIPTORS:
                report('Nobody is let in for now: %s' % error.strerror)
                time.sleep(RETRY_SECONDS)
            raise
        self.accepted += 1
        if self.server.socket_type == socket.SOCK_STREAM:
            self.connection = request
            # break_off() sets told first and then looks at connection, so one of the
            # two sees the other's work.
            if self.told:
                self.end_connections()
        return request, client_address

    def close_request(self, request):
        """Close a connection that is no longer served."""
        self.connection = None
        self.release(request)

    def end_connections(self):
        """Shut down the connection being served, then let the others go."""
        connection = self.connection
        if connection:
            try:
                connection.shutdown(self.how)
            except socket.error:
                pass  # its client, or its handler, has closed it already
        Loop.end_connections(self)

    def has_request(self):
        """Wait for a client; return False if told to stop first."""
        while not self.told:
            if select.select([self.server], [], [], POLL)[0]:
                return True
        return False

    def wait(self):
        """Wait until the loop is told to stop, or has ended by itself."""
        while not self.told and self.is_alive():
            self.join(POLL)

    def break_off(self):
        """Tell the loop to stop, and do not wait for it."""
        self.told = True
        self.end_connections()

    def tell(self):
        self.break_off()
        if self.is_alive() and not self.work:
            self.server.shutdown()
            self.end_connections()  # more may have come meanwhile


def children(server):
    """Return the pids of a forking server's children; any other server has none."""
    return list(getattr(server, 'active_children', None) or ())


def end_children(server):
    """End the children of a forking server that are still at work."""
    for pid in children(server):
        try:
            os.kill(pid, signal.SIGKILL)  # just after fork() SIGTERM may be lost
        except OSError:
            pass  # the loop has just reaped it


def join_threads(but):
    """Wait until all threads but these have ended. A thread that still runs while
    the interpreter ends could print a traceback."""
    for thread in threading.enumerate():
        if thread not in but:
            thread.join()


def serve(server, close=close, **options):
    """Say where one of the library's servers listens, and serve until SIGINT or
    SIGTERM, or until its work is done. close: a function that closes it at the end.
    options: see LibraryLoop."""
    # Named, for Thread-1 is to be the first client's.
    loop = LibraryLoop(server, 'server', **options)
    server_pid = os.getpid()

    def stop(signum, frame):
        if os.getpid() != server_pid:
            os._exit(0)  # a forked child drops its client, and prints nothing
        loop.told = True

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    try:
        say('Server listening on %s' % where(server))
        loop.start()
        loop.wait()
    finally:
        try:
            loop.stop()
        finally:
            ignore_signals()
            close(server)


def serve_on_file(server_class, path, handler_class):
    """Do as serve() does, on a socket file: on path or, if that is None, in a new
    private folder."""
    if path:
        serve(listening(server_class, path, handler_class))
        return
    with private_folder() as folder:
        path = os.path.join(folder, 'echo.sock')
        serve(listening(server_class, path, handler_class))


def serve_alone(server):
    """Do as serve() does, for a server with a loop of its own. The loop needs no
    thread, for it watches the socket that the server's stop() writes to."""
    def stop(signum, frame):
        server.stop()

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    # A signal that comes just before the loop waits must wake it all the same.
    signal.set_wakeup_fd(server.waker.fileno())
    say('Server listening on %s' % where(server))
    server.serve_forever()
    ignore_signals()
    signal.set_wakeup_fd(-1)
    server.close()


def ignore_signals():
    """Ignore signals from the end of the server to the end of the process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)


@contextlib.contextmanager
def running(server, close=close, loop_class=LibraryLoop, **options):
    """Run a server in a thread while the block lasts; the block gets the thread.
    close: as for serve(). options: see loop_class."""
    loop = loop_class(server, **options)
    try:
        loop.start()
        yield loop
    finally:
        try:
            loop.stop()
        finally:
            close(server)


@contextlib.contextmanager
def private_folder():
    """Give the block a new folder that only this user can enter. It is removed at
    the end of the block, or at Ctrl-C."""
    # Imported here: every other server starts a sixth faster without them.
    import shutil
    import tempfile
    folder = tempfile.mkdtemp(prefix='recipe-')
    at_interrupt(lambda: shutil.rmtree(folder, ignore_errors=True))
    try:
        yield folder
    finally:
        remove(folder)


def remove(folder):
    """Remove a folder and all that is in it. This needs one descriptor at a time;
    shutil.rmtree() needs more, and a crowd of clients may have left no others."""
    for name in os.listdir(folder):
        path = os.path.join(folder, name)
        if os.path.isdir(path) and not os.path.islink(path):
            remove(path)
        else:
            os.unlink(path)
    os.rmdir(folder)


def at_interrupt(clean_up):
    """From now on, call clean_up() at Ctrl-C, before it ends this process."""
    pid = os.getpid()

    def end(signum, frame):
        if os.getpid() == pid:  # a forked child has nothing to clean up
            clean_up()
        signal.signal(signum, signal.SIG_DFL)
        os.kill(os.getpid(), signum)

    signal.signal(signal.SIGINT, end)
