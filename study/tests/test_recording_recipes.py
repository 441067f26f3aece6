"""Every recipe: what real clients say to the original on 2.7 is recorded, and played to
the port, which answers the same; and with a mistake in it, it does not."""
import os
import shutil
import signal
import socket
import subprocess
import sys

import pytest

from compat import process
from compat import trees
from study.rulebook import rules
from study.suite import catalogue
from study.suite import mistakes
from study.suite.catalogue import (CHAT, CONSOLE, DATAGRAM, DIESEL, FIGURE, FORKING,
                                   MATRIX, STREAM, TCP, THREADING, UDP, WEB)
from study.tests import recordings
from study.tests.recordings import client, program

SAID = b'Gr\xc3\xbc\xc3\x9fe\nhello'
MASKS = {FORKING: ['pid'], THREADING: [], MATRIX: ['time'], WEB: ['date'],
         DIESEL: ['port']}


def nc(address, said=SAID):
    return program('nc', '-N', *map(str, address), said=said)


def socat(address, said=SAID):
    return program('socat', '-t5', '-', 'TCP:%s:%d' % address, said=said)


def talk_to_echo(address, folder, recipe):
    """nc, socat, and our own client."""
    yield nc(address)
    yield socat(address)
    yield client(recipe, *address)


def talk_to_figure(address, folder):
    yield client(FIGURE, *address)
    yield program('nc', '-d', *map(str, address))


def talk_to_matrix(address, folder):
    yield nc(address, b'serve me\n')


def talk_to_udp(address, folder):
    yield program('socat', '-t2', '-', 'UDP:%s:%d' % address, said=SAID)
    yield client(UDP, *address)


def talk_to_socket_file(address, folder):
    yield program('nc', '-N', '-U', address, said=SAID)
    yield program('socat', '-t5', '-', 'UNIX-CONNECT:' + address, said=b'\xff\xfe')
    yield client(STREAM, address)


def talk_to_datagram_file(address, folder):
    where = 'UNIX-SENDTO:%s,bind=%s' % (address, os.path.join(folder, 'c'))
    yield program('socat', '-t2', '-', where, said=SAID)
    yield client(DATAGRAM, address)


def talk_to_diesel(address, folder):
    """nc without -N: to diesel, who will say no more has left."""
    yield program('nc', '-w', '1', *map(str, address), said=b'hello\r\n')
    yield client(DIESEL, *address)


def talk_to_web(address, folder):
    url = 'http://%s:%d/' % address
    yield program('curl', '-s', '-i', url, url)
    yield program('curl', '-s', '-i', '-H', 'Connection: close', url + 'nothing')
    yield program('ab', '-q', '-n', '20', '-c', '4', '-k', url)


class Talker:
    """One of several clients of the chat, which says lines when it is told to."""

    def __init__(self, address, name):
        self.popen = subprocess.Popen(
            [sys.executable, trees.named('py3').script(CHAT), '--connect', address[0],
             str(address[1]), '--name', name], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE)

    def reads(self, line):
        assert self.popen.stdout.readline().decode('utf-8') == line + '\n'

    def says(self, line):
        self.popen.stdin.write(line.encode('utf-8') + b'\n')
        self.popen.stdin.flush()

    def leaves(self):
        self.popen.communicate(timeout=process.DEADLINE)


def talk_to_chat(address, folder):
    """Three clients at once, of whom one leaves, and two are still there at the end."""
    ann = Talker(address, 'ann')
    ann.reads('* Welcome, ann. Others here: 0')
    bob = Talker(address, 'bob')
    bob.reads('* Welcome, bob. Others here: 1')
    carl = Talker(address, 'carl')
    carl.reads('* Welcome, carl. Others here: 2')
    ann.reads('* bob joined')
    ann.reads('* carl joined')
    bob.reads('* carl joined')
    ann.says('Gr\xfc\xdfe!')
    bob.reads('<ann> Gr\xfc\xdfe!')
    carl.reads('<ann> Gr\xfc\xdfe!')
    ann.leaves()
    bob.reads('* ann left')
    carl.reads('* ann left')
    yield bob.popen
    yield carl.popen


TALKS = {
    TCP: lambda *place: talk_to_echo(*place, TCP), UDP: talk_to_udp,
    STREAM: talk_to_socket_file, DATAGRAM: talk_to_datagram_file,
    FIGURE: talk_to_figure, MATRIX: talk_to_matrix,
    FORKING: lambda *place: talk_to_echo(*place, FORKING),
    THREADING: lambda *place: talk_to_echo(*place, THREADING),
    CHAT: talk_to_chat, WEB: talk_to_web, DIESEL: talk_to_diesel,
}
RULES = rules.load()


