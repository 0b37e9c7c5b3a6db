"""Own the options of both Serve deployments, and the only place that makes them."""

from typing import Any

from ray import serve as ray_serve
from ray.serve.api import RunTarget

from actors.handles import (
    FeedHandle,
    MarketHandle,
    ModelHandle,
    ParserHandle,
    QpuHandle,
    RunsHandle,
)
from actors.messages import FeedStatus
from core.clock import SystemClock
from core.errors import NotFound
from core.forecasts import ModelStatus
from serve.api import create_api
from serve.services import EdgeConfig, Ports, open_services
from serve.streams import create_streams

STREAMS_PREFIX = "/v1/streams"

DEPLOYMENT_OPTIONS: dict[str, dict[str, Any]] = {
    "api": {
        "max_ongoing_requests": 64,
        "autoscaling_config": {
            "min_replicas": 1,
            "max_replicas": 4,
            "target_ongoing_requests": 32,
            "upscale_delay_s": 3,
            "look_back_period_s": 15,
        },
        "graceful_shutdown_timeout_s": 5,
        "ray_actor_options": {"num_cpus": 0},
    },
    # An open stream occupies a request slot for hours, so requests say nothing about load.
    "streams": {
        "num_replicas": 1,
        "max_ongoing_requests": 1000,
        "graceful_shutdown_timeout_s": 2,
        "ray_actor_options": {"num_cpus": 0},
    },
}


class Feeds:
    """Ask the FeedActors of this stack."""

    def __init__(self, venues: tuple[str, ...], namespace: str) -> None:
        self._venues = venues
        self._namespace = namespace

    async def venues(self) -> tuple[str, ...]:
        return self._venues

    async def status(self, venue: str) -> FeedStatus:
        if venue not in self._venues:
            raise NotFound(what="feed", name=venue)
        return await FeedHandle(namespace=self._namespace, venue=venue).status()


class Models:
    """Ask the ModelActors of this stack."""

    def __init__(self, products: tuple[str, ...], namespace: str) -> None:
        self._products = products
        self._namespace = namespace

    async def products(self) -> tuple[str, ...]:
        return self._products

    async def status(self, product: str) -> ModelStatus:
        if product not in self._products:
            raise NotFound(what="model", name=product)
        return await ModelHandle(namespace=self._namespace, product=product).status()


class _Edge:
    """Hold what a replica needs until Serve asks it for its application."""

    def __init__(self, config: EdgeConfig, namespace: str) -> None:
        self._config = config
        self._namespace = namespace

    async def _open(self) -> Any:
        ports = Ports(
            market=MarketHandle(namespace=self._namespace),
            runs=RunsHandle(namespace=self._namespace),
            feeds=Feeds(self._config.venues, self._namespace),
            models=Models(self._config.model_products, self._namespace),
            parser=ParserHandle(namespace=self._namespace),
            qpu=QpuHandle(namespace=self._namespace),
        )
        return await open_services(self._config, ports, SystemClock())


class Api(_Edge):
    """Answer requests."""

    def __serve_build_asgi_app__(self) -> Any:
        return create_api(self._config, self._open)


class Streams(_Edge):
    """Hold open streams."""

    def __serve_build_asgi_app__(self) -> Any:
        return create_streams(self._config, self._open)


def applications(config: EdgeConfig, namespace: str) -> list[RunTarget]:
    """Return both applications, ready to run."""
    return [
        _target("api", "/", Api, config, namespace),
        _target("streams", STREAMS_PREFIX, Streams, config, namespace),
    ]


def _target(
    name: str, prefix: str, edge: type[_Edge], config: EdgeConfig, namespace: str
) -> RunTarget:
    deployment = ray_serve.deployment(**DEPLOYMENT_OPTIONS[name])(ray_serve.ingress()(edge))
    bound = deployment.options(name=name).bind(config, namespace)
    return RunTarget(target=bound, name=name, route_prefix=prefix)
