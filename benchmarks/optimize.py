"""Time the five-product portfolio run, and compare its answer across numbers of cores."""

import os
from typing import Any

from benchmarks.data import SETTLEMENTS
from benchmarks.report import Report, Row, median
from benchmarks.stacks import BenchStack, bench_stack

PORT = 9700
TARGET_S = 30.0
_WORDS = (
    *("optimize", "--products", "CL,NG,HO,RB,B", "--choose", "5", "--of", "20"),
    *("--as-of", "2023-12-29", "--source", "import:rtl", "--seed", "7", "--fresh"),
)


def measure(*, quick: bool) -> Report:
    """Run it five times (twice with `quick`) on all cores, and once on one core."""
    if not SETTLEMENTS.exists():
        why = f"{SETTLEMENTS.name} is not beside this checkout"
        return Report(name="optimize", rows=[], skipped=[{"metric": "run", "why": why}])
    answers: list[dict[str, Any]] = []
    with bench_stack(PORT) as stack:
        _prepare(stack)
        answers += [stack.json(*_WORDS) for _ in range(2 if quick else 5)]
        stack.must("down")
        single = {**stack.environment(), "HELIOSTAT_CPUS": "1"}
        stack.must("up", "--no-job", environment=single)
        alone = stack.json(*_WORDS)
    seconds = [answer["elapsed_s"] for answer in answers]
    other = {_answer(answer) for answer in (*answers, alone)} - {_answer(answers[0])}
    return Report(
        name="optimize",
        rows=[
            Row(metric="five products, 5 of 20", unit="s", ours=median(seconds), target=TARGET_S),
            Row(metric="answers that differ", unit="answers", ours=len(other), target=0),
        ],
        samples={
            f"seconds on {os.cpu_count()} cores": seconds,
            "seconds on 1 core": [alone["elapsed_s"]],
        },
    )


def _prepare(stack: BenchStack) -> None:
    stack.must("up", "--no-job")
    stack.must("import", "settlements", str(SETTLEMENTS), "--name", "rtl")


def _answer(answer: dict[str, Any]) -> tuple[tuple[str, ...], float]:
    return tuple(answer["chosen"]), answer["objective"]
