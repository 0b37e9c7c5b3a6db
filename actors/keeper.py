"""Own the upkeep of what is stored: tick partitions, the schedule of retention, audit anchors."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from actors.loops import start_loops
from core.clock import Clock, utc_from_ns
from core.errors import AnchorsUnreadable, SourceUnavailable
from core.logs import get_logger
from storage import partitions
from storage.audit.anchors import anchor_head
from storage.identity import retention
from storage.pool import DatabaseUrls, Pools, open_pools

log = get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeeperConfig:
    """Say how long daily partitions of ticks stay, where anchors go, and how often to look."""

    database: DatabaseUrls
    anchors: Path
    keep_days: int = 90
    every_s: float = 3_600.0
    anchor_every_s: float = 60.0
    retry_s: float = 30.0


class Keeper:
    """Keep the tick tables in shape, delete what is kept no longer, anchor the audit trail.

    Owns nothing that a restart could lose: each round looks at the database alone, under its
    advisory lock, so that several keepers do no harm.
    """

    async def __init__(self, config: KeeperConfig, clock: Clock) -> None:  # type: ignore[misc]  # Ray awaits it
        self._config = config
        self._clock = clock
        self._pools: Pools = await open_pools(config.database)
        self._loops = start_loops(self._run(), self._anchor())

    async def _run(self) -> NoReturn:
        while True:
            try:
                await self.keep()
            except SourceUnavailable as error:
                log.warning("keeper.skipped", reason=error.detail)
                await asyncio.sleep(self._config.retry_s)
            else:
                await asyncio.sleep(self._config.every_s)

    async def _anchor(self) -> NoReturn:
        while True:
            try:
                await self.anchor()
            except (SourceUnavailable, AnchorsUnreadable, OSError) as error:
                log.warning("keeper.anchor_skipped", reason=str(error))
            await asyncio.sleep(self._config.anchor_every_s)

    async def anchor(self) -> int | None:
        """Note the head of the audit trail outside of the database; return its position if new."""
        now = utc_from_ns(self._clock.now_ns())
        anchor = await anchor_head(self._pools, self._config.anchors, now)
        return None if anchor is None else anchor.position

    async def keep(self) -> list[str]:
        """Make the next partitions, detach old ones, forget; return the names of those detached."""
        now = utc_from_ns(self._clock.now_ns())
        async with self._pools.system() as connection:
            made = await partitions.ensure(connection, now)
        async with self._pools.system() as connection:
            detached = await partitions.detach(connection, now, self._config.keep_days)
        async with self._pools.system() as connection:
            forgotten = await retention.forget(connection, now)
        if made or detached or forgotten:
            log.info("keeper.kept", made=made, detached=detached, forgotten=forgotten)
        return detached
