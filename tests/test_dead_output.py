"""What a recipe does when nobody can read what it prints."""
import pytest

from compat import process
from compat import trees

UNIX_DATAGRAM = 'unix_datagram_server'

# The program that a test runs: stdout is bad, then the recipe is started.
ONTO = '''
import os, resource, runpy, sys, tempfile, warnings
warnings.simplefilter('ignore')  # of the sockets that its end will close
%s
sys.argv[:], sys.path[0] = %r, %r
runpy.run_path(%r, run_name='__main__')
'''
FULL = "os.dup2(os.open('/dev/full', os.O_WRONLY), 1)"
NO_READER = 'r, w = os.pipe(); os.dup2(w, 1); os.close(r); os.close(w)'
FULL_AFTER = ('resource.setrlimit(resource.RLIMIT_FSIZE, (%d, %d)); '
              'out = tempfile.TemporaryFile(); os.dup2(out.fileno(), 1)')
# Python 3 tries once more at its end what it could not write; -u would hide that.
BUFFERED = {'PYTHONUNBUFFERED': ''}

# Their demonstrations leave a server's thread behind when they fail, of which 2.7 may
# say at its very end that it was broken off: the library's words, not the recipe's.
LEAVE_A_THREAD = ('tcp_server', 'unix_stream_server', 'threading_mixin_socket_server',
                  'simple_web_server_with_epoll')
ways_to_print = pytest.mark.parametrize('name, args', [
    pytest.param(name, args, id='%s-%s' % (name, args[0] if args else 'demonstration'))
    for name in trees.RECIPES for args in ([], ['--serve'])
    if args or name not in LEAVE_A_THREAD])


def run_onto(tree, name, stdout, args=()):
    """Run a recipe to its end with a stdout that is bad; return the Child."""
    code = ONTO % (stdout, [name + '.py'] + list(args), tree.path, tree.script(name))
    return process.run(tree, name, command=['-c', code], env=BUFFERED)


def assert_one_line(child, name, error):
    """Assert that a child ended with this error, in one line."""
    lines = child.stderr.decode('utf-8').splitlines()
    assert lines == ['%s.py: error: %s' % (name, error)]
    assert child.popen.returncode == 1


@pytest.mark.hostile
@pytest.mark.rule('oserror', 'stdin-and-stdout')
@ways_to_print
def test_output_to_a_full_disk_is_one_line_and_status_1(tree, name, args):
    child = run_onto(tree, name, FULL, args)
    assert_one_line(child, name, 'No space left on device')


@pytest.mark.hostile
@pytest.mark.rule('oserror', 'stdin-and-stdout')
@ways_to_print
def test_output_that_nobody_reads_is_one_line_and_status_1(tree, name, args):
    child = run_onto(tree, name, NO_READER, args)
    assert_one_line(child, name, 'Broken pipe')


@pytest.mark.hostile
@pytest.mark.parametrize('size', [100, 150])
def test_a_demonstration_that_fails_on_its_way_leaves_no_file(tree, size):
    child = run_onto(tree, UNIX_DATAGRAM, FULL_AFTER % (size, size))
    assert_one_line(child, UNIX_DATAGRAM, 'File too large')
