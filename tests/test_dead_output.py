"""What a recipe does when nobody can read what it prints."""
import os
import signal

import pytest

from compat import kernel
from compat import process
from compat import trees
from tests import prepared
from tests.names import (CHAT, DATAGRAMS, DIESEL, FIGURE, FORKING, MATRIX,
                         PLAIN_STREAMS, TCP, THREADING)
from tests.oneline import error_line, one_line_error

# What is run before a recipe is.
BAD = '''
import os, resource, tempfile, warnings
warnings.simplefilter('ignore')  # of the sockets that its end will close
'''
FULL = BAD + "os.dup2(os.open('/dev/full', os.O_WRONLY), 1)"
NO_READER = BAD + 'r, w = os.pipe(); os.dup2(w, 1); os.close(r); os.close(w)'
FULL_AFTER = BAD + ('out = tempfile.TemporaryFile(); '
                    'resource.setrlimit(resource.RLIMIT_FSIZE, (%d, %d)); '
                    'os.dup2(out.fileno(), 1); out.close()')
# Whenever the recipe opens a file, another thread has just opened one.
FULL_BESIDE_A_THREAD = FULL + '''
really_open = os.open
def open_second(*args):
    if really_open(os.devnull, os.O_RDONLY) == 1:
        raise RuntimeError('the file of another thread has become stdout')
    return really_open(*args)
os.open = open_second'''

# What starts a program without a stdout.
CLOSING = ['/bin/sh', '-c', 'exec "$@" >&-', 'sh']

WAYS = [(), ('--serve',), ('--help',)]
in_every_way = pytest.mark.parametrize('args', WAYS, ids=[
    ''.join(args) or 'demonstration' for args in WAYS])
every_recipe = pytest.mark.parametrize('name', trees.RECIPES)


@pytest.mark.hostile
@pytest.mark.rule('oserror', 'stdin-and-stdout')
@in_every_way
@every_recipe
def test_output_to_a_full_disk_is_one_line_and_status_1(forked, name, args):
    ended = forked(name, args, FULL)
    assert one_line_error(ended, name, 1) == 'No space left on device'


@pytest.mark.hostile
@pytest.mark.about(TCP)
@pytest.mark.rule('stdin-and-stdout')
@in_every_way
def test_to_give_up_stdout_takes_no_file_of_another_thread(forked, args):
    ended = forked(TCP, args, FULL_BESIDE_A_THREAD)
    assert one_line_error(ended, TCP, 1) == 'No space left on device'


@pytest.mark.hostile
@pytest.mark.rule('oserror', 'stdin-and-stdout')
@in_every_way
@every_recipe
def test_output_that_nobody_reads_is_one_line_and_status_1(forked, name, args):
    ended = forked(name, args, NO_READER)
    assert one_line_error(ended, name, 1) == 'Broken pipe'


@pytest.mark.hostile
@pytest.mark.rule('stdin-and-stdout')
@in_every_way
@every_recipe
def test_a_start_without_stdout_is_one_line_and_status_1(tree, name, args):
    child = process.run(tree, name, args, through=CLOSING)
    assert one_line_error(child, name, 1) == 'Bad file descriptor'


def sizes(name):
    """Return how many bytes stdout takes: it fails in what a client says, and in what
    the server does."""
    return (60, 130, 170, 290, 330) if name in PLAIN_STREAMS else (60, 130, 170)


# The matrix is not there: it prints only when all its clients have been served.
ON_THE_WAY = [(name, size) for name in trees.RECIPES if name != MATRIX
              for size in sizes(name)]


@pytest.mark.hostile
@pytest.mark.rule('oserror', 'stdin-and-stdout')
@pytest.mark.parametrize('name, size', ON_THE_WAY)
def test_a_demonstration_that_fails_on_its_way_is_one_line_and_leaves_no_file(
        forked, name, size):
    ended = forked(name, before=FULL_AFTER % (size, size))
    if b'Connection closed by remote host' in ended.stderr:
        assert name == DIESEL  # its server failed, and its client says so
        assert (ended.stderr.count(b'\n'), ended.returncode) == (1, 1)
    else:
        assert one_line_error(ended, name, 1) == 'File too large'


# From SIGUSR1 on stdout is full.
FULL_AT_A_SIGNAL = '''
import os, signal, warnings
warnings.simplefilter('ignore')
full = os.open('/dev/full', os.O_WRONLY)
signal.signal(signal.SIGUSR1, lambda signum, frame: os.dup2(full, 1))
'''


@pytest.fixture
def muted(running, tree):
    """A function: the name of a recipe -> a running server that has said where it
    listens, and can print no more."""
    def start(name):
        code = prepared.source(tree, name, FULL_AT_A_SIGNAL)
        server = running(name, command=['-c', code])
        server.signal(signal.SIGUSR1)
        stdout = '/proc/%d/fd/1' % server.pid
        process.wait_until(lambda: os.readlink(stdout) == '/dev/full', 'it is muted')
        return server
    return start


@pytest.mark.hostile
@pytest.mark.rule('oserror', 'stdin-and-stdout')
@pytest.mark.parametrize('name', DATAGRAMS + PLAIN_STREAMS + [CHAT])
def test_a_server_that_cannot_print_what_it_does_is_one_line_and_status_1(
        muted, ask, name):
    server = muted(name)
    with pytest.raises((AssertionError, EnvironmentError)):
        ask(name, server.address, 0.5)
    assert server.wait() == 1
    assert error_line(server, name, 1) == 'No space left on device'


@pytest.mark.hostile
@pytest.mark.about(DIESEL)
@pytest.mark.rule('stdin-and-stdout')
def test_lines_of_clients_that_diesel_cannot_print_are_no_error_at_the_end(muted, ask):
    server = muted(DIESEL)
    for _ in range(2):
        with pytest.raises((AssertionError, EnvironmentError)):
            ask(DIESEL, server.address)
    server.signal(signal.SIGTERM)
    assert (server.wait(), server.stderr) == (0, b'')


@pytest.mark.hostile
@pytest.mark.rule('stdin-and-stdout')
@pytest.mark.parametrize('name', [FORKING, THREADING, FIGURE, MATRIX])
def test_a_report_that_could_not_be_printed_is_no_error_at_the_end(
        muted, conversation, name):
    server = muted(name)
    kernel.leave_descriptors(server.pid, 0)
    conversation(server.address).expect_silence()  # nobody is let in for now
    kernel.leave_descriptors(server.pid, 100)  # the end of a thread may load a library
    server.signal(signal.SIGTERM)
    assert (server.wait(), server.stderr) == (0, b'')
