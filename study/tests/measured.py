"""How good a scan is: what it finds of what it should, and what it finds besides."""
import functools
import os
from dataclasses import dataclass

from compat import trees
from study.diff import changes
from study.names import NAMES
from study.rulebook import rules as rulebook
from study.scanning import scan
from study.scanning import source

FIELD = os.path.join(os.path.dirname(__file__), 'field')
SERVERS = ('frame_server', 'line_server', 'proxy_server', 'relay_server',
           'thread_server')


@dataclass
class Measure:
    """missed and false are lists of text, each a place; wanted and found are numbers."""

    wanted: int
    missed: list
    found: int
    false: list

    @property
    def recall(self):
        """What share of the wanted is found, in percent."""
        return 100 * (self.wanted - len(self.missed)) / self.wanted

    @property
    def noise(self):
        """What share of the found is wrong, in percent."""
        return 100 * len(self.false) / self.found


def whole(measures):
    """Return several Measures as one."""
    return Measure(sum(one.wanted for one in measures),
                   [place for one in measures for place in one.missed],
                   sum(one.found for one in measures),
                   [place for one in measures for place in one.false])


def findings(path):
    return scan.findings(source.read(path), rulebook.load())


def of_original(recipe, rules):
    """Return the Measure of an original.

    Wanted is each rule that claims something of a line that differs, on that line. What
    the port only adds has no line in the original, and is left out. A finding is false
    where none of its lines differs.
    """
    original, port = trees.named('py2_original'), trees.named('py3')
    differing, wanted = set(), set()
    for group in changes.groups_of(recipe, original, port):
        differing.update(line.number for line in group.removed)
        wanted.update((line.number, name)
                      for name, lines in rulebook.of_group(rules, group).items()
                      for line in lines if line.side == '-')
    found = findings(original.script(recipe))
    at = {(number, one.rule) for one in found for number in one.lines}
    return Measure(len(wanted), places(recipe, wanted - at), len(found),
                   places(recipe, [(one.line, one.rule) for one in found
                                   if not differing.intersection(one.lines)]))


@functools.lru_cache(maxsize=None)
def originals():
    rules = rulebook.load()
    return whole([of_original(recipe, rules) for recipe in NAMES])


def marks(name):
    """Return {(line, rule)} as marked by hand, and {line: its text}."""
    found, lines = set(), {}
    with open(os.path.join(FIELD, name + '.marks'), encoding='utf-8') as opened:
        for row in opened:
            number, names, text = row.rstrip('\n').split('\t')
            found.update((int(number), rule) for rule in names.split())
            lines[int(number)] = text
    return found, lines


def script(name):
    return os.path.join(FIELD, name + '.py')


def of_server(name):
    """Return the Measure of a server of field/: each line and rule counts."""
    wanted, _ = marks(name)
    found = {(number, one.rule) for one in findings(script(name)) for number in one.lines}
    return Measure(len(wanted), places(name, wanted - found), len(found),
                   places(name, found - wanted))


def places(name, pairs):
    return ['%s:%d %s' % (name, line, rule) for line, rule in sorted(pairs)]


@functools.lru_cache(maxsize=None)
def servers():
    return whole([of_server(name) for name in SERVERS])
