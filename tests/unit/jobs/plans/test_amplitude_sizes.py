"""Check the sizes that estimates are planned with against the circuits that are built."""

from itertools import pairwise
from math import pi, sin, sqrt

import numpy as np
import pytest

from core.errors import InvalidInput
from core.specifications.amplitude import AmplitudeSpecification
from jobs.plans.amplitude_sizes import MAX_GATES, questions_of, schedule_of, workload_of
from quant.quantum.estimation.distributions import normal
from quant.quantum.estimation.estimators import Iterative
from quant.quantum.estimation.experiments import IdealExperiment
from quant.quantum.estimation.grover import phase_circuit, power_circuit
from quant.quantum.estimation.registers import load
from quant.quantum.estimation.risk import risk

OPTION = {"spot": 80.0, "strike": 75.0, "volatility": 0.4, "years": 0.5}


def asked(**values: object) -> AmplitudeSpecification:
    return AmplitudeSpecification.checked({"measure": "option", "option": OPTION, **values})


@pytest.mark.parametrize("qubits", [2, 3, 5])
@pytest.mark.parametrize("estimator", ["iterative", "maximum_likelihood", "canonical"])
def test_gates_are_those_of_the_deepest_circuit(qubits: int, estimator: str) -> None:
    specification = asked(qubits=qubits, estimator=estimator, accuracy=0.05, shots=100)
    register = load(normal(mean=0.0, deviation=1.0, qubits=qubits))
    problem = register.problem(np.linspace(0.1, 0.9, 2**qubits))
    schedule, workload = schedule_of(specification), workload_of(specification)
    built = (
        phase_circuit(problem, schedule.phase_qubits)
        if schedule.phase_qubits
        else power_circuit(problem, schedule.deepest)
    )
    assert workload.qubits == built.num_qubits
    assert workload.gates == pytest.approx(built.size(), rel=0.02)
    assert workload.two_qubit_gates == pytest.approx(built.num_nonlocal_gates(), rel=0.02)


@pytest.mark.parametrize("amplitude", [0.02, 0.3, 0.5, 0.9])
@pytest.mark.parametrize("accuracy", [0.05, 0.01, 0.001])
def test_no_iterative_estimate_goes_deeper_than_planned(amplitude: float, accuracy: float) -> None:
    schedule = schedule_of(asked(accuracy=accuracy))
    for seed in range(20):
        estimator = Iterative(epsilon=accuracy, shots=200)
        found = estimator.estimate(IdealExperiment(amplitude, seed=seed))
        assert max(found.powers) <= schedule.deepest


@pytest.mark.parametrize("accuracy", [0.1, 0.01, 0.001])
def test_powers_suffice_for_the_accuracy_and_none_is_spare(accuracy: float) -> None:
    schedule = schedule_of(asked(estimator="maximum_likelihood", accuracy=accuracy, shots=200))
    widths = [
        1.959964 / (2 * sqrt(200 * sum((2 * power + 1) ** 2 for power in powers)))
        for powers in (schedule.powers, schedule.powers[:-1])
        if powers
    ]
    assert widths[0] <= accuracy
    assert all(width > accuracy for width in widths[1:])


def test_phase_qubits_suffice_for_the_accuracy() -> None:
    schedule = schedule_of(asked(estimator="canonical", accuracy=0.01))
    grid = [sin(pi * y / 2**schedule.phase_qubits) ** 2 for y in range(2**schedule.phase_qubits)]
    assert max(abs(later - earlier) for earlier, later in pairwise(grid)) <= 2 * 0.01


def test_a_risk_asks_no_more_questions_than_counted() -> None:
    specification = AmplitudeSpecification.checked(
        {"measure": "var", "holding": {"product": "CL"}, "qubits": 4}
    )
    register = load(normal(mean=0.0, deviation=1.0, qubits=4))
    seeds = iter(range(100))
    risk(
        register,
        np.arange(16.0),
        level=0.95,
        estimator=Iterative(epsilon=0.05),
        run=lambda problem: IdealExperiment(problem.amplitude, seed=next(seeds)),
    )
    assert next(seeds) <= questions_of(specification)


def test_a_circuit_too_deep_is_refused_with_its_size() -> None:
    with pytest.raises(InvalidInput, match=rf"accuracy: .* gates, at most {MAX_GATES:,}"):
        workload_of(asked(accuracy=1e-5, qubits=10))
