"""The rules, read from MIGRATION.md, the one place where they stand.

A rule is a heading of the third level, "### `id`: title", and what follows it:

    ```diff          a snippet: the name of a recipe, then lines of both trees; or
                     an example: NO_SCRIPT, then lines of no tree (see Example)
    ```claims        which tokens that differ it explains (see claims.py)
    ```scan          what a scan of other people's source looks for (see Scan)
    - **Since:**     fields of one paragraph each: Since, 2to3, Trap, Tests, and
                     Wire, Screen and Error where there are any
"""
import itertools
import os
import re
from dataclasses import dataclass, field

from compat import trees
from study.rulebook import claims

PATH = os.path.join(trees.ROOT, 'MIGRATION.md')
HEADING = re.compile(r'### `([a-z0-9-]+)`: (.+)$')
FENCE = re.compile(r'```(\w*)$')
FIELD = re.compile(r'- \*\*(.+?):\*\* (.*)$')
FIELDS = ('Since', '2to3', 'Trap', 'Tests')
MORE_FIELDS = ('Wire', 'Screen', 'Error')  # where there are any
NO_SCRIPT = 'no script of ours'
SCAN = re.compile(r'(2|3|23) (.+)$')
INSTEAD = re.compile(r'! (?:(\d)\.(\d+): )?(.*)$')


class RulesError(Exception):
    """MIGRATION.md cannot be read as rules; str() says where and why."""


@dataclass(frozen=True)
class Snippet:
    """Before and after: lines of a recipe, each with '-', '+' or ' ' in front."""

    recipe: str
    lines: tuple


@dataclass(frozen=True)
class Example:
    """Before and after that stand in no tree, as short programs.

    printed: the lines that the old program prints under Python 2, and the new one
    under 3. instead: what the old one prints under Python 3 from a version on, or
    with which error it ends, as pairs of a version and text, the oldest first.
    """

    lines: tuple
    printed: tuple
    instead: tuple

    def program(self, side):
        """Return the source of the old program ('-') or of the new one ('+')."""
        return ''.join(line[1:] + '\n' for line in self.lines if line[0] in (side, ' '))

    def said_by_the_old(self, version):
        """Return what the old program says under a version of Python 3, (3, 13)."""
        said = '\n'.join(self.printed)
        for since, text in self.instead:
            said = text if version >= since else said
        return said


@dataclass(frozen=True)
class Scan:
    """What a scan looks for: a pattern in fissix's language, or None for the function
    that is named after the rule. majors: in the source of which Pythons, 2 or 3."""

    majors: tuple
    pattern: str


@dataclass
class Rule:
    """One rule. text is its prose, without the fields and the fenced blocks. no_scan
    says why no scan can look for it, '' if one does."""

    id: str
    title: str
    text: list = field(default_factory=list)
    snippets: list = field(default_factory=list)
    examples: list = field(default_factory=list)
    claims: list = field(default_factory=list)
    scans: list = field(default_factory=list)
    no_scan: str = ''
    fields: dict = field(default_factory=dict)

    @property
    def why(self):
        """The first sentence of its prose."""
        return re.split(r'(?<=\.) ', ' '.join(self.text).strip(), maxsplit=1)[0]

    @property
    def link(self):
        """Where it stands: the file and the anchor that GitHub gives its heading."""
        return 'MIGRATION.md#' + slug('%s: %s' % (self.id, self.title))

    @property
    def tests(self):
        """The names of tests that its field Tests gives, in order."""
        return re.findall(r'`(test_\w+)`', self.fields.get('Tests', ''))

    @property
    def errors(self):
        """What Python says where the rule is forgotten, as parts of its messages."""
        return self.pieces('Error')

    def pieces(self, name):
        """What stands between backticks in a field: Error; Wire, what a client sees
        where the rule is forgotten; Screen, what the server prints."""
        return re.findall(r'`([^`]+)`', self.fields.get(name, ''))


def slug(title):
    """Return the anchor of a heading, as GitHub makes it."""
    return re.sub(r'[^\w -]', '', title.lower()).replace(' ', '-')


def parse(text):
    """Return the rules in the text of MIGRATION.md, a dict by id, in order.

    Raises RulesError for a rule that stands twice, a claim that is none, a fence
    without end.
    """
    rules, rule, lines = {}, None, iter(text.splitlines())
    for line in lines:
        if line.startswith('#'):
            rule = start(line, rules)
        elif rule is not None:
            read_line(rule, line, lines)
    return rules


def start(line, rules):
    """Return the new rule that a heading begins, or None if it begins none."""
    heading = HEADING.match(line)
    if not heading:
        return None
    rule = Rule(*heading.groups())
    if rule.id in rules:
        raise RulesError('the rule %s stands twice' % rule.id)
    rules[rule.id] = rule
    return rule


