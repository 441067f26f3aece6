"""The difference as a patch: `study diff RECIPE --unified | patch -p1`."""
import difflib

from rich.syntax import Syntax

from compat import trees
from study.diff import changes
from study.rulebook import rules

CONTEXT = 3  # lines


def patch(found, rule, recipe):
    """Return a recipe's difference as the lines of a unified diff, whose hunks name
    their rules. With a rule, only the groups in which it explains a line."""
    names = ['py2_original', 'py3']
    old, new = changes.sides(recipe, *map(trees.named, names))
    if rule:
        new = partly(found, old, new, rule)
    matcher = difflib.SequenceMatcher(None, *([line.text for line in lines]
                                              for lines in (old, new)), autojunk=False)
    lines = ['%s %s/%s.py' % pair for pair in (('---', names[0], recipe),
                                               ('+++', names[1], recipe))]
    for opcodes in matcher.get_grouped_opcodes(CONTEXT):
        lines += hunk(found, old, new, opcodes)
    return lines


def group_of(old, new, opcode):
    """Return what difflib's opcode says, as a changes.Group."""
    _, i1, i2, j1, j2 = opcode
    return changes.Group(tuple(old[i1:i2]), tuple(new[j1:j2]))


def partly(found, old, new, rule):
    """Return the original with the changes that a rule explains, and no other."""
    result = []
    for opcode in changes.opcodes(old, new):
        group = group_of(old, new, opcode)
        taken = opcode[0] != 'equal' and rule.id in rules.of_group(found, group)
        result += group.added if taken else group.removed
    return result


def hunk(found, old, new, opcodes):
    """Return a hunk of a unified diff; its head names the rules."""
    names, body = set(), []
    for opcode in opcodes:
        group = group_of(old, new, opcode)
        if opcode[0] == 'equal':
            body += [' ' + line.text for line in group.removed]
        else:
            names |= set(rules.of_group(found, group))
            body += ['-' + line.text for line in group.removed]
            body += ['+' + line.text for line in group.added]
    head = '@@ -%s +%s @@ %s' % (
        extent(opcodes[0][1], opcodes[-1][2]), extent(opcodes[0][3], opcodes[-1][4]),
        ' '.join(name for name in found if name in names))
    return [head] + body


def extent(begin, end):
    """Return lines begin to end, counted from 0, as "first,count" from 1."""
    return '%d,%d' % (begin + (end > begin), end - begin)


def show(console, found, rule, recipes):
    """Print the patch of some recipes, coloured on a terminal."""
    text = '\n'.join(line for recipe in recipes
                     for line in patch(found, rule, recipe))
    if console.is_terminal:
        console.print(Syntax('', 'diff', theme='ansi_dark').highlight(text),
                      soft_wrap=True, end='')
    elif text:
        console.file.write(text + '\n')
