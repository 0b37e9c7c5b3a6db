"""Fan out on a real Ray: order, sharing, retries, deaths, poison, and cancellation in time."""

import asyncio
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from core.errors import SourceUnavailable
from jobs.fanout import RayFanout
from jobs.pieces import Broken, Finished, Outcome, Piece
from jobs.retries import RetryPolicy

pytestmark = [pytest.mark.ray, pytest.mark.usefixtures("_head")]

NAMES = ("echo", "wait", "calculate", "refuse", "divide", "segfault", "unavailable_until")
FANOUT = RayFanout(
    bodies={name: f"fanout_bodies:{name}" for name in (*NAMES, "die_until")},
    policy=RetryPolicy(base_s=0.01, cap_s=0.05),
)


def piece(index: int, task: str, *arguments: Any) -> Piece:
    return Piece(stage="test", index=index, task=task, arguments=arguments)


def echoes(count: int) -> list[Piece]:
    return [piece(index, "echo", index) for index in range(count)]


async def carry_out(pieces: list[Piece], shared: Any = None) -> dict[int, Outcome]:
    outcomes = [outcome async for outcome in FANOUT.run(shared, pieces)]
    found = {outcome.index: outcome for outcome in outcomes}
    assert len(found) == len(outcomes) == len(pieces)
    return found


async def until(check: Callable[[], Any]) -> Any:
    async with asyncio.timeout(60):
        while not (found := check()):  # noqa: ASYNC110 - files, which no event tells of
            await asyncio.sleep(0.01)
    return found


def marks_in(folder: Path) -> list[Path]:
    return list(folder.iterdir())


def finished(outcome: Outcome) -> Finished:
    assert isinstance(outcome, Finished), outcome
    return outcome


def broken(outcome: Outcome) -> Broken:
    assert isinstance(outcome, Broken), outcome
    return outcome


async def test_every_piece_is_answered_once() -> None:
    found = await carry_out(echoes(3000))
    assert [finished(found[index]).result["value"] for index in range(3000)] == list(range(3000))
    first = finished(found[0])
    assert first.stage == "test"
    assert first.attempts == 1
    assert first.elapsed_s < first.elapsed_s + first.waited_s
    assert first.worker.endswith(f"/{first.result['pid']}")


async def test_nothing_to_do_is_done() -> None:
    assert await carry_out([]) == {}


@pytest.mark.parametrize("size", [10, 1_000_000])
async def test_what_is_shared_is_unpacked_once_in_each_worker(size: int) -> None:
    found = await carry_out(echoes(500), shared=["x" * size, time.monotonic()])
    by_worker: dict[int, set[int]] = {}
    for outcome in found.values():
        result = finished(outcome).result
        by_worker.setdefault(result["pid"], set()).add(result["unpacked"])
    assert {len(counts) for counts in by_worker.values()} == {1}


async def test_the_first_to_end_comes_first(tmp_path: Path) -> None:
    slow = [piece(0, "wait", "slow", 3.0)]
    order = [outcome.index async for outcome in FANOUT.run(tmp_path, [*slow, *echoes(20)[1:]])]
    assert order[-1] == 0


async def test_an_error_of_its_own_breaks_a_piece_at_once_and_no_other() -> None:
    found = await carry_out([*echoes(40), piece(40, "refuse"), piece(41, "divide")])
    assert broken(found[40]) == Broken(
        stage="test",
        index=40,
        attempts=1,
        error={
            "code": "invalid-input",
            "detail": "shots: never enough",
            "field": "shots",
            "reason": "never enough",
        },
    )
    assert broken(found[41]).error == {
        "code": "internal",
        "detail": "ZeroDivisionError: division by zero",
    }
    assert all(finished(found[index]).attempts == 1 for index in range(40))


async def test_errors_that_pass_are_tried_again(tmp_path: Path) -> None:
    found = await carry_out(
        [
            piece(0, "unavailable_until", "passes", 3),
            piece(1, "unavailable_until", "stays", 99),
            *echoes(20)[2:],
        ],
        shared=tmp_path,
    )
    assert finished(found[0]).result == {"tries": 3}
    assert finished(found[0]).attempts == 3
    assert broken(found[1]).error["code"] == "source-unavailable"
    assert broken(found[1]).attempts == 6


