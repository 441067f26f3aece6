"""Signals at any moment: to end a server, to stop it and go on, to break off what it
waits for."""
import os
import random
import re
import signal
import threading

import pytest

from compat import kernel
from compat import process
from compat import trees
from tests import prepared
from tests.names import MATRIX

SERVICE_TIME = 1.0  # seconds of server_matrix
QUICK = [name for name in trees.RECIPES if name != MATRIX]

every_recipe = pytest.mark.parametrize('name', trees.RECIPES)
every_quick_recipe = pytest.mark.parametrize('name', QUICK)
either_signal = pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM],
                                        ids=['SIGINT', 'SIGTERM'])


# To end it

# A signal inside the library's accept() leaves a socket that only the garbage
# collector can close, which then warns of it.
UNCLOSED = ['-W', 'ignore:unclosed']


@pytest.mark.hostile
@pytest.mark.rule('keyboard-interrupt')
@every_recipe
def test_two_signals_at_once_end_it_like_one(running, name):
    server = running(name)
    server.signal(signal.SIGSTOP)
    server.signal(signal.SIGINT)
    server.signal(signal.SIGTERM)
    server.signal(signal.SIGCONT)
    assert (server.wait(), server.stderr) == (0, b'')


@pytest.mark.hostile
@pytest.mark.rule('keyboard-interrupt', 'eintr')
@every_quick_recipe
def test_a_signal_at_any_moment_ends_it_cleanly(running, tree, ask, name):
    server = running(name, command=UNCLOSED + [tree.script(name)])
    number = random.choice([signal.SIGINT, signal.SIGTERM])
    timer = threading.Timer(random.random() * 0.1, server.signal, [number])
    timer.start()
    try:
        while True:
            ask(name, server.address, 0.3)
    except (AssertionError, EnvironmentError):
        pass  # it has gone
    timer.join()
    assert (server.wait(), server.stderr) == (0, b'')
    assert not isinstance(server.address, str) or not os.path.exists(server.address)


@pytest.mark.hostile
@pytest.mark.about(MATRIX)
@pytest.mark.rule('eintr')
@either_signal
def test_a_signal_in_the_middle_of_a_service_does_not_cut_it_short(
        running, conversation, number):
    server = running(MATRIX, '--server', 'TCPServer')
    client = conversation(server.address)
    client.send(b'please\n')
    client.expect_silence()
    server.signal(number)
    begin, end = client.read_line().split()
    assert float(end) - float(begin) >= SERVICE_TIME
    assert (server.wait(), server.stderr, len(server.lines)) == (0, b'', 1)


# To go on

@pytest.mark.hostile
@pytest.mark.rule('eintr')
@every_quick_recipe
def test_a_server_that_was_stopped_goes_on_where_it_was(running, ask, name):
    server = running(name)
    ask(name, server.address)
    server.signal(signal.SIGSTOP)
    process.wait_until(lambda: kernel.stat(server.pid)[0] == b'T', 'it is stopped')
    server.signal(signal.SIGCONT)
    ask(name, server.address)
    assert server.stderr == b''


A_HANDLER = '''
import signal
signal.signal(signal.SIGUSR1, lambda signum, frame: None)
'''


@pytest.mark.hostile
@pytest.mark.rule('eintr')
@every_recipe
def test_signals_that_break_off_every_call_change_no_answer(running, tree, ask, name):
    server = running(name, *['--server', 'TCPServer'] * (name == MATRIX),
                     command=['-c', prepared.source(tree, name, A_HANDLER)])
    is_over = threading.Event()

    def interrupt():
        # Chat and web never read the bytes that wake them, since a signal of their own
        # ends them. There is room for 250 and more.
        for _ in range(200):
            if is_over.wait(0.001):
                break
            server.signal(signal.SIGUSR1)

    interrupter = threading.Thread(target=interrupt)
    interrupter.start()
    try:
        for _ in range(1 if name == MATRIX else 20):
            ask(name, server.address)
    finally:
        is_over.set()
        interrupter.join()
    server.signal(signal.SIGTERM)
    assert (server.wait(), server.stderr) == (0, b'')
    assert [line for line in server.lines if re.search('lost|failed', line)] == []
