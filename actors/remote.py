"""Own the options of every actor, and the only place that makes one."""

from dataclasses import dataclass
from typing import Any

import ray

from actors import names
from actors.feed import FeedActor, FeedConfig
from actors.handles import MarketHandle, SupervisorHandle
from actors.keeper import Keeper, KeeperConfig
from actors.market import MarketActor, MarketConfig
from actors.runs import RunManager, RunManagerConfig
from actors.supervisor import FeedSupervisor
from actors.weather import WeatherActor, WeatherConfig
from core.clock import SystemClock
from jobs.fanout import RayFanout

_LASTING: dict[str, Any] = {"lifetime": "detached", "max_restarts": -1, "num_cpus": 0}

ACTOR_OPTIONS: dict[str, dict[str, Any]] = {
    "market": {**_LASTING, "max_task_retries": 3, "max_concurrency": 256},
    "feed": {**_LASTING, "max_task_retries": 3, "max_concurrency": 16},
    "supervisor": {**_LASTING, "max_task_retries": 3, "max_concurrency": 256},
    "keeper": {**_LASTING, "max_task_retries": 3},
    "weather": {**_LASTING, "max_task_retries": 3, "max_concurrency": 16},
    "runs": {**_LASTING, "max_task_retries": 3, "max_concurrency": 256},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ActorsConfig:
    """Hold the configuration of every actor of a stack."""

    namespace: str
    market: MarketConfig
    feeds: tuple[FeedConfig, ...]
    weather: WeatherConfig | None
    keeper: KeeperConfig
    runs: RunManagerConfig


def start_actors(config: ActorsConfig) -> list[Any]:
    """Start every actor that does not run yet and return their handles, market first.

    The handles are of actors that may still be constructing; a call waits for that.
    """
    clock = SystemClock()
    market = _named("market", names.MARKET, config.namespace, MarketActor).remote(
        config.market, clock
    )
    runs = _named("runs", names.RUNS, config.namespace, RunManager).remote(
        config.runs, RayFanout(), clock
    )
    supervisor = _named("supervisor", names.SUPERVISOR, config.namespace, FeedSupervisor).remote(
        clock
    )
    keeper = _named("keeper", names.KEEPER, config.namespace, Keeper).remote(config.keeper, clock)
    port = MarketHandle(namespace=config.namespace)
    reconnects = SupervisorHandle(namespace=config.namespace)
    feeds = [
        _named("feed", names.feed(feed.venue), config.namespace, FeedActor).remote(
            feed, port, reconnects, clock
        )
        for feed in config.feeds
    ]
    weather = [
        _named("weather", names.WEATHER, config.namespace, WeatherActor).remote(source, clock)
        for source in (config.weather,)
        if source is not None
    ]
    return [market, runs, supervisor, keeper, *feeds, *weather]


def _named(kind: str, name: str, namespace: str, actor: type[Any]) -> Any:
    remote = ray.remote(**ACTOR_OPTIONS[kind])(actor)
    return remote.options(name=name, namespace=namespace, get_if_exists=True)
