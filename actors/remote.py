"""Own the options of every actor, and the only place that makes one."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import ray
from ray.util import metrics

from actors import names
from actors.circuit_parser import CircuitParser
from actors.courier import Courier, CourierConfig
from actors.feeds.actor import FeedActor, FeedConfig
from actors.handles import MarketHandle, ModelHandle, QpuHandle, SupervisorHandle
from actors.keeper import Keeper, KeeperConfig
from actors.market import MarketActor, MarketConfig
from actors.models.actor import ModelActor
from actors.models.config import ModelConfig
from actors.qpu.actor import QpuActor, QpuConfig
from actors.qpu.fanout import RunFanouts
from actors.runs.manager import RunManager, RunManagerConfig
from actors.runs.metrics import Form, Measure
from actors.supervisor import FeedSupervisor
from actors.weather import WeatherActor, WeatherConfig
from core.clock import SystemClock
from integrations.ibm.config import environment
from jobs.fanout import RayFanout

_LASTING: dict[str, Any] = {"lifetime": "detached", "max_restarts": -1, "num_cpus": 0}

ACTOR_OPTIONS: dict[str, dict[str, Any]] = {
    "market": {**_LASTING, "max_task_retries": 3, "max_concurrency": 256},
    "feed": {**_LASTING, "max_task_retries": 3, "max_concurrency": 16},
    "supervisor": {**_LASTING, "max_task_retries": 3, "max_concurrency": 256},
    "keeper": {**_LASTING, "max_task_retries": 3},
    "weather": {**_LASTING, "max_task_retries": 3, "max_concurrency": 16},
    "courier": {**_LASTING, "max_task_retries": 3},
    "parser": {**_LASTING, "max_task_retries": 3},
    "qpu": {**_LASTING, "max_task_retries": 3, "max_concurrency": 1024},
    "runs": {**_LASTING, "max_task_retries": 3, "max_concurrency": 256},
    "model": {**_LASTING, "max_task_retries": 3, "max_concurrency": 64},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ActorsConfig:
    """Hold the configuration of every actor of a stack.

    One job may use `qpu_job_limit_s` seconds of a quantum device. `models` start in their order.
    """

    namespace: str
    market: MarketConfig
    feeds: tuple[FeedConfig, ...]
    weather: WeatherConfig | None
    keeper: KeeperConfig
    runs: RunManagerConfig
    courier: CourierConfig
    qpu: QpuConfig
    qpu_job_limit_s: int
    models: tuple[ModelConfig, ...] = ()


def start_actors(config: ActorsConfig) -> list[Any]:
    """Start every actor that does not run yet and return their handles, market first.

    The handles are of actors that may still be constructing; a call waits for that.
    """
    clock = SystemClock()
    market = _named("market", names.MARKET, config.namespace, MarketActor).remote(
        config.market, clock
    )
    fanouts = RunFanouts(
        local=RayFanout(),
        remote=QpuHandle(namespace=config.namespace),
        budget_s=config.qpu_job_limit_s,
        rng=random.Random(),  # noqa: S311 - spreads pauses; the system's own cannot be sent
    )
    runs = _named("runs", names.RUNS, config.namespace, RunManager).remote(
        config.runs, fanouts, clock, RayMeter()
    )
    supervisor = _named("supervisor", names.SUPERVISOR, config.namespace, FeedSupervisor).remote(
        clock
    )
    keeper = _named("keeper", names.KEEPER, config.namespace, Keeper).remote(config.keeper, clock)
    port = MarketHandle(namespace=config.namespace)
    reconnects = SupervisorHandle(namespace=config.namespace)
    feeds = [
        _named("feed", names.feed(feed.venue), config.namespace, FeedActor).remote(
            feed, port, reconnects, clock, _models_of(feed, config)
        )
        for feed in config.feeds
    ]
    weather = [
        _named("weather", names.WEATHER, config.namespace, WeatherActor).remote(source, clock)
        for source in (config.weather,)
        if source is not None
    ]
    return [market, runs, supervisor, keeper, *feeds, *weather]


def start_later_actors(config: ActorsConfig) -> None:
    """Start, without waiting, what no price and no first run needs; safe to repeat.

    Each is a process of its own, and the cores have enough to do while a stack starts.
    """
    clock = SystemClock()
    _named("courier", names.COURIER, config.namespace, Courier).remote(config.courier, clock)
    parser = _named("parser", names.PARSER, config.namespace, CircuitParser).remote()
    parser.warm.remote()
    # The vendor's package takes addresses from its process's environment alone.
    variables = {"runtime_env": {"env_vars": environment(config.qpu.client)}}
    _named("qpu", names.QPU, config.namespace, QpuActor, variables).remote(config.qpu, clock)
    StartModels(namespace=config.namespace, configs=config.models).start()


@dataclass(frozen=True, slots=True, kw_only=True)
class StartModels:
    """Start the model actors one after another: each starts the next once it has tried to speak.

    So at most one is estimated at a time while the stack is new: cores stay free for others.
    """

    namespace: str
    configs: tuple[ModelConfig, ...]

    def start(self) -> None:
        """Start the first of them, if there is any and it does not run yet."""
        if not self.configs:
            return
        config, *others = self.configs
        following = StartModels(namespace=self.namespace, configs=tuple(others))
        _named("model", names.model(config.product), self.namespace, ModelActor).remote(
            config, RayFanout(), following, SystemClock(), RayMeter()
        )


def _models_of(feed: FeedConfig, config: ActorsConfig) -> dict[str, ModelHandle]:
    return {
        model.product: ModelHandle(namespace=config.namespace, product=model.product)
        for model in config.models
        if model.product in feed.products
    }


class RayMeter:
    """Publish values as Ray's custom metrics, from the actor that this is handed to."""

    def __init__(self) -> None:
        self._metrics: dict[str, Any] = {}

    def record(self, measure: Measure, value: float, labels: Mapping[str, str]) -> None:
        """Publish one value."""
        metric = self._metrics.get(measure.name)
        if metric is None:
            metric = self._metrics[measure.name] = _metric(measure)
        if measure.form is Form.GAUGE:
            metric.set(value, tags=dict(labels))
        elif measure.form is Form.COUNTER:
            metric.inc(value, tags=dict(labels))
        else:
            metric.observe(value, tags=dict(labels))


def _metric(measure: Measure) -> Any:
    told = {"name": measure.name, "description": measure.about, "tag_keys": measure.labels}
    if measure.form is Form.GAUGE:
        return metrics.Gauge(**told)
    if measure.form is Form.COUNTER:
        return metrics.Counter(**told)
    return metrics.Histogram(**told, boundaries=list(measure.boundaries))


def _named(
    kind: str,
    name: str,
    namespace: str,
    actor: type[Any],
    further: Mapping[str, Any] = MappingProxyType({}),
) -> Any:
    remote = ray.remote(**ACTOR_OPTIONS[kind], **further)(actor)
    return remote.options(name=name, namespace=namespace, get_if_exists=True)
