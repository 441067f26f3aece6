"""The table at the end of ./toxw: interpreter, tree, passed, failed, skipped.

Reads the counts that tests/conftest.py left in a folder, one file for each tox
environment. Only those of this run count (TOXW_RUN tells them apart). With CI=true, a
required interpreter without counts is a failure.
"""
import json
import os
import sys

from compat import interpreters

# In the order of the table.
ENVIRONMENTS = interpreters.REQUIRED + interpreters.WELCOME + ['interop']
ROW = '%-8s %-16s %-14s %7s %7s %8s'


def counts_of(folder, environment):
    """Return what an environment left in this run, a dict, or None."""
    try:
        with open(os.path.join(folder, environment + '.json')) as source:
            counts = json.load(source)
    except FileNotFoundError:
        return None
    return counts if counts['run'] == os.environ.get('TOXW_RUN', '') else None


def why_not(environment):
    """Say why an environment left no counts."""
    version = interpreters.numbers(environment)
    if environment == 'pypy3':
        return 'not run (no pypy3 on PATH?)'
    if version is None:
        return 'not run'
    try:
        interpreters.find(*version)
    except interpreters.InterpreterMissing:
        return 'interpreter missing'
    return 'not run'


def row(environment, counts):
    """Return a line of the table."""
    if counts is None:
        return '%-8s %s' % (environment, why_not(environment))
    return ROW % (environment, counts['python'], counts['tree'], counts['passed'],
                  counts['failed'] + counts['error'],
                  counts['skipped'] + counts['xfailed'])


def main(folder):
    results = {name: counts_of(folder, name) for name in ENVIRONMENTS}
    print(ROW % ('env', 'interpreter', 'tree', 'passed', 'failed', 'skipped'))
    for name, counts in results.items():
        print(row(name, counts))
    missing = [name for name in interpreters.REQUIRED if results[name] is None]
    ran = [counts for counts in results.values() if counts]
    print('%d passed, %d failed, %d skipped'
          % (sum(counts['passed'] for counts in ran),
             sum(counts['failed'] + counts['error'] for counts in ran),
             sum(counts['skipped'] + counts['xfailed'] for counts in ran)))
    if missing and os.environ.get('CI') == 'true':
        sys.exit('matrix: required on CI, and not run: %s' % ', '.join(missing))


if __name__ == '__main__':
    main(sys.argv[1])
