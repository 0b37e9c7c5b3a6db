"""Time the subspace engine on one thread, beside simulators of all 2^n amplitudes and the memory.

From angles to an expectation, on problems made ready beforehand, in complex128. Peers run as
processes of their own, on one thread and on two, and the better counts.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from statistics import median

from benchmarks.peers.environments import interpreter_of
from benchmarks.peers.workers import Worker
from benchmarks.report import Report, Row
from benchmarks.subspace.instances import Instance, Reals, random_angles
from benchmarks.subspace.resident import reside
from benchmarks.subspace.timing import Floor, Timed, in_turn
from core.mixers import Mixer

RUNS = 7
QUICK_RUNS = 5
EQUAL = 1e-9
LAYER_TARGET = 6.0
LAYERS = 4
LAYER_SIZES = ((16, 8), (20, 5), (20, 10), (24, 6), (24, 12), (30, 8))
QUICK_LAYER_SIZES = LAYER_SIZES[:4]
BATCH = 64
BATCH_TARGET = 2.0
GRADIENT_DEPTH = 8
GRADIENT_TARGET = 4.0
MEMORY_TARGET_GB = 2.0
FFSIM_SIZES = ((12, 6), (13, 5))

_RATE = "evaluations/s"
_MS_PER_S = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Rival:
    """Name a peer, and how many times as fast ours is to be at each size."""

    name: str
    worker: str
    targets: dict[tuple[int, int], float]
    environment: str | None = None


RIVALS = (
    Rival(name="Aer", worker="aer_worker", targets={(20, 5): 600.0}),
    Rival(
        name="QOKit's C simulator",
        worker="qokit_worker",
        targets={(20, 5): 100.0, (20, 10): 15.0},
        environment="qokit",
    ),
)


class Answer:
    """Gather the rows, the samples behind them, and what could not be measured."""

    def __init__(self, *, quick: bool) -> None:
        self.runs = QUICK_RUNS if quick else RUNS
        self.rows: list[Row] = []
        self.skipped: list[dict[str, str]] = []
        self.samples: dict[str, list[float]] = {}

    def skip(self, metric: str, why: str) -> None:
        """Name something that was not measured."""
        self.skipped.append({"metric": metric, "why": why})


def measure(*, quick: bool) -> Report:
    """Measure speed against peers and memory, gradients, batches, sizes; `quick` the small ones."""
    answer = Answer(quick=quick)
    for rival in RIVALS:
        _compare(answer, rival)
    _check_exact_ring(answer)
    for n, k in QUICK_LAYER_SIZES if quick else LAYER_SIZES:
        _layer(answer, Instance(n, k))
    if quick:
        for n, k in LAYER_SIZES[len(QUICK_LAYER_SIZES) :]:
            answer.skip(f"time of a layer, ({n},{k})", "takes longer than a minute")
    _batch(answer, Instance(20, 5))
    for n, k in ((20, 5), (20, 10)):
        _gradient(answer, Instance(n, k))
    _sizes(answer)
    return Report(
        name="qaoa_subspace", rows=answer.rows, skipped=answer.skipped, samples=answer.samples
    )


@contextmanager
def _workers(
    worker: str, environment: str | None, threads: Sequence[int]
) -> Iterator[list[Worker]]:
    python = None if environment is None else interpreter_of(environment)
    started = [Worker(worker, count, python) for count in threads]
    try:
        yield started
    finally:
        for each in started:
            each.close()


def _compare(answer: Answer, rival: Rival) -> None:
    threads = (1, 2) if (os.cpu_count() or 1) > 1 else (1,)
    try:
        with _workers(rival.worker, rival.environment, threads) as workers:
            for (n, k), target in rival.targets.items():
                _race(answer, rival, workers, Instance(n, k), target)
    except RuntimeError as error:
        answer.skip(f"ring against {rival.name}", str(error))


def _race(
    answer: Answer, rival: Rival, workers: Sequence[Worker], instance: Instance, target: float
) -> None:
    gammas, betas = random_angles(1)
    for worker in workers:
        worker.open(instance.to_json())
    found = [worker.evaluate(gammas.tolist(), betas.tolist())[0] for worker in workers]
    ansatz = instance.ansatz
    call = Timed(lambda: ansatz.expectation(gammas, betas))
    ours, *theirs = in_turn(
        answer.runs,
        call.seconds,
        *(partial(_one_evaluation, worker, gammas, betas) for worker in workers),
    )
    where = f"({instance.n},{instance.k}), p=1, against {rival.name}, {workers[0].about}"
    answer.rows += [
        Row(
            metric=f"ring {where}",
            unit=_RATE,
            ours=1 / median(ours),
            peer=1 / min(median(seconds) for seconds in theirs),
            target=target,
            higher_is_better=True,
        ),
        _difference_row(where, [value - ansatz.expectation(gammas, betas) for value in found]),
    ]
    answer.samples[f"seconds of ours {where}"] = ours
    for threads, seconds in enumerate(theirs, start=1):
        answer.samples[f"seconds of the peer on {threads} threads {where}"] = seconds


def _one_evaluation(worker: Worker, gammas: Reals, betas: Reals) -> float:
    return worker.evaluate(gammas.tolist(), betas.tolist())[1][0]


def _difference_row(where: str, differences: Sequence[float]) -> Row:
    return Row(
        metric=f"greatest difference {where}",
        unit="energy",
        ours=max(map(abs, differences)),
        target=EQUAL,
    )


def _check_exact_ring(answer: Answer) -> None:
    gammas, betas = random_angles(3)
    try:
        with _workers("ffsim_worker", "ffsim", (1,)) as (worker,):
            for n, k in FFSIM_SIZES:
                instance = Instance(n, k, Mixer.RING_EXACT)
                worker.open(instance.to_json())
                found = worker.evaluate(gammas.tolist(), betas.tolist())[0]
                difference = found - instance.ansatz.expectation(gammas, betas)
                where = f"({n},{k}), p=3, exact ring against ffsim"
                answer.rows.append(_difference_row(where, [difference]))
    except RuntimeError as error:
        answer.skip("exact ring against ffsim", str(error))


def _layer(answer: Answer, instance: Instance) -> None:
    gammas, betas = random_angles(LAYERS)
    ansatz = instance.ansatz
    call = Timed(lambda: ansatz.expectation(gammas, betas))
    floor = Floor(instance.size)
    least, whole = in_turn(answer.runs, floor.seconds, call.seconds)
    ours = [seconds / LAYERS for seconds in whole]
    metric = f"time of a layer, ({instance.n},{instance.k}), over 40 bytes an amplitude copied"
    answer.rows.append(_times_row(metric, ours, least, LAYER_TARGET))


def _times_row(metric: str, ours: Sequence[float], peer: Sequence[float], target: float) -> Row:
    return Row(
        metric=metric,
        unit="ms",
        ours=_MS_PER_S * median(ours),
        peer=_MS_PER_S * median(peer),
        target=target,
    )


def _batch(answer: Answer, instance: Instance) -> None:
    gammas, betas = random_angles(BATCH, 1)
    ansatz = instance.ansatz
    together = Timed(lambda: ansatz.expectations(gammas, betas))

    def one_by_one() -> list[float]:
        return list(map(ansatz.expectation, gammas, betas))

    alone = Timed(one_by_one)
    batched, single = in_turn(answer.runs, together.seconds, alone.seconds)
    where = f"({instance.n},{instance.k}), p=1, {BATCH} sets of angles"
    answer.rows += [
        Row(
            metric=f"batched {where}, over one by one",
            unit=_RATE,
            ours=BATCH / median(batched),
            peer=BATCH / median(single),
            target=BATCH_TARGET,
            higher_is_better=True,
        ),
        _difference_row(
            f"{where}, batched and one by one",
            (ansatz.expectations(gammas, betas) - one_by_one()).tolist(),
        ),
    ]


def _gradient(answer: Answer, instance: Instance) -> None:
    gammas, betas = random_angles(GRADIENT_DEPTH)
    ansatz = instance.ansatz
    both = Timed(lambda: ansatz.value_and_gradient(gammas, betas))
    forward = Timed(lambda: ansatz.expectation(gammas, betas))
    ours, once = in_turn(answer.runs, both.seconds, forward.seconds)
    where = f"({instance.n},{instance.k}), p={GRADIENT_DEPTH}"
    metric = f"value and all {2 * GRADIENT_DEPTH} derivatives {where}, over one expectation"
    answer.rows.append(_times_row(metric, ours, once, GRADIENT_TARGET))


def _sizes(answer: Answer) -> None:
    large, wide = reside(30, 8, 3), reside(50, 4, 3)
    answer.rows += [
        Row(
            metric="most memory ever held, (30,8), p=3, a process of its own",
            unit="GB",
            ours=large.peak_bytes / 1e9,
            target=MEMORY_TARGET_GB,
        ),
        Row(
            metric="probability lost, (50,4), p=3",
            unit="probability",
            ours=wide.norm_error,
            target=EQUAL,
        ),
    ]
    answer.samples["seconds from μ and Σ to amplitudes, (30,8), p=3"] = [large.elapsed_s]
    answer.samples["seconds from μ and Σ to amplitudes, (50,4), p=3"] = [wide.elapsed_s]
