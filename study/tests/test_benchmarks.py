"""What the benchmarks make of their figures; they are not measured here."""
import os
import re

import pytest

import benchmarks.__main__ as command_line
from benchmarks import calls, cases, outcome, plots, running

RESULTS = os.path.dirname(outcome.KEPT)


def row(server, rates, baseline=False):
    """Return a Row whose rounds have these rates."""
    return outcome.Row('case', server, 1, baseline, [
        {'rate': rate, 'p50': 0.001, 'p99': 0.002, 'cpu': 1e-5, 'memory': 2 ** 20,
         'errors': 0} for rate in rates])


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


def test_an_unknown_group_is_refused():
    with pytest.raises(running.BenchError, match='no such group: nosuch'):
        cases.cases(['web', 'nosuch'])


def test_the_page_has_the_figures_of_the_run_that_is_kept():
    with open(os.path.join(running.HERE, 'README.md'), encoding='utf-8') as source:
        page = source.read().splitlines()
    lines = outcome.page(outcome.load(outcome.KEPT))
    assert len(lines) > 20
    assert [line for line in lines if line not in page] == []


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
