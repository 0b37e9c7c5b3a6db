"""Read live curves at once, late, while others leave, and while nobody answers."""

import asyncio
from dataclasses import dataclass, field, replace

import pytest

from core.errors import SourceUnavailable
from core.market import Curve
from serve.hot_curves import FRESH_S, HotCurves
from tests.unit.serve.test_routes import CURVE


@dataclass
class SlowMarket:
    """Answer once a test lets it; an error where there is no curve."""

    curve: Curve | None = CURVE
    asked: list[int] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    async def newer_curve(self, _product: str, version: int) -> Curve | None:
        self.asked.append(version)
        await self.gate.wait()
        if self.curve is None:
            raise SourceUnavailable(source="market", reason="it is restarting")
        return None if self.curve.version == version else self.curve

    async def live_products(self) -> dict[str, str]:
        return {"CL": "sandbox"}


@dataclass
class Watch:
    now_s: float = 0.0

    def __call__(self) -> float:
        return self.now_s


async def begun(market: SlowMarket) -> None:
    while not market.asked:  # noqa: ASYNC110 - each turn lets the readers go on
        await asyncio.sleep(0)


async def test_all_who_wait_share_one_question() -> None:
    market, hot = SlowMarket(), HotCurves()
    readers = [asyncio.create_task(hot.read(market, "CL", "1")) for _ in range(50)]
    await begun(market)
    market.gate.set()
    found = await asyncio.gather(*readers)
    assert len(market.asked) == 1
    assert len({id(one.body) for one in found}) == 1


async def test_a_curve_is_encoded_once_a_version() -> None:
    market, watch = SlowMarket(), Watch()
    market.gate.set()
    hot = HotCurves(watch)
    first = await hot.read(market, "CL", "1")
    assert await hot.read(market, "CL", "1") is first
    watch.now_s += FRESH_S
    unchanged = await hot.read(market, "CL", "1")
    assert unchanged.body is first.body
    market.curve = replace(CURVE, version=10, gap=True)
    assert (await hot.read(market, "CL", "1")).etag == first.etag
    watch.now_s += FRESH_S
    changed = await hot.read(market, "CL", "1")
    assert (changed.etag, b'"gap":true' in changed.body) == ('"10-1"', True)
    assert market.asked == [-1, 9, 9]


async def test_a_curve_is_as_old_as_the_question_and_not_as_its_answer() -> None:
    market, watch = SlowMarket(), Watch()
    hot = HotCurves(watch)
    reader = asyncio.create_task(hot.read(market, "CL", "1"))
    await begun(market)
    watch.now_s += FRESH_S
    market.gate.set()
    await reader
    await hot.read(market, "CL", "1")
    assert len(market.asked) == 2


async def test_who_leaves_takes_the_answer_from_nobody() -> None:
    market, hot = SlowMarket(), HotCurves()
    leaving = asyncio.create_task(hot.read(market, "CL", "1"))
    staying = asyncio.create_task(hot.read(market, "CL", "1"))
    await begun(market)
    leaving.cancel()
    market.gate.set()
    assert (await staying).version == 9
    with pytest.raises(asyncio.CancelledError):
        await leaving


async def test_a_failure_is_told_to_all_who_wait_and_to_nobody_after() -> None:
    market, hot = SlowMarket(curve=None), HotCurves()
    readers = [asyncio.create_task(hot.read(market, "CL", "1")) for _ in range(3)]
    await begun(market)
    market.gate.set()
    found = await asyncio.gather(*readers, return_exceptions=True)
    assert {type(one) for one in found} == {SourceUnavailable}
    market.curve = CURVE
    assert (await hot.read(market, "CL", "1")).version == 9
