"""Kill every process of the stack in the middle of a run, start again, and compare the answers.

Each repetition submits the same run, waits until a random number of its chunks is stored, sends
SIGKILL to everything at once (the database included), starts the stack, and waits for the run to
end. Counted are runs that did not end with the reference's choice and objective, chunks stored
twice or computed again, and settlements lost.
"""

import random
from dataclasses import dataclass
from typing import Any

from benchmarks.data import SETTLEMENTS
from benchmarks.report import Report, Row
from benchmarks.stacks import BenchStack, bench_stack, wait_until
from benchmarks.stored_runs.audit import query
from heliostat.run_flows import PortfolioOptions

PORT = 9500
REPETITIONS = 20
_WITHIN_S = 180.0
_RUN: PortfolioOptions = {
    "products": ["CL", "NG", "HO", "RB", "B"],
    "choose": 5,
    "of": 20,
    "as_of": "2023-12-29",
    "source": "import:rtl",
    "seed": 7,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Hold what one kill did."""

    is_same: bool
    killed: int
    stored_before: int
    repeated_chunks: int
    lost_settlements: int


def measure(*, quick: bool) -> Report:
    """Repeat the kill 20 times, or twice with `quick`."""
    if not SETTLEMENTS.exists():
        why = f"{SETTLEMENTS.name} is not beside this checkout"
        return Report(name="recovery", rows=[], skipped=[{"metric": "recovery", "why": why}])
    rng = random.Random(7)  # noqa: S311 - picks moments, not secrets
    with bench_stack(PORT) as stack:
        stack.must("up", "--no-job")
        stack.must("import", "settlements", str(SETTLEMENTS), "--name", "rtl")
        run_id = _submit(stack)
        reference = _finished(stack, run_id)
        chunks = len(_chunks(stack, run_id))
        count = 2 if quick else REPETITIONS
        outcomes = [_kill_and_resume(stack, reference, rng.randrange(chunks)) for _ in range(count)]
    return Report(
        name="recovery",
        rows=[
            _zero("runs that ended otherwise", "runs", sum(not o.is_same for o in outcomes)),
            _zero("chunks stored or computed twice", "chunks", _sum(outcomes, "repeated_chunks")),
            _zero("settlements lost", "rows", _sum(outcomes, "lost_settlements")),
        ],
        samples={
            "processes killed": [float(o.killed) for o in outcomes],
            "chunks stored before the kill": [float(o.stored_before) for o in outcomes],
        },
    )


def _zero(metric: str, unit: str, ours: int) -> Row:
    return Row(metric=metric, unit=unit, ours=ours, target=0)


def _sum(outcomes: list[Outcome], name: str) -> int:
    return sum(getattr(outcome, name) for outcome in outcomes)


def _kill_and_resume(stack: BenchStack, reference: dict[str, Any], wanted: int) -> Outcome:
    """Kill once `wanted` chunks of a run are stored, and compare what comes of it."""
    settlements = _count_settlements(stack)
    run_id = _submit(stack)
    wait_until(lambda: len(_chunks(stack, run_id)) >= wanted, _WITHIN_S)
    before = _chunks(stack, run_id)
    killed = stack.kill_everything()
    stack.must("up", "--no-job")
    run = _finished(stack, run_id)
    after = _chunks(stack, run_id)
    return Outcome(
        is_same=all(run.get(key) == reference.get(key) for key in ("chosen", "objective")),
        killed=killed,
        stored_before=len(before),
        repeated_chunks=len(after) - len({chunk[:2] for chunk in after}) + len(before - after),
        lost_settlements=max(0, settlements - _count_settlements(stack)),
    )


def _submit(stack: BenchStack) -> str:
    with stack.client() as client:
        return str(client.submit(fresh=True, **_RUN).run_id)


def _finished(stack: BenchStack, run_id: str) -> dict[str, Any]:
    def final() -> bool:
        with stack.client() as client:
            return client.run(run_id).status in {"succeeded", "failed", "cancelled"}

    wait_until(final, _WITHIN_S)
    with stack.client() as client:
        return dict(client.run(run_id).result or {})


def _chunks(stack: BenchStack, run_id: str) -> set[tuple[Any, ...]]:
    rows = query(
        stack,
        "SELECT stage, chunk_index, recorded_at FROM run_chunks WHERE run_id = $1::text::uuid",
        run_id,
    )
    return {tuple(row) for row in rows}


def _count_settlements(stack: BenchStack) -> int:
    return int(query(stack, "SELECT count(*) FROM settlements")[0][0])
