"""Check the text chart."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from cluster.commands.chart import chart_lines


def test_a_falling_curve_falls() -> None:
    lines = chart_lines([Decimal(3), Decimal(2), Decimal(1)], ["A", "B", "C"], height=3)
    assert lines == [
        "3.00 ┤ ●",
        "2.00 ┤    ●",
        "1.00 ┤       ●",
        "      A  B  C",
    ]


def test_a_flat_curve_is_one_line_and_no_curve_is_none() -> None:
    assert chart_lines([Decimal("7.5")] * 2, ["A", "B"])[0] == "7.50 ┤ ●  ●"
    assert chart_lines([], []) == []


@given(st.lists(st.decimals(-100, 100, places=2), min_size=1, max_size=40))
def test_every_price_has_one_dot(prices: list[Decimal]) -> None:
    lines = chart_lines(prices, [f"CLZ{index:02d}" for index in range(len(prices))])
    assert sum(line.count("●") for line in lines) == len(prices)
