"""Own how settings become the configuration of every part: the one place that knows them all."""

import os
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import psutil

from actors.courier import CourierConfig
from actors.feeds.actor import FeedConfig
from actors.keeper import KeeperConfig
from actors.market import MarketConfig
from actors.models.config import ModelConfig
from actors.qpu.actor import QpuConfig
from actors.remote import ActorsConfig
from actors.runs.manager import RunManagerConfig
from actors.weather import WeatherConfig
from cluster.local.audit_anchors import anchors_file
from cluster.local.context import StackContext
from cluster.local.vault_keys import vault_config
from cluster.settings import Settings
from cluster.venues import (
    LiveVendors,
    Vendor,
    live_vendors,
    model_products,
    sign_in_provider,
)
from serve.services import EdgeConfig

PAGES = Path(__file__).resolve().parent.parent / "web" / "dist"
_BYTES_PER_GB = 1024**3
_SANDBOX_POLL_S = 0.25
_VENDOR_POLL_S = 2.0
_SANDBOX_APPEARS_S = 10.0
_VENDOR_APPEARS_S = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wiring:
    """Hold the configuration of the actors and of the HTTP edge."""

    actors: ActorsConfig
    edge: EdgeConfig


def wire(context: StackContext, sandbox_ahead_ns: int) -> Wiring:
    """Assemble the configuration of one stack; its sandboxes' clock is ahead of ours.

    Raises:
        StackError: a setting of a vendor is not what it should be.
    """
    vendors = live_vendors(context.settings)
    return Wiring(actors=_actors(context, vendors, sandbox_ahead_ns), edge=_edge(context, vendors))


def _actors(context: StackContext, vendors: LiveVendors, sandbox_ahead_ns: int) -> ActorsConfig:
    database, cache_url = context.addresses.database, context.addresses.cache_url
    return ActorsConfig(
        namespace=f"heliostat-{context.paths.stack_id}",
        market=MarketConfig(
            database=database,
            cache_url=cache_url,
            sources=tuple(
                (product, venue.source) for venue in vendors.venues for product in venue.products
            ),
        ),
        feeds=tuple(_feed(context, venue, sandbox_ahead_ns) for venue in vendors.venues),
        weather=WeatherConfig(
            source=vendors.weather.source,
            client=vendors.weather.client_config(context.ports, context.secrets),
            database=database,
        ),
        keeper=KeeperConfig(
            database=database,
            anchors=anchors_file(context.settings, context.paths),
            keep_days=context.settings.keep_ticks_days,
        ),
        runs=RunManagerConfig(
            database=database, cache_url=cache_url, memory_bytes=_task_memory(context.settings)
        ),
        courier=CourierConfig(
            database=database,
            vault=vault_config(context.settings, context.paths),
            allow_private=context.settings.webhooks_private,
        ),
        qpu=_qpu(context, vendors.quantum),
        qpu_job_limit_s=context.settings.qpu_job_limit_s,
        models=tuple(
            _model(context, venue, product)
            for venue in vendors.venues
            for product in venue.products
            if product in model_products(context.settings, vendors)
        ),
    )


def _model(context: StackContext, venue: Vendor, product: str) -> ModelConfig:
    return ModelConfig(
        product=product,
        source=venue.source,
        database=context.addresses.database,
        cache_url=context.addresses.cache_url,
        code_version=_version(),
        history_source=context.settings.model_history,
        refit_days=context.settings.model_refit_days,
    )


def _feed(context: StackContext, venue: Vendor, sandbox_ahead_ns: int) -> FeedConfig:
    return FeedConfig(
        venue=venue.code,
        source=venue.source,
        products=venue.products,
        client=venue.client_config(context.ports, context.secrets),
        database=context.addresses.database,
        cache_url=context.addresses.cache_url,
        # What a sandbox told must never be stored as told by the venue, nor the other way round.
        journal=context.paths.journals / f"{venue.code}-{venue.source}",
        object_store=context.addresses.object_store,
        version=_version(),
        venue_ahead_ns=sandbox_ahead_ns if venue.uses_sandbox else 0,
        journal_limit_bytes=round(context.settings.journal_limit_gb * _BYTES_PER_GB),
    )


def _qpu(context: StackContext, quantum: Vendor) -> QpuConfig:
    return QpuConfig(
        client=quantum.client_config(context.ports, context.secrets),
        source=quantum.source,
        owner=f"heliostat-{context.paths.stack_id}",
        database=context.addresses.database,
        submissions_per_minute=context.settings.qpu_submissions_per_minute,
        poll_s=_SANDBOX_POLL_S if quantum.uses_sandbox else _VENDOR_POLL_S,
        appears_s=_SANDBOX_APPEARS_S if quantum.uses_sandbox else _VENDOR_APPEARS_S,
    )


def _edge(context: StackContext, vendors: LiveVendors) -> EdgeConfig:
    return EdgeConfig(
        database=context.addresses.database,
        cache_url=context.addresses.cache_url,
        origin=context.origin,
        version=_version(),
        pages=PAGES if PAGES.is_dir() else None,
        venues=tuple(venue.code for venue in vendors.venues),
        task_memory_bytes=_task_memory(context.settings),
        vault=vault_config(context.settings, context.paths),
        audit_anchors=anchors_file(context.settings, context.paths),
        provider=sign_in_provider(context.settings),
        cors_origins=context.settings.cors_origins,
        private_webhooks=context.settings.webhooks_private,
        model_products=model_products(context.settings, vendors),
    )


def _task_memory(settings: Settings) -> int:
    """Return what one task may take, in bytes."""
    if settings.task_memory_gb is not None:
        return round(settings.task_memory_gb * _BYTES_PER_GB)
    return psutil.virtual_memory().total // 2 // (settings.cpus or os.cpu_count() or 1)


def _version() -> str:
    return version("heliostat-platform")
