"""Own the proof that many feeds dropped at once come back spread out, and all of them."""

import asyncio
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection

from actors.feeds.connection import FeedConnection
from actors.supervisor import FeedSupervisor
from benchmarks.feeds.children import child
from benchmarks.feeds.rig import Rig
from benchmarks.report import Row
from core.clock import NANOSECONDS_PER_SECOND, Clock, ShiftedClock
from core.market import GapReason
from integrations.cme.client import CmeClient
from integrations.cme.config import CmeConfig
from integrations.venue import Arrival, VenueSession

FEEDS = 100
_SOURCE = "cme"
_PRODUCT = "CL"
_CALM_S = 6.0
_OPEN_WITHIN_S = 60.0
_BACK_WITHIN_S = 120.0
_POLL_S = 0.02


class _Watcher:
    """Note when each session of one feed gave its first frame."""

    def __init__(self, clock: Clock) -> None:
        self.first_ns: dict[int, int] = {}
        self._clock = clock

    def arrived(self, session: VenueSession, arrivals: Sequence[Arrival]) -> None:
        self.first_ns.setdefault(session.session_id, self._clock.now_ns())

    def interrupted(self, session_id: int, reason: GapReason) -> None:
        pass


def measure_mass_drop(rig: Rig) -> tuple[list[Row], dict[str, list[float]]]:
    """Drop a hundred connections at once, and see when each feed receives again."""
    log = rig.servers.folder / "mass_drop.log"
    with child(log, run_feeds, rig.client, rig.offset_ns) as feeds:
        feeds.hear()
        # What came before must not count as one drop with what comes now.
        time.sleep(_CALM_S)
        dropped_ns = rig.clock.now_ns()
        rig.blaster.ask("drop")
        back_ns: list[int] = feeds.ask("return", dropped_ns, _BACK_WITHIN_S + _CALM_S)
    moments = sorted((moment - dropped_ns) / NANOSECONDS_PER_SECOND for moment in back_ns)
    busiest = max(sum(start <= moment < start + 1.0 for moment in moments) for start in moments)
    rows = [
        Row(
            metric=f"most of {FEEDS} dropped feeds that came back within one second",
            unit="%",
            ours=100.0 * busiest / FEEDS,
            target=20.0,
        ),
        Row(
            metric="until the last of them was back",
            unit="s",
            ours=round(moments[-1], 2),
            target=60.0,
        ),
        Row(metric="of them never back", unit="feeds", ours=FEEDS - len(moments), target=0),
    ]
    return rows, {"seconds until each dropped feed was back": moments}


def run_feeds(orders: Connection, config: CmeConfig, offset_ns: int) -> None:
    """Connect feeds, tell when all are; then tell when each received again after the drop."""
    asyncio.run(_run_feeds(orders, config, ShiftedClock(offset_ns)))


async def _run_feeds(orders: Connection, config: CmeConfig, clock: Clock) -> None:
    supervisor = FeedSupervisor(clock)
    watchers = [_Watcher(clock) for _ in range(FEEDS)]
    clients = [CmeClient(config, _SOURCE, clock) for _ in watchers]
    feeds = [
        FeedConnection(
            client,
            venue=f"feed{number}",
            products=[_PRODUCT],
            heals_in_session=False,
            reconnects=supervisor,
            port=watcher,
        )
        for number, (client, watcher) in enumerate(zip(clients, watchers, strict=True))
    ]
    tasks = [asyncio.create_task(feed.run()) for feed in feeds]
    await _all_have(watchers, 1, _OPEN_WITHIN_S)
    orders.send(None)
    _, dropped_ns = await asyncio.to_thread(orders.recv)
    await _all_have(watchers, 2, _BACK_WITHIN_S)
    later = [[at for at in one.first_ns.values() if at > dropped_ns] for one in watchers]
    orders.send([min(moments) for moments in later if moments])
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for client in clients:
        await client.close()


async def _all_have(watchers: Sequence[_Watcher], sessions: int, within_s: float) -> None:
    """Wait until every feed has had so many sessions, or no longer than `within_s`."""
    deadline = asyncio.get_running_loop().time() + within_s
    while any(len(watcher.first_ns) < sessions for watcher in watchers):
        if asyncio.get_running_loop().time() > deadline:
            return
        await asyncio.sleep(_POLL_S)
