"""Check the registry against the exchanges' contract specifications."""

from decimal import Decimal

import pytest

from core.errors import UnknownProduct
from core.products import FED_PRODUCTS, PRODUCTS, Venue, product


@pytest.mark.parametrize(
    ("code", "venue", "size", "tick", "tick_value"),
    [
        ("CL", Venue.CME, "1000", "0.01", "10"),
        ("NG", Venue.CME, "10000", "0.001", "10"),
        ("HO", Venue.CME, "42000", "0.0001", "4.20"),
        ("RB", Venue.CME, "42000", "0.0001", "4.20"),
        ("BZ", Venue.CME, "1000", "0.01", "10"),
        ("B", Venue.ICE, "1000", "0.01", "10"),
        ("G", Venue.ICE, "100", "0.25", "25"),
    ],
)
def test_sizes_and_ticks(code: str, venue: Venue, size: str, tick: str, tick_value: str) -> None:
    found = product(code)
    assert (found.venue, found.currency) == (venue, "USD")
    assert found.contract_size == Decimal(size)
    assert found.tick == Decimal(tick)
    assert found.contract_size * found.tick == Decimal(tick_value)


def test_keys_are_codes() -> None:
    assert list(FED_PRODUCTS) == ["CL", "NG", "HO", "RB", "BZ", "B", "G", "NBP", "TTF"]
    assert list(PRODUCTS) == [*FED_PRODUCTS, "PJM", "DEB", "EUA"]
    assert all(code == found.code for code, found in PRODUCTS.items())


def test_gas_and_power_sizes_depend_on_the_month_and_pence_are_named() -> None:
    assert [code for code, found in PRODUCTS.items() if found.contract_size is None] == [
        "NBP",
        "TTF",
        "PJM",
        "DEB",
    ]
    assert {code for code, found in PRODUCTS.items() if found.minor_per_major != 1} == {"NBP"}


@pytest.mark.parametrize("code", ["", "cl", "BRN", "CL "])
def test_unknown_codes_name_the_known(code: str) -> None:
    with pytest.raises(UnknownProduct, match="CL, NG, HO"):
        product(code)
