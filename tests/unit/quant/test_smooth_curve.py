"""Hold the smoothest curve against the paper's own system, a fine grid, and a published example."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidInput
from quant.delivery_periods import DeliveryContract
from quant.smooth_curve import SmoothCurve, smooth_curve

TODAY = date(2013, 5, 13)

# Closing prices of synthetic power contracts on 2013-05-13 from the README of the R package etrm
# (Sleire, MIT licence): those that it uses, and those that it leaves out.
USED = """
W21-13 2013-05-20 2013-05-26 33.65
W22-13 2013-05-27 2013-06-02 35.77
W23-13 2013-06-03 2013-06-09 36.58
W24-13 2013-06-10 2013-06-16 35.93
W25-13 2013-06-17 2013-06-23 33.14
W26-13 2013-06-24 2013-06-30 34.16
MJUL-13 2013-07-01 2013-07-31 33.14
MAUG-13 2013-08-01 2013-08-31 35.72
MSEP-13 2013-09-01 2013-09-30 38.41
MOCT-13 2013-10-01 2013-10-31 38.81
MNOV-13 2013-11-01 2013-11-30 40.94
Q4-13 2013-10-01 2013-12-31 40.53
Q1-14 2014-01-01 2014-03-31 42.40
Q2-14 2014-04-01 2014-06-30 33.39
Q3-14 2014-07-01 2014-09-30 31.78
Q4-14 2014-10-01 2014-12-31 38.25
Q1-15 2015-01-01 2015-03-31 40.73
Q2-15 2015-04-01 2015-06-30 32.64
Q3-15 2015-07-01 2015-09-30 30.87
Q4-15 2015-10-01 2015-12-31 37.22
CAL-16 2016-01-01 2016-12-31 34.10
"""
LEFT_OUT = """
MJUN-13 2013-06-01 2013-06-30 35.35
Q3-13 2013-07-01 2013-09-30 35.72
CAL-14 2014-01-01 2014-12-31 36.43
CAL-15 2015-01-01 2015-12-31 35.12
CAL-17 2017-01-01 2017-12-31 35.22
CAL-18 2018-01-01 2018-12-31 36.36
CAL-19 2019-01-01 2019-12-31 37.44
CAL-20 2020-01-01 2020-12-31 38.58
CAL-21 2021-01-01 2021-12-31 39.73
CAL-22 2022-01-01 2022-12-31 40.93
CAL-23 2023-01-01 2023-12-31 42.15
"""


def read(table: str) -> list[DeliveryContract]:
    return [
        DeliveryContract(
            name=name,
            first=date.fromisoformat(first),
            last=date.fromisoformat(last),
            price=float(price),
        )
        for name, first, last, price in (line.split() for line in table.split("\n") if line)
    ]


def contract(first: int, last: int, price: float, name: str = "") -> DeliveryContract:
    return DeliveryContract(
        name=name or f"{first}-{last}",
        first=TODAY + timedelta(days=first),
        last=TODAY + timedelta(days=last),
        price=price,
    )


def largest_error(curve: SmoothCurve, contracts: list[DeliveryContract]) -> float:
    """Average the days of each period by a plain loop."""
    redundant = {one.contract.name for one in curve.redundant}
    errors = [0.0]
    for one in contracts:
        if one.name in redundant:
            continue
        offset = (one.first - curve.first).days
        factors = np.exp(-curve.rate * np.arange(one.days) / 365.0)
        priced = float((curve.prices[offset : offset + one.days] * factors).sum() / factors.sum())
        errors.append(abs(priced - one.price))
    return max(errors)


def paper_curve(contracts: list[DeliveryContract], start: date) -> np.ndarray:
    """Solve the paper's system as printed: powers of the time in years from the start, no scaling.

    Its unknowns are a t⁴ + b t³ + c t² + d t + e in every segment; the multipliers follow.
    """
    edges = sorted({0.0} | {edge for one in contracts for edge in years_of(one, start)})
    pieces = len(edges) - 1
    bending = np.zeros((5 * pieces, 5 * pieces))
    for j in range(pieces):
        lengths = [edges[j + 1] ** k - edges[j] ** k for k in range(6)]
        bending[5 * j : 5 * j + 3, 5 * j : 5 * j + 3] = [
            [144 / 5 * lengths[5], 18 * lengths[4], 8 * lengths[3]],
            [18 * lengths[4], 12 * lengths[3], 6 * lengths[2]],
            [8 * lengths[3], 6 * lengths[2], 4 * lengths[1]],
        ]
    rows, targets = [], []
    for j in range(pieces - 1):
        t = edges[j + 1]
        for powers in (
            [t**4, t**3, t**2, t, 1],
            [4 * t**3, 3 * t**2, 2 * t, 1, 0],
            [12 * t**2, 6 * t, 2, 0, 0],
        ):
            row = np.zeros(5 * pieces)
            row[5 * j : 5 * j + 10] = [*powers, *(-power for power in powers)]
            rows.append(row)
            targets.append(0.0)
    t = edges[-1]
    rows.append(np.r_[np.zeros(5 * (pieces - 1)), 4 * t**3, 3 * t**2, 2 * t, 1, 0])
    targets.append(0.0)
    for one in contracts:
        begins, ends = years_of(one, start)
        row = np.zeros(5 * pieces)
        for j in range(pieces):
            if begins <= edges[j] and edges[j + 1] <= ends:
                row[5 * j : 5 * j + 5] = primitive(edges[j + 1]) - primitive(edges[j])
        rows.append(row / (ends - begins))
        targets.append(one.price)
    conditions = np.array(rows)
    zeros = np.zeros((len(rows), len(rows)))
    system = np.block([[2 * bending, conditions.T], [conditions, zeros]])
    solution = np.linalg.lstsq(system, np.r_[np.zeros(5 * pieces), targets], rcond=1e-18)[0]
    days = round(edges[-1] * 365)
    means = []
    for day in range(days):
        j = max(j for j in range(pieces) if edges[j] * 365 <= day + 1e-9)
        part = primitive((day + 1) / 365) - primitive(day / 365)
        means.append(365 * part @ solution[5 * j : 5 * j + 5])
    return np.array(means)


def years_of(one: DeliveryContract, start: date) -> tuple[float, float]:
    return (one.first - start).days / 365, ((one.last - start).days + 1) / 365


def primitive(t: float) -> np.ndarray:
    return np.array([t**5 / 5, t**4 / 4, t**3 / 3, t**2 / 2, t])


def grid_curve(contracts: list[DeliveryContract], start: date, cells: int) -> np.ndarray:
    """Minimise squared second differences of `cells` values a day under the same prices."""
    days = (max(one.last for one in contracts) - start).days + 1
    n = days * cells
    second = np.diff(np.eye(n), n=2, axis=0)
    rows = [np.r_[np.zeros(n - 2), -1.0, 1.0]]
    for one in contracts:
        row = np.zeros(n)
        offset = (one.first - start).days
        row[offset * cells : (offset + one.days) * cells] = 1.0 / (one.days * cells)
        rows.append(row)
    conditions = np.array(rows)
    targets = np.r_[0.0, [one.price for one in contracts]]
    zeros = np.zeros((len(rows), len(rows)))
    system = np.block([[second.T @ second, conditions.T], [conditions, zeros]])
    values = np.linalg.solve(system, np.r_[np.zeros(n), targets])[:n]
    return np.asarray(values.reshape(days, cells).mean(axis=1))


OVERLAPPING = [
    contract(7, 13, 33.65),
    contract(14, 20, 35.77),
    contract(10, 39, 36.2),
    contract(40, 69, 31.0),
    contract(40, 129, 38.4),
]


def test_the_curve_is_that_of_the_papers_own_system() -> None:
    found = smooth_curve(OVERLAPPING, first=TODAY)
    np.testing.assert_allclose(found.prices, paper_curve(OVERLAPPING, TODAY), atol=2e-6)
    assert largest_error(found, OVERLAPPING) < 1e-8


def test_the_curve_is_what_a_fine_grid_tends_to() -> None:
    found = smooth_curve(OVERLAPPING, first=TODAY).prices
    coarse = np.abs(grid_curve(OVERLAPPING, TODAY, 2) - found).max()
    fine = np.abs(grid_curve(OVERLAPPING, TODAY, 6) - found).max()
    assert fine < 0.1
    assert fine < 0.5 * coarse


def test_no_other_curve_at_the_same_prices_bends_less() -> None:
    # Any curve of day means that prices the contracts alike bends at least as much.
    found = smooth_curve(OVERLAPPING, first=TODAY)
    generator = np.random.default_rng(7)
    prices = np.zeros((len(OVERLAPPING), len(found.prices)))
    for row, one in enumerate(OVERLAPPING):
        offset = (one.first - TODAY).days
        prices[row, offset : offset + one.days] = 1.0 / one.days
    for _ in range(4):
        away = generator.normal(size=len(found.prices)).cumsum().cumsum()
        away -= prices.T @ np.linalg.solve(prices @ prices.T, prices @ away)
        away *= 1e-3 / np.abs(away).max()
        bent = smooth_curve(
            [contract(day, day, float(price)) for day, price in enumerate(found.prices + away)],
            first=TODAY,
        )
        assert bent.roughness > found.roughness


def test_the_published_contracts_are_priced_without_arbitrage() -> None:
    contracts = read(USED)
    curve = smooth_curve(contracts, first=TODAY)
    assert len(contracts) == 21
    assert len(curve.prices) == 1329
    assert curve.last == date(2016, 12, 31)
    assert largest_error(curve, contracts) < 1e-8
    assert [round(curve.price_over(one.first, one.last), 2) for one in contracts] == [
        one.price for one in contracts
    ]
    assert curve.redundant == ()


def test_the_published_contracts_need_as_many_polynomials_as_printed() -> None:
    # etrm prints 41 polynomials: it splits at first and last days alike, so that a day lies between
    # two weeks. Here a period ends where the next day begins, which leaves 22.
    contracts = read(USED)
    days = {TODAY} | {one.first for one in contracts} | {one.last for one in contracts}
    assert len(days) - 1 == 41
    edges = {TODAY} | {one.first for one in contracts}
    edges |= {one.last + timedelta(days=1) for one in contracts}
    assert smooth_curve(contracts, first=TODAY).polynomials == len(edges) - 1 == 22


def test_contracts_that_others_imply_are_left_out_and_reported() -> None:
    contracts = [one for one in read(USED + LEFT_OUT) if one.name != "CAL-15"]
    curve = smooth_curve(contracts, first=TODAY)
    implied = {one.contract.name: one.implied for one in curve.redundant}
    months, quarters = (33.14, 35.72, 38.41), (42.40, 33.39, 31.78, 38.25)
    assert implied == {
        "Q3-13": pytest.approx(np.average(months, weights=(31, 31, 30))),
        "CAL-14": pytest.approx(np.average(quarters, weights=(90, 91, 92, 92))),
    }
    assert largest_error(curve, contracts) < 1e-8


def test_contracts_that_contradict_each_other_are_refused_by_name() -> None:
    # The year 2015 of the published table is 22 cents from its four quarters.
    with pytest.raises(InvalidInput, match=r"CAL-15 at 35\.12 contradicts .*Q4-15.*35\.3431"):
        smooth_curve(read(USED + LEFT_OUT), first=TODAY)
    tolerant = smooth_curve(read(USED + LEFT_OUT), first=TODAY, tolerance=0.25)
    assert "CAL-15" in {one.contract.name for one in tolerant.redundant}


def test_two_prices_of_one_period_contradict_or_repeat_each_other() -> None:
    twice = [contract(0, 6, 30.0, "one"), contract(0, 6, 30.0, "two")]
    assert [one.implied for one in smooth_curve(twice).redundant] == [pytest.approx(30.0)]
    with pytest.raises(InvalidInput, match="two at 31 contradicts one"):
        smooth_curve([twice[0], contract(0, 6, 31.0, "two")])


def test_one_contract_makes_a_level_curve() -> None:
    curve = smooth_curve([contract(3, 32, -4.5)], first=TODAY)
    np.testing.assert_allclose(curve.prices, -4.5, atol=1e-12)
    assert curve.roughness == pytest.approx(0.0, abs=1e-12)


def test_a_prior_that_prices_all_contracts_is_kept() -> None:
    seasonal = 40.0 + 8.0 * np.cos(2 * np.pi * np.arange(130) / 365)
    priced = [
        contract(first, last, float(seasonal[first : last + 1].mean()))
        for first, last in ((7, 13), (14, 20), (40, 69), (40, 129))
    ]
    curve = smooth_curve(priced, first=TODAY, prior=seasonal)
    np.testing.assert_allclose(curve.prices, seasonal, atol=1e-9)
    shifted = [contract(7, 13, 41.0), contract(40, 129, 35.0)]
    bent = smooth_curve(shifted, first=TODAY, prior=seasonal)
    assert largest_error(bent, shifted) < 1e-8


def month_ends(months: int) -> list[int]:
    firsts = [date(2024 + n // 12, n % 12 + 1, 1) for n in range(months + 1)]
    return [(day - firsts[0]).days for day in firsts]


@given(
    st.lists(st.floats(-50.0, 300.0), min_size=36, max_size=36),
    st.sampled_from([0.0, 0.03, 0.2]),
    st.integers(0, 20),
)
def test_weeks_months_quarters_and_years_are_priced_to_1e_8(
    prices: list[float], rate: float, wait: int
) -> None:
    # Four weeks that straddle months, six months, quarters that overlap them, and two years.
    edges = month_ends(36)
    pool = iter(prices)
    periods = [(7 * n + 3, 7 * n + 9) for n in range(4)]
    periods += [(edges[n], edges[n + 1] - 1) for n in range(1, 7)]
    periods += [(edges[n], edges[n + 3] - 1) for n in (6, 9)]
    periods += [(edges[n], edges[n + 12] - 1) for n in (12, 24)]
    contracts = [contract(wait + first, wait + last, next(pool)) for first, last in periods]
    curve = smooth_curve(contracts, first=TODAY, rate=rate)
    assert np.isfinite(curve.prices).all()
    assert curve.redundant == ()
    assert largest_error(curve, contracts) < 1e-8


def test_fifteen_years_of_months_stay_exact() -> None:
    edges = month_ends(180)
    prices = 30.0 + 10.0 * np.random.default_rng(2).normal(size=180)
    contracts = [
        contract(edges[n], edges[n + 1] - 1, float(price)) for n, price in enumerate(prices)
    ]
    curve = smooth_curve(contracts)
    assert curve.polynomials == 180
    assert largest_error(curve, contracts) < 1e-8


def test_discounting_weighs_near_days_more() -> None:
    contracts = [contract(0, 364, 40.0), contract(0, 30, 20.0)]
    curve = smooth_curve(contracts, rate=0.1)
    factors = np.exp(-0.1 * np.arange(365) / 365)
    assert curve.prices @ factors / factors.sum() == pytest.approx(40.0, abs=1e-9)
    assert curve.prices.mean() > 40.0  # a rising curve's plain mean is above its discounted one


def test_bad_input_is_refused_by_name() -> None:
    week = contract(0, 6, 30.0)
    with pytest.raises(InvalidInput, match="contracts"):
        smooth_curve([])
    with pytest.raises(InvalidInput, match="before the curve's"):
        smooth_curve([week], first=TODAY + timedelta(days=1))
    with pytest.raises(InvalidInput, match="prior"):
        smooth_curve([week], prior=np.zeros(6))
    with pytest.raises(InvalidInput, match="prior"):
        smooth_curve([week], prior=np.full(7, np.nan))
    with pytest.raises(InvalidInput, match="rate"):
        smooth_curve([week], rate=np.inf)
    with pytest.raises(InvalidInput, match="tolerance"):
        smooth_curve([week], tolerance=-0.1)
    with pytest.raises(InvalidInput, match="ends on"):
        contract(6, 0, 30.0)
    with pytest.raises(InvalidInput, match="price nan"):
        contract(0, 6, np.nan)
    curve = smooth_curve([week])
    with pytest.raises(InvalidInput, match="period"):
        curve.price_over(TODAY, TODAY + timedelta(days=7))
