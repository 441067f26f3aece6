"""What a test is about: a marker says it, or a parameter, or the name of its module."""
import os
import shutil
import subprocess
import sys
import types

import pytest

from compat import process
from compat import trees
from tests import about
from tests.names import CHAT, TCP, UDP, WEB

pytestmark = [pytest.mark.unit, pytest.mark.about()]


class Item(object):
    """What about.py asks of a pytest.Item. marker: the nearest about(); parameters:
    the values of those that it has."""

    nodeid = 'tests/test_x.py::test_y'

    def __init__(self, marker=None, parameters=None, module='tests.test_x'):
        self.marker = marker
        self.module = types.ModuleType(module)
        if parameters is not None:
            values = dict(enumerate(parameters))
            self.callspec = type('CallSpec', (object,), {'params': values})

    def get_closest_marker(self, name):
        return self.marker if name == 'about' else None


def marker(*args, **kwargs):
    return pytest.mark.about(*args, **kwargs).mark


@pytest.mark.parametrize('item, names', [
    (Item(marker(TCP, UDP)), [TCP, UDP]),
    (Item(marker()), []),
    (Item(marker(CHAT), [TCP], 'tests.test_udp_server'), [CHAT]),
    (Item(None, [1, UDP, 'x', WEB, None]), [UDP, WEB]),
    (Item(None, [TCP], 'tests.test_udp_server'), [TCP]),
    (Item(None, ['x'], 'tests.test_udp_server'), [UDP]),
    (Item(None, None, 'test_udp_server'), [UDP]),
], ids=['marker', 'none', 'marker-first', 'parameters', 'parameters-before-module',
        'module', 'module-without-a-package'])
def test_the_recipes_of_a_test(item, names):
    assert about.recipes_of(item) == frozenset(names)


@pytest.mark.parametrize('item, words', [
    (Item(), 'which recipe is it about? See tests/about.py.'),
    (Item(None, ['udp'], 'tests.test_hostile_udp_server'),
     'which recipe is it about? See tests/about.py.'),
    (Item(marker(TCP, 'udp', 'tcp')), 'its marker about() names no recipe: tcp, udp'),
    (Item(marker(name=TCP)),
     "its marker about() names no recipe: {'name': 'tcp_server'}"),
], ids=['nothing', 'nearly', 'unknown', 'by-keyword'])
def test_a_test_that_does_not_say_what_it_is_about_is_an_error(item, words):
    with pytest.raises(pytest.UsageError) as caught:
        about.recipes_of(item)
    assert str(caught.value) == Item.nodeid + ': ' + words


UNMARKED = '''
import pytest

@pytest.mark.about('udp_server')
class Test(object):
    @pytest.mark.about('tcp_server')
    def test_nearer(self, request):
        from tests import about
        assert about.recipes_of(request.node) == {'tcp_server'}

%sdef test_second():
    pass
'''


@pytest.mark.parametrize('line, status', [('@pytest.mark.about()\n', 0), ('', 2)],
                         ids=['marked', 'unmarked'])
def test_it_is_checked_as_tests_are_collected(folder, line, status):
    inner = os.path.join(folder, 'outside')
    os.mkdir(inner)
    path = os.path.join(inner, 'test_outside.py')
    with open(path, 'w') as target:
        target.write(UNMARKED % line)
    child = subprocess.Popen(
        [sys.executable, '-m', 'pytest', '-p', 'tests.conftest', '-p',
         'no:cacheprovider', '-c', os.path.join(trees.ROOT, 'pytest.ini'), path],
        # With bytecode: pytest would rewrite all the modules of the suite anew.
        env=dict(process.surroundings(), PYTHONPATH=trees.ROOT,
                 PYTHONDONTWRITEBYTECODE=''),
        cwd=trees.ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    output = child.communicate()[0].decode('utf-8')
    shutil.rmtree(inner)
    assert child.returncode == status, output
    assert ('::test_second: which recipe is it about?' in output) == (status != 0)
