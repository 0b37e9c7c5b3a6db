"""Hold the roll rules against a slow dictionary version, on published and on random figures."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidInput, ModelNotApplicable
from core.market import ContractMonth
from quant.calendars import add_business_days, business_days, listed_contracts
from quant.contract_history import ContractHistory
from quant.holidays import Calendar
from quant.rolls import held_columns
from quant.symbology import ContinuousSymbol
from tests.published_histories import load_heating_oil

SharedData = Callable[[str], Path]
Figures = dict[date, dict[ContractMonth, float]]

DAYS = business_days(date(2020, 3, 2), date(2020, 7, 31), Calendar.NYMEX)
MONTHS = tuple(ContractMonth(2020, 4).plus(n) for n in range(12))


def history_of(volume: np.ndarray, code: str = "CL") -> ContractHistory:
    days = DAYS[: len(volume)]
    return ContractHistory(
        product=code,
        dates=days,
        contract_months=MONTHS[: volume.shape[1]],
        settlements=np.ones_like(volume),
        volume=volume,
    )


def held(history: ContractHistory, symbol: str, days_early: int = 0) -> list[ContractMonth]:
    columns = held_columns(history, ContinuousSymbol.parse(symbol), days_early=days_early)
    return [history.contract_months[column] for column in columns]


def slowly_held(
    dates: list[date],
    figures: Figures,
    ends: dict[ContractMonth, date],
    rank: int,
    until: list[date],
) -> list[ContractMonth]:
    """Follow the rules in words: one date, one rank, one contract at a time."""
    last: dict[int, ContractMonth] = {}
    found = []
    for n, day in enumerate(dates):
        before = figures[dates[n - 1]] if n else {}
        months = (ContractMonth(day.year, day.month).plus(ahead) for ahead in range(24))
        near = [month for month in months if month in ends and ends[month] >= until[n]]
        floor: ContractMonth | None = None
        for place in range(rank + 1):
            allowed = [month for month in near if floor is None or month > floor]
            old = last.get(place)
            known = [month for month in allowed if month in before]
            if old in allowed and old not in before:
                choice = old
            elif known:
                most = max(before[month] for month in known)
                choice = min(month for month in known if before[month] == most)
                choice = choice if old is None else max(old, choice)
            elif old in allowed:
                choice = old
            else:
                choice = min(month for month in allowed if old is None or month > old)
            assert day is not None
            assert choice is not None
            last[place] = floor = choice
        found.append(last[rank])
    return found


def figures_of(history: ContractHistory, values: np.ndarray) -> Figures:
    return {
        day: {
            month: float(values[row, column])
            for column, month in enumerate(history.contract_months)
            if np.isfinite(values[row, column])
        }
        for row, day in enumerate(history.dates)
    }


def test_published_volume_and_open_interest_roll_as_the_slow_rule(shared_data: SharedData) -> None:
    history, printed = load_heating_oil(shared_data("heating_oil_volume_oi.parquet"))
    assert history.settlements.shape == (3930, 198)
    # The slow version ends contracts on the days that the data print, not on those of a rule.
    ends = {
        contract.contract_month: date.fromisoformat(printed[str(contract)])
        for contract in history.contracts
    }
    dates = list(history.dates)
    for rule, values in (("v", history.volume), ("n", history.open_interest)):
        assert values is not None
        expected = slowly_held(dates, figures_of(history, values), ends, 0, dates)
        assert held(history, f"HO.{rule}.0") == expected


def test_every_published_ticker_names_its_contract(shared_data: SharedData) -> None:
    history, printed = load_heating_oil(shared_data("heating_oil_volume_oi.parquet"))
    ends = dict(zip(map(str, history.contracts), history.last_trade_dates, strict=True))
    assert len(printed) == 198
    assert {name: end.isoformat() for name, end in ends.items()} == printed
    assert np.isfinite(history.settlements).sum() == 39_284


@pytest.mark.parametrize("days_early", [0, 1, 5])
def test_calendar_rolls_follow_the_listed_contracts(days_early: int) -> None:
    history = history_of(np.ones((len(DAYS), 12)))
    for rank in (0, 2):
        expected = [
            listed_contracts("CL", add_business_days(day, days_early, Calendar.NYMEX), rank + 1)[
                rank
            ].contract_month
            for day in DAYS
        ]
        assert held(history, f"CL.c.{rank}", days_early) == expected


def test_the_may_contract_is_left_one_day_after_its_last_or_earlier() -> None:
    history = history_of(np.ones((len(DAYS), 12)))
    may, june = ContractMonth(2020, 5), ContractMonth(2020, 6)
    for days_early, last_day in ((0, date(2020, 4, 21)), (1, date(2020, 4, 20))):
        by_day = dict(zip(DAYS, held(history, "CL.c.0", days_early), strict=True))
        assert by_day[last_day] == may
        assert by_day[add_business_days(last_day, 1, Calendar.NYMEX)] == june


TABLES = st.integers(0, 2**32 - 1)


def random_figures(seed: int) -> tuple[np.ndarray, int, int]:
    generator = np.random.default_rng(seed)
    values = generator.integers(0, 6, size=(len(DAYS), 12)).astype(np.float64)
    values[generator.random(values.shape) < generator.choice([0.0, 0.1, 0.7])] = np.nan
    # Only four contracts trade at a time, so that every rank finds one to hold.
    ahead = np.arange(12)[None, :] - np.arange(len(DAYS))[:, None] // 20
    values[(ahead < 0) | (ahead > 3)] = np.nan
    return values, int(generator.integers(0, 3)), int(generator.integers(0, 6))


@given(TABLES)
def test_random_figures_roll_as_the_slow_rule_and_never_back(seed: int) -> None:
    values, rank, days_early = random_figures(seed)
    history = history_of(values)
    until = [add_business_days(day, days_early, Calendar.NYMEX) for day in DAYS]
    ends = dict(zip(MONTHS, history.last_trade_dates, strict=True))
    found = held(history, f"CL.v.{rank}", days_early)
    assert found == slowly_held(list(DAYS), figures_of(history, values), ends, rank, until)
    assert found == sorted(found)
    assert all(ends[month] >= day for month, day in zip(found, until, strict=True))


@given(TABLES)
def test_ranks_hold_different_contracts_in_order(seed: int) -> None:
    history = history_of(random_figures(seed)[0])
    by_rank = [held(history, f"CL.v.{rank}") for rank in range(3)]
    for first, second, third in zip(*by_rank, strict=True):
        assert first < second < third


@given(TABLES, st.integers(1, len(DAYS) - 1))
def test_no_choice_uses_its_own_day_or_a_later_one(seed: int, row: int) -> None:
    values, rank, days_early = random_figures(seed)
    changed = values.copy()
    changed[row:] = random_figures(seed + 1)[0][row:]
    before = held(history_of(values), f"CL.v.{rank}", days_early)
    after = held(history_of(changed), f"CL.v.{rank}", days_early)
    assert before[: row + 1] == after[: row + 1]


def test_equals_keep_the_nearest_and_missing_figures_keep_the_one_held() -> None:
    nan = np.nan
    figures = np.array(
        [
            [5.0, 5.0, 1.0],  # equals: the first is held on day 2
            [4.0, 5.0, 1.0],  # the second overtakes, held on day 3
            [9.0, 5.0, 1.0],  # never back
            [9.0, nan, 9.0],  # its own figure is missing: it stays
            [nan, nan, nan],  # nothing is known: it stays
            [0.0, 0.0, 0.5],
            [0.0, 0.0, 0.0],
        ]
    )
    april, may, june = MONTHS[:3]
    assert held(history_of(figures), "CL.v.0") == [april, april, may, may, may, may, june]


def test_a_contract_that_ends_without_figures_is_followed_by_the_next() -> None:
    figures = np.full((len(DAYS), 12), np.nan)
    assert held(history_of(figures), "CL.v.0") == held(history_of(figures), "CL.c.0")


def test_what_cannot_be_rolled_is_refused_by_name() -> None:
    history = history_of(np.ones((3, 3)))
    with pytest.raises(InvalidInput, match="expected one of CL"):
        held(history, "NG.c.0")
    with pytest.raises(InvalidInput, match="days_early"):
        held(history, "CL.c.0", -1)
    with pytest.raises(InvalidInput, match="CL-202007 on 2020-03-02"):
        held(history, "CL.c.3")
    with pytest.raises(InvalidInput, match="one to hold at rank 3"):
        held(history, "CL.v.3")
    with pytest.raises(ModelNotApplicable, match="no open interest"):
        held(history, "CL.n.0")


def test_dates_between_business_days_are_ranked_too() -> None:
    sunday = date(2020, 4, 19)
    history = ContractHistory(
        product="CL",
        dates=(sunday, sunday + timedelta(days=3)),
        contract_months=MONTHS[:3],
        settlements=np.ones((2, 3)),
    )
    assert held(history, "CL.c.0") == [ContractMonth(2020, 5), ContractMonth(2020, 6)]
