"""Many starts of one recipe that each end at once, from one start of Python.

A start takes a tenth of a second, and almost all of it goes to what every start does:
Python begins, and imports. Here that is done once, and each case is a fork of it, which
then runs the script as Python would. What depends on the beginning itself (an option
of Python, a closed stdin, the locale) needs a start of its own: compat.process.
"""
import collections

from compat import process

# The program that is run: its arguments are the script, the seconds that each case has,
# and the cases. Each begins with a semicolon and the statement to be run before.
PROGRAM = '''
import os, runpy, signal, sys

def run(statement, arguments):
    signal.alarm(seconds)
    exec(statement, {})
    sys.argv[:] = [script] + arguments
    runpy.run_path(script, run_name='__main__')

script, seconds, cases = sys.argv[1], int(sys.argv[2]), []
for word in sys.argv[3:]:
    if word == ';':
        cases.append([])
    else:
        cases[-1].append(word)
sys.path[0] = os.path.dirname(script)
runpy.run_path(script)  # imports what all of them need
for case in cases:
    pid = os.fork()
    if not pid:
        run(case[0], case[1:])
        sys.exit()
    status = os.waitpid(pid, 0)[1]
    os.write(1, b'\\0')
    os.write(2, ('\\0%d\\0' % status).encode('ascii'))
'''

# How one case has ended: a negative status is the signal that ended it.
Ended = collections.namedtuple('Ended', 'returncode stdout stderr')


def run(tree, name, cases, env=None):
    """Run a recipe once for each case. cases: {any key: (a statement to be run before,
    a tuple of arguments)}. Return {the same key: Ended}. Raises
    compat.process.Timeout."""
    seconds = int(process.DEADLINE)
    words = [tree.script(name), str(seconds)]
    for statement, args in cases.values():
        words += [';', statement] + list(args)
    with process.Child(tree, name, words, command=['-c', PROGRAM], env=env) as child:
        child.wait(seconds * (len(cases) + 1))
    stdouts, stderrs = child.stdout.split(b'\0'), child.stderr.split(b'\0')
    if len(stderrs) != 2 * len(cases) + 1:
        raise AssertionError('not all cases were run: ' + child.said)
    statuses = [as_popen_says(int(status)) for status in stderrs[1::2]]
    return {key: Ended(*ended) for key, ended in
            zip(cases, zip(statuses, stdouts, stderrs[::2]))}


def as_popen_says(status):
    """Return an exit status of waitpid() as subprocess does (man 2 waitpid)."""
    signal_number = status & 0x7f
    return -signal_number if signal_number else status >> 8
