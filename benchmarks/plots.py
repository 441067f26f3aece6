"""The pictures of a run, as SVG: throughput by clients, latency by clients."""
import os
import re

import matplotlib

matplotlib.use('svg')
from matplotlib import pyplot  # noqa: E402


def draw(rows, folder):
    """Draw a run's Rows into a folder, two pictures a case; return their paths."""
    os.makedirs(folder, exist_ok=True)
    matplotlib.rcParams['svg.hashsalt'] = 'bench'  # the same run, the same file
    paths = []
    for case in dict.fromkeys(row.case for row in rows):
        own = [row for row in rows if row.case == case]
        if len({row.clients for row in own}) == 1:
            continue  # a point is no curve: the table says it
        for what, scale, unit in (('rate', 1, 'requests a second'),
                                  ('p99', 1e3, '99th percentile of latency, ms')):
            name = '%s-%s.svg' % (re.sub(r'\W+', '-', case.split(' (')[0]), what)
            paths.append(os.path.join(folder, name))
            _picture(case, own, what, scale, unit, paths[-1])
    return paths


def _picture(case, rows, what, scale, unit, path):
    figure, axes = pyplot.subplots(figsize=(7, 4))
    for server in dict.fromkeys(row.server for row in rows):
        points = sorted((row.clients, scale * row.median(what)) for row in rows
                        if row.server == server)
        first = next(row for row in rows if row.server == server)
        axes.plot(*zip(*points), marker='o', label=server,
                  linestyle='-' if server.startswith('py') else '--',
                  linewidth=3 if first.baseline else 1.5)
    axes.set_xscale('log')
    axes.set_yscale('log')
    axes.set_xlabel('idle connections' if case.startswith('idle') else 'clients')
    axes.set_ylabel(unit)
    axes.set_title(case)
    axes.grid(True, alpha=0.3)
    axes.legend(fontsize='small')
    figure.tight_layout()
    figure.savefig(path, metadata={'Date': None})
    pyplot.close(figure)
