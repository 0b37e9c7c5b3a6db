"""Measure what each step of simulating costs, and whether the way chosen by it is the fastest.

`python -m benchmarks.backend_costs` fits the costs on one core and writes them where
`jobs.backend_costs` reads them; `python -m benchmarks backend_costs` judges the choice by them.
"""

import json
from collections.abc import Iterator

import numpy as np
from qiskit import QuantumCircuit
from scipy.optimize import nnls

from benchmarks.report import Report, Row
from benchmarks.simulators.cases import Case, all_cases, sampled
from benchmarks.simulators.circuits import chain, clifford, dense, lattice
from core.backends import Backend, Family
from jobs.aer.devices import fake_device
from jobs.backends.choice import Workload, choose
from jobs.backends.costs import COSTS_FILE, Way, seconds, work
from jobs.tasks.program_facts import circuit_facts

RUNS = 5
REGRET_TARGET = 2.0
ROOMY = 1 << 34
_HARDWARE = "fake_torino"


def fit(cases: Iterator[Case], runs: int) -> dict[str, dict[str, float]]:
    """Fit the seconds of each step of each way: least squares of relative errors, none negative."""
    rows: dict[Way, list[tuple[dict[str, float], float]]] = {}
    for case in cases:
        rows.setdefault(case.way, []).append((work(case.way, case.amount), case.seconds(runs)))
    return {way.value: _fitted(found) for way, found in rows.items()}


def _fitted(rows: list[tuple[dict[str, float], float]]) -> dict[str, float]:
    steps = list(rows[0][0])
    relative = np.array([[amounts[step] / taken for step in steps] for amounts, taken in rows])
    # Columns of like size, or the solver takes small ones for rounding.
    scale = np.maximum(relative.max(axis=0), np.finfo(float).tiny)
    found, _ = nnls(relative / scale, np.ones(len(rows)))
    return {step: float(value) for step, value in zip(steps, found / scale, strict=True)}


def measure(*, quick: bool) -> Report:
    """Judge the choice: how much longer the way chosen takes than the fastest of all that can."""
    runs = 2 if quick else RUNS
    rows, samples = [], {}
    for name, circuit, shots in (
        ("a 40-qubit Clifford lattice", clifford(40, 8), 1024),
        ("a shallow 40-qubit chain", chain(40, 4), 1024),
        ("a dense 12-qubit circuit", dense(12, 12), 1024),
        ("a 16-qubit lattice", lattice(4, 4), 1024),
        ("a 4-qubit circuit", dense(4, 2), 1024),
    ):
        taken = _race(circuit, shots, runs)
        chosen = choose(_workload(circuit, shots), Backend(family=Family.AUTO), ROOMY)
        rows.append(
            Row(
                metric=f"{name}: the way chosen ({chosen.method}) against the fastest",
                unit="s",
                ours=taken[str(chosen.method)],
                peer=min(taken.values()),
                target=REGRET_TARGET,
            )
        )
        samples[f"seconds of each way, {name}"] = list(taken.values())
    return Report(name="backend_costs", rows=rows, samples=samples)


def _race(circuit: QuantumCircuit, shots: int, runs: int) -> dict[str, float]:
    choice = choose(_workload(circuit, shots), Backend(family=Family.AUTO), ROOMY)
    return {
        str(each.method): sampled(Way(str(each.method)), circuit, shots).seconds(runs)
        for each in choice.considered
        if each.seconds is not None and each.seconds < 10.0
    }


def _workload(circuit: QuantumCircuit, shots: int) -> Workload:
    facts = circuit_facts(circuit)
    return Workload(
        qubits=facts.qubits,
        points=1,
        shots=shots,
        gates=facts.gates,
        two_qubit_gates=facts.two_qubit_gates,
        depth=facts.depth,
        cut_bits=facts.cut_bits,
        is_clifford=facts.is_clifford,
        is_dynamic=facts.is_dynamic,
        needs_circuits=True,
    )


def main() -> None:
    """Fit all costs and store them."""
    found = fit(all_cases(), RUNS)
    delay_s = fake_device(_HARDWARE).configuration().default_rep_delay
    found[Way.HARDWARE.value] = {"shot": delay_s}
    stored = {"command": "python -m benchmarks.backend_costs", "seconds": found}
    COSTS_FILE.write_text(json.dumps(stored, indent=2) + "\n")
    print(f"wrote {COSTS_FILE.name}; {_accuracy()}")


def _accuracy() -> str:
    errors = [
        seconds(case.way, case.amount) / case.seconds(1)
        for case in (sampled(Way.STATEVECTOR, dense(8, 6), 512),)
    ]
    return f"a dense 8-qubit circuit is told {errors[0]:.2f} times its time"


if __name__ == "__main__":
    main()
