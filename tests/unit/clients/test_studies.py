"""Check the studies of both clients: what is asked, and that they are followed to their end."""

import json
from typing import Any

import httpx
import pytest

from heliostat import AsyncClient, Client, Run, RunFailed

DONE = {"run_id": "r1", "kind": "backtest", "status": "succeeded", "result": {"row_count": 1}}


def transport(requests: list[httpx.Request], **changes: Any) -> httpx.MockTransport:
    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(200, json=DONE | changes)

    return httpx.MockTransport(answer)


def test_a_backtest_is_submitted_and_returned() -> None:
    requests: list[httpx.Request] = []
    submitted: list[Run] = []
    with Client("http://127.0.0.1:9", "secret", transport=transport(requests)) as client:
        run = client.backtest(
            products=["CL"], windows=(250,), first=None, on_submitted=submitted.append
        )
    assert run.result == {"row_count": 1}
    assert [one.run_id for one in submitted] == ["r1"]
    body = json.loads(requests[0].content)
    assert body["kind"] == "backtest"
    assert body["specification"] == {"products": ["CL"], "windows": [250]}


async def test_asynchronously_alike() -> None:
    requests: list[httpx.Request] = []
    client = AsyncClient("http://127.0.0.1:9", "secret", transport=transport(requests))
    async with client:
        run = await client.backtest(products=["CL"], seed=3)
    assert run.run_id == "r1"
    assert json.loads(requests[0].content)["specification"] == {"products": ["CL"], "seed": 3}


def test_a_run_that_failed_is_raised() -> None:
    failing = transport([], status="failed", error={"detail": "why"})
    with (
        Client("http://127.0.0.1:9", "secret", transport=failing) as client,
        pytest.raises(RunFailed),
    ):
        client.backtest(products=["CL"])


def test_a_simulation_is_of_a_book_or_of_positions() -> None:
    requests: list[httpx.Request] = []
    held = [{"kind": "future", "instrument": "CL-202612", "contracts": 5}]
    with Client("http://127.0.0.1:9", "secret", transport=transport(requests)) as client:
        client.simulate_risk("desk", paths=5_000_000, add=held, version=None)
        client.simulate_risk(held, method="filtered", horizon_days=10, fresh=True)
    first, second = (json.loads(request.content) for request in requests)
    assert first["kind"] == "risk"
    assert first["specification"] == {"book": "desk", "paths": 5_000_000, "add": held}
    asked = {"positions": held, "method": "filtered", "horizon_days": 10}
    assert (second["specification"], second["fresh"]) == (asked, True)
