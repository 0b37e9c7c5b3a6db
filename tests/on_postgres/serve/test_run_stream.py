"""Follow runs over real sockets, database and cache: resume, push, and the run at the end."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx
import pytest
import uuid_utils.compat as uuid_utils

from core.run_life import Step
from core.runs import DEFAULT_ORG, MANAGER, Chunk, NewRun, RunKind, RunStatus
from heliostat import AsyncClient, RetryPolicy, RunCancelled, RunNotFound
from serve.routes import run_stream
from storage import run_chunks, runs
from tests.on_postgres.serve.conftest import HEADERS, KEY

if TYPE_CHECKING:
    from serve.services import Services

pytestmark = pytest.mark.postgres

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
ALL = [Step.into(status, who=MANAGER) for status in list(RunStatus)[1:4]]


async def make_run(services: "Services") -> UUID:
    run_id = uuid_utils.uuid7()
    new = NewRun(
        org_id=DEFAULT_ORG,
        run_id=run_id,
        kind=RunKind.CIRCUIT,
        specification={"program": "OPENQASM 3.0;"},
        specification_hash=run_id.bytes,
        problem={"qpy": "a long text"},
        backend="aer",
        seed=7,
        code_version="1",
        vintage=None,
        submitted_by="api",
    )
    async with services.pools.write(DEFAULT_ORG) as connection:
        await runs.create(connection, new, None, b"", NOW, 100)
    return run_id


async def take(services: "Services", run_id: UUID, *steps: Step, **changes: Any) -> None:
    """Take steps as the RunManager does, and wake whoever watches."""
    async with services.pools.system() as connection:
        await runs.take_steps(connection, DEFAULT_ORG, run_id, steps, NOW, **changes)
    await services.cache.notify_run(run_id)


@asynccontextmanager
async def frames(
    url: str, run_id: UUID, after: int | None = None
) -> AsyncIterator[AsyncIterator[dict[str, str]]]:
    """Open a stream and hand out its frames as they come."""
    headers = HEADERS | ({} if after is None else {"Last-Event-ID": str(after)})

    async def read(answer: httpx.Response) -> AsyncIterator[dict[str, str]]:
        fields: dict[str, str] = {}
        async for line in answer.aiter_lines():
            if line:
                name, _, value = line.partition(": ")
                fields[name] = value
            elif fields:
                yield fields
                fields = {}

    async with (
        httpx.AsyncClient(base_url=url, headers=headers, timeout=20) as http,
        http.stream("GET", f"/v1/streams/runs/{run_id}") as answer,
    ):
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield read(answer)


async def test_a_result_is_pushed_with_the_last_event(url: str, services: "Services") -> None:
    run_id = await make_run(services)
    async with frames(url, run_id) as news:
        first = await anext(news)
        assert (first["id"], first["event"]) == ("1", "queued")
        await take(services, run_id, ALL[0])
        second = await anext(news)
        assert (second["id"], json.loads(second["data"])["who"]) == ("2", MANAGER)
        await take(services, run_id, *ALL[1:], result={"counts": [{"00": 7}]})
        rest = [frame async for frame in news]
    assert [frame["event"] for frame in rest] == ["running", "succeeded"]
    events = [json.loads(frame["data"]) for frame in (first, second, *rest)]
    assert [event["run"] is None for event in events] == [True, True, True, False]
    run = events[-1]["run"]
    assert run["result"] == {"counts": [{"00": 7}]}
    assert (run["status"], run["problem"]) == ("succeeded", None)


async def test_news_do_not_wait_for_the_next_look(
    url: str, services: "Services", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_stream, "POLL_S", 600.0)
    run_id = await make_run(services)
    async with frames(url, run_id) as news, asyncio.timeout(15):
        await anext(news)
        for step, name in zip(ALL, ("planning", "running", "succeeded"), strict=True):
            await take(services, run_id, step)
            assert (await anext(news))["event"] == name


async def test_without_a_cache_it_looks_by_itself(url: str, services: "Services") -> None:
    run_id = await make_run(services)
    async with frames(url, run_id) as news, asyncio.timeout(15):
        await anext(news)
        async with services.pools.system() as connection:
            await runs.take_steps(connection, DEFAULT_ORG, run_id, ALL, NOW)
        assert [frame["event"] async for frame in news] == ["planning", "running", "succeeded"]


async def test_silence_is_broken_by_comments(
    url: str, services: "Services", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_stream, "POLL_S", 0.01)
    monkeypatch.setattr(run_stream, "SILENT_POLLS", 2)
    run_id = await make_run(services)
    path = f"/v1/streams/runs/{run_id}"
    async with (
        httpx.AsyncClient(base_url=url, headers=HEADERS) as http,
        http.stream("GET", path, headers={"Last-Event-ID": "1"}) as answer,
        asyncio.timeout(15),
    ):
        lines = answer.aiter_lines()
        assert [await anext(lines) for _ in range(4)] == [": heartbeat", ""] * 2


@pytest.mark.parametrize("after", [0, 1, 2, 3])
async def test_it_resumes_after_any_event(url: str, services: "Services", after: int) -> None:
    run_id = await make_run(services)
    await take(services, run_id, *ALL)
    async with frames(url, run_id, after) as news, asyncio.timeout(15):
        assert [int(frame["id"]) async for frame in news] == list(range(after + 1, 5))


@pytest.mark.parametrize("after", [4, 99])
async def test_after_the_last_event_nothing_is_left_to_follow(
    url: str, services: "Services", after: int
) -> None:
    run_id = await make_run(services)
    await take(services, run_id, *ALL)
    headers = {**HEADERS, "Last-Event-ID": str(after)}
    async with httpx.AsyncClient() as http:
        answer = await http.get(f"{url}/v1/streams/runs/{run_id}", headers=headers)
    assert (answer.status_code, answer.content) == (204, b"")
    async with AsyncClient(url, KEY, retries=RetryPolicy(stream_attempts=1)) as client:
        assert [event async for event in client.watch(str(run_id), after)] == []


async def test_a_position_that_is_yet_to_come_ends_with_the_run(
    url: str, services: "Services", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_stream, "POLL_S", 0.01)
    run_id = await make_run(services)
    async with frames(url, run_id, 99) as news, asyncio.timeout(15):
        await take(services, run_id, *ALL)
        assert [frame["event"] async for frame in news if "event" in frame] == []


async def test_the_client_follows_to_the_pushed_result(url: str, services: "Services") -> None:
    run_id = await make_run(services)
    async with AsyncClient(url, KEY, retries=RetryPolicy(base_s=0.01)) as client:
        following = asyncio.create_task(client.follow(str(run_id)))
        await take(services, run_id, *ALL, result={"counts": []})
        run = await asyncio.wait_for(following, 15)
        assert run.result == {"counts": []}
        assert [event.sequence for event in await client.events(str(run_id), after=2)] == [3, 4]
        ended = await make_run(services)
        await take(services, ended, Step.into(RunStatus.CANCELLED, who="api"))
        with pytest.raises(RunCancelled):
            await client.follow(str(ended))
        with pytest.raises(RunNotFound):
            await client.follow(str(UUID(int=3)))
        with pytest.raises(RunNotFound):
            await client.events(str(UUID(int=3)))


@pytest.mark.parametrize("value", ["x", "-1", "1.5", "+1", "9999999999"])
async def test_a_position_that_is_none(url: str, services: "Services", value: str) -> None:
    path = f"{url}/v1/streams/runs/{await make_run(services)}"
    headers = {**HEADERS, "Last-Event-ID": value}
    async with httpx.AsyncClient() as http:
        answer = await http.get(path, headers=headers)
    assert (answer.status_code, answer.json()["field"]) == (422, "Last-Event-ID")


async def test_chunks_are_paged_by_stage_and_index(
    client: httpx.AsyncClient, services: "Services"
) -> None:
    run_id = await make_run(services)
    made = [
        Chunk(
            run_id=run_id,
            stage=stage,
            index=index,
            result=None if (stage, index) == ("train", 1) else {"value": index},
            error={"code": "chunk-failed"} if (stage, index) == ("train", 1) else None,
            elapsed_s=0.25,
            waited_s=0.5,
            attempts=3 if (stage, index) == ("train", 1) else 1,
            worker="host/7",
        )
        for stage, count in (("sample", 12), ("train", 3))
        for index in range(count)
    ]
    async with services.pools.system() as connection:
        await run_chunks.record(connection, DEFAULT_ORG, made, NOW)
    path, seen, after = f"/v1/runs/{run_id}/chunks", [], None
    while True:
        params = {"limit": 5} | ({} if after is None else {"after": after})
        page = (await client.get(path, params=params)).json()
        seen += page["items"]
        after = page["next_after"]
        if after is None:
            break
    assert [(one["stage"], one["index"]) for one in seen] == [
        (one.stage, one.index) for one in made
    ]
    (broken,) = [one for one in seen if one["error"]]
    assert (broken["attempts"], broken["waited_s"], broken["worker"]) == (3, 0.5, "host/7")
    train = (await client.get(path, params={"stage": "train", "after": "train.0"})).json()
    assert [one["index"] for one in train["items"]] == [1, 2]
    assert (await client.get(f"/v1/runs/{UUID(int=3)}/chunks")).status_code == 404
    partial = (await client.get(f"/v1/runs/{run_id}/result", params={"partial": "true"})).json()
    assert (partial["status"], partial["is_partial"]) == ("queued", True)
    assert len(partial["chunks"]) == len(made) - 1
    assert partial["chunks"][0] == {"stage": "sample", "index": 0, "result": {"value": 0}}


async def test_webhooks_are_added_tested_listed_and_removed(client: httpx.AsyncClient) -> None:
    added = await client.post("/v1/webhooks", json={"url": "https://example.com/hook"})
    hook = added.json()
    assert added.status_code == 201
    assert hook["secret"].startswith("whsec_")
    (listed,) = (await client.get("/v1/webhooks")).json()["items"]
    assert listed == {name: value for name, value in hook.items() if name != "secret"}
    path = f"/v1/webhooks/{hook['webhook_id']}"
    tested = await client.post(f"{path}/test")
    assert (tested.status_code, tested.json()["event"]) == (202, "webhook.test")
    params = {"webhook_id": hook["webhook_id"]}
    page = (await client.get("/v1/webhooks/deliveries", params=params)).json()
    assert page == {"items": [tested.json()], "next_before": None}
    assert (await client.delete(path)).status_code == 204
    assert (await client.delete(path)).status_code == 404
    assert (await client.post(f"{path}/test")).status_code == 404
    (given_up,) = (await client.get("/v1/webhooks/deliveries")).json()["items"]
    assert (given_up["state"], given_up["next_attempt_at"]) == ("given_up", None)
