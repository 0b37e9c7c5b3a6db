"""Check which days of which prices a backtest is planned over."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidInput
from core.specifications.backtest import BacktestSpecification
from jobs.plans.backtests import history_request, periods, pose, scored_days, units
from storage.settlement_windows import LoadedHistories
from tests.qaoa_runs import loaded

ASKED: dict[str, Any] = {
    "products": ["CL", "NG"],
    "models": ["ewma", "historical"],
    "windows": [100, 120],
    "source": "import:made-up",
}


def asked(**changes: Any) -> BacktestSpecification:
    return BacktestSpecification.checked({**ASKED, **changes})


def histories(specification: BacktestSpecification) -> LoadedHistories:
    return loaded(history_request(specification))


@given(st.dates(date(2000, 1, 1), date(2020, 1, 1)), st.integers(0, 3000), st.integers(1, 30))
def test_periods_follow_each_other_without_a_gap(first: date, days: int, months: int) -> None:
    last = first + timedelta(days=days)
    found = periods(first, last, months)
    assert (found[0][0], found[-1][1]) == (first, last)
    for (begins, ends), (following, _) in pairwise(found):
        assert begins <= ends
        assert following == ends + timedelta(days=1)
        # February makes a period up to three days shorter than its months
        assert months * 28 <= (following - begins).days <= months * 31 + 3
    assert periods(first, last, None) == [(first, last)]


def test_the_days_before_the_first_are_asked_for_as_well() -> None:
    request = history_request(asked(first="2023-11-01", as_of="2023-12-29", positions=[1, 6]))
    assert request.days == np.busday_count("2023-11-01", "2023-12-29") + 1 + 120
    assert request.positions == 7
    assert history_request(asked(models=["density"])).days == 500 + 1_250
    with pytest.raises(InvalidInput, match="first"):
        history_request(asked(first="1990-01-02", as_of="2023-12-29"))
    with pytest.raises(InvalidInput, match="source"):
        history_request(asked(source=None))


def test_dates_that_were_left_open_are_filled_in() -> None:
    posed = pose(asked(), histories(asked()))
    days = posed.problem["histories"]["CL"]["dates"]
    assert posed.specification.as_of == date(2023, 12, 29)
    assert posed.specification.first == date.fromisoformat(days[121])
    assert len(posed.problem["periods"]) == 1
    assert posed.vintage.startswith("import:made-up@2024-01-02T08:00:00+00:00#")
    counted = [
        scored_days(posed.problem, unit) for unit in units(posed.specification, posed.problem)
    ]
    assert counted == [len(days) - 121] * 6


def test_days_to_come_are_no_part_of_a_period() -> None:
    specification = asked(first="2023-12-01", as_of="2024-06-28", period_months=1)
    posed = pose(specification, histories(specification))
    assert posed.specification.as_of == date(2023, 12, 29)
    assert posed.problem["periods"] == [{"first": "2023-12-01", "last": "2023-12-29"}]


def test_no_more_prices_are_kept_than_are_needed() -> None:
    settled = asked(first="2023-12-01", as_of="2023-12-15", products=["CL"], positions=[2])
    kept = pose(settled, histories(settled)).problem["histories"]["CL"]
    assert kept["unit"] == "USD/bbl"
    assert kept["dates"][-1] == "2023-12-15"
    assert sum(day < "2023-12-01" for day in kept["dates"][1:]) == 120
    assert {len(row) for row in kept["settlements"]} == {3}


def test_the_same_prices_have_the_same_vintage() -> None:
    specification = asked(as_of="2023-12-15")
    found = histories(specification)
    later = replace(found.histories[0], settlements=found.histories[0].settlements.copy())
    later.settlements[-1] += 1.0  # the last day is after as_of
    same = replace(found, histories=(later, *found.histories[1:]))
    assert pose(specification, found).vintage == pose(specification, same).vintage
    later.settlements[-30] += 1.0
    assert pose(specification, found).vintage != pose(specification, same).vintage


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"windows": [250]}, "windows"),
        ({"first": "2023-05-01"}, "windows"),
        ({"first": "2024-01-02"}, "first"),
        ({"first": "2023-12-27", "as_of": "2024-06-28", "positions": [9]}, None),
        ({"first": "2022-01-03", "as_of": "2022-12-30"}, "products"),
        ({"first": "9999-12-01", "as_of": "9999-12-31", "period_months": 1}, "first"),
    ],
)
def test_what_the_history_does_not_allow_is_refused_by_name(
    changes: dict[str, Any], field: str | None
) -> None:
    specification = asked(**changes)
    if field is None:
        pose(specification, histories(specification))
        return
    with pytest.raises(InvalidInput) as caught:
        pose(specification, histories(specification))
    assert caught.value.context["field"] == field


def test_a_position_without_a_price_is_refused() -> None:
    specification = asked(positions=[1, 3])
    found = histories(specification)
    found.histories[1].settlements[:, 2] = np.nan
    with pytest.raises(InvalidInput, match="NG has no price of position 3") as caught:
        pose(specification, found)
    assert caught.value.context["field"] == "positions"
