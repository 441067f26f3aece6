"""What every recipe does on the command line, whatever it teaches."""
import os
import signal

import pytest

from compat import process
from compat import trees

INTERNET = ['tcp_server', 'udp_server', 'forking_mixin_socket_server']
UNIX = []
DONE = ['forking_mixin_socket_server']


@pytest.fixture(params=DONE)
def name(request):
    return request.param


@pytest.mark.script
def test_it_demonstrates_itself_and_ends(tree, name):
    child = process.run(tree, name)
    assert (child.stderr, child.popen.returncode) == (b'', 0)
    assert child.lines
