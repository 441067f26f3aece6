"""Medians, spreads and ratios; a run as JSON, and two runs compared."""
import datetime
import json
import os
import platform
import statistics
from dataclasses import dataclass

# The run that the tables of README.md and the report show.
KEPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'results', 'run.json')
COLUMNS = '%-26s %7s %11s %6s %7s %8s %9s %9s %9s %9s %5s'
HEAD = ('server', 'clients', 'requests/s', '+-', 'ratio', 'of floor', 'p50 ms',
        'p99 ms', 'cpu us', 'memory MB', 'load')
# What is saved of a round, and with how many decimals (seconds, bytes).
SAVED = {'rate': 1, 'p50': 6, 'p99': 6, 'cpu': 9, 'memory': None, 'errors': None,
         'silent': None, 'busy': 2}
NOISE = 0.2  # the spread from which on a row is not to be used


@dataclass
class Row:
    """One server at one size: its rounds, each a dict as Clients.round() returns. A row
    without rounds has a note that says why. floor is the server that is its floor."""

    case: str
    server: str
    clients: int
    baseline: bool
    rounds: list
    floor: str = ''
    note: str = ''

    def median(self, what):
        return statistics.median(one[what] for one in self.rounds)

    @property
    def spread(self):
        """Half the distance between the quartiles of the rate, as its share."""
        rates = sorted(one['rate'] for one in self.rounds)
        if len(rates) < 4 or not self.median('rate'):
            return 0.0
        low, _, high = statistics.quantiles(rates, n=4)
        return (high - low) / 2 / self.median('rate')

    def total(self, what):
        return sum(one[what] for one in self.rounds)

    @property
    def remarks(self):
        """What a reader must know before using the row, as text; mostly ''."""
        if not self.rounds:
            return self.note
        said = []
        if self.spread > NOISE:
            said.append('not to be used: spread')
        if self.total('errors'):
            said.append('%d errors' % self.total('errors'))
        if self.total('silent'):
            said.append('cannot hold the connections: %d had no answer in a round'
                        % max(one['silent'] for one in self.rounds))
        return ', '.join(said)

    @property
    def usable(self):
        """Whether its figures say anything."""
        return bool(self.rounds) and not self.remarks


def measured(rows):
    """Return the rows that have figures."""
    return [row for row in rows if row.rounds]


def of_floor(rows):
    """Return a dict: (case, server, clients) -> (Row, the Row of its floor)."""
    found = {(row.case, row.server, row.clients): row for row in measured(rows)}
    return {key: (row, found[row.case, row.floor, row.clients])
            for key, row in found.items()
            if (row.case, row.floor, row.clients) in found}


def table(rows):
    """Return the lines of the table of one case."""
    bases = {row.clients: row.median('rate') for row in measured(rows) if row.baseline}
    floors = of_floor(rows)
    lines = [COLUMNS % HEAD]
    for row in sorted(rows, key=lambda row: row.clients):
        if not row.rounds:
            lines.append('%-26s %7d  %s' % (row.server, row.clients, row.note))
            continue
        base, floor = bases.get(row.clients), floors.get((row.case, row.server,
                                                          row.clients))
        rate = row.median('rate')
        cells = COLUMNS % (
            row.server, row.clients, '%.0f' % rate, '%.0f%%' % (100 * row.spread),
            '%.2f' % (rate / base) if base else '-',
            '%.2f' % (rate / floor[1].median('rate')) if floor else '-',
            '%.3f' % (1e3 * row.median('p50')), '%.3f' % (1e3 * row.median('p99')),
            '%.1f' % (1e6 * row.median('cpu')),
            '%.1f' % (row.median('memory') / 2 ** 20),
            '%.0f%%' % (100 * row.median('busy')))
        lines.append((cells + '  ' + row.remarks).rstrip())
    return lines


def idle_costs(rows):
    """Return lines on what one more idle connection costs each server in memory,
    for the rows of a case whose sizes are idle connections."""
    lines = []
    for name in dict.fromkeys(row.server for row in measured(rows)):
        own = sorted((row.clients, row.median('memory')) for row in measured(rows)
                     if row.server == name)
        (few, before), (many, after) = own[0], own[-1]
        lines.append('%s: %.0f bytes an idle connection (from %d to %d)'
                     % (name, (after - before) / (many - few), few, many))
    return lines


def facts():
    """Return what a reader must know of the machine, a dict."""
    model = ''
    with open('/proc/cpuinfo') as source:
        for line in source:
            if line.startswith('model name'):
                model = line.partition(':')[2].strip()
                break
    return {'when': datetime.datetime.now().isoformat(timespec='seconds'),
            'processor': model or platform.machine(), 'cores': os.cpu_count(),
            'system': platform.platform(), 'python': platform.python_version()}


def save(path, rows, about=None):
    """Write a run as JSON, with a line for each row. about: facts() of the run, by
    default those of this machine, now."""
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    lines = ',\n'.join(json.dumps(_columns(row), separators=(',', ':')) for row in rows)
    with open(path, 'w', encoding='utf-8') as target:
        target.write('{"facts": %s,\n"rows": [\n%s\n]}\n'
                     % (json.dumps(about or facts()), lines))


def _columns(row):
    """Return a Row as a dict in which each figure is a list, a number a round."""
    figures = {what: [round(one[what], decimals) for one in row.rounds]
               for what, decimals in SAVED.items()}
    said = {name: value for name, value in (('floor', row.floor), ('note', row.note))
            if value}
    return dict({'case': row.case, 'server': row.server, 'clients': row.clients,
                 'baseline': row.baseline}, **said, **figures)


def load(path):
    """Return the rows of a run that was saved."""
    with open(path, encoding='utf-8') as source:
        saved = json.load(source)['rows']
    return [_row(columns) for columns in saved]


def _row(columns):
    """Return the Row whose columns these are."""
    rounds = len(columns['rate'])
    # An older run may have fewer of them.
    figures = [columns.pop(what, [0] * rounds) for what in SAVED]
    return Row(rounds=[dict(zip(SAVED, one)) for one in zip(*figures)], **columns)


def changes(old, new):
    """Return lines on what changed by more than the noise: the ranges of the
    rounds of both runs do not touch."""
    before = {(row.case, row.server, row.clients): row for row in measured(old)}
    lines = []
    for row in measured(new):
        was = before.get((row.case, row.server, row.clients))
        if was is None:
            continue
        then, now = ([one['rate'] for one in each.rounds] for each in (was, row))
        if max(then) < min(now) or max(now) < min(then):
            before_rate, rate = was.median('rate'), row.median('rate')
            lines.append('%s, %s, %d clients: %.0f -> %.0f requests/s (%+.0f%%)'
                         % (row.case, row.server, row.clients, before_rate, rate,
                            100 * (rate / before_rate - 1)))
    return lines or ['nothing changed by more than the noise']
