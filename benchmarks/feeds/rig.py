"""Own one rig of a feed benchmark: servers, a blaster, and a feed with folders of its own."""

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from actors.feeds.actor import FeedConfig
from actors.messages import FeedStatus
from benchmarks.feeds.blaster import Blast, SessionLog, Started, run_blaster
from benchmarks.feeds.children import Child, child
from benchmarks.feeds.feed_process import run_feed
from benchmarks.feeds.frames import SOURCE, Stream
from benchmarks.feeds.servers import Servers, wait_for
from benchmarks.feeds.verify import Capture, Compared, Delivered, compare_now
from core.clock import ShiftedClock, SystemClock
from integrations.cme.codec import CME_PRODUCTS, VENUE
from integrations.cme.config import AUTH_PATH, REFERENCE_PATH, CmeConfig
from integrations.sandbox_kit import session_offset_ns

_POLL_S = 0.1
_QUIET_S = 0.5
_VERSION = "benchmark"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Name the database and the folders of one feed."""

    name: str
    config: FeedConfig
    journal: Path
    objects: Path
    log: Path


class Rig:
    """Hold what every run of a benchmark shares: the servers, the blaster, one shifted clock.

    The clock stands inside an open session, whatever the day, as a sandbox's does.
    """

    def __init__(self, servers: Servers, blaster: Child, started: Started, offset_ns: int) -> None:
        self.servers = servers
        self.blaster = blaster
        self.offset_ns = offset_ns
        self.clock = ShiftedClock(offset_ns)
        self.client = CmeConfig(
            api_id="sandbox",
            password="sandbox",  # noqa: S106 - the blaster takes any
            auth_url=f"{started.http_url}{AUTH_PATH}",
            stream_url=started.websocket_url,
            refdata_url=f"{started.http_url}{REFERENCE_PATH}",
        )

    def stream(self, seed: int) -> Stream:
        """Return a stream whose events begin now."""
        return Stream(seed=seed, start_ns=self.clock.now_ns())

    def place(self, name: str) -> Place:
        """Make a database and folders for a feed."""
        folder = self.servers.folder / name
        folder.mkdir()
        database = self.servers.create_database(name, self.clock.now_ns())
        journal, objects = folder / "journal", folder / "objects"
        config = FeedConfig(
            venue=VENUE,
            source=SOURCE,
            products=CME_PRODUCTS,
            client=self.client,
            database=database,
            cache_url=self.servers.cache_url,
            journal=journal,
            object_store=objects.as_uri(),
            version=_VERSION,
        )
        return Place(
            name=name, config=config, journal=journal, objects=objects, log=folder / "feed.log"
        )

    @contextlib.contextmanager
    def feed(self, place: Place, *, is_timed: bool = False) -> Iterator["Feed"]:
        """Lend a feed that is connected and subscribed."""
        with child(place.log, run_feed, place.config, self.offset_ns, is_timed) as process:
            feed = Feed(process)
            wait_for(feed.is_subscribed)
            yield feed

    def prepare(self, blast: Blast) -> None:
        """Let the blaster render what it is to send."""
        self.blaster.ask("prepare", blast)

    def send(self, within_s: float) -> float:
        """Let the blaster send, and return how many seconds that took."""
        return float(self.blaster.ask("go", within_s=within_s)[1])

    def logs(self) -> list[SessionLog]:
        """Return what each connection since the last `prepare` was sent."""
        found: list[SessionLog] = self.blaster.ask("logs")[1]
        return found

    def delivered(self, place: Place) -> Delivered:
        """Return what a feed has received, by the blaster's own notes."""
        return Capture(place.journal, place.objects).sent(self.logs())

    def compare(self, place: Place, stream: Stream, count: int) -> Compared:
        """Compare a feed's database with what it received."""
        url = self.servers.superuser_url(place.name)
        return compare_now(url, stream.events(count), self.delivered(place))


class Feed:
    """Ask a feed in its own process."""

    def __init__(self, process: Child) -> None:
        self.process = process

    def status(self) -> FeedStatus:
        answer: FeedStatus = self.process.ask("status")
        return answer

    def commits(self) -> list[Any]:
        """Return what was committed when; only of a timed feed."""
        answer: list[Any] = self.process.ask("commits")
        return answer

    def is_subscribed(self) -> bool:
        # A login, and an answer for each product.
        return self.status().frames > len(CME_PRODUCTS)

    def wait_stored(self, within_s: float, frames: int = 0) -> FeedStatus:
        """Wait until `frames` have arrived, nothing more does, and all of it is stored."""
        deadline = time.monotonic() + within_s
        before, quiet_since = self.status(), time.monotonic()
        while True:
            time.sleep(_POLL_S)
            status, now = self.status(), time.monotonic()
            if status.events != before.events:
                before, quiet_since = status, now
            held = next(queue.held for queue in status.queues if queue.name == "store")
            is_stored = status.frames >= frames and status.behind == 0 and held == 0
            if is_stored and now - quiet_since >= _QUIET_S:
                return status
            if now > deadline:
                message = f"{status.frames} frames came, {held} events are not stored"
                raise TimeoutError(message)


@contextlib.contextmanager
def feed_rig(servers: Servers) -> Iterator[Rig]:
    """Lend a rig for the time of the block."""
    offset_ns = session_offset_ns(SystemClock().now_ns())
    with child(servers.folder / "blaster.log", run_blaster, offset_ns) as blaster:
        yield Rig(servers, blaster, blaster.hear(), offset_ns)
