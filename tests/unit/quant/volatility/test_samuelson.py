from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet as parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from core.errors import HistoryTooShort, InvalidInput
from quant.volatility.samuelson import SamuelsonCurve, fit_samuelson

SharedData = Callable[[str], Path]
MONTHS = np.arange(1, 37) / 12.0


@given(st.floats(0.1, 3.0), st.floats(0.1, 5.0), st.floats(0.2, 12.0))
def test_a_curve_is_found_again(long_run: float, excess: float, decay: float) -> None:
    curve = SamuelsonCurve(long_run=long_run, at_expiry=long_run + excess, decay=decay)
    fitted = fit_samuelson(MONTHS, curve.volatilities(MONTHS))
    np.testing.assert_allclose(fitted.volatilities(MONTHS), curve.volatilities(MONTHS), rtol=1e-5)


def test_a_flat_term_structure_fits_too() -> None:
    fitted = fit_samuelson(MONTHS, np.full(MONTHS.size, 2.0))
    np.testing.assert_allclose(fitted.volatilities(MONTHS), 2.0, rtol=1e-9)


@given(st.floats(0.0, 2.0), st.floats(0.001, 2.0))
def test_the_average_is_the_integral_of_the_variance(end: float, span: float) -> None:
    curve = SamuelsonCurve(long_run=1.2, at_expiry=2.9, decay=1.7)
    whole, _ = quad(lambda years: curve.volatilities(np.array([years]))[0] ** 2, end, end + span)
    assert curve.average(end + span, end) == pytest.approx(np.sqrt(whole / span), rel=1e-8)
    assert curve.average(end, end) == pytest.approx(curve.volatilities(np.array([end]))[0])


def test_real_crude_moves_more_the_nearer_it_is(shared_data: SharedData) -> None:
    table = parquet.read_table(
        shared_data("futures_settlements.parquet"), filters=[("product", "=", "CL")]
    )
    prices = np.full((table.num_rows, 36), np.nan)
    dates, rows = np.unique(table["date"].to_numpy(), return_inverse=True)
    prices[rows, table["position"].to_numpy() - 1] = table["settlement"].to_numpy()
    # stitched differences are good enough for a level over seventeen years; April 2020 is not in
    kept = (dates < np.datetime64("2020-01-01"))[1:]
    changes = np.diff(prices[: len(dates)], axis=0)[kept]
    fitted = fit_samuelson(MONTHS, changes.std(axis=0))
    assert fitted.at_expiry > 1.5 > fitted.long_run > 0.5
    np.testing.assert_allclose(fitted.volatilities(MONTHS), changes.std(axis=0), atol=0.06)


def test_bad_input_is_refused() -> None:
    with pytest.raises(HistoryTooShort):
        fit_samuelson(np.array([0.1, 0.1, 0.5]), np.ones(3))
    with pytest.raises(InvalidInput):
        fit_samuelson(MONTHS, np.ones(3))
    with pytest.raises(InvalidInput):
        fit_samuelson(-MONTHS, np.ones(36))
    with pytest.raises(InvalidInput):
        SamuelsonCurve(long_run=1.0, at_expiry=2.0, decay=0.0)
    curve = SamuelsonCurve(long_run=1.0, at_expiry=2.0, decay=1.0)
    with pytest.raises(InvalidInput):
        curve.average(0.5, 1.0)
    with pytest.raises(InvalidInput):
        curve.volatilities(np.array([-0.1]))
