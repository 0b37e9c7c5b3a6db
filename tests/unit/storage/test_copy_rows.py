"""Check the encoding of decimals; the rows themselves are read back from a real database."""

import struct
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.copy_rows import numeric_bytes


def decoded(data: bytes) -> tuple[Decimal, int]:
    """Read a numeric as the server's documentation of `numeric_send` describes it."""
    count, weight, sign, scale = struct.unpack_from(">hhHH", data)
    groups = struct.unpack_from(f">{count}h", data, 8)
    assert len(data) == 8 + 2 * count
    value = sum(
        (Decimal(group) * Decimal(10000) ** (weight - index) for index, group in enumerate(groups)),
        Decimal(0),
    )
    return (-value if sign == 0x4000 else value), scale


@given(st.integers(-(10**20), 10**20), st.integers(-12, 7))
def test_a_decimal_keeps_its_value_and_its_digits(mantissa: int, exponent: int) -> None:
    value = Decimal(mantissa).scaleb(exponent)
    found, scale = decoded(numeric_bytes(value))
    assert (found, scale) == (value, max(0, -exponent))


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "sNaN", "1E+5000", "1E-5000"])
def test_what_is_no_price_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="cannot be stored as a price"):
        numeric_bytes(Decimal(text))
