import json
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quant.calendars import business_days
from quant.forecast.fitting import fit_density
from quant.forecast.forecasts import forecast_densities
from quant.forecast.json_arrays import packed, unpacked
from quant.forecast.parameters import DensityParameters, usual_parameters
from quant.forecast.state import DensityState, replay, update, with_parameters
from quant.holidays import Calendar

POSITIONS = (1, 6, 12)
DAYS = business_days(date(2010, 1, 4), date(2012, 12, 31), Calendar.NYMEX)
CHANGES = np.random.default_rng(0).standard_t(5, (400, 3))
FITTED = fit_density("CL", POSITIONS, DAYS[:300], CHANGES[:300])
CHANGE = st.one_of(
    st.floats(-50.0, 50.0), st.sampled_from([0.0, -0.0, float("nan"), 1.0, -37.63, 1e-300])
)


def through_json(state: DensityState) -> DensityState:
    return DensityState.from_json(json.loads(json.dumps(state.to_json(), allow_nan=False)))


def check_same(ours: DensityState, theirs: DensityState) -> None:
    assert json.dumps(ours.to_json()) == json.dumps(theirs.to_json())
    np.testing.assert_array_equal(ours.residuals.values, theirs.residuals.values)
    np.testing.assert_array_equal(ours.residuals.ages, theirs.residuals.ages)
    assert ours.residuals.ages.dtype == theirs.residuals.ages.dtype


@pytest.mark.parametrize("parameters", [usual_parameters("CL", POSITIONS), FITTED])
@pytest.mark.parametrize("window", [100, 1_000])
def test_a_state_comes_back_from_json_as_it_was(parameters: DensityParameters, window: int) -> None:
    chosen = replace(parameters, settings=replace(parameters.settings, residual_window=window))
    state = with_parameters(replay(chosen, DAYS[:301], CHANGES[:301]), chosen)
    again = through_json(state)
    check_same(again, state)
    ours, theirs = (forecast_densities(chosen, one, [1, 20], paths=64) for one in (again, state))
    for key, forecast in theirs.items():
        np.testing.assert_array_equal(ours[key].quantiles, forecast.quantiles)
        assert ours[key].parts == forecast.parts
        assert ours[key].vintage == forecast.vintage


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(CHANGE, CHANGE, CHANGE), min_size=1, max_size=12), st.integers(22, 120))
def test_updates_after_json_are_the_same_to_the_bit(
    later: list[tuple[float, float, float]], before: int
) -> None:
    chosen = replace(FITTED, settings=replace(FITTED.settings, residual_window=100))
    kept = replay(chosen, DAYS[:before], np.round(CHANGES[:before], 1))
    for day, row in zip(DAYS[before:], later, strict=False):
        kept, restored = (
            update(chosen, one, day, np.array(row)) for one in (kept, through_json(kept))
        )
        check_same(restored, kept)


@pytest.mark.parametrize("parameters", [usual_parameters("NG", (2, 3)), FITTED])
def test_parameters_come_back_from_json_as_they_were(parameters: DensityParameters) -> None:
    text = json.dumps(parameters.to_json(), allow_nan=False)
    again = DensityParameters.from_json(json.loads(text))
    assert again.to_json() == parameters.to_json()
    assert repr(again) == repr(parameters)


@pytest.mark.parametrize("shape", [(0, 3), (2, 3), (4,)])
def test_arrays_are_packed_bit_for_bit(shape: tuple[int, ...]) -> None:
    values = np.random.default_rng(0).normal(size=shape)
    again = unpacked(json.loads(json.dumps(packed(values))))
    assert again.tobytes() == values.tobytes()
    assert (again.shape, again.dtype) == (values.shape, values.dtype)
    assert packed(np.array([1.0, -0.0])) == {"shape": [2], "float64": "AAAAAAAA8D8AAAAAAAAAgA=="}
