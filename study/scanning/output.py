"""A scan's findings as text, as JSON, and as annotations of GitHub."""
import collections
import itertools
import json
import os

from rich.table import Table
from rich.text import Text

from study.scanning.findings import PARTS, part_of

COLOURS = {'silent': 'red', 'half done': 'yellow', 'done': 'green'}
HEADS = {'silent': 'What 2to3 leaves as it is, and says nothing of',
         'half done': 'What 2to3 does by half',
         'done': 'What 2to3 does'}
LEVELS = {'silent': 'warning', 'half done': 'warning', 'done': 'notice'}


def ordered(findings):
    """Return Findings with those first that hurt most."""
    return sorted(findings, key=lambda one: one.order)


def counted(findings, rules):
    """Return [(rule id, how many Findings, who does it)], in the order of what hurts."""
    count = collections.Counter(one.rule for one in findings)
    order = sorted(count, key=lambda name: (PARTS.index(part_of(rules[name])),
                                            -count[name], name))
    return [(name, count[name], doer(rules[name], [
        one.part for one in findings if one.rule == name])) for name in order]


def doer(rule, parts):
    """Say who does what a rule asks for, given the parts of its findings."""
    done = parts.count('done')
    if done == len(parts):
        return '2to3'
    if part_of(rule) == 'half done' or done:
        return 'you, after 2to3' if not done else '2to3 %d, you %d' % (
            done, len(parts) - done)
    return 'you'


def show(console, findings, rules, files):
    """Print findings for people, and at the end a table of the rules."""
    for part, group in itertools.groupby(ordered(findings), lambda one: one.part):
        console.print(Text(HEADS[part], 'bold ' + COLOURS[part]))
        for one in group:
            console.print(Text.assemble(
                ('%s:%d:%d' % (one.path, one.line, one.column), 'bold'), ' ',
                (one.rule, 'magenta'), ' ', one.sentence), soft_wrap=True)
        console.print()
    if findings:
        console.print(table(findings, rules))
        console.print()
    console.print('%s in %s. MIGRATION.md has the rules.' % (
        plural(len(findings), 'finding'), plural(files, 'file')), soft_wrap=True)


def table(findings, rules):
    rows = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    rows.add_column('rule', style='magenta', no_wrap=True)
    rows.add_column('how many', justify='right')
    rows.add_column('who does it', no_wrap=True)
    rows.add_column('what it is', overflow='fold')
    for name, count, who in counted(findings, rules):
        rows.add_row(name, str(count), who, Text(rules[name].title))
    return rows


def plural(number, word):
    return '%d %s%s' % (number, word, '' if number == 1 else 's')


def as_json(findings, rules, errors):
    """Return findings as the text of one JSON object."""
    return json.dumps({
        'version': 1,
        'findings': [{'rule': one.rule, 'file': one.path, 'line': one.line,
                      'column': one.column, 'end_line': one.end, '2to3': one.part,
                      'sentence': one.sentence, 'link': rules[one.rule].link}
                     for one in ordered(findings)],
        'rules': [{'rule': name, 'count': count, 'who': who}
                  for name, count, who in counted(findings, rules)],
        'errors': errors}, indent=1)


def escaped(text):
    """Return a message as a workflow command of GitHub takes it (its documentation,
    "Workflow commands")."""
    return text.replace('%', '%25').replace('\r', '%0D').replace('\n', '%0A')


def as_property(text):
    """Return the value of a property of a workflow command."""
    return escaped(text).replace(':', '%3A').replace(',', '%2C')


def as_github(findings, errors):
    """Return findings as annotations, a line each."""
    lines = ['::%s file=%s,line=%d,endLine=%d,col=%d,title=%s::%s' % (
        LEVELS[one.part], as_property(one.path.replace(os.sep, '/')), one.line, one.end,
        one.column, as_property(one.rule), escaped(one.sentence))
        for one in ordered(findings)]
    return lines + ['::error::%s' % escaped(error) for error in errors]
