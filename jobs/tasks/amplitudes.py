"""Own one amplitude estimate on Aer, and as many classical draws as it called its oracle."""

from collections.abc import Mapping, Sequence
from math import exp
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qiskit import ClassicalRegister, QuantumCircuit

from core.specifications.amplitude import Estimator as Named
from core.specifications.amplitude import Measure
from jobs.aer.batches import sample
from jobs.aer.programs import sampled_program
from jobs.aer.simulators import Simulation
from jobs.tasks.sampling import simulation_of
from quant.quantum.estimation.distributions import Distribution
from quant.quantum.estimation.estimators import (
    Canonical,
    Estimator,
    Iterative,
    MaximumLikelihood,
)
from quant.quantum.estimation.experiments import STREAM
from quant.quantum.estimation.grover import AmplitudeProblem, phase_circuit, power_circuit
from quant.quantum.estimation.payoffs import call, lognormal_call, put
from quant.quantum.estimation.registers import RandomRegister, load
from quant.quantum.estimation.risk import LEVEL_TOLERANCE, RiskEstimate, risk
from quant.quantum.estimation.valuation import ValueEstimate, expectation
from quant.quantum.sweep import block_generator, block_seed

Reals = NDArray[np.float64]
Asked = Mapping[str, Any]

MONTE_CARLO = "monte carlo"


class AerExperiment:
    """Draw outcomes of the circuits of a problem from Aer; every round has a seed of its own."""

    is_exact = False

    def __init__(
        self, problem: AmplitudeProblem, *, seed: int, simulation: Simulation, used: "Used"
    ) -> None:
        self.amplitude = problem.amplitude
        self.seed: int | None = seed
        self._problem = problem
        self._simulation = simulation
        self._used = used
        self._round = 0

    def good(self, powers: Sequence[int], shots: int) -> Reals:
        found = [
            self._counts(power_circuit(self._problem, power), [self._problem.objective], shots)
            for power in powers
        ]
        self._used.deepest_power = max(self._used.deepest_power, *powers)
        return np.array([counts.get("0x1", 0) for counts in found], dtype=float)

    def phases(self, qubits: int, shots: int) -> Reals:
        width = self._problem.preparation.num_qubits
        circuit = phase_circuit(self._problem, qubits)
        found = self._counts(circuit, range(width, width + qubits), shots)
        self._used.deepest_power = 2**qubits - 1
        counts = np.zeros(2**qubits)
        counts[[int(outcome, 16) for outcome in found]] = list(found.values())
        return counts

    def _counts(self, circuit: QuantumCircuit, qubits: Sequence[int], shots: int) -> dict[str, int]:
        circuit.add_register(ClassicalRegister(len(qubits), "outcome"))
        circuit.measure(list(qubits), list(range(len(qubits))))
        self._round += 1
        seed = block_seed(STREAM, self.seed or 0, self._round)
        (counts,) = sample(circuit, [()], shots, seed, 0, self._simulation)
        self._used.note(circuit, self._simulation)
        return counts


class Used:
    """Remember the largest of the circuits that were sampled."""

    def __init__(self) -> None:
        self.qubits = 0
        self.depth = 0
        self.two_qubit_gates = 0
        self.deepest_power = 0

    def note(self, circuit: QuantumCircuit, simulation: Simulation) -> None:
        """Take note of a circuit as it was run: in the device's own gates, if there is one."""
        run = sampled_program(circuit, simulation).circuit
        self.qubits = max(self.qubits, circuit.num_qubits)
        self.depth = max(self.depth, run.depth())
        self.two_qubit_gates = max(self.two_qubit_gates, _entangling(run))

    def to_json(self) -> dict[str, int]:
        """Return the sizes as JSON-ready values."""
        return {
            "qubits": self.qubits,
            "circuit_depth": self.depth,
            "two_qubit_gates": self.two_qubit_gates,
            "deepest_power": self.deepest_power,
        }


def _entangling(circuit: QuantumCircuit) -> int:
    return sum(
        len(step.qubits) > 1 and step.operation.name not in {"barrier", "save_probabilities"}
        for step in circuit.data
    )


def estimate(asked: Asked, repetition: int) -> dict[str, Any]:
    """Estimate once, with seeds that are this repetition's own."""
    register = _register(asked)
    used, simulation, questions = Used(), simulation_of(asked), iter(range(2**31))

    def run(problem: AmplitudeProblem) -> AerExperiment:
        seed = block_seed(f"{STREAM} {repetition}", asked["seed"], next(questions))
        return AerExperiment(problem, seed=seed, simulation=simulation, used=used)

    if asked["measure"] == Measure.OPTION:
        values = _paid(asked)
        found = expectation(register, values, estimator=estimator_of(asked), run=run)
        told = _told_option(found)
    else:
        tail = risk(
            register,
            np.array(asked["points"]),
            level=asked["level"],
            estimator=estimator_of(asked),
            run=run,
        )
        told = _told_risk(tail, asked["measure"])
    return {**told, **used.to_json()}


