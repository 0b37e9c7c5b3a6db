"""Check the dispatch against a bisection on the marginal cost, and its special cases."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InvalidInput
from quant.dispatch import Unit, dispatch, fuel_costs
from quant.kazarlis import UNITS

PAIR = (
    Unit(maximum_mw=100.0, minimum_mw=10.0, a_per_h=5.0, b_per_mwh=20.0, c_per_mw2h=0.1),
    Unit(maximum_mw=80.0, minimum_mw=20.0, a_per_h=7.0, b_per_mwh=30.0, c_per_mw2h=0.05),
)
LINEAR = tuple(
    Unit(maximum_mw=50.0, minimum_mw=10.0, a_per_h=0.0, b_per_mwh=price, c_per_mw2h=0.0)
    for price in (30.0, 20.0, 20.0)
)


def by_bisection(units: list[Unit], load_mw: float) -> np.ndarray:
    """Raise the marginal cost until the outputs meet the load."""
    low, high = 0.0, 1000.0
    for _ in range(200):
        marginal = (low + high) / 2.0
        outputs = np.array(
            [
                np.clip(
                    (marginal - unit.b_per_mwh) / (2.0 * unit.c_per_mw2h),
                    unit.minimum_mw,
                    unit.maximum_mw,
                )
                for unit in units
            ]
        )
        low, high = (marginal, high) if outputs.sum() < load_mw else (low, marginal)
    return outputs


def test_equal_marginal_cost_between_the_bounds() -> None:
    outputs = dispatch(np.array([[True, True]]), PAIR, 130.0)[0]
    assert outputs.sum() == pytest.approx(130.0, abs=1e-12)
    assert 20.0 + 0.2 * outputs[0] == pytest.approx(30.0 + 0.1 * outputs[1], abs=1e-12)
    assert fuel_costs(outputs[None], np.array([[True, True]]), PAIR)[0] == pytest.approx(
        12.0
        + 20.0 * outputs[0]
        + 0.1 * outputs[0] ** 2
        + 30.0 * outputs[1]
        + 0.05 * outputs[1] ** 2
    )


@settings(max_examples=50, deadline=None)
@given(
    running=st.sets(st.integers(0, 9), min_size=1),
    share=st.floats(min_value=0.0, max_value=1.0),
)
def test_agrees_with_bisection(running: set[int], share: float) -> None:
    committed = np.isin(np.arange(10), list(running))[None]
    units = [UNITS[i] for i in sorted(running)]
    least, most = sum(u.minimum_mw for u in units), sum(u.maximum_mw for u in units)
    load_mw = least + share * (most - least)
    outputs = dispatch(committed, UNITS, load_mw)[0]
    np.testing.assert_allclose(outputs[sorted(running)], by_bisection(units, load_mw), atol=1e-6)
    assert outputs.sum() == pytest.approx(load_mw, abs=1e-9)
    assert not outputs[~committed[0]].any()


def test_each_row_is_a_problem_of_its_own() -> None:
    committed = np.array([[True, False], [False, True], [True, True]])
    outputs = dispatch(committed, PAIR, 90.0)
    assert outputs[0].tolist() == [90.0, 0.0]
    assert np.isnan(outputs[1]).all()
    assert outputs[2].sum() == pytest.approx(90.0)


@pytest.mark.parametrize("load_mw", [29.0, 181.0])
def test_a_load_beyond_the_bounds_has_no_dispatch(load_mw: float) -> None:
    assert np.isnan(dispatch(np.array([[True, True]]), PAIR, load_mw)).all()


@pytest.mark.parametrize(("load_mw", "expected"), [(30.0, 10.0), (150.0, 50.0)])
def test_the_bounds_themselves_can_be_run(load_mw: float, expected: float) -> None:
    assert dispatch(np.ones((1, 3), bool), LINEAR, load_mw)[0].tolist() == [expected] * 3


def test_units_of_constant_marginal_cost_fill_up_by_price() -> None:
    outputs = dispatch(np.ones((1, 3), bool), LINEAR, 80.0)[0]
    assert outputs[0] == 10.0
    assert outputs[1:].sum() == pytest.approx(70.0)


def test_refuses_rows_of_another_length() -> None:
    with pytest.raises(InvalidInput, match="committed"):
        dispatch(np.ones((1, 3), bool), PAIR, 80.0)


@pytest.mark.parametrize(
    ("field", "value"),
    [("minimum_mw", 101.0), ("minimum_mw", -1.0), ("c_per_mw2h", -0.1), ("b_per_mwh", np.nan)],
)
def test_refuses_a_unit_that_cannot_be(field: str, value: float) -> None:
    values = {"maximum_mw": 100.0, "minimum_mw": 1.0, "a_per_h": 1.0, "b_per_mwh": 1.0}
    with pytest.raises(InvalidInput, match=field):
        Unit(**{**values, "c_per_mw2h": 0.0, field: value})
