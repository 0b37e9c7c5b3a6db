"""Hold the history of factors against following each contract by its position."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from core.errors import HistoryTooShort, UnknownInstrument
from core.market import Instrument
from quant.continuous import SettlementHistory
from quant.risk.aggregation import aggregate
from quant.risk.factor_history import curve_position, factor_changes
from quant.risk.filtering import ewma_filtered
from quant.risk.historical import historical_risk
from tests.risk_books import AS_OF, book

DAYS = tuple(date(2023, 12, day) for day in (18, 19, 20, 21, 22, 27))


def of(text: str) -> Instrument:
    return Instrument.parse(text)


def history(product: str, days: tuple[date, ...], positions: int = 4) -> SettlementHistory:
    prices = np.add.outer(np.arange(len(days)) ** 2.0, 10.0 * np.arange(positions))
    return SettlementHistory(product=product, dates=days, settlements=prices)


def test_positions_count_from_what_still_trades() -> None:
    # CL-202401 last traded on 19 December 2023
    assert curve_position(of("CL-202401"), date(2023, 12, 19)) == 1
    assert curve_position(of("CL-202402"), date(2023, 12, 20)) == 1
    assert curve_position(of("CL-202412"), date(2023, 12, 20)) == 11
    with pytest.raises(UnknownInstrument):
        curve_position(of("CL-202401"), date(2023, 12, 20))


def test_changes_are_of_held_contracts_over_common_days() -> None:
    without = tuple(day for day in DAYS if day.day != 21)
    found = factor_changes(
        [of("CL-202403"), of("NG-202403")],
        {"CL": history("CL", DAYS), "NG": history("NG", without)},
        AS_OF,
    )
    assert found.dates == without[1:]
    # both are at position 2 on the 29th. What is there of CL on the 20th was at 3 the day before;
    # NG rolls after the 27th, the last day
    np.testing.assert_allclose(found.changes[:, 0], [1.0, 4.0 - 1.0 - 10.0, 12.0, 9.0])
    np.testing.assert_allclose(found.changes[:, 1], [1.0, 3.0, 5.0, 7.0])
    assert found.left_out == 0


def test_days_without_a_price_are_left_out_and_counted() -> None:
    prices = history("CL", DAYS)
    prices.settlements[3, 1] = np.nan
    found = factor_changes([of("CL-202403")], {"CL": prices}, AS_OF)
    assert found.left_out == 2
    assert found.dates == (DAYS[1], DAYS[2], DAYS[5])
    assert np.isfinite(found.changes).all()


def test_days_after_are_not_seen() -> None:
    found = factor_changes([of("CL-202403")], {"CL": history("CL", DAYS)}, date(2023, 12, 20))
    assert found.dates == DAYS[1:3]


def test_what_is_missing_is_named() -> None:
    histories = {"CL": history("CL", DAYS)}
    with pytest.raises(UnknownInstrument, match="no history of NG"):
        factor_changes([of("NG-202403")], histories, AS_OF)
    with pytest.raises(UnknownInstrument, match="position 5 of a history of 4"):
        factor_changes([of("CL-202406")], histories, AS_OF)
    with pytest.raises(HistoryTooShort):
        factor_changes([of("CL-202403")], histories, DAYS[0])
    with pytest.raises(HistoryTooShort):
        factor_changes([], {}, AS_OF)


def test_a_real_book_over_real_days(shared_data: Callable[[str], Path]) -> None:
    path = shared_data("futures_settlements.parquet")
    exposed = book()
    histories = {}
    for product in ("CL", "NG", "HO", "RB", "B"):
        table = pq.read_table(path, filters=[("product", "=", product)])
        days = np.array([moment.date() for moment in table["date"].to_pylist()])
        dates, rows = np.unique(days, return_inverse=True)
        matrix = np.full((len(dates), 18), np.nan)
        positions = table["position"].to_numpy()
        kept = positions <= 18
        matrix[rows[kept], positions[kept] - 1] = table["settlement"].to_numpy()[kept]
        histories[product] = SettlementHistory(
            product=product, dates=tuple(dates.tolist()), settlements=matrix
        )
    found = factor_changes(exposed.factors, histories, AS_OF)
    assert len(found.dates) > 4000
    assert found.left_out < 20
    (plain,) = historical_risk(aggregate([exposed]), found.changes[-1000:], 0.99)
    (filtered,) = historical_risk(aggregate([exposed]), ewma_filtered(found.changes), 0.99)
    for report in (plain, filtered):
        assert 0.0 < report.value_at_risk < report.expected_shortfall
        assert report.by_position.value_at_risk.sum() == pytest.approx(
            report.value_at_risk, rel=1e-9
        )
