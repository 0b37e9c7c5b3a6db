from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from core.errors import InvalidInput
from core.market import ContractMonth, Instrument
from quant.calendars import business_days, calendar_of, last_trade_date, listed_contracts
from quant.continuous import SettlementHistory, from_contract_months, held_changes
from tests.published_histories import load_settlements

SharedData = Callable[[str], Path]


def brute_force(history: SettlementHistory, positions: int) -> np.ndarray:
    """Follow each contract by name, one cell at a time."""
    width = history.settlements.shape[1]
    changes = np.full((len(history.dates) - 1, positions), np.nan)
    for t in range(1, len(history.dates)):
        today = listed_contracts(history.product, history.dates[t], positions)
        yesterday = listed_contracts(history.product, history.dates[t - 1], width)
        for j, contract in enumerate(today):
            if contract in yesterday:
                before = history.settlements[t - 1, yesterday.index(contract)]
                changes[t - 1, j] = history.settlements[t, j] - before
    return changes


def last_trade_days(history: SettlementHistory) -> list[int]:
    ends = {
        last_trade_date(Instrument(history.product, ContractMonth(2007, 1).plus(n)))
        for n in range(12 * 18)
    }
    return [row for row, day in enumerate(history.dates) if day in ends]


def test_a_contract_is_followed_through_its_last_day() -> None:
    dates = [date(2020, 4, day) for day in (20, 21, 22, 23)]
    prices = np.array([[-37.63, 20.43], [10.01, 11.57], [13.78, 20.69], [16.50, 21.17]])
    changes = held_changes("CL", dates, prices, 1)
    np.testing.assert_allclose(changes[:, 0], [47.64, 2.21, 2.72])


def test_missing_prices_and_columns_become_nan() -> None:
    dates = [date(2020, 4, 21), date(2020, 4, 22), date(2020, 4, 23)]
    prices = np.array([[10.01, 11.57], [13.78, 20.69], [np.nan, 21.17]])
    changes = held_changes("CL", dates, prices, 2)
    np.testing.assert_allclose(changes, [[2.21, np.nan], [np.nan, 0.48]])


def test_a_gap_of_two_months_rolls_twice() -> None:
    dates = [date(2024, 1, 3), date(2024, 3, 1)]
    prices = np.array([[1.0, 2.0, 4.0], [8.0, 16.0, 32.0]])
    np.testing.assert_allclose(held_changes("CL", dates, prices, 1), [[4.0]])


def test_random_prices_agree_with_following_each_contract() -> None:
    generator = np.random.default_rng(5)
    for code in ("CL", "NG", "HO", "B", "G", "TTF"):
        days = business_days(date(2019, 1, 2), date(2022, 12, 30), calendar_of(code))
        kept = np.sort(generator.choice(len(days), 300, replace=False))
        prices = generator.normal(size=(300, 6)).cumsum(axis=0)
        history = SettlementHistory(
            product=code, dates=tuple(days[n] for n in kept), settlements=prices
        )
        np.testing.assert_array_equal(history.held_changes(5), brute_force(history, 5))


def test_contract_months_become_positions() -> None:
    months = [ContractMonth(2020, 5), ContractMonth(2020, 6), ContractMonth(2020, 7)]
    prices = np.array([[10.01, 11.57, 18.69], [np.nan, 13.78, 20.69]])
    history = from_contract_months("CL", [date(2020, 4, 21), date(2020, 4, 22)], months, prices, 3)
    np.testing.assert_array_equal(
        history.settlements, [[10.01, 11.57, 18.69], [13.78, 20.69, np.nan]]
    )


@pytest.mark.parametrize(
    ("dates", "shape", "positions"),
    [
        ([date(2020, 4, 22), date(2020, 4, 21)], (2, 2), 1),
        ([date(2020, 4, 21), date(2020, 4, 22)], (3, 2), 1),
        ([date(2020, 4, 21), date(2020, 4, 22)], (2, 2), 3),
        ([], (0, 2), 1),
    ],
)
def test_shapes_that_disagree_are_refused(
    dates: list[date], shape: tuple[int, int], positions: int
) -> None:
    with pytest.raises(InvalidInput):
        held_changes("CL", dates, np.zeros(shape), positions)


def test_real_crude_gives_the_known_roll_gaps(shared_data: SharedData) -> None:
    history = load_settlements(shared_data("futures_settlements.parquet"), "CL", 3)
    row = history.dates.index(date(2020, 4, 20))
    assert history.settlements[row, :2].tolist() == [-37.63, 20.43]
    assert history.settlements[row + 1, 0] == 10.01
    rolls = last_trade_days(history)
    gaps = history.settlements[rolls, 1] - history.settlements[rolls, 0]
    assert len(rolls) == 204
    assert gaps.sum() == pytest.approx(37.07)
    assert gaps[rolls.index(row + 1)] == pytest.approx(1.56)
    assert history.settlements[row, 1] - history.settlements[row, 0] == pytest.approx(58.06)
    # Held changes add up to the change of the front price less what every roll added to it.
    total = history.held_changes(1).sum()
    ends = history.settlements[-1, 0] - history.settlements[0, 0]
    assert total == pytest.approx(ends - gaps.sum())


@pytest.mark.parametrize("product", ["CL", "NG", "HO", "RB", "B"])
def test_real_prices_roll_on_the_days_of_the_rule(product: str, shared_data: SharedData) -> None:
    # On almost all days a curve moves nearly in parallel; matching it one position off gives
    # rough changes. The rule must beat a rule one day early and one day late clearly.
    history = load_settlements(shared_data("futures_settlements.parquet"), product, 8)

    def roughness(changes: np.ndarray) -> float:
        return float(np.nanmean(np.abs(np.diff(changes, axis=1))))

    own = roughness(history.held_changes(6))
    rolled = np.isin(np.arange(1, len(history.dates)), np.array(last_trade_days(history)) + 1)
    for shift in (-1, 1):
        moved = np.roll(rolled, shift)
        changes = history.settlements[1:, :6] - np.where(
            moved[:, None], history.settlements[:-1, 1:7], history.settlements[:-1, :6]
        )
        assert own < 0.95 * roughness(changes)


def test_real_crude_agrees_with_following_each_contract(shared_data: SharedData) -> None:
    history = load_settlements(shared_data("futures_settlements.parquet"), "CL", 5)
    np.testing.assert_array_equal(history.held_changes(4), brute_force(history, 4))
