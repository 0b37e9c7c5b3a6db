"""Check circuit runs against exact probabilities, however they are grouped, and what is refused."""

from collections.abc import Callable
from itertools import pairwise, product
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter, ParameterVector
from qiskit.quantum_info import Statevector

from core.backends import Backend, Family, Method
from core.errors import InvalidInput
from core.specifications.circuit import CircuitSpecification
from jobs.backends.choice import Choice
from jobs.kinds.circuit import KIND
from jobs.pieces import Target
from jobs.tasks.program_facts import circuit_facts

CarryOut = Callable[..., Any]
shared_fixture = settings(
    max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def ansatz(qubits: int = 3) -> QuantumCircuit:
    """Make rotations by v[0], v[1], … and an entangling chain, turned once more by a."""
    circuit = QuantumCircuit(qubits)
    for qubit, angle in enumerate(ParameterVector("v", qubits)):
        circuit.ry(angle, qubit)
    for qubit in range(qubits - 1):
        circuit.cx(qubit, qubit + 1)
    circuit.rx(Parameter("a"), 0)
    return circuit


ANSATZ = ansatz()
VALUES = {
    "v[1]": [0.9, 1.7],
    "a": [0.1, 2.0, 0.4],
    "v[0]": [0.3, 1.1],
    "v[2]": [2.2],
}
ORDER = ("a", "v[0]", "v[1]", "v[2]")
GRID = {"parameters": VALUES, "grid": "product"}


def test_a_table_has_every_combination_in_the_order_of_the_circuit(carry_out: CarryOut) -> None:
    table = carry_out("circuit", ansatz(), {**GRID, "shots": 200}).table
    assert table.column_names == ["point", *ORDER, "outcome", "count", "probability"]
    points = table["point"].to_numpy()
    for number, expected in enumerate(product(*(VALUES[name] for name in ORDER))):
        first = int(np.argmax(points == number))
        assert tuple(table[name][first].as_py() for name in ORDER) == expected
    assert set(points) == set(range(12))
    assert table.group_by("point").aggregate([("count", "sum")])["count_sum"].to_pylist() == (
        [200] * 12
    )


def test_shares_are_those_of_the_exact_state(carry_out: CarryOut) -> None:
    shots = 100_000
    carried = carry_out("circuit", ansatz(), {**GRID, "shots": shots})
    assert carried.result["method"] == "statevector"
    rows = list(product(*(VALUES[name] for name in ORDER)))
    told = carried.result["counts"]
    assert [tuple(each["parameters"][name] for name in ORDER) for each in told] == rows
    for row, each in zip(rows, told, strict=True):
        exact = Statevector(ansatz().assign_parameters(row)).probabilities_dict()
        for outcome, share in exact.items():
            sigma = np.sqrt(shots * share * (1 - share)) + 1
            assert abs(each["counts"].get(outcome, 0) - shots * share) < 5 * sigma


@pytest.mark.parametrize("backend", ["aer", "aer:fake_lima"])
@shared_fixture
@given(cuts=st.lists(st.integers(1, 11), unique=True, max_size=5))
def test_grouping_never_changes_a_result(
    carry_out: CarryOut, backend: str, cuts: list[int]
) -> None:
    values = {**GRID, "shots": 1100, "backend": backend}
    whole = carry_out("circuit", ANSATZ, values, edges=[0, 12])
    parted = carry_out("circuit", ANSATZ, values, edges=[0, *sorted(cuts), 12])
    assert parted.table.equals(whole.table)
    assert parted.result["counts"] == whole.result["counts"]


@pytest.mark.parametrize("parts", [[0, 1, 5], [0, 2, 3, 4, 5], [0, 5]])
def test_parting_the_shots_of_a_point_never_changes_a_result(
    carry_out: CarryOut, parts: list[int]
) -> None:
    circuit = QuantumCircuit(30)
    circuit.h(range(30))
    for qubit in range(29):
        circuit.cz(qubit, qubit + 1)
    circuit.h(0)
    whole = carry_out("circuit", circuit, {"shots": 5000}, block_edges=[0, 5])
    assert whole.result["method"] == "stabilizer"
    parted = carry_out("circuit", circuit, {"shots": 5000}, block_edges=parts)
    assert parted.table.equals(whole.table)
    assert sum(whole.table["count"].to_pylist()) == 5000


def test_another_seed_gives_other_counts(carry_out: CarryOut) -> None:
    first, second = (
        carry_out("circuit", ansatz(), {**GRID, "seed": seed, "shots": 500}).table
        for seed in (1, 2)
    )
    assert not first.equals(second)


def test_measured_bits_show_bit_zero_rightmost(carry_out: CarryOut) -> None:
    circuit = QuantumCircuit(3, 2)
    circuit.x(2)
    circuit.measure(2, 0)
    circuit.measure(1, 1)
    carried = carry_out("circuit", circuit, {"shots": 10})
    assert carried.table["outcome"].to_pylist() == ["01"]
    assert carried.result["outcome_bits"] == 2


def test_many_counts_are_left_to_the_table(carry_out: CarryOut) -> None:
    circuit = QuantumCircuit(13)
    circuit.h(range(13))
    circuit.t(0)
    carried = carry_out("circuit", circuit, {"shots": 4000})
    assert (carried.result["inline"], carried.result["counts"]) == (False, None)
    assert carried.table.num_rows > 2000


def test_noise_tells_what_the_device_made_of_the_circuit(carry_out: CarryOut) -> None:
    circuit = QuantumCircuit(2)
    circuit.h(0)
    circuit.cx(0, 1)
    result = carry_out("circuit", circuit, {"shots": 2000, "backend": "aer:fake_lima"}).result
    assert result["on_device"]["two_qubit_gates"] >= 1
    assert result["on_device"]["isa_depth"] > 2
    counts = result["counts"][0]["counts"]
    assert 0 < counts["01"] + counts["10"] < 400
    assert result["cost"] == 0


def test_branches_are_carried_out(carry_out: CarryOut) -> None:
    circuit = QuantumCircuit(2, 2)
    circuit.h(0)
    circuit.measure(0, 0)
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.x(1)
    circuit.measure(1, 1)
    table = carry_out("circuit", circuit, {"shots": 500}).table
    assert table["outcome"].to_pylist() == ["00", "11"]


def test_the_program_returns_as_it_was_brought(carry_out: CarryOut) -> None:
    brought = ansatz()
    carried = carry_out("circuit", brought, {**GRID, "shots": 10})
    (circuit,) = KIND.programs(carried.specification, carried.problem, carried.result, carried.done)
    assert circuit == brought


def test_hardware_gets_a_measured_circuit_and_its_rows() -> None:
    specification = CircuitSpecification.checked(
        {"program": "as given", **GRID, "shots": 1000, "backend": "ibm:torino"}
    )
    problem = KIND.pose(specification, None, circuit_facts(ansatz())).problem
    choice = Choice(
        backend=Backend(family=Family.IBM, device="torino"), method=None, seconds=120.0, why="."
    )
    plan = KIND.plan(specification, problem, choice)
    (compose,) = KIND.pieces(specification, problem, plan, {})
    assert (compose.stage, compose.target) == ("compose", Target.TASKS)
    done = {("compose", 0): {"qpy": "text"}}
    jobs = KIND.pieces(specification, problem, plan, done)
    assert plan["chunks"] == 1 + len(jobs) == 5
    assert {(job.target, job.task, job.stage) for job in jobs} == {
        (Target.QPU, "sampler", "sample")
    }
    asked = [job.arguments[0] for job in jobs]
    assert [row for each in asked for row in each["rows"]] == list(
        product(*(VALUES[name] for name in ORDER))
    )
    assert {(each["qpy"], each["shots"], each["seed"]) for each in asked} == {("text", 1000, 7)}
    answered = {
        ("sample", job.index): {
            "counts": [{"0x5": 600, "0x0": 400}] * len(each["rows"]),
            "job_id": f"job-{job.index}",
            "isa_depth": 20 + job.index,
            "two_qubit_gates": 6,
            "usage_s": 2.5,
        }
        for job, each in zip(jobs, asked, strict=True)
    }
    done.update(answered)
    assert KIND.pieces(specification, problem, plan, done) == []
    result = KIND.assemble(specification, problem, plan, done)
    assert result["on_device"] == {"isa_depth": 23, "two_qubit_gates": 6}
    assert (result["cost"], len(result["job_ids"])) == (10.0, 4)
    table = KIND.table(specification, problem, result, done)
    assert table["outcome"].to_pylist() == ["000", "101"] * 12


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"parameters": {"a": [1.0]}}, r"parameters: the circuit needs values for v\[0\]"),
        (
            {"parameters": {name: [1.0] for name in (*ORDER, "w")}},
            "parameters: the circuit does not have w",
        ),
        ({**GRID, "backend": "aer:fake_armonk"}, "backend: fake_armonk has 1 qubits"),
        ({**GRID, "backend": "subspace"}, "backend: subspace carries out QAOA problems"),
    ],
)
def test_what_only_the_circuit_tells_is_refused_by_name(
    values: dict[str, Any], message: str
) -> None:
    specification = CircuitSpecification.checked({"program": "as given", **values})
    with pytest.raises(InvalidInput, match=message):
        KIND.pose(specification, None, circuit_facts(ansatz()))


