"""What every recipe does on the command line, whatever it teaches."""
import os
import signal
import socket

import pytest

from compat import process
from compat import trees
from tests import prepared
from tests.names import (DATAGRAMS, FORKING, MATRIX, ON_A_PATH, ON_A_PORT,
                         UNIX_DATAGRAM, UNIX_STREAM, WEB)
from tests.oneline import one_line_error

# The last are digits to int() and to \d in text, and none to \d in bytes.
NO_PORTS = [b'http', b'65536', b'-1', b'8_080', b'', u'\u0668\u0660'.encode('utf-8')]

every_recipe = pytest.mark.parametrize('name', trees.RECIPES)
every_recipe_on_a_port = pytest.mark.parametrize('name', ON_A_PORT)


@pytest.mark.script
@every_recipe
def test_the_demonstration_runs_and_leaves_nothing(forked, name):
    ended = forked(name)
    assert (ended.stderr, ended.returncode) == (b'', 0)
    assert ended.lines


@pytest.mark.script
@pytest.mark.rule('beside-the-script')
@every_recipe
def test_the_demonstration_runs_in_its_own_folder(tree, name):
    child = process.run(tree, name, folder=tree.path, command=[name + '.py'])
    assert (child.stderr, child.returncode) == (b'', 0)


@pytest.mark.script
@pytest.mark.rule('beside-the-script')
@every_recipe
def test_it_runs_by_its_path_from_any_folder(tree, folder, name):
    child = process.run(tree, name, ['--help'], folder=folder,
                        command=[os.path.relpath(tree.script(name), folder)])
    assert (child.stderr, child.returncode) == (b'', 0)
    assert b'usage:' in child.stdout


@pytest.mark.script
@every_recipe
def test_it_runs_as_a_module_in_its_own_folder(tree, name):
    with process.Server(tree, name, folder=tree.path, command=['-m', name]) as server:
        server.signal(signal.SIGTERM)
        assert (server.wait(), server.stderr) == (0, b'')


@pytest.mark.script
@every_recipe
def test_help_names_the_ways_to_run_it(forked, name):
    ended = forked(name, ['--help'])
    assert (ended.stderr, ended.returncode) == (b'', 0)
    text = ended.stdout.decode('utf-8')
    assert text.startswith('usage: %s.py ' % name)
    assert '--serve' in text
    assert ('--path' if name in ON_A_PATH else '--port') in text


@pytest.mark.script
@pytest.mark.rule('colours')
@every_recipe
def test_help_is_plain_text_on_a_terminal_too(forked, name):
    # FORCE_COLOR has argparse do in a pipe what it does on a terminal.
    ended = forked(name, ['--help'], "import os; os.environ['FORCE_COLOR'] = '1'")
    assert b'\x1b' not in ended.stdout
    assert ended.returncode == 0


@pytest.mark.script
@every_recipe
@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM],
                         ids=['SIGINT', 'SIGTERM'])
def test_a_signal_ends_the_server_cleanly(running, name, number):
    server = running(name)
    server.signal(number)
    assert (server.wait(), server.stderr) == (0, b'')
    if name in ON_A_PATH:
        assert not os.path.exists(server.address)


@pytest.mark.script
@every_recipe_on_a_port
def test_it_listens_on_this_machine_only(running, name):
    assert running(name).address[0] == '127.0.0.1'


@pytest.mark.script
@every_recipe_on_a_port
def test_it_listens_where_it_is_told(running, name):
    host, port = running(name, '--host', '127.0.0.2', '--port', '0').address
    assert host == '127.0.0.2'
    assert port > 0


@pytest.mark.hostile
@every_recipe_on_a_port
@pytest.mark.rule('oserror')
def test_a_port_in_use_is_one_line_and_status_1(forked, name):
    kind = socket.SOCK_DGRAM if name in DATAGRAMS else socket.SOCK_STREAM
    sock = socket.socket(socket.AF_INET, kind)
    try:
        sock.bind(('127.0.0.1', 0))
        if kind == socket.SOCK_STREAM:
            sock.listen(1)
        port = str(sock.getsockname()[1])
        ended = forked(name, ['--serve', '--port', port])
    finally:
        sock.close()
    assert one_line_error(ended, name, 1) == 'Address already in use'


@pytest.mark.hostile
@pytest.mark.rule('argv-is-text')
@pytest.mark.parametrize('port', NO_PORTS, ids=['word', 'too-high', 'negative',
                                                'underscore', 'empty', 'arabic'])
@every_recipe_on_a_port
def test_what_is_no_port_is_one_line_and_status_2(forked, name, port):
    one_line_error(forked(name, ['--serve', b'--port=' + port]), name, 2)


@pytest.mark.hostile
@every_recipe
def test_an_unknown_option_is_one_line_and_status_2(forked, name):
    one_line_error(forked(name, ['--no-such-option']), name, 2)


@pytest.mark.hostile
@pytest.mark.parametrize('name, missing', [
    (FORKING, 'os.fork'), (MATRIX, 'os.fork'), (MATRIX, 'socket.AF_UNIX'),
    (UNIX_STREAM, 'socket.AF_UNIX'), (UNIX_DATAGRAM, 'socket.AF_UNIX'),
    (WEB, 'select.epoll')])
def test_what_the_platform_lacks_is_one_line_and_status_1(tree, name, missing):
    code = prepared.source(tree, name, 'import os, select, socket; del ' + missing)
    child = process.run(tree, name, command=['-c', code])
    one_line_error(child, name, 1)
