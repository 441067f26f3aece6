"""The functions that a program calls inside a loop: each acts on the loop that
runs at the moment."""
from compat.diesel import runtime
from compat.diesel.buffer import BufAny
from compat.diesel.errors import ClientConnectionClosed, ConnectionClosed
from compat.diesel.loop import Loop, running_loop
from compat.diesel.operations import CRLF


def until(sentinel):
    """Return what the peer sends, up to and including the sentinel, which is bytes."""
    return runtime.current_loop.input_op(sentinel)


def until_eol():
    """Return the next line, with the carriage return and newline at its end."""
    return runtime.current_loop.input_op(CRLF)


def receive(spec=BufAny):
    """Return exactly spec bytes; without an argument, whatever comes next; with the
    argument datagram, the next UDP packet."""
    return runtime.current_loop.input_op(spec)


def send(o, priority=5):
    """Send bytes or a binary file; what has a higher priority goes first.

    Unlike the real library's, this waits for the peer to read once more than
    UNSENT_LIMIT bytes are queued.
    """
    return runtime.current_loop.send(o, priority)


def wait(event):
    """Wait for an event (a name, or a Waiter) and return its value."""
    return runtime.current_loop.wait(event)


def fire(event, value=None):
    """Give the value to all loops that wait for the event."""
    return runtime.current_loop.fire(event, value)


def sleep(v=0):
    """Sleep for v seconds; with 0, let every other loop have a turn."""
    return runtime.current_loop.sleep(v)


def thread(f, *args, **kw):
    """Return f(*args, **kw), computed in a thread while other loops go on."""
    return runtime.current_loop.thread(f, *args, **kw)


def first(*args, **kw):
    """Wait for the first of several things; return (which, its value).

    sleep: seconds. waits: a list of events. And at most one of
    receive_any=True, receive=count, until=sentinel, until_eol=True,
    datagram=True. Which is that keyword, or the event.
    """
    return runtime.current_loop.first(*args, **kw)


def label(label):
    """Give the current loop a name for the log."""
    return runtime.current_loop.label(label)


def fork(f, *args, **kw):
    """Run f(*args, **kw) in a loop of its own; return the Loop."""
    return runtime.current_loop.fork(False, f, *args, **kw)


def fork_child(f, *args, **kw):
    """Like fork(), but when the current loop ends, the new one ends as well: it
    gets a ParentDiedException."""
    return runtime.current_loop.fork(True, f, *args, **kw)


def fork_from_thread(f, *args, **kw):
    """Like fork(), for threads that diesel has not started."""
    loop = Loop(f, *args, **kw)
    app = runtime.current_app
    app.hub.call_from_other_thread(lambda: app.add_loop(loop))


def signal(sig, callback=None):
    """Wait for a signal; or have callback() called at the next one.

    Raise ExistingSignalHandler if the program handles it already.
    """
    if callback is None:
        return runtime.current_loop.signal(sig)
    return runtime.current_loop._signal(sig, callback)


class call(object):
    """Makes a method of a Client talk over the client's connection.

    Inside it send(), until() and so on use that connection. When the server
    closes it, the caller gets a ClientConnectionClosed.
    """

    def __init__(self, f, inst=None):
        self.f = f
        self.client = inst

    def __get__(self, inst, cls):
        return call(self.f, inst)

    def __call__(self, *args, **kw):
        client = self.client
        if not client.connected:
            raise ClientConnectionClosed(
                'Client call failed: client connection was closed',
                addr=client.addr, port=client.port)
        stack = running_loop().connection_stack
        stack.append(client.conn)
        try:
            return self.f(client, *args, **kw)
        except ConnectionClosed as error:
            raise ClientConnectionClosed(
                error.args[0], buffer=error.buffer,
                addr=client.addr, port=client.port) from None
        finally:
            stack.pop()
