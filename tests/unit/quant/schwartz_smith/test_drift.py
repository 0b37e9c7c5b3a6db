import json
from dataclasses import asdict

import numpy as np
import pytest

from core.errors import InvalidInput
from quant.schwartz_smith.drift import DriftRule, DriftState, expected_change, follow_shocks

RULE = DriftRule()
CALM = DriftState(signal=0.0, chi_variance=1e-4, far_variance=4e-5, usual_far_variance=4e-5)


def test_signal_is_the_weighted_sum_of_scaled_shocks() -> None:
    generator = np.random.default_rng(2)
    shocks = generator.normal(0.0, 0.01, 200)
    shocks[50] = 1.0  # far beyond the limit of four deviations
    state, scaled, variance = CALM, [], CALM.chi_variance
    for shock in shocks.tolist():
        scaled.append(float(np.clip(shock / np.sqrt(variance), -4.0, 4.0)))
        variance = 0.97 * variance + 0.03 * shock**2
        state = follow_shocks(RULE, state, shock, 0.0)
    weights = 0.5 ** (np.arange(199, -1, -1) / 20.0)
    expected = np.sqrt(1.0 - 0.5 ** (2.0 / 20.0)) * (weights @ np.array(scaled))
    assert state.signal == pytest.approx(expected, rel=1e-12)
    assert state.chi_variance == pytest.approx(variance, rel=1e-12)
    assert state.usual_far_variance == CALM.usual_far_variance


def test_a_signal_of_independent_shocks_has_variance_one() -> None:
    generator = np.random.default_rng(3)
    state, signals = CALM, []
    for shock in generator.normal(0.0, 0.01, 20_000).tolist():
        state = follow_shocks(RULE, state, shock, 0.006)
        signals.append(state.signal)
    assert np.std(signals[200:]) == pytest.approx(1.0, abs=0.1)


def test_change_is_the_sum_of_fading_days() -> None:
    state = follow_shocks(RULE, CALM, 0.02, 0.01)
    per_day = RULE.strength * state.signal * 4e-5 / np.sqrt(state.far_variance)
    expected = sum(per_day * 0.5 ** (day / 20.0) for day in range(20))
    assert expected_change(RULE, state, 20) == pytest.approx(expected, rel=1e-12)
    assert expected_change(RULE, state, 0) == 0.0
    assert expected_change(RULE, CALM, 20) == 0.0


def test_a_stormy_market_says_less() -> None:
    calm = follow_shocks(RULE, CALM, 0.02, 0.0)
    stormy = follow_shocks(RULE, CALM, 0.02, 0.1)
    assert 0.0 < expected_change(RULE, stormy, 5) < expected_change(RULE, calm, 5)


def test_a_state_is_plain_numbers() -> None:
    state = follow_shocks(RULE, CALM, 0.02, 0.01)
    assert DriftState(**json.loads(json.dumps(asdict(state)))) == state


@pytest.mark.parametrize(
    ("name", "value"),
    [("half_life_days", 0.0), ("limit", -1.0), ("variance_weight", 1.0), ("strength", np.inf)],
)
def test_a_rule_that_is_none_is_refused(name: str, value: float) -> None:
    with pytest.raises(InvalidInput) as refused:
        DriftRule(**{name: value})
    assert refused.value.context["field"] == name


@pytest.mark.parametrize(("name", "value"), [("signal", np.nan), ("far_variance", 0.0)])
def test_a_broken_state_is_refused(name: str, value: float) -> None:
    with pytest.raises(InvalidInput) as refused:
        DriftState(**{**asdict(CALM), name: value})
    assert refused.value.context["field"] == name


def test_the_past_has_no_drift() -> None:
    with pytest.raises(InvalidInput, match="days"):
        expected_change(RULE, CALM, -1)
