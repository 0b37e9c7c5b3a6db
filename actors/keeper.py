"""Own the upkeep of what is stored: partitions of ticks, and what is kept of people no longer."""

import asyncio
from dataclasses import dataclass
from typing import NoReturn

from actors.loops import start_loops
from core.clock import Clock, utc_from_ns
from core.errors import SourceUnavailable
from core.logs import get_logger
from storage import partitions
from storage.identity import retention
from storage.pool import DatabaseUrls, Pools, open_pools

log = get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeeperConfig:
    """Say how long daily partitions of ticks stay, and how often to look."""

    database: DatabaseUrls
    keep_days: int = 90
    every_s: float = 3_600.0
    retry_s: float = 30.0


class Keeper:
    """Keep the tick tables in shape, and delete what the retention schedule keeps no longer.

    Owns nothing that a restart could lose: each round looks at the database alone, under its
    advisory lock, so that several keepers do no harm.
    """

    async def __init__(self, config: KeeperConfig, clock: Clock) -> None:  # type: ignore[misc]  # Ray awaits it
        self._config = config
        self._clock = clock
        self._pools: Pools = await open_pools(config.database)
        self._loops = start_loops(self._run())

    async def _run(self) -> NoReturn:
        while True:
            try:
                await self.keep()
            except SourceUnavailable as error:
                log.warning("keeper.skipped", reason=error.detail)
                await asyncio.sleep(self._config.retry_s)
            else:
                await asyncio.sleep(self._config.every_s)

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