async def test_a_piece_that_kills_its_process_is_isolated(tmp_path: Path) -> None:
    poison = [piece(100, "segfault"), piece(101, "die_until", "once", 2)]
    found = await carry_out([*echoes(50), *poison, *echoes(100)[50:]], shared=tmp_path)
    assert broken(found[100]).error["code"] == "worker-died"
    assert broken(found[100]).attempts == 4
    assert finished(found[101]).result == {"tries": 2}
    assert finished(found[101]).attempts == 2
    assert all(finished(found[index]).result["value"] == index for index in range(100))


async def test_poison_in_a_task_of_many_costs_its_neighbours_one_try(tmp_path: Path) -> None:
    harmless = [piece(index, "die_until", f"h{index}", 0) for index in range(60)]
    found = await carry_out([*harmless, piece(60, "die_until", "poison", 99)], shared=tmp_path)
    assert broken(found[60]).error["code"] == "worker-died"
    assert all(finished(found[index]).attempts <= 2 for index in range(60))


async def test_a_worker_killed_from_outside_is_replaced(tmp_path: Path) -> None:
    stream = FANOUT.run(tmp_path, [piece(0, "wait", "victim", 2.0)])
    outcome = asyncio.ensure_future(anext(stream))
    mark = tmp_path / "victim"
    pid = int(await until(lambda: mark.exists() and mark.read_text()))
    os.kill(pid, signal.SIGKILL)
    answer = finished(await outcome)
    assert answer.attempts == 2
    assert answer.result["pid"] != pid
    await stream.aclose()


@pytest.mark.parametrize("task", ["wait", "calculate"])
async def test_closing_ends_everything_within_a_second(task: str, tmp_path: Path) -> None:
    more = (600.0,) if task == "wait" else ()
    pieces = [piece(index, task, f"{index}", *more) for index in range(12)]
    stream = FANOUT.run(tmp_path, pieces)
    first = asyncio.ensure_future(anext(stream))
    marks = await until(
        lambda: (
            len(found := [mark for mark in tmp_path.iterdir() if mark.read_text()]) == 2 and found
        )
    )
    processes = [psutil.Process(int(mark.read_text())) for mark in marks]
    started = time.monotonic()
    first.cancel()
    await asyncio.wait([first])
    await stream.aclose()
    await until(lambda: not any(process.is_running() for process in processes))
    assert time.monotonic() - started < 1.0
    assert len(marks_in(tmp_path)) == 2
    assert len(await carry_out(echoes(4))) == 4
    assert len(marks_in(tmp_path)) == 2


async def test_closing_lets_short_tasks_end_and_keeps_their_processes(tmp_path: Path) -> None:
    before = await carry_out(echoes(8))
    stream = FANOUT.run(tmp_path, [piece(index, "wait", f"{index}", 0.1) for index in range(200)])
    await anext(stream)
    await stream.aclose()
    begun = len(marks_in(tmp_path))
    assert begun < 12
    after = await carry_out(echoes(8))
    pids = [{finished(one).result["pid"] for one in found.values()} for found in (before, after)]
    assert pids[1] & pids[0]
    assert len(marks_in(tmp_path)) == begun


async def test_an_unknown_task_is_an_error_and_runs_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyError, match="nothing"):
        await anext(FANOUT.run(tmp_path, [piece(0, "wait", "x", 0.0), piece(1, "nothing")]))
    assert marks_in(tmp_path) == []


def test_without_a_cluster_the_source_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    from ray import exceptions

    from jobs import fanout

    def lost() -> int:
        message = "the cluster is gone"
        raise exceptions.RaySystemError(message)

    monkeypatch.setattr(fanout._cores, "count", lost)

    async def ask() -> None:
        await anext(FANOUT.run(None, echoes(1)))

    with pytest.raises(SourceUnavailable, match="ray cannot answer now"):
        asyncio.run(ask())


async def test_warming_has_every_worker_import_what_bodies_need() -> None:
    warming = {"warm": "jobs.tasks.warming:import_bodies", "seldom": "wave:open"}
    fanout = RayFanout(bodies={**FANOUT.bodies, **warming, "imported": "fanout_bodies:imported"})
    async with asyncio.timeout(60):
        await fanout.warm()
        pieces = [piece(index, "imported", "wave") for index in range(8)]
        outcomes = [finished(outcome).result async for outcome in fanout.run(None, pieces)]
    assert outcomes == [{"imported": True}] * 8
