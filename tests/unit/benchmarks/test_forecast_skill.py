import json
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as csv
import pyarrow.parquet as parquet
import pytest

from benchmarks import forecast_skill
from benchmarks.forecast_skill import measure
from benchmarks.skill import curve, history
from benchmarks.skill.curve import curve_rows, curve_samples, score_curves
from benchmarks.skill.history import histories
from core.errors import InvalidInput
from quant.calendars import business_days
from quant.continuous import SettlementHistory
from quant.holidays import Calendar

FIRST, LAST = date(2012, 3, 1), date(2012, 4, 30)
PRODUCT = "CL"


def table(positions: int = 13) -> pa.Table:
    """Return two years of simulated crude, enough to score two months after them."""
    days = business_days(date(2010, 1, 4), LAST, Calendar.NYMEX)
    generator = np.random.default_rng(0)
    steps = generator.standard_t(5, (len(days), 1)) + 0.1 * generator.normal(
        size=(len(days), positions)
    )
    prices = 90.0 * np.exp(0.01 * steps.cumsum(axis=0))
    return pa.table(
        {
            "date": np.repeat(np.array(days, dtype="datetime64[D]"), positions),
            "product": [PRODUCT] * prices.size,
            "position": np.tile(np.arange(1, positions + 1), len(days)),
            "settlement": prices.ravel(),
        }
    )


@pytest.fixture
def crude(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "crude.parquet"
    parquet.write_table(table(), path)
    monkeypatch.setattr(history, "SETTLEMENTS", path)
    monkeypatch.setattr(forecast_skill, "SETTLEMENTS", path)
    return path


def test_a_given_period_has_the_rows_of_all(crude: Path) -> None:
    report = measure(quick=True, first=FIRST, last=LAST)
    metrics = [row.metric for row in report.rows]
    assert metrics[:2] == [
        "cells in which VaR 95 % has joint coverage",
        "cells in which VaR 99 % has joint coverage",
    ]
    assert metrics[2:5] == [f"mean CRPS of CL, {days}" for days in ("1 day", "5 days", "20 days")]
    assert metrics[5:] == [
        f"curve error of CL, {days} days, beside each {naive} unchanged"
        for days in (5, 20)
        for naive in ("contract", "position")
    ]
    assert report.samples["VaR 95 % long: cells passing, cells"][1] == 3.0
    assert [one["metric"] for one in report.skipped] == ["NG", "HO", "RB", "B"]
    json.dumps(report.to_json(), allow_nan=False)


def test_horizons_beyond_the_period_have_no_rows(crude: Path) -> None:
    report = measure(quick=True, data=crude, first=date(2012, 4, 17), last=LAST)
    assert [row.metric for row in report.rows if "20 days" in row.metric] == []
    assert {"metric": "curve error of CL, 20 days", "why": "no day as far ahead"} in report.skipped
    json.dumps(report.to_json(), allow_nan=False)


def test_a_product_without_a_past_is_skipped(crude: Path) -> None:
    report = measure(quick=True, data=crude, first=date(2011, 3, 1), last=LAST)
    assert report.rows == []
    assert report.met is False
    assert report.skipped[0]["metric"] == PRODUCT
    assert "291 days before 2011-03-01" in report.skipped[0]["why"]


def test_a_product_with_few_positions_is_skipped(tmp_path: Path) -> None:
    path = tmp_path / "short.parquet"
    parquet.write_table(table(positions=6), path)
    report = measure(quick=True, data=path, first=FIRST, last=LAST)
    assert report.skipped[0]["why"].endswith("6 positions")


def test_periods_do_not_end_before_they_begin() -> None:
    with pytest.raises(SystemExit, match="--from 2023-05-01 is after --to 2023-01-01"):
        measure(quick=True, first=date(2023, 5, 1), last=date(2023, 1, 1))


@pytest.mark.parametrize("name", ["missing.parquet", "missing.csv"])
def test_an_unknown_file_is_refused(crude: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(SystemExit, match=f"data: {name} has no settlements"):
        measure(quick=True, data=tmp_path / name, first=FIRST, last=LAST)


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
@pytest.mark.parametrize("content", ["", "no table", "date,product\n2012-01-03,CL\n"])
def test_a_file_without_settlements_is_refused(
    crude: Path, tmp_path: Path, suffix: str, content: str
) -> None:
    path = tmp_path / f"bad.{suffix}"
    path.write_text(content)
    with pytest.raises(SystemExit, match=f"data: bad.{suffix} has no settlements"):
        measure(quick=True, data=path, first=FIRST, last=LAST)


def test_a_file_without_rows_scores_nothing(crude: Path, tmp_path: Path) -> None:
    path = tmp_path / "none.csv"
    csv.write_csv(table().slice(0, 0), path)
    report = measure(quick=True, data=path, first=FIRST, last=LAST)
    assert report.rows == []
    assert {one["why"] for one in report.skipped} == {"not in the file"}


def test_positions_below_one_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "zero.parquet"
    rows = table().slice(0, 3)
    parquet.write_table(rows.set_column(2, "position", pa.array([0, 1, 2])), path)
    with pytest.raises(InvalidInput, match="position"):
        histories(path, FIRST)


def test_a_corrupted_future_changes_no_curve_forecast_before(crude: Path) -> None:
    known = histories(crude, FIRST)
    kept = date(2012, 4, 2)
    whole, _ = score_curves(known, FIRST, LAST)
    other, _ = score_curves({PRODUCT: corrupted(known[PRODUCT], kept)}, FIRST, LAST)
    for ours, theirs in zip(whole, other, strict=True):
        before = np.array([target <= kept for target in ours.errors.targets])
        np.testing.assert_array_equal(ours.errors.forecast[before], theirs.errors.forecast[before])
        later = ours.errors.forecast[~before] != theirs.errors.forecast[~before]
        assert before.any()
        assert later.any()


def corrupted(known: SettlementHistory, last_kept: date) -> SettlementHistory:
    settlements = known.settlements.copy()
    later = np.array([day > last_kept for day in known.dates])
    settlements[later] = np.random.default_rng(1).uniform(1.0, 500.0, settlements[later].shape)
    return SettlementHistory(product=known.product, dates=known.dates, settlements=settlements)


def test_curves_without_an_estimate_are_named() -> None:
    days = business_days(date(2012, 1, 3), LAST, Calendar.NYMEX)
    young = SettlementHistory(
        product=PRODUCT, dates=days, settlements=np.full((len(days), 12), 50.0)
    )
    scored, skipped = score_curves({PRODUCT: young}, FIRST, LAST)
    assert scored == []
    assert [one["metric"] for one in skipped] == ["curve error of CL"]
    assert curve_rows(scored) == []
    assert curve_samples(scored, []) == {}
    assert curve.HORIZONS == (5, 20)
