"""A client of one tree against a server of the other: the same conversation.

Both interpreters are needed, with what the recipes import: `./toxw run -e interop`.
"""
import os
import re
import shutil
import subprocess

import pytest

from compat import interpreters
from compat import process
from compat import trees
from tests import about
from tests import relay
from tests.names import DATAGRAMS
from tests.talk import to

pytestmark = pytest.mark.interop

ON_A_PORT = {
    'tcp_server': ['--message', b'Gr\xc3\xbc\xc3\x9fe'],
    'udp_server': ['--message', b'Gr\xc3\xbc\xc3\x9fe'],
    'server_hierarchy': [],
    'forking_mixin_socket_server': [],
    'threading_mixin_socket_server': ['--message', b'Gr\xc3\xbc\xc3\x9fe'],
    'chat_server_with_select': ['--name', b'Ren\xc3\xa9e'],
    'simple_web_server_with_epoll': [],
    'echo_server_with_diesel': [],
}
ON_A_PATH = {
    'unix_stream_server': ['--message', b'Gr\xc3\xbc\xc3\x9fe'],
    'unix_datagram_server': ['--message', b'Gr\xc3\xbc\xc3\x9fe'],
}
TREES = [trees.named('py2_original'), trees.named('py3')]
# What differs from run to run: pids, the rest of one in the forking client's
# line, the date.
RUN = [(br'Date: [^\r]*', b'Date: <date>'), (br'PID:? \d+', b'PID <pid>'),
       (br'received: \d*:? *(?=Hello echo)', b'received: <rest of pid>'),
       (br'^\d+(?=: Hello echo)', b'<pid>')]


def normal(data):
    for pattern, replacement in RUN:
        data = re.sub(pattern, replacement, data)
    return data


def conversation(name, client, server, folder):
    """Return what passed both ways, what the client printed, and its status."""
    kind = relay.DatagramRelay if name in DATAGRAMS else relay.StreamRelay
    on_a_path = name in ON_A_PATH
    where = ['--path', os.path.join(folder, 's')] if on_a_path else []
    with process.Server(server, name, where) as running:
        with kind(running.address, folder if on_a_path else None) as between:
            more = ON_A_PATH[name] if on_a_path else ON_A_PORT[name]
            child = process.run(client, name, to(between.address) + more,
                                env={'LC_ALL': 'C.UTF-8'})
    for left in os.listdir(folder):
        os.remove(os.path.join(folder, left))
    return (normal(between.asked), normal(between.answered), normal(child.stdout),
            child.stderr, child.returncode)


@pytest.fixture(autouse=True)
def both_interpreters():
    """On CI the table at the end of ./toxw asks for both."""
    try:
        for major in (2, 3):
            interpreters.find(major)
    except interpreters.InterpreterMissing as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope='module')
def originals():
    """The original's conversation with itself, by recipe: each is needed four times."""
    return {}


@pytest.mark.rule('bytes-on-the-wire', 'text-for-the-screen', 'argv-is-text')
@pytest.mark.parametrize('server', TREES, ids=['server-2', 'server-3'])
@pytest.mark.parametrize('client', TREES, ids=['client-2', 'client-3'])
@pytest.mark.parametrize('name', sorted(ON_A_PORT) + sorted(ON_A_PATH))
def test_a_conversation_is_the_same_whoever_speaks(
        name, client, server, folder, originals):
    if name not in originals:
        originals[name] = conversation(name, TREES[0], TREES[0], folder)
    original = originals[name]
    assert original[4] == 0
    assert original[1]
    assert conversation(name, client, server, folder) == original


@pytest.mark.parametrize('name', trees.RECIPES)
@pytest.mark.parametrize('tree, major', [(TREES[0], 3), (TREES[1], 2)],
                         ids=['py2_original', 'py3'])
def test_a_script_does_not_run_under_the_other_python(name, tree, major):
    command = [interpreters.find(major), '-B', tree.script(name), '--help']
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             env=process.surroundings())
    output, error = child.communicate()
    assert child.returncode == 1
    assert re.search(b'SyntaxError|(Import|ModuleNotFound|Attribute)Error', error), error
    assert output == b''


@pytest.mark.about(*about.NAMES)
@pytest.mark.parametrize('tree', TREES, ids=['py2_original', 'py3'])
def test_a_tree_compiles_without_a_warning(tree):
    copy = os.path.join(process.private_folder(), tree.name)
    shutil.copytree(tree.path, copy,
                    ignore=shutil.ignore_patterns('*.pyc', '__pycache__'))
    command = process.python(tree) + ['-m', 'compileall', '-q', copy]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             env=process.surroundings())
    output = child.communicate()[0]
    shutil.rmtree(os.path.dirname(copy))
    assert (child.returncode, output) == (0, b'')
