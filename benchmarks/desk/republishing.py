"""Own the process that settles prices as a feed does and waits for the forecasts of them."""

import asyncio
import os
import signal
import time
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

PRODUCT = "CL"
NAMESPACE = "republish"
_SEED = 7
_WITHIN_S = 300.0
_CENT = Decimal("0.01")


def settle(pipe: Any, address: str, environment: Mapping[str, str], urls: Any, cache: str) -> None:
    """Answer an order, how many settlements, with what was measured of them."""
    os.environ.update(environment)
    import ray

    ray.init(address=address, namespace=NAMESPACE, log_to_driver=False, configure_logging=False)
    pipe.send("ready")
    _, count = pipe.recv()
    pipe.send(asyncio.run(_measured(count, urls, cache)))


async def _measured(count: int, urls: Any, cache_url: str) -> dict[str, Any]:
    from actors.handles import ModelHandle
    from actors.models.config import ModelConfig
    from actors.remote import StartModels

    await _seed(urls)
    config = ModelConfig(
        product=PRODUCT, source="sandbox", database=urls, cache_url=cache_url, code_version="bench"
    )
    StartModels(namespace=NAMESPACE, configs=(config,)).start()
    handle = ModelHandle(namespace=NAMESPACE, product=PRODUCT)
    first = await _speaking(handle)
    republished_s = await _republished(handle, cache_url, first, count)
    before = await handle.forecast()
    back_s = await _killed(handle)
    return {
        "republished_s": republished_s,
        "updated_s": await _updated(urls, cache_url, config, count),
        "back_s": back_s,
        "difference": _difference(before, await handle.forecast()),
    }


async def _seed(urls: Any) -> None:
    from cluster.local.database import seed_sandbox_history
    from core.clock import SystemClock, utc_from_ns

    now_ns = SystemClock().now_ns()
    await seed_sandbox_history(urls, [PRODUCT], _SEED, utc_from_ns(now_ns), now_ns)


async def _speaking(handle: Any) -> Any:
    """Wait for a forecast, be it that the actor starts or that it is back."""
    from core.errors import ModelNotReady, SourceUnavailable

    async with asyncio.timeout(_WITHIN_S):
        while True:
            try:
                return await handle.forecast()
            except (ModelNotReady, SourceUnavailable):
                await asyncio.sleep(0.02)


def _settlements(as_of: date, prices: Sequence[tuple[Any, float]], numbers: range) -> list[Any]:
    """Return settlements of contracts in turn on the day after `as_of`, each at its own price."""
    from core.clock import ns_from_utc
    from core.market import Instrument, Settlement, SettlementStage
    from quant.calendars import add_business_days, calendar_of, settlement_time

    day = add_business_days(as_of, 1, calendar_of(PRODUCT))
    event_ns = ns_from_utc(settlement_time(PRODUCT, day))
    found = []
    for number in numbers:
        month, price = prices[number % len(prices)]
        found.append(
            Settlement(
                instrument=Instrument(PRODUCT, month),
                source="sandbox",
                trade_date=day,
                price=Decimal(f"{price:.2f}") + _CENT * (1 + number),
                stage=SettlementStage.PRELIMINARY,
                event_ns=event_ns + number,
                received_ns=event_ns + number,
            )
        )
    return found


class _NoCurve:
    """Take what a feed sends to the curves."""

    async def apply(self, batch: Any) -> None:
        del batch


async def _republished(handle: Any, cache_url: str, first: Any, count: int) -> list[float]:
    """Put settlements into a feed's publisher one after another; return the seconds of each."""
    from actors.feeds.publish import FeedPublisher
    from storage.cache import Cache

    cache = await Cache.open(cache_url)
    publisher = FeedPublisher(
        cache,
        _NoCurve(),
        venue="cme",
        source="sandbox",
        products=(PRODUCT,),
        models={PRODUCT: handle},
    )
    running = asyncio.create_task(publisher.run())
    elapsed_s = []
    async with cache.forecast_notifications(PRODUCT) as calls:
        prices = [(one.contract_month, one.settlement) for one in first.contracts[1:]]
        for settlement in _settlements(first.as_of, prices, range(count)):
            started_s = time.perf_counter()
            publisher.put([settlement])
            if not await calls.wait(_WITHIN_S):
                raise TimeoutError
            elapsed_s.append(time.perf_counter() - started_s)
    last = await handle.forecast()
    if last.version != first.version + count:  # another forecast was taken for one of these
        message = f"expected {count} forecasts, were {last.version - first.version}"
        raise RuntimeError(message)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await publisher.close()
    return elapsed_s


async def _killed(handle: Any) -> float:
    """Kill the actor's process as `kill -9` does; return after how many seconds it is back."""
    import psutil

    [process] = [
        one for one in psutil.process_iter(["cmdline"]) if _is_model(one.info["cmdline"] or [])
    ]
    started_s = time.perf_counter()
    os.kill(process.pid, signal.SIGKILL)
    process.wait(timeout=_WITHIN_S)
    await _speaking(handle)
    return time.perf_counter() - started_s


def _is_model(words: Sequence[str]) -> bool:
    return bool(words) and words[0].startswith("ray::ModelActor")


def _difference(one: Any, other: Any) -> float:
    """Return the largest difference of two forecasts, infinite where they differ otherwise."""
    import msgspec

    return _apart(msgspec.to_builtins(one), msgspec.to_builtins(other))


def _apart(one: Any, other: Any) -> float:
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        return max((_apart(one[key], other[key]) for key in one), default=0.0)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple) and len(one) == len(other):
        return max((_apart(*pair) for pair in zip(one, other, strict=True)), default=0.0)
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other)
    return 0.0 if one == other else float("inf")


async def _updated(urls: Any, cache_url: str, config: Any, count: int) -> list[float]:
    """Recall the model here and return the seconds that each settlement moves it for."""
    from actors.models.store import ModelStore
    from core.clock import SystemClock
    from quant.product_model.settled import settled_days
    from storage.cache import Cache
    from storage.pool import open_pools

    store = ModelStore(
        pools=await open_pools(urls),
        cache=await Cache.open(cache_url),
        clock=SystemClock(),
        product=PRODUCT,
        source="sandbox",
        history_source=None,
        code_version=config.code_version,
    )
    recalled = await store.recall()
    await store.close()
    assert recalled is not None and recalled.following is not None  # noqa: S101, PT018 - it spoke
    model = recalled.following
    elapsed_s = []
    prices = [(month, model.state.settled[month].price) for month in model.fit.months(model.as_of)]
    for settlement in _settlements(model.days[-2].trade_date, prices, range(count, 2 * count)):
        days = settled_days([settlement])
        started_s = time.perf_counter()
        model = model.follow(days)
        elapsed_s.append(time.perf_counter() - started_s)
    return elapsed_s
