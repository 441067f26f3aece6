"""A server of either tree under load: its output is read and thrown away."""
import argparse
import os

from compat import process
from compat import trees

KEPT = 4096  # bytes of each stream


class LoadedServer(process.Server):
    """A server child that keeps only the beginning of what it prints."""

    def _read(self, name):
        descriptor = getattr(self.popen, name).fileno()
        for data in iter(lambda: os.read(descriptor, 65536), b''):
            kept = self._output[name]
            self._output[name] = kept + data[:KEPT - len(kept)]


def parser(description):
    """Return an argument parser that knows --tree: a Tree, args.tree.

    The original needs a Python 2.7 (with diesel for that recipe): PORT_PYTHON2.
    """
    made = argparse.ArgumentParser(description=description)
    made.add_argument('--tree', type=tree, default='py3', metavar='DIR',
                      help='py3 (default), py2_original or the folder of a port')
    return made


def tree(text):
    try:
        path = os.path.join(trees.ROOT, text)
        return trees.Tree(path if os.path.isdir(path) else text)
    except trees.TreeError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
