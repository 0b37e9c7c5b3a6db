"""Check calls to actors with a stand-in for the actor that Ray would find."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from ray.exceptions import ActorDiedError, RayTaskError

from actors import handles
from actors.handles import ActorHandle, FeedHandle, MarketHandle, RunsHandle, SupervisorHandle
from core.errors import CurveNotFound, HeliostatError, SourceUnavailable
from core.runs import DEFAULT_ORG
from integrations.backoff import BASE_S
from jobs.parsing.process import ParserConfig

Body = Callable[..., Awaitable[Any]]


class Found:
    """Stand in for a Ray actor handle: each method has a `remote`."""

    def __init__(self, body: Body) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self._body = body

    def __getattr__(self, method: str) -> Any:
        class Method:
            @staticmethod
            def remote(*arguments: Any) -> Awaitable[Any]:
                self.calls.append((method, *arguments))
                return self._body(*arguments)

        return Method


class Cluster:
    """Stand in for the named actors of a stack."""

    def __init__(self) -> None:
        self.actors: dict[tuple[str, str], Found] = {}
        self.look_ups = 0

    def get_actor(self, name: str, namespace: str) -> Found:
        self.look_ups += 1
        if (name, namespace) not in self.actors:
            message = f"Failed to look up actor {name}"
            raise ValueError(message)
        return self.actors[name, namespace]

    def add(self, name: str, body: Body) -> Found:
        self.actors[name, "stack"] = Found(body)
        return self.actors[name, "stack"]


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    made = Cluster()
    monkeypatch.setattr("ray.get_actor", made.get_actor)
    handles._look_up.cache_clear()
    yield made
    handles._look_up.cache_clear()


async def answer(*arguments: Any) -> Any:
    return arguments


async def never(*_: Any) -> Any:
    await asyncio.Event().wait()


def failing(error: Exception) -> Body:
    async def fail(*_: Any) -> Any:
        raise error

    return fail


def task_error(cause: Exception) -> RayTaskError:
    return RayTaskError("apply", f"Traceback of {cause!r}", cause)


MARKET = ActorHandle(name="market", namespace="stack")


async def test_calls_by_name_and_looks_up_once(cluster: Cluster) -> None:
    found = cluster.add("market", answer)
    assert await MARKET.call("apply", 1, "two") == (1, "two")
    assert await MARKET.call("curve", "CL") == ("CL",)
    assert found.calls == [("apply", 1, "two"), ("curve", "CL")]
    assert cluster.look_ups == 1


async def test_an_actor_that_is_not_there_is_unavailable(cluster: Cluster) -> None:
    with pytest.raises(SourceUnavailable, match="market cannot answer now"):
        await MARKET.call("apply")
    cluster.add("market", answer)
    assert await MARKET.call("apply") == ()


async def test_a_dead_actor_is_looked_up_anew(cluster: Cluster) -> None:
    cluster.add("market", failing(ActorDiedError()))
    with pytest.raises(SourceUnavailable, match="restarting"):
        await MARKET.call("apply")
    cluster.add("market", answer)
    assert await MARKET.call("apply", 3) == (3,)


def test_nobody_gives_up_on_a_program_before_its_parser_does() -> None:
    assert ParserConfig().longest_s < handles.PARSE_WITHIN_S


async def test_a_slow_actor_is_unavailable(cluster: Cluster) -> None:
    cluster.add("market", never)
    slow = ActorHandle(name="market", namespace="stack", within_s=0.01)
    with pytest.raises(SourceUnavailable, match="did not answer"):
        await slow.call("apply")


async def test_our_own_errors_come_through_as_they_were(cluster: Cluster) -> None:
    error = CurveNotFound(product="CL", source="sandbox", as_of="now")
    cluster.add("market", failing(task_error(error)))
    with pytest.raises(CurveNotFound) as caught:
        await MarketHandle(namespace="stack").newer_curve("CL", 1)
    assert caught.value is error


async def test_other_errors_stay_what_they_are(cluster: Cluster) -> None:
    cluster.add("market", failing(task_error(KeyError("x"))))
    with pytest.raises(RayTaskError) as caught:
        await MARKET.call("apply")
    assert not isinstance(caught.value, HeliostatError)


async def test_each_handle_calls_its_actor(cluster: Cluster) -> None:
    runs = cluster.add("runs", answer)
    feed = cluster.add("feed-cme", answer)
    run_id = DEFAULT_ORG
    await RunsHandle(namespace="stack").submit(DEFAULT_ORG, run_id)
    await RunsHandle(namespace="stack").cancel(DEFAULT_ORG, run_id)
    await FeedHandle(namespace="stack", venue="cme").status()
    assert runs.calls == [("submit", DEFAULT_ORG, run_id), ("cancel", DEFAULT_ORG, run_id)]
    assert feed.calls == [("status",)]


async def test_whatever_ails_the_supervisor_a_feed_is_told_to_come_back(cluster: Cluster) -> None:
    supervisor = SupervisorHandle(namespace="stack")
    assert 0 <= await supervisor.delay_s("cme", 0) <= BASE_S
    cluster.add("feed-supervisor", failing(task_error(KeyError("cme"))))
    assert 0 <= await supervisor.delay_s("cme", 0) <= BASE_S
    handles._look_up.cache_clear()
    cluster.add("feed-supervisor", never)
    async with asyncio.timeout(4.0):
        assert 0 <= await supervisor.delay_s("cme", 0) <= BASE_S
