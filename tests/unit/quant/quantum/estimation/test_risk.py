"""Check value at risk and tails against published figures and plain sums."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InvalidInput
from quant.quantum.estimation.credit import (
    CreditModel,
    Rotation,
    credit_register,
    portfolio_losses,
)
from quant.quantum.estimation.distributions import normal, tabulated
from quant.quantum.estimation.estimators import Iterative
from quant.quantum.estimation.grover import ExactExperiment, SampledExperiment
from quant.quantum.estimation.registers import RandomRegister, load
from quant.quantum.estimation.risk import cumulative, risk

ITERATIVE = Iterative(epsilon=0.01)
LOSSES = portfolio_losses(np.array([1.0, 2.0]))


def credit(rotation: Rotation) -> RandomRegister:
    """Return the register of the credit-risk tutorial of qiskit-finance."""
    model = CreditModel(
        default_probabilities=np.array([0.15, 0.25]),
        correlations=np.array([0.1, 0.05]),
        factor_qubits=2,
        width=2.0,
    )
    return credit_register(model, rotation)


@pytest.mark.parametrize(
    ("rotation", "expected_loss", "reached"),
    [
        (Rotation.LINEAR, "0.6408668835", "0.9590895809"),
        (Rotation.EXACT, "0.6491370485", "0.9575084335"),
    ],
)
def test_published_credit_risk(rotation: Rotation, expected_loss: str, reached: str) -> None:
    # the same tutorial: losses given default 1 and 2, level 95 %, VaR 2, CVaR 3
    found = risk(credit(rotation), LOSSES, level=0.95, estimator=ITERATIVE, run=ExactExperiment)
    assert f"{found.expected_loss.value:.10f}" == expected_loss
    assert f"{found.expected_loss.exact:.10f}" == expected_loss
    (step,) = (step.probability for step in found.steps if step.loss == 2)
    assert f"{step.amplitude:.10f}" == f"{step.exact:.10f}" == reached
    assert (found.value_at_risk.value, found.value_at_risk.exact) == (2, 2)
    assert found.tail_mean.value == pytest.approx(3, abs=1e-12)
    assert found.tail_mean.exact == pytest.approx(3, abs=1e-12)
    beyond = 1 - float(reached)
    assert found.expected_shortfall.exact == pytest.approx(2 + beyond / 0.05, abs=1e-8)
    assert found.expected_shortfall.value == pytest.approx(found.expected_shortfall.exact)


def test_sampled_risk_holds_the_exact_figures() -> None:
    register = credit(Rotation.LINEAR)
    run = partial(SampledExperiment, seed=12)
    found = risk(register, LOSSES, level=0.95, estimator=ITERATIVE, run=run)
    for figure in (found.value_at_risk, found.tail_mean, found.expected_shortfall):
        assert figure.interval[0] - 1e-12 <= figure.exact <= figure.interval[1] + 1e-12
    parts = [found.expected_loss.amplitude, found.excess.amplitude]
    parts += [step.probability for step in found.steps]
    assert found.shots == sum(part.shots for part in parts) > 0
    assert found.oracle_calls == sum(part.oracle_calls for part in parts)
    assert found.seed == 12
    # jointly 95 %: two expectations and at most two steps among four losses
    assert {part.alpha for part in parts} == {0.05 / 4}


def test_doubtful_steps_widen_the_value_at_risk() -> None:
    losses = np.arange(8.0)
    register = load(tabulated(losses, np.ones(8) / 8))
    run = partial(SampledExperiment, seed=2)
    coarse = Iterative(epsilon=0.2, shots=20)
    found = risk(register, losses, level=0.6, estimator=coarse, run=run)
    low, high = found.value_at_risk.interval
    assert low <= found.value_at_risk.exact == 4 <= high
    assert high > low


@settings(deadline=None, max_examples=20)
@given(
    st.lists(st.floats(0.001, 1), min_size=2, max_size=9),
    st.floats(0.05, 0.95),
    st.randoms(use_true_random=False),
)
def test_exact_risk_equals_plain_sums(weights: list[float], level: float, random) -> None:  # type: ignore[no-untyped-def]
    chances = np.array(weights) / sum(weights)
    losses = np.array([float(random.randint(-5, 5)) for _ in weights])
    register = load(tabulated(losses, chances))
    padded = tabulated(losses, chances).levels()
    found = risk(register, padded, level=level, estimator=ITERATIVE, run=ExactExperiment)
    expected = min(x for x in losses if chances[losses <= x].sum() >= level - 1e-9)
    assert found.value_at_risk.value == found.value_at_risk.exact == expected
    tail = losses > expected
    mean = chances[tail] @ losses[tail] / chances[tail].sum() if tail.any() else expected
    assert found.tail_mean.exact == pytest.approx(mean, abs=1e-9)
    assert found.tail_mean.value == pytest.approx(mean, abs=1e-7)
    best = min(x + chances @ np.maximum(losses - x, 0) / (1 - level) for x in losses)
    assert found.expected_shortfall.exact == pytest.approx(best, abs=1e-7)
    assert len(found.steps) <= 4


def test_cumulative_of_a_normal_loss() -> None:
    distribution = normal(mean=0.0, deviation=1.0, qubits=4)
    found = cumulative(
        load(distribution), distribution.levels(), 0.0, estimator=ITERATIVE, run=ExactExperiment
    )
    assert found.amplitude == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("losses", "level", "field"),
    [(LOSSES, 1.0, "level"), (LOSSES[:3], 0.9, "losses"), (np.full(4, np.inf), 0.9, "losses")],
)
def test_bad_input_is_named(losses: np.ndarray, level: float, field: str) -> None:
    register = load(tabulated(np.arange(4.0), np.ones(4) / 4))
    with pytest.raises(InvalidInput, match=field):
        risk(register, losses, level=level, estimator=ITERATIVE, run=ExactExperiment)
