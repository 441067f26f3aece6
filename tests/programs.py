"""Programs that are not ours, where this machine has them."""
import os
import subprocess

import pytest


def answer(said, *command):
    """Return what a program writes, errors included, when it reads these bytes.

    Skips the test if the program is not installed; fails it if the program does.
    """
    if not any(os.access(os.path.join(folder, command[0]), os.X_OK)
               for folder in os.environ['PATH'].split(os.pathsep)):
        pytest.skip('no %s on this machine' % command[0])
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT)
    output = child.communicate(said)[0]
    assert child.returncode == 0, output
    return output
