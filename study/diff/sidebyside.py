"""Two scripts in two columns, coloured, and the rules of each change.

On a wide screen the rules stand in a third column, otherwise below the change.
"""
import itertools
import re
from dataclasses import dataclass

from pygments.token import Token
from rich.style import Style
from rich.syntax import ANSISyntaxTheme, Syntax
from rich.text import Text

from compat import trees
from study.diff import aligned
from study.diff import changes
from study.rulebook import rules

CONTEXT = 3  # unchanged lines around a change
NUMBER = 4  # columns of a line number
WIDE = 150  # from so many columns on, the rules have a column of their own
MARGIN = 42  # width of that column

# Few colours, and the terminal's own: they fit a light screen and a dark one.
THEME = ANSISyntaxTheme({
    Token.Comment: Style(color='bright_black'),
    Token.Keyword: Style(color='blue'), Token.Operator.Word: Style(color='blue'),
    Token.Literal.String: Style(color='yellow'),
    Token.Literal.Number: Style(color='cyan')})
SIDES = {'-': Style(color='red', bold=True, underline=True),
         '+': Style(color='green', bold=True, underline=True)}


@dataclass
class Row:
    """A line of each side, or None. group is the changed group that it belongs to, or
    None where both sides agree; partners says whether one line became the other."""

    old: changes.Line
    new: changes.Line
    group: changes.Group = None
    partners: bool = False


def sides(recipe):
    """Return the Lines of a recipe's original and of its port."""
    return changes.sides(recipe, trees.named('py2_original'), trees.named('py3'))


def groups(recipe):
    """Return the changed groups of a recipe."""
    return changes.groups(*sides(recipe))


def rows(old, new):
    """Return both sides as Rows, from the first line to the last."""
    found = []
    for tag, i1, i2, j1, j2 in changes.opcodes(old, new):
        removed, added = tuple(old[i1:i2]), tuple(new[j1:j2])
        if tag == 'equal':
            found += [Row(*pair) for pair in zip(removed, added)]
        else:
            group = changes.Group(removed, added)
            found += [Row(one, other, group, partners)
                      for one, other, partners in aligned.rows(group)]
    return found


def stretches(found, wanted):
    """Yield lists of the Rows to show: those of the wanted groups, with context."""
    near = {place + step for place, row in enumerate(found) if row.group in wanted
            for step in range(-CONTEXT, CONTEXT + 1)}
    visible = [place for place, row in enumerate(found) if row.group in wanted
               or place in near and row.group is None]
    for _, run in itertools.groupby(enumerate(visible), lambda pair: pair[1] - pair[0]):
        yield [found[place] for _, place in run]


def highlighted(lines, major):
    """Return Lines as a list of coloured texts."""
    lexer = 'python2' if major == 2 else 'python3'
    text = '\n'.join(line.text for line in lines)
    return Syntax('', lexer, theme=THEME).highlight(text).split('\n')


class Page:
    """One recipe on the screen. found is all rules; told holds those whose reason the
    reader has already been given."""

    def __init__(self, console, found, recipe):
        self.console, self.found, self.told = console, found, set()
        self.wide = console.width >= WIDE
        room = console.width - (MARGIN + 2 if self.wide else 0)
        self.width = max(20, (room - 3 - 2 * (NUMBER + 1)) // 2)
        self.recipe = recipe
        self.old, self.new = sides(recipe)
        self.reasons = {group: rules.of_group(found, group)
                        for group in changes.groups(self.old, self.new)}
        self.coloured = {'-': highlighted(self.old, 2), '+': highlighted(self.new, 3)}

    def show(self, rule):
        """Print all that differs, or what one rule explains."""
        found = rows(self.old, self.new)
        wanted = [row.group for row in found if row.group
                  and (rule is None or rule.id in self.reasons[row.group])]
        half = self.width + NUMBER + 1
        self.line(Text('%-*s   %s' % (half, ('py2_original/%s.py' % self.recipe)[:half],
                                      ('py3/%s.py' % self.recipe)[:half]), 'bold'))
        for stretch in stretches(found, wanted):
            self.line(Text(('-' * half) + '-+-' + '-' * half, 'bright_black'))
            for group, run in itertools.groupby(stretch, lambda row: row.group):
                self.show_run(list(run), group)
        self.line(Text())

    def show_run(self, run, group):
        """Print rows that belong to one group, and its rules."""
        lines = [line for row in run for line in self.cells(row)]
        notes = self.notes(group) if group else []
        if not self.wide:
            lines += notes
            notes = []
        for line, note in itertools.zip_longest(lines, notes):
            if line is None:
                line = Text(' ' * (2 * (self.width + NUMBER + 1) + 3))
            self.line(Text.assemble(line, '  ', note) if note else line)

    def line(self, text):
        text.rstrip()
        self.console.print(text, soft_wrap=True)

    def cells(self, row):
        """Yield a row as the lines that it takes: a long one goes on below."""
        mark = ' '
        if row.group:
            mark = '|' if row.old and row.new else '<' if row.old else '>'
        spans = ((), ())
        if row.partners:
            spans = aligned.spans(row.old.text, row.new.text)
        one, other = self.pieces(row.old, spans[0]), self.pieces(row.new, spans[1])
        blank = Text(' ' * (self.width + NUMBER + 1))
        for left, right in itertools.zip_longest(one, other, fillvalue=blank):
            yield Text.assemble(left, (' %s ' % mark, 'bold'), right)
            mark = ' '

    def pieces(self, line, spans):
        """Return a line, with its number, as the pieces that fit the column. Without
        colours, what changed within the line is underlined with ^ below it."""
        if line is None:
            return []
        text = self.coloured[line.side][line.number - 1].copy()
        for begin, end in spans:
            text.stylize(SIDES[line.side], begin, end)
        carets = ''.join('^' if any(begin <= place < end for begin, end in spans)
                         else ' ' for place in range(len(text)))
        found, number = [], '%*d' % (NUMBER, line.number)
        for begin in range(0, max(1, len(text)), self.width):
            piece = text[begin:begin + self.width] if len(text) else text
            found.append(self.cell(number, piece))
            below = carets[begin:begin + self.width]
            if below.strip() and not self.console.is_terminal:
                found.append(self.cell('', Text(below)))
            number = ''
        return found

    def cell(self, number, text):
        padding = ' ' * (self.width - len(text))
        return Text.assemble(('%*s ' % (NUMBER, number), 'bright_black'), text, padding)

    def notes(self, group):
        """Return the lines that say which rules explain a group, and why."""
        width = MARGIN if self.wide else self.console.width - 8
        found = []
        for name in self.reasons[group]:
            rule = self.found[name]
            text = '%s: %s.' % (rule.id, rule.title)
            if name not in self.told:
                text += ' ' + re.sub(r'\[(.*?)\]\(.*?\)', r'\1', rule.why)
                self.told.add(name)
            note = Text(text)
            note.stylize('bold magenta', 0, len(name))
            found += note.wrap(self.console, width)
        if self.wide:
            return found
        heads = tuple(name + ':' for name in self.found)
        return [Text.assemble('      * ' if line.plain.startswith(heads) else '        ',
                              line) for line in found]


def show(console, found, rule, recipe):
    """Print a recipe side by side: all that differs, or what one rule explains."""
    Page(console, found, recipe).show(rule)
