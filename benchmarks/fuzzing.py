"""What the two fuzz targets share. They need atheris, which has wheels for Python 3.11:

    python3.11 -m venv /tmp/fuzz && /tmp/fuzz/bin/pip install atheris six
    /tmp/fuzz/bin/python -m benchmarks.fuzz_http
    /tmp/fuzz/bin/python -m benchmarks.fuzz_frames

Each turns the loop of py3's recipe by hand (tests/inside.py) and says the same bytes to
it in one piece and in several. An exception that reaches the loop, a loop that never
rests, and two different answers are failures: libFuzzer prints the traceback and keeps
the input as crash-* in the working folder, and the exit status is not 0. The last lines
are libFuzzer's statistics, among them number_of_executed_units.
"""
import argparse
import inspect
import os
import sys
import tempfile

import atheris

from compat import trees
from tests import inside

LONGEST = 20000  # bytes of an input


def instrumented(recipe):
    """Return the module of py3's recipe; its functions report to the fuzzer which of
    their branches are taken."""
    atheris.enabled_hooks.add('RegEx')
    module = trees.load(recipe, trees.named('py3'))
    for owner in [module] + [value for _, value in inspect.getmembers(module)
                             if inspect.isclass(value)]:
        for function in list(vars(owner).values()):
            if inspect.isfunction(function) and function.__module__ == module.__name__:
                atheris.instrument_func(function)
    return module


def fuzz(answer, seeds):
    """Fuzz for as long as the command line says; exit with 1 if anything was found.

    answer: a function that takes a list of bytes, the pieces that are said, and returns
    the reply, which must not depend on the cuts. seeds: bytes to begin with.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument('--seconds', type=int, default=600, help='(default: 600)')
    seconds = parser.parse_args().seconds

    def check(data):
        provider = atheris.FuzzedDataProvider(data)  # takes numbers from the end
        cuts = provider.ConsumeIntListInRange(provider.ConsumeIntInRange(0, 6),
                                              0, LONGEST)
        said = provider.ConsumeBytes(LONGEST)
        whole, cut = answer([said]), answer(inside.pieces(said, cuts))
        assert whole == cut, 'in one piece: %r, in several: %r' % (whole, cut)

    with tempfile.TemporaryDirectory(prefix='fuzz-') as corpus:
        for number, seed in enumerate(seeds):
            with open(os.path.join(corpus, str(number)), 'wb') as target:
                target.write(seed + b'\0\x10\0\x20\x02')  # two cuts
        child = os.fork()  # libFuzzer ends its process
        if not child:
            atheris.Setup([sys.argv[0], '-max_total_time=%d' % seconds, '-timeout=20',
                           '-max_len=%d' % LONGEST, '-print_final_stats=1', corpus],
                          check)
            atheris.Fuzz()
        status = os.waitpid(child, 0)[1]
    sys.exit(1 if status else 0)
