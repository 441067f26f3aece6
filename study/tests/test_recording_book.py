"""A server as a book might have it, and its port with the classic mistakes: no test of
ours knows them, and a replay finds what a client sees of them."""
import os
import signal
import sys

import pytest

from compat import trees
from study.tests import recordings
from study.tests.recordings import everything
from tests.talk import connected

BOOK = os.path.join(trees.ROOT, 'study/tests/material/book')


@pytest.fixture(scope='module')
def recording(tmp_path_factory):
    """The path of a recording of the original, with two clients."""
    path = str(tmp_path_factory.mktemp('book') / 'recording')
    port = str(recordings.free_port())
    with recordings.Recorder([
            '--listen', '0', '--to', port, '-o', path, '--', recordings.python2(),
            os.path.join(BOOK, 'original.py'), port]) as recorder:
        for said in (b'Hello echo server!', b'\xff\n'):
            with connected(recorder.address) as client:
                client.sendall(said)
                assert everything(client).endswith(b': ' + said)
        recorder.stop(signal.SIGINT)
    return path


def played(recording, script):
    port = str(recordings.free_port())
    return recordings.replay(recording, '--to', port, '--mask', 'pid', '--',
                             sys.executable, script, port)


def test_the_mistakes_of_its_port_are_found_and_named(recording):
    child = played(recording, os.path.join(BOOK, 'port.py'))
    assert (child.returncode, child.stderr) == (1, '')
    clients, _, screen = child.stdout.partition('The stdout')
    assert clients.count('  bytes-formatting: ') == 2
    assert '  text-for-the-screen: ' in screen
    assert 'b\'Hello echo server!\'"' in clients
    assert child.stdout.endswith('2 of 2 conversations differ, and the stdout.\n')


def test_mended_it_is_the_same(recording, tmp_path):
    with open(os.path.join(BOOK, 'port.py')) as source:
        text = source.read()
    for old, new in (("'%s: %s' % (", "b'%d: %s' % ("),
                     ('% response)', "% response.decode('latin-1'))"),
                     ("response.encode('utf-8')", 'response'),
                     ('import sys\n', 'import sys\n\nsys.stdout.reconfigure('
                      'encoding="latin-1")\n')):
        assert text.count(old) == 1
        text = text.replace(old, new)
    (tmp_path / 'mended.py').write_text(text)
    child = played(recording, str(tmp_path / 'mended.py'))
    assert (child.returncode, child.stderr) == (0, ''), child.stdout
