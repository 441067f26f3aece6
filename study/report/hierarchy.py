"""The inheritance of the server classes, from the live classes, drawn as SVG.

Every class stands under the last of its bases, as in server_hierarchy.py. A dashed line
leads from a class to each mix-in that it has in front of that base.
"""
import json
import os
import subprocess
from dataclasses import dataclass

from compat import interpreters
from compat import trees

SCRIPT = os.path.join(os.path.dirname(__file__), 'live_classes.py')
ROW, INDENT, LETTER, RAIL, EDGE = 25, 20, 7.9, 15, 12  # in pixels
DOT, LABEL = 6, 14  # from the left of a class to its dot and to its name
NEW = ' new'


@dataclass(frozen=True)
class Node:
    """A class in the figure: its name, its bases, and its place in pixels."""

    name: str
    bases: tuple
    x: int
    y: int
    new: bool

    @property
    def right(self):
        """Where its label ends."""
        length = len(self.name) + (len(NEW) if self.new else 0)
        return self.x + LABEL + round(length * LETTER) + 6


def live(major, minor):
    """Return {'version': text, 'classes': {name: bases}} of an interpreter.

    Raises compat.interpreters.InterpreterMissing.
    """
    with open(SCRIPT, encoding='utf-8') as source:
        command = [interpreters.find(major, minor), '-c', source.read()]
    return json.loads(subprocess.check_output(command, cwd=trees.ROOT))


def nodes(classes, known):
    """Return the Nodes of a figure from top to bottom. known holds the names of an
    older figure: a class that is not among them is new. Without known, none is new."""
    children = {}
    for name, bases in sorted(classes.items()):
        children.setdefault(bases[-1] if bases else None, []).append(name)
    found = []

    def place(name, depth):
        found.append(Node(name, tuple(classes.get(name, ())), EDGE + depth * INDENT,
                          EDGE + len(found) * ROW + ROW // 2,
                          bool(known) and name not in known))
        for child in children.get(name, []):
            place(child, depth + 1)

    outside = sorted(name for name in children if name and name not in classes)
    for name in children.get(None, []) + outside:
        place(name, 0)
    return found


def branches(found):
    """Return the lines from each class to those that stand under it, as path data."""
    paths = []
    for above in found:
        below = [node for node in found if node.bases[-1:] == (above.name,)]
        if below:
            x = above.x + DOT
            paths.append('M%d %d V%d ' % (x, above.y + 9, below[-1].y) + ' '.join(
                'M%d %d H%d' % (x, node.y, node.x) for node in below))
    return paths


def rails(found):
    """Return a figure's mix-ins: (name, path data), one rail to the right for each."""
    place = {node.name: node for node in found}
    names = list(dict.fromkeys(base for node in found for base in node.bases[:-1]))
    left = max(node.right for node in found) + 8
    lines = []
    for number, name in enumerate(sorted(names)):
        x = left + number * RAIL
        ends = [place[name]] + [node for node in found if name in node.bases[:-1]]
        top, bottom = min(end.y for end in ends), max(end.y for end in ends)
        path = 'M%d %d V%d ' % (x, top, bottom)
        path += ' '.join('M%d %d H%d' % (end.right, end.y, x) for end in ends)
        lines.append((name, path))
    return lines


class Figure:
    """What a page needs to draw one interpreter's classes."""

    def __init__(self, python, known):
        self.version = python['version']
        self.classes = python['classes']
        self.nodes = nodes(self.classes, known)
        self.branches = branches(self.nodes)
        self.rails = rails(self.nodes)
        self.width = (max(node.right for node in self.nodes) + 8
                      + len(self.rails) * RAIL + EDGE)
        self.height = 2 * EDGE + len(self.nodes) * ROW


def figures():
    """Return (Figures of 2.7 and of 3.13, sentences about those that are missing)."""
    found, missing = [], []
    for major, minor in ((2, 7), (3, 13)):
        try:
            found.append(live(major, minor))
        except interpreters.InterpreterMissing as error:
            missing.append('Python %d.%d is not here. %s' % (major, minor, error))
    return [Figure(python, found[0]['classes']) for python in found], missing
