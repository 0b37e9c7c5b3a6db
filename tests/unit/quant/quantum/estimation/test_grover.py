"""Check powers of Q and phase estimation against closed forms, Aer and the transpiler."""

import numpy as np
import pytest
from qiskit import QuantumCircuit, transpile
from qiskit.primitives import StatevectorSampler
from qiskit.quantum_info import Operator, Statevector
from qiskit.transpiler import CouplingMap
from qiskit_aer.primitives import SamplerV2 as AerSampler

from core.errors import InvalidInput
from quant.quantum.estimation.distributions import normal
from quant.quantum.estimation.estimators import Iterative, MaximumLikelihood, exponential_powers
from quant.quantum.estimation.experiments import good_probabilities, phase_probabilities
from quant.quantum.estimation.grover import (
    AmplitudeProblem,
    ExactExperiment,
    SampledExperiment,
    phase_circuit,
    power_circuit,
)
from quant.quantum.estimation.registers import bernoulli, load


def call_problem() -> AmplitudeProblem:
    distribution = normal(mean=1.0, deviation=2.0, qubits=3)
    values = np.maximum(distribution.levels(), 0.0)
    return load(distribution).problem(values / values.max())


PROBLEMS = [bernoulli(0.2), call_problem()]


@pytest.mark.parametrize("problem", PROBLEMS)
def test_powers_turn_the_angle(problem: AmplitudeProblem) -> None:
    angle = float(np.arcsin(np.sqrt(problem.amplitude)))
    found = ExactExperiment(problem).good(range(6), 1)
    np.testing.assert_allclose(found, good_probabilities(range(6), angle), atol=1e-12)


def test_step_is_the_product_of_its_reflections() -> None:
    problem = call_problem()
    prepare = Operator(problem.preparation).data
    size = len(prepare)
    zero = np.diag([1.0] + [-1.0] * (size - 1))
    good = np.diag([-1.0 if index >> problem.objective & 1 else 1.0 for index in range(size)])
    expected = prepare @ zero @ prepare.conj().T @ good @ prepare[:, 0]
    np.testing.assert_allclose(Statevector(power_circuit(problem, 1)).data, expected, atol=1e-12)


@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize("qubits", [1, 3, 4])
def test_phase_estimation_has_the_closed_form(problem: AmplitudeProblem, qubits: int) -> None:
    angle = np.arcsin(np.sqrt([problem.amplitude]))
    found = ExactExperiment(problem).phases(qubits, 1)
    np.testing.assert_allclose(found, phase_probabilities(qubits, angle)[:, 0], atol=1e-12)


@pytest.mark.parametrize("build", [lambda p: power_circuit(p, 1), lambda p: phase_circuit(p, 1)])
def test_circuits_transpile_to_a_line_of_qubits(build) -> None:  # type: ignore[no-untyped-def]
    problem = call_problem()
    circuit = build(problem)
    compiled = transpile(
        circuit,
        basis_gates=["cx", "rz", "sx", "x"],
        coupling_map=CouplingMap.from_line(circuit.num_qubits),
        initial_layout=range(circuit.num_qubits),
        optimization_level=1,
        seed_transpiler=1,
    )
    assert set(compiled.count_ops()) <= {"cx", "rz", "sx", "x"}
    final = compiled.layout.final_index_layout()
    wanted = Statevector(circuit).probabilities()
    np.testing.assert_allclose(Statevector(compiled).probabilities(final), wanted, atol=1e-10)


def test_samples_repeat_by_seed_and_differ_by_round() -> None:
    first, again = (SampledExperiment(bernoulli(0.3), seed=4) for _ in range(2))
    draws = [[float(each.good([0], 1000)[0]) for _ in range(3)] for each in (first, again)]
    assert draws[0] == draws[1]
    assert len(set(draws[0])) == 3
    # circuits of one run draw apart, too
    assert len(set(first.good([0, 0, 0], 1000))) == 3


def test_aer_is_a_sampler() -> None:
    problem = call_problem()
    estimator = MaximumLikelihood(powers=exponential_powers(4), shots=2000)
    compiled: list[QuantumCircuit] = []

    def unrolled(circuit: QuantumCircuit) -> QuantumCircuit:
        compiled.append(transpile(circuit, basis_gates=["cx", "rz", "sx", "x"]))
        return compiled[-1]

    found = estimator.estimate(
        SampledExperiment(
            problem,
            sampler=lambda seed: AerSampler(seed=seed),
            seed=7,
            transpile=unrolled,
        )
    )
    assert len(compiled) == 5
    assert found.interval[0] <= problem.amplitude <= found.interval[1]
    assert found.interval[1] - found.interval[0] < 0.02
    plain = Iterative(epsilon=0.02).estimate(
        SampledExperiment(problem, sampler=lambda seed: AerSampler(seed=seed), seed=8)
    )
    assert plain.interval[0] <= problem.amplitude <= plain.interval[1]


def test_ready_sampler_draws_by_its_own_generator() -> None:
    sampler = StatevectorSampler(seed=np.random.default_rng(5))
    experiment = SampledExperiment(bernoulli(0.5), sampler=sampler)
    assert experiment.seed is None
    assert experiment.phases(2, 100).sum() == 100


@pytest.mark.parametrize(
    ("sampler", "seed", "field"),
    [
        (None, None, "seed"),
        (StatevectorSampler(seed=np.random.default_rng(1)), 3, "seed"),
        (StatevectorSampler(seed=3), None, "sampler"),
        (AerSampler(seed=3), None, "sampler"),
    ],
)
def test_seeds_that_would_mislead_are_refused(
    sampler: StatevectorSampler | None, seed: int | None, field: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        SampledExperiment(bernoulli(0.5), sampler=sampler, seed=seed)
    assert caught.value.context["field"] == field