def test_long_points_are_parted_where_every_shot_costs_alike() -> None:
    specification = CircuitSpecification.checked({"program": "as given", "shots": 100_000})
    circuit = QuantumCircuit(30)
    circuit.h(range(30))
    problem = KIND.pose(specification, None, circuit_facts(circuit)).problem
    aer = Backend(family=Family.AER)
    plans = {
        method: KIND.plan(
            specification, problem, Choice(backend=aer, method=method, seconds=20.0, why=".")
        )
        for method in (Method.STABILIZER, Method.STATEVECTOR)
    }
    assert plans[Method.STATEVECTOR]["block_edges"] == [0, 98]
    edges = plans[Method.STABILIZER]["block_edges"]
    assert (edges[0], edges[-1]) == (0, 98)
    assert plans[Method.STABILIZER]["chunks"] == len(edges) - 1 > 10


def test_more_counts_than_can_be_kept_together_are_refused() -> None:
    circuit = QuantumCircuit(12)
    circuit.ry(Parameter("a"), 0)
    values = {"program": "as given", "parameters": {"a": [0.1] * 2000}, "shots": 4000}
    with pytest.raises(InvalidInput, match=r"shots: it could give 8,000,000 counts"):
        KIND.pose(CircuitSpecification.checked(values), None, circuit_facts(circuit))


def test_chunks_hold_some_megabytes_of_counts_at_most() -> None:
    circuit = QuantumCircuit(12)
    circuit.ry(Parameter("a"), 0)
    values = {"program": "as given", "parameters": {"a": [0.1] * 4000}, "shots": 1000}
    specification = CircuitSpecification.checked(values)
    problem = KIND.pose(specification, None, circuit_facts(circuit)).problem
    aer = Backend(family=Family.AER)
    quick = Choice(backend=aer, method=Method.STATEVECTOR, seconds=0.01, why=".")
    edges = KIND.plan(specification, problem, quick)["edges"]
    assert max(last - first for first, last in pairwise(edges)) == 250
    huge = CircuitSpecification.checked({"program": "as given", "shots": 3_000_000})
    wide = QuantumCircuit(22)
    wide.h(range(22))
    problem = KIND.pose(huge, None, circuit_facts(wide)).problem
    assert len(KIND.plan(huge, problem, quick)["block_edges"]) - 1 == 13
