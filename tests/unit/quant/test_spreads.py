"""Hold spreads against published cracks, plain arithmetic and their refusals."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import HistoryTooShort, InvalidInput, ModelNotApplicable
from quant.spreads import (
    Leg,
    PriceSeries,
    calendar_spread,
    clean_spark_spread,
    crack_spread,
    price_ratio,
    spark_spread,
    spread,
)
from quant.units import PriceUnit, price_unit_of
from tests.published_histories import load_settlements

SharedData = Callable[[str], Path]

FIRST = date(2026, 3, 2)
DAYS = tuple(FIRST + timedelta(days=n) for n in range(3))
EUROS_A_MWH = PriceUnit(currency="EUR", per="MWh")
EUROS_A_TONNE = PriceUnit(currency="EUR", per="t")
PRICES = st.lists(st.floats(-100.0, 500.0), min_size=3, max_size=3)


def series(name: str, *prices: float, unit: PriceUnit | None = None) -> PriceSeries:
    return PriceSeries(
        name=name,
        dates=DAYS[: len(prices)],
        prices=np.array(prices),
        unit=unit or price_unit_of(name),
    )


def published(path: Path, code: str, position: int = 1) -> PriceSeries:
    history = load_settlements(path, code, position)
    return PriceSeries(
        name=f"{code}{position:02d}",
        dates=history.dates,
        prices=history.settlements[:, position - 1],
        unit=price_unit_of(code),
    )


def test_the_published_crack_by_another_way(shared_data: SharedData) -> None:
    # (2·42·RB + 42·HO − 3·CL)/3 from the file's rows, cent by cent in whole ten-thousandths.
    path = shared_data("futures_settlements.parquet")
    found = crack_spread(*(published(path, code) for code in ("CL", "RB", "HO")))
    rows = pq.read_table(path, filters=[("position", "=", 1)]).to_pylist()
    ticks: dict[date, dict[str, int]] = {}
    for row in rows:
        ticks.setdefault(row["date"].date(), {})[row["product"]] = round(row["settlement"] * 10_000)
    expected = {
        day: (84 * one["RB"] + 42 * one["HO"] - 3 * one["CL"]) / 30_000
        for day, one in ticks.items()
        if {"CL", "RB", "HO"} <= one.keys()
    }
    assert str(found.unit) == "USD/bbl"
    assert found.dates == tuple(sorted(expected))
    np.testing.assert_allclose(found.values, [expected[day] for day in found.dates], atol=1e-10)


def test_the_published_extremes_of_the_crack(shared_data: SharedData) -> None:
    # Frozen facts of 2007–2025 whose dates lie before 2024: the largest and the smallest.
    path = shared_data("futures_settlements.parquet")
    found = crack_spread(*(published(path, code) for code in ("CL", "RB", "HO")))
    assert round(found.values.max(), 3) == 68.772
    assert round(found.values.min(), 3) == -2.612
    assert found.dates[int(found.values.argmax())] == date(2020, 4, 20)
    assert found.dates[int(found.values.argmin())] == date(2008, 9, 22)
    assert found.dates[-1] == date(2023, 12, 29)
    assert found.values[-1] == pytest.approx(22.9662)
    # The mean to 2025-02-24 is 19.704; the 4,282 days before 2024 have one near it.
    assert (len(found.values), round(found.values.mean(), 3)) == (4282, 19.527)
    assert np.isfinite(found.values).all()


def test_real_calendar_spread_and_ratio_of_the_negative_price(shared_data: SharedData) -> None:
    path = shared_data("futures_settlements.parquet")
    near, far = published(path, "CL", 1), published(path, "CL", 2)
    day = date(2020, 4, 20)
    apart = calendar_spread(near, far)
    assert apart.values[apart.dates.index(day)] == pytest.approx(-58.06)
    ratio = price_ratio(far, near)
    assert ratio.missing == (day,)
    assert ratio.unit is None
    assert len(ratio.dates) == len(apart.dates) - 1
    assert np.isfinite(ratio.values).all()
    after = ratio.values[ratio.dates.index(date(2020, 4, 21))]
    assert after == pytest.approx(11.57 / 10.01)
    # The other way round the price of the denominator is 20.43: a negative ratio, and defined.
    other = price_ratio(near, far)
    assert other.values[other.dates.index(day)] == pytest.approx(-37.63 / 20.43)


def test_crude_stands_above_its_twelfth_contract_on_about_half_of_all_days(
    shared_data: SharedData,
) -> None:
    # To 2025-02-24, CL12 is above CL01 on 49.98 % of days; if it never was in the 288 days after
    # this data, the 2,284 days here make 49.98 % of all 4,570.
    path = shared_data("futures_settlements.parquet")
    apart = calendar_spread(published(path, "CL", 1), published(path, "CL", 12))
    assert (int((apart.values < 0).sum()), len(apart.values)) == (2284, 4282)
    assert round(100 * 2284 / (4282 + 288), 2) == 49.98


@given(PRICES, PRICES, PRICES)
def test_cracks_are_dollars_per_barrel(
    crude: list[float], gasoline: list[float], distillate: list[float]
) -> None:
    legs = (
        series("CL", *crude),
        series("RB", *(price / 42 for price in gasoline)),
        series("HO", *(price / 42 for price in distillate)),
    )
    c, g, d = np.array(crude), np.array(gasoline), np.array(distillate)
    for ratio, expected in (
        ((3, 2, 1), (2 * g + d - 3 * c) / 3),
        ((2, 1, 1), (g + d - 2 * c) / 2),
        ((1, 1, 0), g - c),
        ((1, 0, 1), d - c),
        ((5, 3, 2), (3 * g + 2 * d - 5 * c) / 5),
    ):
        found = crack_spread(*legs, ratio=ratio)
        np.testing.assert_allclose(found.values, expected, atol=1e-9)
        assert str(found.unit) == "USD/bbl"


def test_spark_spread_in_dollars() -> None:
    power = series("power", 45.0, -20.0, unit=PriceUnit(currency="USD", per="MWh"))
    found = spark_spread(power, series("NG", 3.0, 2.5), heat_rate_mmbtu_per_mwh=7.0)
    assert found.values.tolist() == [45.0 - 21.0, -20.0 - 17.5]
    assert str(found.unit) == "USD/MWh"


def test_spark_spread_of_a_plant_of_half_efficiency_burns_two_of_gas() -> None:
    # At an efficiency of 50 % the heat rate is 3.412141633/0.5 MMBtu: two MWh of gas.
    power = series("power", 90.0, unit=EUROS_A_MWH)
    found = spark_spread(power, series("TTF", 35.0), heat_rate_mmbtu_per_mwh=2 * 3.412141633)
    assert found.values == pytest.approx([20.0])


def test_clean_spark_takes_the_carbon_of_each_hour() -> None:
    power = series("power", 90.0, unit=EUROS_A_MWH)
    gas = series("TTF", 35.0)
    carbon = series("EUA", 70.0, unit=EUROS_A_TONNE)
    for factor in (0.0, 0.37):
        found = clean_spark_spread(
            power,
            gas,
            carbon,
            heat_rate_mmbtu_per_mwh=2 * 3.412141633,
            emission_t_per_mwh=factor,
        )
        assert found.values == pytest.approx([20.0 - factor * 70.0])


def test_gas_in_pence_needs_an_exchange_rate() -> None:
    power, gas = series("power", 90.0, unit=EUROS_A_MWH), series("NBP", 80.0)
    with pytest.raises(ModelNotApplicable, match="GBP and EUR are different currencies"):
        spark_spread(power, gas, heat_rate_mmbtu_per_mwh=7.0)
    found = spark_spread(power, gas, heat_rate_mmbtu_per_mwh=7.0, exchange_rate=1.15)
    assert found.values == pytest.approx([90.0 - 7.0 * 0.8 * 10 * 1.15])
    carbon = series("UKA", 40.0, unit=PriceUnit(currency="GBP", per="t"))
    with pytest.raises(ModelNotApplicable, match="GBP/t to EUR/MWh"):
        clean_spark_spread(
            power,
            gas,
            carbon,
            heat_rate_mmbtu_per_mwh=7.0,
            emission_t_per_mwh=0.37,
            exchange_rate=1.15,
        )


def test_gasoil_crack_takes_the_barrels_of_a_tonne() -> None:
    gasoil, brent = series("G", 745.0), series("B", 80.0)
    legs = (Leg(series=gasoil, weight=1.0, content=7.45), Leg(series=brent, weight=-1.0))
    found = spread("gasoil crack", legs, brent.unit)
    assert found.values == pytest.approx([20.0])
    with pytest.raises(ModelNotApplicable, match="say how many bbl one t holds"):
        calendar_spread(brent, gasoil)


def test_dates_without_every_leg_are_named() -> None:
    near = series("CL", 60.0, np.nan, 62.0)
    far = PriceSeries(
        name="CL02",
        dates=(DAYS[0], DAYS[1], DAYS[2] + timedelta(days=1)),
        prices=np.array([59.0, 58.0, 57.0]),
        unit=price_unit_of("CL"),
    )
    found = calendar_spread(near, far)
    assert (found.dates, found.values.tolist()) == ((DAYS[0],), [1.0])
    assert found.missing == (DAYS[1], DAYS[2], DAYS[2] + timedelta(days=1))


def test_what_has_no_answer_is_refused_by_name() -> None:
    crude = series("CL", 60.0)
    later = PriceSeries(
        name="CL02", dates=(DAYS[1],), prices=np.array([59.0]), unit=price_unit_of("CL")
    )
    with pytest.raises(HistoryTooShort, match="CL − CL02 needs 1"):
        calendar_spread(crude, later)
    with pytest.raises(HistoryTooShort, match="CL / CL"):
        price_ratio(crude, series("CL", -37.63))
    with pytest.raises(InvalidInput, match="ratio"):
        crack_spread(crude, series("RB", 2.0), series("HO", 2.0), ratio=(3, 1, 1))
    with pytest.raises(InvalidInput, match="legs"):
        spread("nothing", (), crude.unit)
    with pytest.raises(InvalidInput, match="weight nan"):
        spread("nothing", (Leg(series=crude, weight=np.nan),), crude.unit)
    power = series("power", 45.0, unit=EUROS_A_MWH)
    with pytest.raises(InvalidInput, match="heat_rate"):
        spark_spread(power, series("TTF", 3.0), heat_rate_mmbtu_per_mwh=0.0)
    with pytest.raises(InvalidInput, match="emission"):
        clean_spark_spread(
            power, power, power, heat_rate_mmbtu_per_mwh=7.0, emission_t_per_mwh=-0.1
        )


@pytest.mark.parametrize(
    ("dates", "prices"),
    [
        (DAYS, np.ones(2)),
        (DAYS[::-1], np.ones(3)),
        (DAYS, np.array([1.0, np.inf, 2.0])),
    ],
)
def test_improper_series_are_refused(dates: tuple[date, ...], prices: np.ndarray) -> None:
    with pytest.raises(InvalidInput, match="power"):
        PriceSeries(name="power", dates=dates, prices=prices, unit=EUROS_A_MWH)