def estimator_of(asked: Asked) -> Estimator:
    """Return the estimator asked for, with the schedule that was settled."""
    shots, alpha = asked["shots"], asked["alpha"]
    if asked["estimator"] == Named.ITERATIVE:
        return Iterative(epsilon=asked["accuracy"], shots=shots, alpha=alpha)
    if asked["estimator"] == Named.MAXIMUM_LIKELIHOOD:
        return MaximumLikelihood(powers=tuple(asked["powers"]), shots=shots, alpha=alpha)
    return Canonical(qubits=asked["phase_qubits"], shots=shots, alpha=alpha)


def compare(asked: Asked, draws: Sequence[int]) -> dict[str, Any]:
    """Draw classically as often as each repetition called its oracle, of the same distribution.

    Each gives its value and standard error, None where there is none to give; of an option the
    closed form is told too.
    """
    option = asked["payoff"]
    return {
        "closed_form": None if option is None else closed_form(option),
        "draws": [_drawn(asked, count, index) for index, count in enumerate(draws)],
    }


def closed_form(option: Mapping[str, Any]) -> float:
    """Return the discounted value of a European option on a lognormal price (Black 1976)."""
    discount = exp(-option["rate"] * option["years"])
    forward = option["spot"] / discount
    paid = lognormal_call(
        forward=forward,
        strike=option["strike"],
        volatility=option["volatility"],
        years=option["years"],
    )
    parity = option["strike"] - forward if option["kind"] == "put" else 0.0
    return discount * (paid + parity)


def circuits_of(asked: Asked, figures: Mapping[str, Any], deepest: int) -> list[QuantumCircuit]:
    """Return A of the last question of an estimate, and the deepest circuit made of it."""
    register = _register(asked)
    if asked["measure"] == Measure.OPTION:
        values = _paid(asked)
    else:
        losses = np.array(asked["points"])
        values = np.maximum(losses - figures["value_at_risk"]["value"], 0.0)
    span = float(np.ptp(values))
    fractions = (values - values.min()) / span if span > 0 else np.zeros_like(values)
    problem = register.problem(fractions)
    if asked["estimator"] == Named.CANONICAL:
        return [problem.preparation, phase_circuit(problem, asked["phase_qubits"])]
    return [problem.preparation, power_circuit(problem, deepest)]


def _register(asked: Asked) -> RandomRegister:
    return load(
        Distribution(
            points=np.array(asked["points"])[:, None],
            probabilities=np.array(asked["probabilities"]),
        )
    )


def _paid(asked: Asked) -> Reals:
    """Return what the option pays at each point, discounted to today."""
    option = asked["payoff"]
    pay = call if option["kind"] == "call" else put
    paid = pay(np.array(asked["points"]), option["strike"]).values
    return exp(-option["rate"] * option["years"]) * paid


def _told_option(found: ValueEstimate) -> dict[str, Any]:
    return {
        "value": found.value,
        "interval": list(found.interval),
        "exact": found.exact,
        "figures": {},
        "shots": found.amplitude.shots,
        "oracle_calls": found.amplitude.oracle_calls,
    }


def _told_risk(found: RiskEstimate, measure: str) -> dict[str, Any]:
    figures = {
        name: {"value": each.value, "interval": list(each.interval), "exact": each.exact}
        for name, each in (
            ("expected_loss", found.expected_loss),
            ("value_at_risk", found.value_at_risk),
            ("tail_mean", found.tail_mean),
            ("expected_shortfall", found.expected_shortfall),
        )
    }
    is_var = measure == Measure.VALUE_AT_RISK
    return {
        **figures["value_at_risk" if is_var else "expected_shortfall"],
        "figures": figures,
        "shots": found.shots,
        "oracle_calls": found.oracle_calls,
    }


def _drawn(asked: Asked, count: int, index: int) -> dict[str, Any]:
    """Draw `count` outcomes of the distribution, and estimate from them alone."""
    random = block_generator(MONTE_CARLO, asked["seed"], index)
    probabilities = np.array(asked["probabilities"])
    counts = random.multinomial(count, probabilities / probabilities.sum())
    if asked["measure"] == Measure.OPTION:
        value, error = _mean(_paid(asked), counts)
        return {"draws": count, "value": value, "standard_error": error}
    points = np.array(asked["points"])
    order = np.argsort(points, kind="stable")
    shares = np.cumsum(counts[order]) / count
    place = int(np.argmax(shares >= asked["level"] - LEVEL_TOLERANCE))
    value_at_risk = float(points[order][place])
    if asked["measure"] == Measure.VALUE_AT_RISK:
        return {"draws": count, "value": value_at_risk, "standard_error": None}
    excess, error = _mean(np.maximum(points - value_at_risk, 0.0), counts)
    beyond = 1 - asked["level"]
    return {
        "draws": count,
        "value": value_at_risk + excess / beyond,
        "standard_error": None if error is None else error / beyond,
    }


def _mean(values: Reals, counts: NDArray[np.int64]) -> tuple[float, float | None]:
    """Return the mean of values drawn so often, and its standard error from two draws on."""
    total = int(counts.sum())
    mean = float(counts @ values) / total
    if total < 2:
        return mean, None
    variance = float(counts @ (values - mean) ** 2) / (total - 1)
    return mean, float(np.sqrt(variance / total))
