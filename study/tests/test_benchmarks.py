"""What the benchmarks make of their figures; they are not measured here."""
import os

import pytest

from benchmarks import cases, outcome, running
from compat import trees

SAVED = os.path.join(running.HERE, 'results', 'run.json')


def row(server, rates, baseline=False):
    """Return a Row whose rounds have these rates."""
    return outcome.Row('case', server, 1, baseline, [
        {'rate': rate, 'p50': 0.001, 'p99': 0.002, 'cpu': 1e-5, 'memory': 2 ** 20,
         'errors': 0} for rate in rates])


def test_ratios_are_of_medians_to_the_baseline():
    lines = outcome.table([row('old', [90, 100, 110], True), row('new', [10, 150, 151])])
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


def test_readme_has_the_figures_of_the_run_that_is_saved():
    with open(os.path.join(trees.ROOT, 'README.md'), encoding='utf-8') as source:
        readme = source.read().splitlines()
    lines = outcome.page(outcome.load(SAVED))
    assert len(lines) > 20
    assert [line for line in lines if line not in readme] == []
