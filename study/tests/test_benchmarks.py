"""What the benchmarks make of their figures; they are not measured here."""
import io
import os
import re
import shutil
import socket
import subprocess
import sys

import pytest

import benchmarks.__main__ as command_line
from benchmarks import calls, cases, outcome, pages, plots, progress, running
from compat import trees

RESULTS = os.path.dirname(outcome.KEPT)


def row(server, rates, baseline=False):
    """Return a Row whose rounds have these rates."""
    return outcome.Row('case', server, 1, baseline, [
        {'rate': rate, 'p50': 0.001, 'p99': 0.002, 'cpu': 1e-5, 'memory': 2 ** 20,
         'errors': 0, 'silent': 0, 'busy': 0.5} for rate in rates])


def test_ratios_are_of_medians_to_the_baseline():
    lines = outcome.table([row('old', [90, 100, 110], True),
                           row('new', [10, 150, 151])])
    assert [line.split()[4] for line in lines[1:]] == ['1.00', '1.50']


def test_the_spread_is_half_the_distance_of_the_quartiles():
    assert row('old', [80, 90, 100, 110, 120]).spread == pytest.approx(0.15)


def test_errors_of_any_round_are_told():
    noisy = row('old', [1, 2])
    noisy.rounds[1]['errors'] = 3
    assert outcome.table([noisy])[1].endswith('3 errors')


@pytest.mark.parametrize('now, said', [
    ([109, 130], 'nothing changed by more than the noise'),
    ([120, 130], 'case, old, 1 clients: 105 -> 125 requests/s (+19%)'),
    ([80, 90], 'case, old, 1 clients: 105 -> 85 requests/s (-19%)'),
])
def test_a_change_is_told_when_no_round_of_one_run_is_like_one_of_the_other(now, said):
    assert outcome.changes([row('old', [100, 110])], [row('old', now)]) == [said]


def test_a_run_is_read_as_it_was_saved(tmp_path):
    rows = [row('old', [1, 2, 3], True)]
    outcome.save(str(tmp_path / 'run.json'), rows)
    assert outcome.load(str(tmp_path / 'run.json')) == rows


def test_what_is_made_of_a_run_is_made_of_what_was_saved(tmp_path):
    path = str(tmp_path / 'run.json')
    rows = command_line.saved(path, [row('old', [99.449], True), row('new', [100.551])])
    assert rows == outcome.load(path)
    assert [one.rounds[0]['rate'] for one in rows] == [99.4, 100.6]


def test_an_unknown_group_is_refused():
    with pytest.raises(running.BenchError, match='no such group: nosuch'):
        cases.cases(['web', 'nosuch'])


def test_the_page_has_the_tables_of_the_run_that_is_kept():
    with open(pages.README, encoding='utf-8') as source:
        page = source.read()
    assert len(pages.ratios(outcome.load(outcome.KEPT))) > 20
    assert pages.with_tables(page, outcome.load(outcome.KEPT)) == page


def recipe_rows(server, floor, rate, floor_rate):
    """Return the Row of the web server and that of its floor."""
    rows = [row(server, [rate] * 5, server == 'py2_original 2.7'),
            row(floor, [floor_rate] * 5)]
    for one in rows:
        one.case = 'simple_web_server_with_epoll'
    rows[0].floor = floor
    return rows


def test_a_table_says_what_share_of_its_floor_each_server_has():
    rows = (recipe_rows('py2_original 2.7', 'floor 2.7', 500, 1000)
            + recipe_rows('py3 3.6', 'floor 3.6', 600, 1000)
            + recipe_rows('py3 3.13', 'floor 3.13', 900, 2000))
    assert [line.split()[6] for line in outcome.table(rows)[1:]] == [
        '0.50', '-', '0.60', '-', '0.45', '-']
    assert pages.floors(rows)[2] == (
        '| `simple_web_server_with_epoll` | 1 | 0.50 of 1,000 | 0.60 of 1,000 '
        '| 0.45 of 2,000 | 0.90 |')


def test_a_row_that_spreads_is_not_to_be_used():
    noisy = row('py3 3.13', [10, 90, 100, 110, 190])
    assert outcome.table([noisy])[1].endswith('not to be used: spread')
    assert pages.ratio(noisy, row('py2_original 2.7', [50] * 5)) == '(2.00)'


def test_a_server_that_cannot_hold_the_connections_says_so():
    silent = row('peer', [1])
    silent.rounds[0]['silent'] = 7
    left_out = outcome.Row('case', 'peer', 10, False, [], note='holds 3 of 10')
    lines = outcome.table([silent, left_out])[1:]
    assert lines[0].endswith('cannot hold the connections: 7 had no answer in a round')
    assert lines[1].endswith('holds 3 of 10')


def test_every_recipe_that_is_measured_has_its_floor_beside_it():
    for case in cases.cases(['echo', 'web', 'chat', 'diesel']):
        names = [server.name for server in case.servers]
        if case.name in cases.FLOORS:
            assert [server.name for server in case.servers
                    if server.name.startswith('py') and server.floor not in names] == []
        for server in case.servers:
            server.forget()


@pytest.mark.parametrize('kind', ['stream', 'datagram', 'forking', 'threading', 'epoll',
                                  'echo', 'printing'])