def place_for(recipe, folder):
    """Return (the address for --to, the server's options)."""
    if recipe in (STREAM, DATAGRAM):
        path = os.path.join(folder, 'server')
        return path, ['--path', path]
    kind = socket.SOCK_DGRAM if recipe == UDP else socket.SOCK_STREAM
    port = recordings.free_port(kind)
    return str(port), ['--port', str(port)]


@pytest.fixture(scope='module')
def recorded(tmp_path_factory):
    """A function: recipe -> the path of a recording of the original under 2.7, made
    once."""
    made, folder = {}, process.private_folder()

    def record(recipe, *arguments):
        if (recipe, arguments) not in made:
            path = str(tmp_path_factory.mktemp('recording') / 'recording')
            make(recipe, path, folder, arguments)
            made[recipe, arguments] = path
        return made[recipe, arguments]

    yield record
    shutil.rmtree(folder)


def make(recipe, path, folder, arguments):
    python2 = recordings.python2('diesel' if recipe == DIESEL else 'sys')
    to, options = place_for(recipe, folder)
    listen = os.path.join(folder, 'relay') if os.sep in to else '0'
    datagram = ['--datagram'] if recipe in (UDP, DATAGRAM) else []
    with recordings.Recorder(['--listen', listen, '--to', to, '-o', path, *datagram, '--',
                              *recordings.serve(python2, 'py2_original', recipe, *options,
                                                *arguments)]) as recorder:
        still_there = [one for one in TALKS[recipe](recorder.address, folder)
                       if isinstance(one, subprocess.Popen)]
        recorder.stop(signal.SIGINT)
        for one in still_there:
            one.communicate(timeout=process.DEADLINE)


@pytest.fixture
def folder():
    path = process.private_folder()
    yield path
    shutil.rmtree(path)


def play(recipe, recording, tree, folder, *arguments, patience=5):
    """Replay a recording to the recipe of a tree, under the running Python."""
    to, options = place_for(recipe, folder)
    masks = [word for mask in MASKS.get(recipe, ()) for word in ('--mask', mask)]
    return recordings.replay(
        recording, '--to', to, '--patience', str(patience), *masks, '--',
        *recordings.serve(sys.executable, tree, recipe, *options, *arguments),
        PYTHONPATH=trees.ROOT)  # a copy of the tree needs it for compat.diesel


def test_every_recipe_has_a_talk():
    assert set(TALKS) == set(trees.RECIPES)


@pytest.mark.parametrize('recipe', trees.RECIPES)
def test_the_port_answers_real_clients_as_the_original_did(recipe, recorded, folder):
    child = play(recipe, recorded(recipe), 'py3', folder)
    assert (child.returncode, child.stderr) == (0, ''), child.stdout + child.stderr
    assert child.stdout.startswith('The same: ')


SPINS = 'the end compared with text'  # for as long as it is waited for
# Ten mistakes of the catalogue and more: what is asked, and how the mistake reads.
MADE = [
    (FORKING, FORKING, 'the reply formatted as text'),
    (THREADING, THREADING, 'the reply formatted as text'),
    (DIESEL, DIESEL, 'the reply formatted as text'),
    (THREADING, THREADING, "the thread's name as it is"),
    (FIGURE, FIGURE, 'text sent'),
    (FIGURE, FIGURE, 'a renamed module, handed over'),
    (CHAT, CHAT, 'one slash in a size'),
    (CHAT, CHAT, 'ASCII in place of UTF-8'),
    (TCP, TCP, 'bytes printed'),
    (FORKING, CONSOLE, 'bytes printed'),
    (STREAM, STREAM, 'bytes decoded as UTF-8 for the screen'),
    (MATRIX, MATRIX, 'numbers formatted as text'),
    (TCP, TCP, SPINS),
]


def mistake_of(name, what):
    return next(one for one in catalogue.MISTAKES if (one.name, one.what) == (name, what))


@pytest.mark.parametrize('recipe, name, what', MADE,
                         ids=['%s-%s' % (recipe, what.replace(' ', '-'))
                              for recipe, _, what in MADE])
def test_a_mistake_is_a_difference_and_its_rule_is_named(recipe, name, what, recorded,
                                                         folder):
    mistake = mistake_of(name, what)
    child = play(recipe, recorded(recipe), mistakes.made(mistake, folder), folder,
                 patience=2 if what == SPINS else 5)
    assert (child.returncode, child.stderr) == (1, ''), child.stdout + child.stderr
    assert any('\n  %s: ' % rule in child.stdout for rule in mistake.rules), child.stdout
    first = next(line for line in child.stdout.splitlines()
                 if line.startswith('  ') and line[2:].partition(':')[0] in RULES)
    assert first[2:].partition(':')[0] in mistake.rules, child.stdout
