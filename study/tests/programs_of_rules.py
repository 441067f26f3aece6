"""Short programs, run by each Python of the matrix that is here."""
import functools
import json
import subprocess

import pytest

from compat import interpreters
from compat import process

# Runs the sources of a JSON list, one after the other, and writes what each prints, or
# the error that ends it. It is Python 2 and 3.
RUN = r'''
import io, json, sys
def run(source):
    sys.stdout = written = io.StringIO() if sys.version_info[0] > 2 else Text()
    try:
        exec(compile(source, 'example', 'exec'), {'__name__': 'example'})
    except BaseException as error:
        return '%s: %s' % (type(error).__name__, error)
    return written.getvalue().rstrip('\n')
if sys.version_info[0] == 2:
    from StringIO import StringIO as Text
    sources = [source.encode('utf-8') for source in json.load(sys.stdin)]
else:
    sources = json.load(sys.stdin)
stdin, stdout = sys.stdin, sys.stdout
answers = []
for source in sources:
    answers.append(run(source))
    sys.stdin, sys.stdout = stdin, stdout
stdout.write(json.dumps(answers))
'''


def here(version):
    """Return the Python of a version, (3, 13); skip the test if it is not here."""
    try:
        return interpreters.find(*version)
    except interpreters.InterpreterMissing:
        pytest.skip('no Python %d.%d here' % version)


@functools.lru_cache(maxsize=None)
def said(version, sources):
    """Return what a Python says to each source of a tuple: {source: text}."""
    child = subprocess.run([here(version), '-W', 'ignore', '-c', RUN],
                           input=json.dumps(sources), text=True, capture_output=True,
                           timeout=process.DEADLINE, env=process.surroundings())
    assert child.returncode == 0, child.stderr
    return dict(zip(sources, json.loads(child.stdout)))
