"""A recording from its beginning to its end: the relay, the server, the file."""
import contextlib
import os
import stat
import time

from study.recording import addresses
from study.recording import command as commands
from study.recording import datagrams
from study.recording import relay
from study.recording import sockets
from study.recording.conversations import Writer
from study.recording.progress import Progress

TURN = 0.1  # seconds after which the relay looks whether it is told to end


def record(listen, to, path, datagram=False, most=None, command=(), patience=5.0,
           ready=lambda: None, is_told=lambda: False):
    """Record what clients of one Address and the server at another say, into a file.

    most: end after so many clients, None for no end. command: starts the server, a
    list. patience: seconds that it may take to listen, and to end. ready() is called
    when clients may come; from then on is_told() says whether to end. Prints where it
    listens, and at the end what was recorded. Raises StudyError, and OSError if the file
    cannot be written.
    """
    with contextlib.ExitStack() as stack:
        server = None
        if command:
            commands.require_free(to, datagram)
            server = stack.enter_context(commands.Command(list(command)))
            server.wait_until_it_listens(to, datagram, patience)
        sockets.allow_many_descriptors()
        listening = sockets.listening(listen, datagram)
        stack.callback(listening.close)
        if listen.is_path:
            stack.callback(remove_socket_file, listen.name)
        if not server:
            commands.require_server(to, datagram)
        file = stack.enter_context(open(path, 'w', encoding='ascii'))
        journal = Writer(file, 'datagram' if datagram else 'stream', to, command)
        relaying = stack.enter_context(contextlib.closing(
            (datagrams.DatagramRelay if datagram else relay.StreamRelay)(
                listening, to, journal, most)))
        ready()
        print('Listening on %s, for %s' % (name_of(listening, listen), to), flush=True)
        with Progress() as progress:
            serve(relaying, server, is_told, lambda: progress.show(
                '%d conversations, %d bytes' % (journal.numbers, relaying.bytes)))
        if server:
            end(relaying, server, journal, patience)
        relaying.close()
        journal.finish()
        print('%d conversation%s in %s' % (journal.numbers, 's' * (journal.numbers != 1),
                                           path), flush=True)


def name_of(listening, listen):
    """Return the Address at which a socket listens: port 0 has become a free one."""
    return listen if listen.is_path else addresses.Address(
        listen.family, listening.getsockname())


def remove_socket_file(path):
    with contextlib.suppress(OSError):
        if stat.S_ISSOCK(os.stat(path).st_mode):
            os.unlink(path)


def serve(relaying, server, is_told, show):
    """Relay until all is done, somebody says so, or the server has ended."""
    while not (relaying.is_done or is_told() or (server and server.has_ended)):
        relaying.step(TURN)
        show()


def end(relaying, server, journal, patience):
    """End the server, and write down what it still says and how it ends."""
    relaying.let_nobody_in()
    by_itself = server.has_ended
    if not by_itself:
        journal.stop()
        server.stop()
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline and not (server.has_ended and relaying.is_idle):
        relaying.step(TURN)
    server.kill()
    for name in ('stdout', 'stderr'):
        journal.screen(name, server.lines(name))
    journal.status(server.status, by_itself)
