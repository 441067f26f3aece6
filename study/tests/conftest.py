"""What holds for all tests of the tools."""
import signal
import sys

import pytest


def pytest_configure(config):
    if sys.version_info < (3, 9):  # the newest of a machine may be an old one
        pytest.exit('study needs Python 3.9 or later', returncode=0)
    # A shell's background job ignores SIGINT, and so would all that it starts.
    signal.signal(signal.SIGINT, signal.default_int_handler)
