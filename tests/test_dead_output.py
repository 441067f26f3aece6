"""What a recipe does when nobody can read what it prints."""
import pytest

from compat import process
from compat import trees
from tests.names import DIESEL, MATRIX, PLAIN_STREAMS
from tests.oneline import one_line_error

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
FULL_AFTER = ('out = tempfile.TemporaryFile(); '
              'resource.setrlimit(resource.RLIMIT_FSIZE, (%d, %d)); '
              'os.dup2(out.fileno(), 1); out.close()')
CLOSED = 'import os, sys; os.close(1); os.execv(sys.executable, [sys.executable] + %r)'
# Python 3 tries once more at its end what it could not write; -u would hide that.
BUFFERED = {'PYTHONUNBUFFERED': ''}

ways_to_print = pytest.mark.parametrize('name, args', [
    pytest.param(name, args, id='%s-%s' % (name, args[0] if args else 'demonstration'))
    for name in trees.RECIPES for args in ([], ['--serve'], ['--help'])])


def run_onto(tree, name, stdout, args=()):
    """Run a recipe to its end with a stdout that is bad; return the Child."""
    code = ONTO % (stdout, [name + '.py'] + list(args), tree.path, tree.script(name))
    return process.run(tree, name, command=['-c', code], env=BUFFERED)


@pytest.mark.hostile
@pytest.mark.rule('oserror', 'stdin-and-stdout')
@ways_to_print
def test_output_to_a_full_disk_is_one_line_and_status_1(tree, name, args):
    child = run_onto(tree, name, FULL, args)
    assert one_line_error(child, name, 1) == 'No space left on device'


@pytest.mark.hostile
@pytest.mark.rule('oserror', 'stdin-and-stdout')
@ways_to_print
def test_output_that_nobody_reads_is_one_line_and_status_1(tree, name, args):
    child = run_onto(tree, name, NO_READER, args)
    assert one_line_error(child, name, 1) == 'Broken pipe'


@pytest.mark.hostile
@pytest.mark.rule('stdin-and-stdout')
@ways_to_print
def test_a_start_without_stdout_is_one_line_and_status_1(tree, name, args):
    code = CLOSED % ([tree.script(name)] + list(args))
    child = process.run(tree, name, command=['-c', code], env=BUFFERED)
    assert one_line_error(child, name, 1) == 'Bad file descriptor'


# How many bytes stdout takes: it fails in what a client says, and in what the server
# does. The matrix is not there: it prints only when all its clients have been served.
ON_THE_WAY = [(name, size) for name in trees.RECIPES if name != MATRIX
              for size in (60, 130, 170)]
ON_THE_WAY += [(name, size) for name in PLAIN_STREAMS for size in (290, 330)]


@pytest.mark.hostile
@pytest.mark.rule('oserror', 'stdin-and-stdout')
@pytest.mark.parametrize('name, size', ON_THE_WAY)
def test_a_demonstration_that_fails_on_its_way_is_one_line_and_leaves_no_file(
        tree, name, size):
    child = run_onto(tree, name, FULL_AFTER % (size, size))
    if b'Connection closed by remote host' in child.stderr:
        assert name == DIESEL  # its server failed, and its client says so
        assert (child.stderr.count(b'\n'), child.popen.returncode) == (1, 1)
    else:
        assert one_line_error(child, name, 1) == 'File too large'
