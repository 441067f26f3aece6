"""A recipe that has inherited so many descriptors that its own are too high for
select(): it works, or ends with one line of error, and never waits in vain."""
import resource
import signal

import pytest

from compat import process
from compat import trees
from tests import prepared
from tests.oneline import error_line

COUNT = 1100  # descriptors; select() takes those below 1,024 (man 2 select)
LIMIT = 4096

# What is run before a recipe.
CROWDED = '''
import os, resource
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (%d, hard))
for number in range(3, %d):
    os.dup2(0, number)
''' % (LIMIT, COUNT)

pytestmark = [pytest.mark.hostile, pytest.mark.rule('selectors')]
every_recipe = pytest.mark.parametrize('name', trees.RECIPES)


@pytest.fixture(autouse=True)
def allowed():
    """Skips a test where a process may not have so many."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard != resource.RLIM_INFINITY and hard < LIMIT:
        pytest.skip('needs %d descriptors, and the hard limit here is %d: '
                    'ulimit -Hn' % (LIMIT, hard))


def expect_the_end(child, name):
    """Assert that a child has ended well, or with one line of error."""
    if child.returncode == 0:
        assert child.stderr == b''
        assert child.lines
    else:
        assert error_line(child, name, 1) == 'Too many open files'


def address_in(line):
    """Return the address that a server's first line names."""
    where = str(line.partition('listening on ')[2])
    host, colon, port = where.rpartition(':')
    return (host, int(port)) if colon else where


@every_recipe
def test_a_demonstration_works_or_is_one_line(forked, name):
    expect_the_end(forked(name, before=CROWDED), name)


@every_recipe
def test_a_server_serves_or_is_one_line(tree, ask, name):
    code = prepared.source(tree, name, CROWDED)
    with process.Child(tree, name, ['--serve'], command=['-c', code]) as child:
        process.wait_until(lambda: child.lines or child.popen.poll() is not None,
                           'it listens, or ends')
        if child.lines:
            ask(name, address_in(child.lines[0]))
            child.signal(signal.SIGTERM)
        child.wait()
    expect_the_end(child, name)
