"""Own the encoded live curves of a replica: asked for once for all who wait, encoded once each."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from serve.curve_views import curve_view

if TYPE_CHECKING:
    from serve.services import MarketPort

FRESH_S = 0.02
"""Be how long a curve is told without asking whether there is a newer one."""
_NO_VERSION = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class HotCurve:
    """Hold a live curve as it is sent; `asked_at` is when it was known to be the latest."""

    version: int
    etag: str
    body: bytes
    asked_at: float


class HotCurves:
    """Keep the latest curve of each product that was asked for.

    Who reads it has been let in already: nothing here knows who that is.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._kept: dict[str, HotCurve] = {}
        self._asking: dict[str, asyncio.Task[HotCurve]] = {}

    async def read(self, market: "MarketPort", product: str, edition: str) -> HotCurve:
        """Return the curve of a product, no older than `FRESH_S` and the time to ask for it.

        `edition` names what encodes it, so that no two encodings share an ETag.

        Raises:
            CurveNotFound: nothing is known of the product yet.
            SourceUnavailable: whoever keeps the curves does not answer.
        """
        kept = self._kept.get(product)
        if kept is not None and self._monotonic() - kept.asked_at < FRESH_S:
            return kept
        asking = self._asking.get(product)
        if asking is None:
            asking = asyncio.create_task(self._ask(market, product, edition))
            self._asking[product] = asking
            asking.add_done_callback(partial(self._answered, product))
        # Others wait for the same answer: one who leaves must not take it from them.
        return await asyncio.shield(asking)

    async def _ask(self, market: "MarketPort", product: str, edition: str) -> HotCurve:
        asked_at = self._monotonic()
        kept = self._kept.get(product)
        curve = await market.newer_curve(product, _NO_VERSION if kept is None else kept.version)
        if curve is not None:
            kept = HotCurve(
                version=curve.version,
                etag=f'"{curve.version}-{edition}"',
                body=curve_view(curve).model_dump_json().encode(),
                asked_at=asked_at,
            )
        elif kept is not None:
            kept = replace(kept, asked_at=asked_at)
        else:
            message = f"no curve of {product} is newer than none"
            raise LookupError(message)
        self._kept[product] = kept
        return kept

    def _answered(self, product: str, asking: "asyncio.Task[HotCurve]") -> None:
        del self._asking[product]
        if not asking.cancelled():
            asking.exception()  # whoever still waits raises it
