"""The tables of README.md, made from the run that is kept.

    python3 -m benchmarks.pages      writes them into README.md again
"""
import os
import re

from benchmarks import outcome
from compat import trees

README = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'README.md')
BLOCK = r'(<!-- %s -->\n).*?(<!-- end -->)'


def ratios(rows):
    """Return the lines of a table: for each recipe the rate of the original, the ratios
    to it, and the processor time that a request takes on the oldest and on the newest
    Python."""
    others = ['py3 ' + name for name in versions(rows)[1:]]
    found = {(row.case, row.server, row.clients): row for row in outcome.measured(rows)}
    lines = []
    for base in originals(rows):
        ports = [found.get((base.case, name, base.clients)) for name in others]
        cpu = ['%.1f \u00b5s' % (1e6 * row.median('cpu')) for row in (base, ports[-1])]
        lines.append(['`%s`' % base.case, '{:,}'.format(base.clients),
                      '{:,.0f}'.format(base.median('rate')),
                      *[ratio(port, base) for port in ports], *cpu])
    head = ['server', 'clients', '2.7, requests/s', *versions(rows)[1:],
            'CPU a request, 2.7', versions(rows)[-1]]
    return markdown(head, lines)


def floors(rows):
    """Return the lines of a table: for each recipe and Python the rate of its floor,
    and the share of it that the recipe has; and the worst share of the port as a ratio
    to that of the original."""
    pairs = outcome.of_floor(rows)
    lines = []
    for base in originals(rows):
        cells, shares = [], []
        for name in versions(rows):
            tree = 'py2_original' if name == '2.7' else 'py3'
            pair = pairs.get((base.case, '%s %s' % (tree, name), base.clients))
            cells.append('%s of %s' % (ratio(*pair), '{:,.0f}'.format(
                pair[1].median('rate'))) if pair else '\u2013')
            shares.append(pair and pair[0].median('rate') / pair[1].median('rate'))
        if shares[0]:
            cells.append('%.2f' % (min(filter(None, shares[1:])) / shares[0]))
            lines.append(['`%s`' % base.case, '{:,}'.format(base.clients)] + cells)
    head = ['server', 'clients', *versions(rows), "the port's worst to 2.7"]
    return markdown(head, lines)


def versions(rows):
    """Return the names of the interpreters that a recipe ran on, '2.7' first."""
    return list(dict.fromkeys(row.server.split()[1] for row in rows
                              if re.match(r'(py2_original|py3) [\w.]+$', row.server)))


def originals(rows):
    return [row for row in outcome.measured(rows)
            if row.server == 'py2_original 2.7' and row.case in trees.RECIPES]


def ratio(row, base):
    """Return the ratio of two rates as text: in brackets where one of them is noise."""
    if row is None:
        return '\u2013'
    text = '%.2f' % (row.median('rate') / base.median('rate'))
    return text if row.usable and base.usable else '(%s)' % text


def markdown(head, lines):
    """Return the lines of a table, whose first column is text."""
    rule = ['---'] + ['---:'] * (len(head) - 1)
    return ['| %s |' % ' | '.join(cells) for cells in [head, rule] + lines]


TABLES = {'ratios': ratios, 'floors': floors}


def with_tables(page, rows):
    """Return the text of README.md with the tables of a run in their places."""
    for name, table in TABLES.items():
        lines = '\n'.join(table(rows)) + '\n'
        page = re.sub(BLOCK % name, lambda match, lines=lines: match.group(1) + lines
                      + match.group(2), page, flags=re.DOTALL)
    return page


def write(rows):
    """Write the tables of a run into README.md."""
    with open(README, encoding='utf-8') as source:
        page = with_tables(source.read(), rows)
    with open(README, 'w', encoding='utf-8') as target:
        target.write(page)


if __name__ == '__main__':
    write(outcome.load(outcome.KEPT))
