"""Check observable runs against exact expectations, their errors, and what is refused."""

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.circuit.random import random_circuit
from qiskit.quantum_info import SparsePauliOp, Statevector

from core.backends import Backend, Family
from core.errors import InvalidInput
from core.specifications.circuit import ObservableSpecification
from jobs.backends.choice import Choice
from jobs.kinds.observable import KIND
from jobs.pieces import Target
from jobs.tasks.program_facts import circuit_facts

CarryOut = Callable[..., Any]
OBSERVABLES = [
    {"IIZ": 1.5, "XXI": -0.5, "III": 2.0},
    {"YYX": 0.7, "ZZZ": 1.0},
    {"ZIZ": -1.0},
]
VALUES = {"b": [0.2, 1.9], "a": [0.5, 1.2, 2.6]}
GRID = {"parameters": VALUES, "grid": "product", "observables": OBSERVABLES}
ROWS = list(product(VALUES["a"], VALUES["b"]))


def ansatz() -> QuantumCircuit:
    """Make a random circuit with two angles in it."""
    circuit = QuantumCircuit(3)
    circuit.compose(random_circuit(3, 3, seed=3), inplace=True)
    circuit.ry(Parameter("a"), 0)
    circuit.rzz(Parameter("b"), 0, 2)
    circuit.compose(random_circuit(3, 3, seed=4), inplace=True)
    return circuit


def exact() -> list[list[float]]:
    """Compute every expectation with Qiskit's own state and operators."""
    operators = [SparsePauliOp(list(each), list(each.values())) for each in OBSERVABLES]
    states = [Statevector(ansatz().assign_parameters(row)) for row in ROWS]
    return [
        [float(state.expectation_value(operator).real) for operator in operators]
        for state in states
    ]


def test_exact_values_are_those_of_the_state(carry_out: CarryOut) -> None:
    carried = carry_out("observable", ansatz(), GRID)
    told = [each["values"] for each in carried.result["values"]]
    np.testing.assert_allclose(told, exact(), atol=1e-12)
    assert carried.table.column_names == ["point", "a", "b", "observable", "value"]
    assert carried.table["observable"].to_pylist() == [0, 1, 2] * 6
    assert list(zip(*(carried.table[name].to_pylist()[::3] for name in "ab"), strict=True)) == ROWS
    np.testing.assert_array_equal(carried.table["value"].to_numpy(), np.ravel(told))


def test_sampled_values_are_within_their_errors_which_are_as_asked(carry_out: CarryOut) -> None:
    carried = carry_out("observable", ansatz(), {**GRID, "precision": 0.02})
    told = np.array([each["values"] for each in carried.result["values"]])
    errors = np.array([each["standard_errors"] for each in carried.result["values"]])
    off = np.abs(told - np.array(exact()))
    assert (off <= 5 * errors + 1e-12).all()
    assert (errors <= 0.02 * 1.05).all()
    assert (errors > 0).any()
    assert carried.result["bases"] == 3
    assert carried.table["standard_error"].to_pylist() == errors.ravel().tolist()


@pytest.mark.parametrize("precision", [0.0, 0.05])
@pytest.mark.parametrize("edges", [[0, 1, 6], [0, 2, 3, 5, 6], [0, 1, 2, 3, 4, 5, 6]])
def test_grouping_never_changes_a_value(
    carry_out: CarryOut, edges: list[int], precision: float
) -> None:
    values = {**GRID, "precision": precision}
    whole = carry_out("observable", ansatz(), values, edges=[0, 6])
    assert carry_out("observable", ansatz(), values, edges=edges).table.equals(whole.table)


def test_noise_takes_values_away_from_the_exact_ones(carry_out: CarryOut) -> None:
    circuit = QuantumCircuit(2)
    circuit.x(0)
    circuit.cx(0, 1)
    values = {"observables": [{"ZZ": 1.0, "IZ": 0.0}], "precision": 0.02}
    carried = carry_out("observable", circuit, {**values, "backend": "aer:fake_lima"})
    (told,) = carried.result["values"]
    assert 0.6 < told["values"][0] < 1.0
    assert carried.result["on_device"]["two_qubit_gates"] >= 1


