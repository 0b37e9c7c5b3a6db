"""Check which backend is chosen for what, that the reason is told, and what is refused."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.backends import Backend, Family, Method
from core.errors import InvalidInput
from jobs.backends.choice import Workload, choose

MEMORY = 4 << 30
AUTO = Backend(family=Family.AUTO)
DENSE = Workload(
    qubits=12,
    points=1,
    shots=1024,
    gates=216,
    two_qubit_gates=72,
    depth=24,
    cut_bits=6,
    is_clifford=False,
    is_dynamic=False,
    needs_circuits=True,
)
CLIFFORD = replace(DENSE, qubits=40, gates=480, two_qubit_gates=160, cut_bits=20, is_clifford=True)
CHAIN = replace(DENSE, qubits=40, gates=238, two_qubit_gates=78, depth=8, cut_bits=2)
QAOA = replace(DENSE, qubits=20, gates=1500, cut_bits=10, needs_circuits=False, weight=5)

workloads = st.builds(
    replace,
    st.sampled_from([DENSE, CLIFFORD, CHAIN, QAOA]),
    qubits=st.integers(1, 60),
    points=st.integers(1, 1000),
    shots=st.integers(1, 10_000),
    gates=st.integers(0, 5_000),
    two_qubit_gates=st.integers(0, 2_000),
    cut_bits=st.integers(0, 40),
    is_clifford=st.booleans(),
    is_dynamic=st.booleans(),
    weight=st.none(),
)


@pytest.mark.parametrize("asked", ["auto", "classical"])
def test_work_without_a_circuit_goes_nowhere_that_carries_circuits_out(asked: str) -> None:
    plain = Workload.classical(points=500, shots=0, seconds=90.0)
    choice = choose(plain, Backend.parse(asked), MEMORY)
    assert (choice.backend.family, choice.method, choice.seconds) == (Family.CLASSICAL, None, 90.0)
    assert "no circuit" in choice.why
    assert "90 s" in choice.why
    for name in ("subspace", "aer", "aer:fake_lagos", "ibm:torino"):
        with pytest.raises(InvalidInput, match="backend"):
            choose(plain, Backend.parse(name), MEMORY)


def test_circuits_go_nowhere_that_carries_none_out() -> None:
    for workload in (DENSE, QAOA):
        with pytest.raises(InvalidInput, match="carries out no circuits"):
            choose(workload, Backend(family=Family.CLASSICAL), MEMORY)


@pytest.mark.parametrize(
    ("workload", "method", "because"),
    [
        (DENSE, Method.STATEVECTOR, "A state vector of 2^12 amplitudes"),
        (CLIFFORD, Method.STABILIZER, "every gate is Clifford"),
        (CHAIN, Method.MATRIX_PRODUCT_STATE, "at most 2 bits of entanglement"),
        (QAOA, None, "every state keeps 5 ones"),
    ],
)
def test_the_cheapest_exact_way_is_chosen_and_says_why(
    workload: Workload, method: Method | None, because: str
) -> None:
    choice = choose(workload, AUTO, MEMORY)
    assert choice.method is method
    assert because in choice.why
    assert choice.why.endswith(".")
    assert choice.backend.family is (Family.SUBSPACE if method is None else Family.AER)


@given(workloads)
def test_none_that_can_is_cheaper_and_none_is_noisy_or_remote(workload: Workload) -> None:
    choice = choose(workload, AUTO, memory_bytes=1 << 80)
    able = [each.seconds for each in choice.considered if each.seconds is not None]
    assert choice.seconds == min(able)
    assert all(each.backend.device is None for each in choice.considered)
    assert all((each.seconds is None) == (each.reason is not None) for each in choice.considered)


def test_why_names_what_cannot_do_it() -> None:
    choice = choose(CHAIN, AUTO, MEMORY)
    assert choice.why.endswith("a task may take 4 GiB.")
    assert "a state vector is out of the question: it needs 32 TiB" in choice.why


def test_a_branch_costs_an_evolution_for_every_shot() -> None:
    aer = Backend(family=Family.AER)
    still = choose(DENSE, aer, MEMORY).seconds
    assert choose(replace(DENSE, is_dynamic=True), aer, MEMORY).seconds > 10 * still


def test_a_circuit_is_never_carried_out_in_the_subspace() -> None:
    with pytest.raises(InvalidInput, match=r"backend: subspace .* QAOA problems, not circuits"):
        choose(DENSE, Backend(family=Family.SUBSPACE), MEMORY)


def test_the_subspace_needs_a_weight_that_is_kept() -> None:
    with pytest.raises(InvalidInput, match="the number of ones is not kept"):
        choose(replace(QAOA, weight=None), Backend(family=Family.SUBSPACE), MEMORY)


def test_what_fits_no_memory_is_refused_with_every_reason() -> None:
    huge = replace(DENSE, qubits=60, cut_bits=30)
    with pytest.raises(InvalidInput) as refused:
        choose(huge, AUTO, MEMORY)
    reason = str(refused.value)
    assert "a state vector: it needs 32 EiB of memory, a task may take 4 GiB" in reason
    assert "stabilizer simulation: not every gate is Clifford" in reason


def test_noise_takes_a_density_matrix_of_a_few_qubits_and_never_of_many() -> None:
    noisy = Backend.parse("aer:fake_guadalupe")
    few = choose(replace(DENSE, qubits=3, gates=30, shots=4096), noisy, MEMORY)
    assert (few.backend, few.method) == (noisy, Method.DENSITY_MATRIX)
    assert "the noise of fake_guadalupe" in few.why
    many = choose(replace(DENSE, qubits=15), noisy, MEMORY)
    assert many.method is Method.STATEVECTOR


def test_a_device_too_small_is_refused() -> None:
    with pytest.raises(InvalidInput, match="fake_lima has 5 qubits, 12 are needed"):
        choose(DENSE, Backend.parse("aer:fake_lima"), MEMORY)


@pytest.mark.parametrize("backend", ["aer:fake_guadalupe", "ibm:torino"])
def test_exact_values_need_a_simulator_without_noise(backend: str) -> None:
    with pytest.raises(InvalidInput, match=r"backend: .*exact values"):
        choose(replace(DENSE, shots=0, terms=3), Backend.parse(backend), MEMORY)


def test_hardware_is_taken_only_when_asked_for() -> None:
    choice = choose(DENSE, Backend.parse("ibm:torino"), MEMORY)
    assert (str(choice.backend), choice.method) == ("ibm:torino", None)
    assert choice.why.startswith("ibm:torino was asked for: 1,024 shots")
    assert choice.seconds > 0


def test_a_choice_is_json() -> None:
    told = choose(CHAIN, AUTO, MEMORY).to_json()
    assert told["backend"] == "aer"
    assert told["method"] == "matrix_product_state"
    assert {each["method"] for each in told["considered"]} == {None, *list(Method)[:3]}
