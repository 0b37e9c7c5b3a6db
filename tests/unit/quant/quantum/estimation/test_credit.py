"""Check the credit model's registers against the published circuit and a plain sum."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit.quantum_info import Statevector
from scipy.stats import norm

from core.errors import InvalidInput
from quant.quantum.estimation.credit import (
    CreditModel,
    Rotation,
    credit_register,
    default_probabilities,
    portfolio_losses,
)


def published() -> CreditModel:
    """Return the model of the credit-risk tutorial of qiskit-finance."""
    return CreditModel(
        default_probabilities=np.array([0.15, 0.25]),
        correlations=np.array([0.1, 0.05]),
        factor_qubits=2,
        width=2.0,
    )


LOSSES = portfolio_losses(np.array([1.0, 2.0]))


def test_losses_add_up() -> None:
    assert LOSSES.tolist() == [0, 1, 2, 3]
    assert portfolio_losses(np.array([1.0, 2.0, 5.0])).tolist() == [0, 1, 2, 3, 5, 6, 7, 8]


def test_published_circuit() -> None:
    # the credit-risk tutorial of qiskit-finance: exact values of its circuit, whose rotations are
    # linearised; its own "exact" figures, 0.6641 and 0.9521, are one sampled run
    register = credit_register(published(), Rotation.LINEAR)
    for chances in (register.probabilities, Statevector(register.circuit).probabilities([0, 1])):
        printed = [f"{chance:.10f}" for chance in chances]
        assert printed == ["0.6479282666", "0.1041870024", "0.2069743118", "0.0409104191"]
        assert f"{chances @ LOSSES:.10f} {chances[:3].sum():.10f}" == "0.6408668835 0.9590895809"


def test_published_gaussian_copula() -> None:
    # the same model on its factor's grid without linearisation; `test_exact_model_is_a_plain_sum`
    register = credit_register(published())
    for chances in (register.probabilities, Statevector(register.circuit).probabilities([0, 1])):
        assert f"{chances @ LOSSES:.10f} {chances[:3].sum():.10f}" == "0.6491370485 0.9575084335"


@settings(deadline=None, max_examples=15)
@given(
    st.lists(st.tuples(st.floats(0.01, 0.9), st.floats(0, 0.6)), min_size=1, max_size=3),
    st.integers(1, 3),
    st.sampled_from(Rotation),
)
def test_circuit_carries_the_model(
    obligors: list[tuple[float, float]], factor_qubits: int, rotation: Rotation
) -> None:
    chances, correlations = (np.array(column) for column in zip(*obligors, strict=True))
    model = CreditModel(
        default_probabilities=chances,
        correlations=correlations,
        factor_qubits=factor_qubits,
        width=1.5,
    )
    register = credit_register(model, rotation)
    found = Statevector(register.circuit).probabilities(list(register.qubits))
    np.testing.assert_allclose(found, register.probabilities, atol=1e-12)


def test_exact_model_is_a_plain_sum() -> None:
    model = CreditModel(
        default_probabilities=np.array([0.05, 0.2, 0.4]),
        correlations=np.array([0.3, 0.1, 0.2]),
        factor_qubits=3,
        width=2.5,
    )
    grid = np.linspace(-2.5, 2.5, 8)
    weights = norm.pdf(grid) / norm.pdf(grid).sum()
    expected = np.zeros(8)
    for z, weight in zip(grid, weights, strict=True):
        given_z = norm.cdf(
            (norm.ppf(model.default_probabilities) - np.sqrt(model.correlations) * z)
            / np.sqrt(1 - model.correlations)
        )
        for mask in range(8):
            hit = np.array([mask >> i & 1 for i in range(3)])
            expected[mask] += weight * np.prod(np.where(hit, given_z, 1 - given_z))
    np.testing.assert_allclose(default_probabilities(model, Rotation.EXACT), expected, atol=1e-14)


@pytest.mark.parametrize(
    ("chances", "correlations", "qubits", "field"),
    [
        ([0.1, 0.2], [0.1], 2, "correlations"),
        ([0.0], [0.1], 2, "default_probabilities"),
        ([0.1], [1.0], 2, "correlations"),
        ([0.1], [np.nan], 2, "correlations"),
        ([0.1], [0.1], 0, "factor_qubits"),
        ([0.1] * 16, [0.1] * 16, 1, "factor_qubits"),
    ],
)
def test_bad_models_are_named(
    chances: list[float], correlations: list[float], qubits: int, field: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        CreditModel(
            default_probabilities=np.array(chances),
            correlations=np.array(correlations),
            factor_qubits=qubits,
            width=2.0,
        )
    assert caught.value.context["field"] == field


@pytest.mark.parametrize("width", [0.0, -1.0, np.inf, np.nan])
def test_a_factor_without_width_is_named(width: float) -> None:
    with pytest.raises(InvalidInput, match="width"):
        CreditModel(
            default_probabilities=np.array([0.1]),
            correlations=np.array([0.1]),
            factor_qubits=2,
            width=width,
        )