def test_a_dynamic_circuit_is_sampled_after_its_last_step(carry_out: CarryOut) -> None:
    circuit = QuantumCircuit(2, 1)
    circuit.h(0)
    circuit.measure(0, 0)
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.x(0)
        circuit.x(1)
    values = {"observables": [{"IZ": 1.0}, {"ZI": 1.0}], "precision": 0.05}
    (told,) = carry_out("observable", circuit, values).result["values"]
    assert told["values"][0] == 1.0
    assert told["values"][1] == pytest.approx(0.0, abs=0.25)


def test_the_identity_alone_is_known(carry_out: CarryOut) -> None:
    values = {"observables": [{"II": 2.5}], "precision": 0.1}
    (told,) = carry_out("observable", QuantumCircuit(2), values).result["values"]
    assert (told["values"], told["standard_errors"]) == ([2.5], [0.0])


def test_many_values_are_left_to_the_table(carry_out: CarryOut) -> None:
    circuit = QuantumCircuit(1)
    circuit.ry(Parameter("a"), 0)
    angles = np.linspace(0, 3, 2001).tolist()
    values = {"parameters": {"a": angles}, "observables": [{"Z": 1.0}]}
    carried = carry_out("observable", circuit, values)
    assert (carried.result["inline"], carried.result["values"]) == (False, None)
    np.testing.assert_allclose(carried.table["value"].to_numpy(), np.cos(angles), atol=1e-12)


def test_hardware_gets_a_bare_circuit_and_its_observables() -> None:
    specification = ObservableSpecification.checked(
        {"program": "as given", **GRID, "precision": 0.1, "backend": "ibm:torino"}
    )
    problem = KIND.pose(specification, None, circuit_facts(ansatz())).problem
    ibm = Backend(family=Family.IBM, device="torino")
    choice = Choice(backend=ibm, method=None, seconds=3.0, why=".")
    plan = KIND.plan(specification, problem, choice)
    done: dict[tuple[str, int], dict[str, Any]] = {("compose", 0): {"qpy": "text"}}
    (job,) = KIND.pieces(specification, problem, plan, done)
    assert (job.target, job.task) == (Target.QPU, "estimator")
    asked = job.arguments[0]
    assert asked["rows"] == ROWS
    assert asked["precision"] == 0.1
    assert [dict(each) for each in asked["observables"]] == OBSERVABLES
    done[("expect", 0)] = {"values": [[1.0, 2.0, 3.0]] * 6, "job_id": "job", "usage_s": 4.0}
    assert KIND.pieces(specification, problem, plan, done) == []
    result = KIND.assemble(specification, problem, plan, done)
    assert (result["cost"], result["shots"], result["job_ids"]) == (4.0, None, ["job"])
    table = KIND.table(specification, problem, result, done)
    assert table["value"].to_pylist() == [1.0, 2.0, 3.0] * 6
    assert table["standard_error"].null_count == 18


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"observables": [{"ZZ": 1.0}]}, "observables: expected Pauli words of 3 letters"),
        ({"backend": "aer:fake_lima"}, "precision: exact values need a simulator without noise"),
        ({"backend": "ibm:torino"}, "precision: exact values need a simulator without noise"),
        ({"precision": 1e-9}, "precision: it would take"),
        ({"parameters": {"a": [1.0]}}, "parameters: the circuit needs values for b"),
    ],
)
def test_what_only_the_circuit_tells_is_refused_by_name(
    values: dict[str, Any], message: str
) -> None:
    specification = ObservableSpecification.checked({"program": "as given", **GRID, **values})
    with pytest.raises(InvalidInput, match=message):
        KIND.pose(specification, None, circuit_facts(ansatz()))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "precision: exact values need a circuit that does not measure"),
        ({"precision": 0.1, "backend": "ibm:torino"}, "backend: hardware estimates no circuit"),
    ],
)
def test_a_dynamic_circuit_has_no_exact_values(values: dict[str, Any], message: str) -> None:
    circuit = QuantumCircuit(1)
    circuit.h(0)
    circuit.reset(0)
    given = {"program": "as given", "observables": [{"Z": 1.0}], **values}
    with pytest.raises(InvalidInput, match=message):
        KIND.pose(ObservableSpecification.checked(given), None, circuit_facts(circuit))
