"""The interpreters of the matrix, and where the one for a tree is.

The matrix stands in tox.ini, section [interpreters]. An interpreter is looked for in
this order: the running Python; the environment variable PORT_PYTHON2 or PORT_PYTHON3;
PATH; pyenv's versions.
"""
import glob
import os
import re
import subprocess
import sys

from six.moves import configparser

TOX_INI = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
                       'tox.ini')


def environments(kind):
    """Return the names of tox environments, ['py27', ...], one for each interpreter.

    kind is 'required' (on CI a missing one is an error) or 'welcome'.
    """
    parser = configparser.RawConfigParser()
    parser.read(TOX_INI)
    return re.findall(r'\w+', parser.get('interpreters', kind))


def numbers(environment):
    """Return (3, 13) for 'py313', and None for an environment of PyPy."""
    digits = re.match(r'py(\d)(\d+)$', environment)
    return digits and (int(digits.group(1)), int(digits.group(2)))


REQUIRED, WELCOME = environments('required'), environments('welcome')
# The versions of CPython, (2, 7) first.
VERSIONS = sorted(filter(None, map(numbers, REQUIRED + WELCOME)))
OLDEST = {major: min(version for version in VERSIONS if version[0] == major)
          for major in (2, 3)}
HOW_TO_GET = {
    2: ("No Python 2.7 found: 'pyenv install 2.7.18', or a container image "
        "(python:2.7), or name one in PORT_PYTHON2."),
    3: ("No Python %d.%d or later found: 'uv python install %d.%d' or 'pyenv install "
        "%d.%d', or a container image (python:3), or name one in PORT_PYTHON3."
        % (OLDEST[3] + VERSIONS[-1] * 2)),
}


_versions = {sys.executable: sys.version_info[:2]}


class InterpreterMissing(Exception):
    """There is no interpreter of that version; str() says how to get one."""


def version(executable):
    """Return (major, minor) of the Python at a path, or None if there is no Python.
    Each is asked only once."""
    if executable not in _versions:
        _versions[executable] = _asked(executable)
    return _versions[executable]


def _asked(executable):
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    try:
        child = subprocess.Popen([executable, '-c', code],
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        output = child.communicate()[0].decode('ascii', 'replace').strip()
    except OSError:
        return None
    if not re.match(r'\d+\.\d+$', output):
        return None
    return tuple(int(part) for part in output.split('.'))


def find(major, minor=None):
    """Return the path of a Python for trees that need this major version.

    With minor, exactly that version. Raises InterpreterMissing.
    """
    for executable in _candidates(major, minor):
        found = version(executable)
        if found is None or found[0] != major or found < OLDEST[major]:
            continue
        if minor is None or found[1] == minor:
            return executable
    raise InterpreterMissing(HOW_TO_GET[major])


def _candidates(major, minor):
    if sys.version_info[0] == major:
        yield sys.executable
    named = os.environ.get('PORT_PYTHON%d' % major)
    if named:
        yield named
    wanted = 'python%d' % major if minor is None else 'python%d.%d' % (major, minor)
    names = [wanted, 'python2.7'] if major == 2 else [wanted]
    for folder in os.environ.get('PATH', os.defpath).split(os.pathsep):
        for name in names:
            if os.access(os.path.join(folder, name), os.X_OK):
                yield os.path.join(folder, name)
    for executable in _pyenv_newest_first(wanted):
        yield executable


def _pyenv_newest_first(name):
    root = os.environ.get('PYENV_ROOT', os.path.expanduser('~/.pyenv'))
    found = glob.glob(os.path.join(root, 'versions', '*', 'bin', name))
    return sorted(found, key=_numbers, reverse=True)


def _numbers(path):
    return [int(number) for number in re.findall(r'\d+', path)]
