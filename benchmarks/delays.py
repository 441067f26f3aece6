"""Run a command while its system calls are delayed at random: a test that fails by
chance, once in a thousand runs on a busy machine, often fails at once.

    python3 -m benchmarks.delays .tox/py313/bin/python -m pytest -n 3

Needs Linux and a C compiler (delays.c). Everything that the command starts is delayed as
well. The suite takes two to four times as long. One test cannot pass, since a thousand
clients take too long then: test_a_thousand_idle_connections_hinder_no_busy_one. The
exit status is the command's.
"""
import os
import sys

from benchmarks import running


def main(command):
    if not command:
        sys.exit(__doc__)
    try:
        library = running.compiled('delays', '-shared', '-fPIC')
    except running.BenchError as error:
        sys.exit('delays: error: %s' % error)
    try:
        os.execvpe(command[0], command, dict(os.environ, LD_PRELOAD=library))
    except OSError as error:
        sys.exit('delays: error: %s: %s' % (command[0], error.strerror))


if __name__ == '__main__':
    main(sys.argv[1:])
