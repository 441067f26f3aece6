"""The pictures of a run, as SVG: one a case, with its rate and its latency by clients.

    python3 -m benchmarks.plots      draws the pictures of the saved run again

Written by hand, because a picture is kept in git: text stays text, a style is said
once, and the same run gives the same file.
"""
import math
import os
import re
from dataclasses import dataclass
from xml.sax.saxutils import escape

from benchmarks import outcome

# What is drawn: the figure of a Row, its factor, and what the picture says above it.
FIGURES = [('rate', 1, 'requests a second'),
           ('p99', 1e3, 'latency, 99th percentile, ms')]
SIZE = 920, 320  # of a picture, in pixels, and the rest too
PANEL = 300, 210  # the size of each of its two panels,
LEFTS, TOP = (65, 435), 60  # and where they begin
LEGEND = 755, 18  # where the names of the servers begin, and the height of one
MOST_TICKS = 8
COLOURS = ['#000000', '#e69f00', '#0072b2', '#009e73', '#d55e00', '#cc79a7', '#56b4e9',
           '#8c6d31']
STYLE = """text { font: 12px sans-serif }
.title { font-size: 14px; font-weight: bold }
.middle { text-anchor: middle }
.end { text-anchor: end }
.grid { stroke: #ddd }
.frame { stroke: #666; fill: none }
polyline { fill: none; stroke-width: 1.5 }
.baseline { stroke-width: 3 }
.other { stroke-dasharray: 6 3 }
""" + '\n'.join('.c%d { stroke: %s; fill: %s }' % (number, colour, colour)
                for number, colour in enumerate(COLOURS))


def draw(rows, folder):
    """Draw a run's Rows into a folder, one picture a case; return their paths."""
    os.makedirs(folder, exist_ok=True)
    paths = []
    for case in dict.fromkeys(row.case for row in rows):
        # A server that answered nothing has no place on a logarithmic scale.
        own = [row for row in outcome.measured(rows)
               if row.case == case and row.median('rate')
               and not row.server.startswith('floor ')]
        if len({row.clients for row in own}) < 2:
            continue  # a point is no curve: the table says it
        name = re.sub(r'\W+', '-', case.split(' (')[0]) + '.svg'
        paths.append(os.path.join(folder, name))
        with open(paths[-1], 'w', encoding='utf-8') as target:
            target.write('\n'.join(picture(case, own)) + '\n')
    return paths


def picture(case, rows):
    """Yield the lines of the SVG of one case."""
    yield ('<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" '
           'viewBox="0 0 %d %d">' % (SIZE + SIZE))
    yield '<title>%s</title>' % escape(case)
    yield '<style>%s</style>' % STYLE
    yield '<rect width="100%" height="100%" fill="#fff"/>'
    yield text(LEFTS[0], 20, case, 'title')
    below = 'idle connections' if case.startswith('idle') else 'clients'
    for left, (what, factor, above) in zip(LEFTS, FIGURES):
        yield text(left, TOP - 10, above)
        yield text(left + PANEL[0] / 2, TOP + PANEL[1] + 40, below, 'middle')
        yield from panel(left, rows, [factor * row.median(what) for row in rows])
    for number, server in enumerate(servers(rows)):
        y = TOP + 10 + number * LEGEND[1]
        yield line_of(rows, server, [(LEGEND[0], y - 4), (LEGEND[0] + 24, y - 4)])
        yield text(LEGEND[0] + 30, y, server)
    yield '</svg>'


def servers(rows):
    return list(dict.fromkeys(row.server for row in rows))


def panel(left, rows, values):
    """Yield the lines of one panel, which shows a value for each row."""
    clients = sorted({row.clients for row in rows})
    across = Scale(clients[0], clients[-1], left + 12, left + PANEL[0] - 12)
    heights = ticks(min(values), max(values))
    up = Scale(heights[0], heights[-1], TOP + PANEL[1], TOP)
    right, bottom = left + PANEL[0], TOP + PANEL[1]
    for number in clients:
        x = across.place(number)
        yield line('grid', (x, TOP), (x, bottom))
        yield text(x, bottom + 18, '{:,}'.format(number), 'middle')
    for number in heights:
        y = up.place(number)
        yield line('grid', (left, y), (right, y))
        yield text(left - 6, y + 4, '{:,.10g}'.format(number), 'end')
    yield '<path class="frame" d="M%d %dV%dH%d"/>' % (left, TOP, bottom, right)
    for server in servers(rows):
        points = sorted((across.place(row.clients), up.place(value))
                        for row, value in zip(rows, values) if row.server == server)
        yield line_of(rows, server, points)


@dataclass
class Scale:
    """A logarithmic scale: low and high are values, start and end pixels."""

    low: float
    high: float
    start: float
    end: float

    def place(self, value):
        share = math.log(value / self.low) / math.log(self.high / self.low)
        return self.start + share * (self.end - self.start)


def ticks(low, high):
    """Return numbers for an axis on which low and high have their place: 1, 2, 5, 10
    and so on, or where those are too many 1, 10, 100."""
    for steps in ((1, 2, 5), (1,)):
        found = [step * 10.0 ** power
                 for power in range(math.floor(math.log10(low)),
                                    math.floor(math.log10(high)) + 2)
                 for step in steps]
        first = max(index for index, number in enumerate(found) if number <= low)
        last = min(index for index, number in enumerate(found) if number > high)
        if last - first < MOST_TICKS:
            break
    return found[first:last + 1]


def line_of(rows, server, points):
    """Return the line of a server, its points marked."""
    kind = 'other' if not server.startswith('py') else 'baseline' if any(
        row.baseline for row in rows if row.server == server) else ''
    colour = 'c%d' % (servers(rows).index(server) % len(COLOURS))
    path = ' '.join('%.1f,%.1f' % point for point in points)
    marks = ''.join('<circle cx="%.1f" cy="%.1f" r="3"/>' % point for point in points)
    return '<g class="%s"><polyline class="%s" points="%s"/>%s</g>' % (
        colour, kind, path, marks)


def line(kind, begin, end):
    return '<path class="%s" d="M%.1f %.1fL%.1f %.1f"/>' % ((kind,) + begin + end)


def text(x, y, words, kind=''):
    return '<text x="%.1f" y="%.1f" class="%s">%s</text>' % (x, y, kind, escape(words))


def main():
    folder = os.path.dirname(outcome.KEPT)
    print('\n'.join(draw(outcome.load(outcome.KEPT), folder)))


if __name__ == '__main__':
    main()
