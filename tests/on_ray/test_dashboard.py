"""Check what Ray's dashboard shows of us: actors and tasks by name, and our own measures."""

from typing import Any

import httpx
import pytest

from actors.runs.metrics import CHUNK_SECONDS, CHUNK_WAIT_SECONDS, ENDED, QUEUE, RUNS, Form
from cluster.local.ports import PortPlan
from heliostat import Client
from jobs.remote import TASK_BODIES
from tests.on_ray.conftest import Stack, wait_for

pytestmark = pytest.mark.ray

BELL = 'OPENQASM 3.0; include "stdgates.inc"; qubit[2] q; h q[0]; cx q[0], q[1];'


def listed(stack: Stack, ports: PortPlan, noun: str) -> list[dict[str, Any]]:
    answer = httpx.get(
        f"http://127.0.0.1:{ports.ray_dashboard}/api/v0/{noun}?detail=1&limit=1000",
        headers={"Authorization": f"Bearer {stack.chosen.paths.ray_token.read_text()}"},
        timeout=30,
    )
    found: list[dict[str, Any]] = answer.raise_for_status().json()["data"]["result"]["result"]
    return found


@pytest.fixture(scope="module", autouse=True)
def _one_run(stack: Stack) -> None:
    with stack.client() as client:
        client.follow(client.submit("circuit", program=BELL, shots=2000, fresh=True).run_id)


def test_actors_are_named_and_say_what_stays_true_of_them(stack: Stack, ports: PortPlan) -> None:
    actors = {actor["name"]: actor for actor in listed(stack, ports, "actors")}
    assert {"market", "runs", "feed-cme", "feed-ice", "weather"} <= actors.keys()
    assert actors["feed-cme"]["repr_name"] == "FeedActor(cme from sandbox)"
    assert actors["runs"]["repr_name"].startswith("RunManager(")


def test_tasks_are_called_as_in_the_table_of_tasks(stack: Stack, ports: PortPlan) -> None:
    def ours() -> set[str]:
        tasks = listed(stack, ports, "tasks")
        return {task["name"] for task in tasks if task["type"] == "NORMAL_TASK"}

    found = wait_for(ours)
    assert found & TASK_BODIES.keys()


def test_runs_are_measured_where_ray_is(stack: Stack, ports: PortPlan, client: Client) -> None:
    def told() -> str | None:
        text = httpx.get(f"http://127.0.0.1:{ports.ray_metrics}/metrics", timeout=30).text
        return text if 'status="succeeded"' in text else None

    text = wait_for(told)
    lines = [line for line in text.splitlines() if line.startswith("ray_heliostat_")]
    for measure in (RUNS, QUEUE, ENDED, CHUNK_SECONDS, CHUNK_WAIT_SECONDS):
        suffix = {Form.COUNTER: "_total", Form.HISTOGRAM: "_count"}.get(measure.form, "")
        mine = [line for line in lines if line.startswith(f"ray_{measure.name}{suffix}{{")]
        assert mine, measure.name
        assert all(f'{label}="' in line for line in mine for label in measure.labels)
    ended = [line for line in lines if "runs_ended" in line and 'kind="circuit"' in line]
    assert sum(float(line.rsplit(" ", 1)[1]) for line in ended) >= 1