def read_line(rule, line, lines):
    """Add a line to a rule, and those after it if it begins a fenced block."""
    fence, entry = FENCE.match(line), FIELD.match(line)
    if fence:
        read_block(rule, fence.group(1), block(rule, lines))
    elif entry:
        rule.fields[entry.group(1)] = entry.group(2)
    elif line.startswith('  ') and rule.fields:
        last = list(rule.fields)[-1]
        rule.fields[last] += ' ' + line.strip()
    elif not rule.fields:
        rule.text.append(line)


def block(rule, lines):
    """Return the lines up to the end of a fenced block."""
    found = []
    for line in lines:
        if line == '```':
            return found
        found.append(line)
    raise RulesError('in the rule %s a fence has no end' % rule.id)


def read_block(rule, kind, lines):
    if kind == 'diff' and lines[0] == NO_SCRIPT:
        rule.examples.append(example(rule, lines[1:]))
    elif kind == 'diff':
        rule.snippets.append(Snippet(lines[0].removesuffix('.py'), tuple(lines[1:])))
    elif kind == 'claims':
        rule.claims += read_claims(rule, lines)
    elif kind == 'scan' and lines and lines[0].startswith('none: '):
        rule.no_scan = ' '.join(lines)[len('none: '):]
    elif kind == 'scan':
        rule.scans += [scan(rule, line) for line in lines]


def scan(rule, line):
    """Return the Scan in a line: "2", "3" or "23", and "function" or a pattern."""
    match = SCAN.match(line)
    if not match:
        raise RulesError('in the rule %s: no line of a scan: %r' % (rule.id, line))
    majors, what = match.groups()
    return Scan(tuple(map(int, majors)), None if what == 'function' else what)


def example(rule, lines):
    """Return the Example in a block: programs, then "=" and what they print, "!" and
    what the old one says instead."""
    instead = [INSTEAD.match(line) for line in lines if line[:1] == '!']
    if any(line[:1] not in tuple(' -+=!') for line in lines) or not all(instead):
        raise RulesError('in the rule %s: no line of an example' % rule.id)
    return Example(tuple(line for line in lines if line[:1] in tuple(' -+')),
                   tuple(line[2:] for line in lines if line[:1] == '='),
                   tuple(((int(match[1] or 3), int(match[2] or 0)), match[3])
                         for match in instead))


def read_claims(rule, lines):
    """Return the Claims in a block: a blank line stands between two."""
    found = []
    for blank, run in itertools.groupby(lines, lambda line: not line):
        if not blank:
            found.append(read_claim(rule, list(run)))
    return found


def read_claim(rule, lines):
    sides = {'- ': [], '+ ': []}
    for line in lines:
        if line[:2] not in sides:
            raise RulesError('in the rule %s: neither - nor +: %r' % (rule.id, line))
        sides[line[:2]].append(line[2:])
    claim = claims.Claim(*map(tuple, sides.values()))
    if not claim.is_whole:
        raise RulesError('in the rule %s: a … has no partner, or both sides begin with '
                         'it: %r' % (rule.id, lines[0]))
    return claim


def load(path=PATH):
    """Return the rules of a MIGRATION.md, a dict by id. Raises RulesError."""
    try:
        with open(path, encoding='utf-8') as source:
            return parse(source.read())
    except OSError as error:
        raise RulesError('%s: %s' % (path, error.strerror))


def of_group(rules, group):
    """Return the rules that explain anything in a group: {Rule id: set of Lines}, in
    the order of the rules."""
    owners, found = {}, {name: set() for name in rules}
    for rule in rules.values():
        owners.update(dict.fromkeys(rule.claims, rule.id))
    for claim, lines, _ in explained(rules, group):
        if claim:
            found[owners[claim]].update(lines)
    return {name: lines for name, lines in found.items() if lines}


def left_over(rules, group):
    """Return what no rule explains in a group, as pairs of a Line and a token."""
    return [pair for claim, lines, words in explained(rules, group) if not claim
            for pair in zip(lines, words)]


def explained(rules, group):
    """Yield the claims that explain a group, each with the Lines and the tokens that it
    explains; the claim is None for those that are left over."""
    one, other = ([(line, word) for line in lines for word in line.tokens]
                  for lines in (group.removed, group.added))
    for step in claims.steps([word for _, word in one], [word for _, word in other],
                             [claim for rule in rules.values() for claim in rule.claims]):
        pairs = one[step.old.start:step.old.stop] + other[step.new.start:step.new.stop]
        yield step.claim, [line for line, _ in pairs], [word for _, word in pairs]
