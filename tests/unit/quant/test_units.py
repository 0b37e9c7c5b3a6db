"""Hold conversions against published factors and against their own way back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidInput, ModelNotApplicable, UnknownProduct
from core.products import PRODUCTS
from quant.units import MMBTU_PER_MWH, UNITS, PriceUnit, converted, price_unit_of, units_in

DOLLARS_A_BARREL = PriceUnit(currency="USD", per="bbl")
DOLLARS_A_GALLON = PriceUnit(currency="USD", per="gal")
PENCE_A_THERM = PriceUnit(currency="GBP", per="therm", minor_per_major=100)
EUROS_A_MWH = PriceUnit(currency="EUR", per="MWh")


@pytest.mark.parametrize(
    ("unit", "other", "held"),
    [
        ("bbl", "gal", 42.0),
        ("MMBtu", "therm", 10.0),
        ("MWh", "MMBtu", 3.412141633),  # NIST SP 811: 1 kWh is 3412.141633 Btu (IT)
        ("MMBtu", "GJ", 1.05505585262),  # NIST SP 811: 1 Btu (IT) is 1.05505585262 kJ
        ("MWh", "therm", 34.12141633),
        ("bbl", "m3", 0.158987294928),  # NIST SP 811
        ("gal", "bbl", 1 / 42),
        ("t", "t", 1.0),
    ],
)
def test_published_factors(unit: str, other: str, held: float) -> None:
    assert units_in(unit, other) == pytest.approx(held, rel=1e-9)
    assert units_in(other, unit) == pytest.approx(1 / held, rel=1e-9)


def test_a_megawatt_hour_of_heat() -> None:
    assert pytest.approx(3.412141633) == MMBTU_PER_MWH


def test_products_are_priced_in_their_units() -> None:
    named = {code: str(price_unit_of(code)) for code in PRODUCTS}
    assert named == {
        "CL": "USD/bbl",
        "NG": "USD/MMBtu",
        "HO": "USD/gal",
        "RB": "USD/gal",
        "BZ": "USD/bbl",
        "B": "USD/bbl",
        "G": "USD/t",
        "NBP": "GBp/therm",
        "TTF": "EUR/MWh",
        "PJM": "USD/MWh",
        "DEB": "EUR/MWh",
        "EUA": "EUR/t",
    }
    with pytest.raises(UnknownProduct):
        price_unit_of("XX")


def test_prices_are_carried_across() -> None:
    gallons = np.array([2.5, -0.1])
    assert converted(gallons, DOLLARS_A_GALLON, DOLLARS_A_BARREL).tolist() == [105.0, -4.2]
    # 80 pence a therm at 1.15 euro a pound: 0.92 euro a therm, 34.1214 therm a MWh.
    pence = np.array([80.0])
    found = converted(pence, PENCE_A_THERM, EUROS_A_MWH, exchange_rate=1.15)
    assert found == pytest.approx(0.92 * 34.12141633)
    by_day = converted(
        np.array([80.0, 80.0]), PENCE_A_THERM, EUROS_A_MWH, exchange_rate=np.array([1.15, 1.2])
    )
    assert by_day == pytest.approx([0.92 * 34.12141633, 0.96 * 34.12141633])


def test_gasoil_needs_the_barrels_of_a_tonne() -> None:
    tonnes = price_unit_of("G")
    with pytest.raises(ModelNotApplicable, match="say how many bbl one t holds"):
        converted(np.array([745.0]), tonnes, DOLLARS_A_BARREL)
    assert converted(np.array([745.0]), tonnes, DOLLARS_A_BARREL, content=7.45) == pytest.approx(
        100.0
    )


def test_currencies_are_not_mixed_in_silence() -> None:
    with pytest.raises(ModelNotApplicable, match="GBP and EUR are different currencies"):
        converted(np.array([80.0]), PENCE_A_THERM, EUROS_A_MWH)


@given(
    st.lists(st.floats(-500, 500), min_size=1, max_size=5),
    st.sampled_from(["therm", "MMBtu", "GJ", "MWh"]),
    st.sampled_from(["therm", "MMBtu", "GJ", "MWh"]),
    st.sampled_from([1, 100]),
    st.floats(0.1, 10.0),
)
def test_there_and_back_is_the_same_price(
    prices: list[float], per: str, other: str, minor: int, rate: float
) -> None:
    here = PriceUnit(currency="GBP", per=per, minor_per_major=minor)
    there = PriceUnit(currency="EUR", per=other)
    away = converted(np.array(prices), here, there, exchange_rate=rate)
    back = converted(away, there, here, exchange_rate=1 / rate)
    # numbers below the smallest normal one have fewer digits
    np.testing.assert_allclose(back, prices, rtol=1e-12, atol=1e-300)


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"exchange_rate": 0.0}, "exchange_rate"),
        ({"exchange_rate": np.nan}, "exchange_rate"),
        ({"exchange_rate": np.ones(3)}, "exchange_rate"),
        ({"exchange_rate": 1.1, "content": 2.0}, "content"),
    ],
)
def test_improper_rates_are_refused(changed: dict[str, object], named: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        converted(np.ones(2), PENCE_A_THERM, EUROS_A_MWH, **changed)  # type: ignore[arg-type]
    assert refused.value.context["field"] == named


def test_what_is_not_needed_or_unknown_is_refused() -> None:
    with pytest.raises(InvalidInput, match="both are in USD"):
        converted(np.ones(2), DOLLARS_A_GALLON, DOLLARS_A_BARREL, exchange_rate=1.0)
    with pytest.raises(InvalidInput, match="content"):
        converted(np.ones(2), price_unit_of("G"), DOLLARS_A_BARREL, content=-1.0)
    with pytest.raises(InvalidInput, match=f"expected one of {', '.join(UNITS)}"):
        units_in("bushel", "t")
    with pytest.raises(InvalidInput, match="minor_per_major"):
        PriceUnit(currency="USD", per="bbl", minor_per_major=0)
