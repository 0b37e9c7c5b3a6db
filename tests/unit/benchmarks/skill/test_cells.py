from datetime import date, timedelta

import numpy as np

from benchmarks.skill.cells import Period, cells
from benchmarks.skill.rows import coverage_rows, coverage_samples, crps_rows, crps_samples
from benchmarks.skill.walk import Walk

YEAR = Period(first=date(2020, 1, 1), last=date(2021, 12, 31))


def normal(days: int, spread: float = 1.0) -> Walk:
    """Return a walk whose changes are standard normal, and whose forecasts are of `spread`."""
    generator = np.random.default_rng(0)
    levels = spread * np.array([-2.3263, -1.6449, 1.6449, 2.3263])
    scores = np.abs(generator.normal(size=(days, 3, 3)))
    return Walk(
        product="CL",
        dates=tuple(date(2020, 1, 1) + timedelta(days=n) for n in range(days)),
        changes=generator.normal(size=(days, 3)),
        quantiles=np.tile(levels[None, :, None], (days, 1, 3)),
        crps=scores,
        peer_crps={250: scores + 0.2, 500: scores + 0.1},
    )


def test_a_true_model_passes_and_a_false_one_fails() -> None:
    true, false = cells([normal(500)], [YEAR]), cells([normal(500, 0.6)], [YEAR])
    assert len(true) == 12
    assert np.mean([cell.passes for cell in true]) > 0.8
    assert not any(cell.passes for cell in false)
    assert {cell.probability for cell in true} == {0.01, 0.05}


def test_exceptions_of_both_sides_are_counted() -> None:
    walked = normal(500)
    for cell in cells([walked], [YEAR]):
        changes = walked.changes[:, (1, 6, 12).index(cell.position)]
        bound = {0.05: 1.6449, 0.01: 2.3263}[cell.probability]
        beyond = changes < -bound if cell.is_long else changes > bound
        assert cell.coverage.exceptions == beyond.sum()


def test_periods_without_a_day_have_no_cell() -> None:
    outside = Period(first=date(2025, 1, 1), last=date(2025, 12, 31))
    assert cells([normal(100)], [outside]) == []
    halves = [
        Period(first=date(2020, 1, 1), last=date(2020, 4, 9)),
        Period(first=date(2020, 4, 10), last=date(2021, 12, 31)),
    ]
    found = cells([normal(300)], halves)
    assert {cell.coverage.observations for cell in found} == {100, 200}


def test_rows_state_both_confidences_and_every_score() -> None:
    walked = normal(500)
    judged = cells([walked], [YEAR])
    rows = coverage_rows(judged)
    assert [row.metric for row in rows] == [
        "cells in which VaR 95 % has joint coverage",
        "cells in which VaR 99 % has joint coverage",
    ]
    assert all(row.target == 90.0 and row.higher_is_better for row in rows)
    assert coverage_samples(judged)["VaR 95 % long: cells passing, cells"][1] == 3.0
    scores = crps_rows([walked])
    assert len(scores) == 3
    assert all(row.met for row in scores)
    assert all(np.isclose(row.peer - row.ours, 0.1) for row in scores if row.peer)
    samples = crps_samples([walked])
    estimate, lower, upper = samples["CRPS CL 5 days: ratio, 95 % interval"]
    assert lower < estimate < upper < 1.0
    statistic, p_value = samples["CRPS CL 5 days: Diebold–Mariano statistic, p"]
    assert statistic < 0.0
    assert p_value < 0.01