def test_a_floor_answers_on_this_python(kind):
    floor = cases.floor(kind, 'here', sys.executable)
    floor.start()
    try:
        host, _, port = floor.address.rpartition(':')
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM if kind == 'datagram'
                           else socket.SOCK_STREAM) as sock:
            sock.settimeout(10)
            sock.connect((host, int(port)))
            sock.sendall(b'hello\r\n')
            assert sock.recv(1000).endswith(b'\n')
    finally:
        floor.stop()


class Screen(io.StringIO):
    """A stream that is a terminal or not."""

    def __init__(self, terminal):
        io.StringIO.__init__(self)
        self.isatty = lambda: terminal


def test_a_run_says_in_plain_lines_how_long_it_still_takes():
    screen, times = Screen(False), iter([0, 50, 100])
    far = progress.Progress(400, screen, lambda: next(times))
    for about in ('web, 1 clients', 'web, 1 clients', 'web, 10 clients'):
        far.step(about, 'py3 3.13, round 1 of 5', 100)
    assert screen.getvalue().splitlines() == ['web, 1 clients: 0% done, 7 min left',
                                              'web, 10 clients: 50% done, 2 min left']


def test_on_a_terminal_one_line_is_replaced():
    screen = Screen(True)
    far = progress.Progress(100, screen, lambda: 0)
    far.step('web, 1 clients', 'py3 3.13, round 1 of 5', 50)
    far.clear()
    assert screen.getvalue().count('\r') == 2
    assert '\n' not in screen.getvalue()


def test_some_interpreters_are_chosen_by_name():
    chosen = cases.cases(['chat'], ['3.13'])[0].servers
    assert {server.version for server in chosen} <= {'', '3.13'}


def test_the_run_that_is_kept_has_every_recipe_on_every_interpreter_of_today():
    servers = ['%s %d.%d' % (('py2_original' if version < (3,) else 'py3',) + version)
               for version in cases.VERSIONS]
    measured = {(one.case, one.server) for one in outcome.load(outcome.KEPT)}
    assert {(name, server) for name in calls.cases_by_recipe() for server in servers
            } - measured == set()


def test_a_run_is_kept_only_where_it_is_asked_for(monkeypatch):
    monkeypatch.setattr('sys.argv', ['bench', 'idle'])
    assert os.path.relpath(command_line.arguments().output, RESULTS).startswith('..')


@pytest.mark.parametrize('option', [['--keep'], ['--output', outcome.KEPT]])
def test_a_run_of_some_groups_is_never_kept(monkeypatch, capsys, option):
    monkeypatch.setattr('sys.argv', ['bench', 'idle'] + option)
    with pytest.raises(SystemExit):
        command_line.arguments()
    assert 'a run of some groups cannot be kept' in capsys.readouterr().err


def test_a_run_without_an_interpreter_is_not_kept(monkeypatch, capsys):
    monkeypatch.setattr('sys.argv', ['bench', '--keep'])
    monkeypatch.setattr(cases, 'python', lambda version: None)
    with pytest.raises(SystemExit):
        command_line.arguments()
    assert 'a run without Python 2.7 cannot be kept' in capsys.readouterr().err


def test_the_plots_are_those_of_the_run_that_is_kept(tmp_path):
    drawn = [os.path.basename(path)
             for path in plots.draw(outcome.load(outcome.KEPT), str(tmp_path))]
    assert sorted(drawn) == sorted(name for name in os.listdir(RESULTS)
                                   if name.endswith('.svg'))
    assert [name for name in drawn
            if (tmp_path / name).read_bytes() != kept(name)] == []


def kept(name):
    with open(os.path.join(RESULTS, name), 'rb') as source:
        return source.read()


def test_what_is_kept_is_small():
    files = [kept(name) for name in os.listdir(RESULTS)]
    assert sum(map(len, files)) < 300000
    assert sum(data.count(b'\n') for data in files) < 3000


def test_the_ticks_of_a_plot_are_the_numbers_of_clients(tmp_path):
    rows = [row('old', [100 * clients]) for clients in (1, 10, 10000)]
    for one, clients in zip(rows, (1, 10, 10000)):
        one.clients = clients
    with open(plots.draw(rows, str(tmp_path))[0], encoding='utf-8') as source:
        panel = source.read().partition('requests a second')[2].partition('latency')[0]
    said = re.findall('<text [^>]*class="middle">([^<]*)<', panel)
    assert said == ['clients', '1', '10', '10,000']


@pytest.mark.parametrize('low, high, said', [
    (5300, 250000, [5000, 10000, 20000, 50000, 100000, 200000, 500000]),
    (0.11, 1100, [0.1, 1, 10, 100, 1000, 10000]),
    (200, 200, [200, 500]),
])
def test_an_axis_begins_and_ends_with_a_round_number(low, high, said):
    assert plots.ticks(low, high) == pytest.approx(said)


@pytest.mark.skipif(not shutil.which('cc'), reason='needs a C compiler')
@pytest.mark.parametrize('command, status, said', [
    (['false'], 1, ''),
    (['sh', '-c', 'echo "$LD_PRELOAD" >&2'], 0, os.path.join(running.BUILD, 'delays')),
    (['nosuch'], 1, 'delays: error: nosuch: No such file or directory'),
])
def test_a_command_is_delayed_and_its_status_kept(command, status, said):
    child = subprocess.run([sys.executable, '-m', 'benchmarks.delays'] + command,
                           cwd=trees.ROOT, text=True, capture_output=True)
    assert (child.returncode, child.stderr.strip()) == (status, said)
