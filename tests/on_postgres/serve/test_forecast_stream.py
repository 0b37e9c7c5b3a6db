"""Follow the forecasts of a product over real sockets, database and cache."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from serve.routes import forecast_stream
from storage import models
from tests.on_postgres.serve.conftest import HEADERS
from tests.published_forecasts import a_forecast

if TYPE_CHECKING:
    from serve.services import Services

pytestmark = pytest.mark.postgres


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forecast_stream, "LOOK_EVERY_S", 30.0)


async def publish(services: "Services", version: int, *, announced: bool = True) -> None:
    """Publish as a ModelActor does: stored first, then announced."""
    forecast = a_forecast(source="sandbox", version=version)
    published = models.Publication(forecast=forecast, settlements={}, checkpoint=None)
    async with services.pools.system() as connection:
        await models.publish(connection, published)
    if announced:
        await services.cache.announce_forecast("CL", models.forecast_payload(forecast))


@asynccontextmanager
async def frames(
    url: str, query: str = "", after: str | None = None
) -> AsyncIterator[AsyncIterator[tuple[str, Any]]]:
    """Open a stream and hand out its ids and forecasts; a comment has neither."""
    headers = HEADERS | ({} if after is None else {"Last-Event-ID": after})

    async def read(answer: httpx.Response) -> AsyncIterator[tuple[str, Any]]:
        event_id = ""
        async for line in answer.aiter_lines():
            if line.startswith("id: "):
                event_id = line.removeprefix("id: ")
            elif line.startswith("data: "):
                yield event_id, json.loads(line.removeprefix("data: "))
            elif line.startswith(":"):
                yield "", None

    async with (
        httpx.AsyncClient(base_url=url, headers=headers, timeout=20) as http,
        http.stream("GET", f"/v1/streams/forecasts/CL{query}") as answer,
    ):
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield read(answer)


async def test_each_publication_is_sent_the_latest_first(url: str, services: "Services") -> None:
    await publish(services, 7)
    async with frames(url, "?horizon=20&contract=202701") as news:
        event_id, first = await anext(news)
        assert (event_id, first["version"]) == ("sandbox:7", 7)
        assert [one["symbol"] for one in first["contracts"]] == ["CLF27"]
        assert first["horizons"] == [20]
        await publish(services, 8)
        assert (await anext(news))[1]["version"] == 8


async def test_a_resumed_reader_is_sent_what_is_newer_alone(url: str, services: "Services") -> None:
    await publish(services, 7)
    async with frames(url, "?max_events=1", after="sandbox:7") as news:
        waiting = asyncio.ensure_future(anext(news))
        await publish(services, 8)
        await publish(services, 9)
        assert (await waiting)[1]["version"] in (8, 9)
        assert [event async for event in news] == []


async def test_what_was_not_announced_is_found_by_looking(
    url: str, services: "Services", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forecast_stream, "LOOK_EVERY_S", 0.05)
    async with frames(url) as news:
        assert await anext(news) == ("", None)
        await publish(services, 7, announced=False)
        versions = [event[1]["version"] async for event in _some(news)]
    assert versions == [7]


async def _some(news: AsyncIterator[tuple[str, Any]]) -> AsyncIterator[tuple[str, Any]]:
    """Yield the first event that is no comment."""
    async for event in news:
        if event[1] is not None:
            yield event
            return


async def test_bad_input_is_refused_before_the_stream_begins(url: str) -> None:
    async with httpx.AsyncClient(base_url=url, headers=HEADERS) as http:
        for path, status in (("XX", 404), ("CL?horizon=3", 422), ("CL?contract=1", 422)):
            assert (await http.get(f"/v1/streams/forecasts/{path}")).status_code == status
