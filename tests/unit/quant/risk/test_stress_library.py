"""Hold the figures of the library against the settlements and spot prices of their days."""

import csv
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from core.errors import InvalidInput
from core.products import PRODUCTS
from quant.risk.stress import ShockUnit, Stress, stress_test
from quant.risk.stress_library import LIBRARY, stress_named
from tests.risk_books import future, market

SharedData = Callable[[str], Path]
FIRST_TUESDAY = date(1990, 1, 2)


def spot(path: Path) -> dict[date, float]:
    with path.open() as file:
        return {
            date.fromisoformat(row["date"]): float(row["price"]) for row in csv.DictReader(file)
        }


def settled(path: Path, day: date) -> dict[tuple[str, int], float]:
    table = pq.read_table(path, filters=[("date", "=", day)]).to_pylist()
    return {(row["product"], row["position"]): row["settlement"] for row in table}


def figures(stress: Stress, product: str) -> list[tuple[int, float, ShockUnit]]:
    (shock,) = (each for each in stress.curves if each.product == product)
    return [
        (position, value, shock.unit)
        for position, value in zip(shock.positions, shock.values, strict=True)
    ]


def agrees(before: float, after: float, value: float, unit: ShockUnit) -> bool:
    """Tell whether a figure is a change to its last digit: a tenth of a percent, or a tick."""
    if unit is ShockUnit.PERCENT:
        return abs(100.0 * (after / before - 1.0) - value) <= 0.0501
    return abs(after - before - value) <= 5e-7


SETTLED = ["collapse-2008", "negative-wti-2020", "uri-2021", "uri-cash-2021", "ttf-2022"]


@pytest.mark.parametrize("name", SETTLED)
def test_settlements_moved_so(name: str, shared_data: SharedData) -> None:
    stress, path = stress_named(name), shared_data("futures_settlements.parquet")
    assert stress.first is not None
    assert stress.last is not None
    before, after = settled(path, stress.first), settled(path, stress.last)
    checked = 0
    for product in ("CL", "B", "NG", "HO", "RB"):
        for position, value, unit in figures(stress, product):
            if name == "uri-cash-2021" and (product, position) == ("NG", 1):
                continue
            place = product, position
            assert agrees(before[place], after[place], value, unit), place
            checked += 1
    assert checked >= 32


def test_the_gulf_war_is_that_of_the_weekly_futures(shared_data: SharedData) -> None:
    with shared_data("schwartz_smith_wti_weekly.csv").open() as file:
        weeks = list(csv.DictReader(file))
    wti, brent = (spot(shared_data(f"eia_{name}_spot.csv")) for name in ("wti", "brent"))
    # the weeks are not dated: that they are Tuesdays from 2 January 1990 on, spot prices show
    for week, day in ((30, date(1990, 7, 31)), (40, date(1990, 10, 9))):
        assert (day - FIRST_TUESDAY).days == 7 * week
        assert float(weeks[week]["F1"]) == pytest.approx(wti[day], abs=0.5)
    stress = stress_named("gulf-war-1990")
    for position, value, unit in figures(stress, "CL"):
        before, after = (float(weeks[week][f"F{position}"]) for week in (30, 40))
        assert agrees(before, after, value, unit), position
    assert stress.first is not None
    assert stress.last is not None
    front = figures(stress, "B")[0]
    assert agrees(brent[stress.first], brent[stress.last], *front[1:])
    # the peak of the spot price itself came two days later
    assert max(wti, key=lambda day: wti[day] if day.year == 1990 else 0.0) == date(1990, 10, 11)


def test_desert_storm_is_one_day_of_spot_and_a_week_of_futures(shared_data: SharedData) -> None:
    with shared_data("schwartz_smith_wti_weekly.csv").open() as file:
        weeks = list(csv.DictReader(file))
    stress = stress_named("desert-storm-1991")
    assert stress.first is not None
    assert stress.last is not None
    for product, name in (("CL", "wti"), ("B", "brent")):
        prices = spot(shared_data(f"eia_{name}_spot.csv"))
        _, value, unit = figures(stress, product)[0]
        assert agrees(prices[stress.first], prices[stress.last], value, unit)
    for position, value, unit in figures(stress, "CL")[1:]:
        before, after = (float(weeks[week][f"F{position}"]) for week in (54, 55))
        assert agrees(before, after, value, unit), position


def test_gas_in_delivery_in_february_2021(shared_data: SharedData) -> None:
    stress = stress_named("uri-cash-2021")
    prices = spot(shared_data("eia_henry_hub_spot.csv"))
    assert stress.first is not None
    assert stress.last is not None
    assert (prices[stress.first], prices[stress.last]) == (3.76, 23.86)
    assert agrees(prices[stress.first], prices[stress.last], *figures(stress, "NG")[0][1:])


def test_negative_wti_is_the_settlement_everybody_knows(shared_data: SharedData) -> None:
    path = shared_data("futures_settlements.parquet")
    assert settled(path, date(2020, 4, 20))["CL", 1] == -37.63
    assert figures(stress_named("negative-wti-2020"), "CL")[0][1] == pytest.approx(-37.63 - 18.27)


def test_dutch_gas_of_2022_is_public_knowledge_and_says_so() -> None:
    stress = stress_named("ttf-2022")
    assert "not checked against data" in stress.origin
    _, value, unit = figures(stress, "TTF")[0]
    assert agrees(80.0, 339.196, value, unit)


@pytest.mark.parametrize("stress", LIBRARY.values(), ids=lambda stress: stress.name)
def test_every_stress_names_its_days_and_its_source(stress: Stress) -> None:
    assert stress.first is not None
    assert stress.last is not None
    assert stress.first < stress.last
    assert stress.origin
    assert {shock.product for shock in stress.curves} <= set(PRODUCTS)
    assert figures(stress, "BZ") == figures(stress, "B")
    found = stress_test([future("CL-202402", 1)], market(), stress)
    assert found.pnl != 0.0


def test_another_name_is_refused() -> None:
    with pytest.raises(InvalidInput, match="gulf-war-1990"):
        stress_named("flood")
