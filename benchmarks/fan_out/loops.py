"""Own the loops that the fan-out is measured against: a process that does nothing else."""

import os
import time
from collections.abc import Callable
from typing import Any

BATCH = 256


def tight_loop(pipe: Any, number: int, of: int) -> None:
    """Answer `aer` and `ours` with the seconds that this process's part of the circuits took.

    `aer` is Aer's own fastest documented way on one core: the parameters of a batch bound in one
    run, one thread, the counts read as they come. `ours` is what a worker of ours does, without
    Ray around it. The order's value is the number of circuits of all processes.
    """
    os.environ["OMP_NUM_THREADS"] = "1"
    ways = {"aer": _aer_loop(), "ours": _own_loop()}
    pipe.send("ready")
    while True:
        word, circuits = pipe.recv()
        from benchmarks.fan_out.work import rows

        part = rows(circuits)[number::of]
        started = time.perf_counter()
        shots = ways[word](part)
        elapsed_s = time.perf_counter() - started
        pipe.send((elapsed_s, len(part), shots))


def _aer_loop() -> Callable[[list[list[float]]], int]:
    from qiskit_aer import AerSimulator

    from benchmarks.fan_out.work import SEED, SHOTS, ansatz

    circuit = ansatz()
    simulator = AerSimulator(
        method="statevector", max_parallel_threads=1, runtime_parameter_bind_enable=True
    )

    def loop(part: list[list[float]]) -> int:
        seen = 0
        for first in range(0, len(part), BATCH):
            columns = zip(*part[first : first + BATCH], strict=True)
            binds = dict(zip(circuit.parameters, columns, strict=True))
            job = simulator.run(
                [circuit], parameter_binds=[binds], shots=SHOTS, seed_simulator=SEED
            )
            seen += sum(sum(one.data.counts.values()) for one in job.result().results)
        return seen

    return loop


def _own_loop() -> Callable[[list[list[float]]], int]:
    from benchmarks.fan_out.work import SEED, SHOTS, ansatz
    from core.backends import Method
    from jobs.aer.batches import sample
    from jobs.aer.simulators import Simulation

    circuit, simulation = ansatz(), Simulation(method=Method.STATEVECTOR)

    def loop(part: list[list[float]]) -> int:
        seen = 0
        for first in range(0, len(part), BATCH):
            found = sample(circuit, part[first : first + BATCH], SHOTS, SEED, first, simulation)
            seen += sum(sum(counts.values()) for counts in found)
        return seen

    return loop
