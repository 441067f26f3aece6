"""What holds for all tests of the tools."""
import os
import shutil
import signal
import sys

import pytest

BROWSERS = ('chromium', 'chromium-browser', 'google-chrome')
FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
         '--disable-background-networking', '--disable-component-update',
         '--disable-sync']


def pytest_configure(config):
    if sys.version_info < (3, 9):  # the newest of a machine may be an old one
        pytest.exit('study needs Python 3.9 or later', returncode=0)
    # A shell's background job ignores SIGINT, and so would all that it starts.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope='module')
def browser():
    """Chromium (on Debian: apt install chromium); PORT_CHROMIUM may name one."""
    playwright = pytest.importorskip('playwright.sync_api')
    program = os.environ.get('PORT_CHROMIUM') or next(
        filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        pytest.skip('no Chromium on this machine (apt install chromium)')
    with playwright.sync_playwright() as started:
        yield started.chromium.launch(executable_path=program, args=FLAGS)
