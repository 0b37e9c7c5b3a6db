"""Time a feed from the socket to committed rows, beside a bare COPY of the same rows.

Frames carry one entry each, in the fixed mix of `feeds.frames.MIX`. The feed, the sender and
PostgreSQL are processes of their own, and what is stored is compared with what was sent, row by
row.
"""

import asyncio
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.feeds.bare import BareCopy
from benchmarks.feeds.blaster import Blast
from benchmarks.feeds.decoding import RUNS, cme_frames_per_s, fix_messages_per_s
from benchmarks.feeds.feed_process import Commit
from benchmarks.feeds.rig import Rig, feed_rig
from benchmarks.feeds.servers import Servers, feed_servers
from benchmarks.report import Report, Row, median
from core.clock import NANOSECONDS_PER_MILLISECOND, NANOSECONDS_PER_SECOND
from integrations.cme.codec import CME_PRODUCTS

TARGET_FRAMES_PER_S = 150_000
TARGET_MESSAGES_PER_S = 60_000
TARGET_RATIO = 0.2
TARGET_MB_PER_MINUTE = 1.0

_ROWS, _QUICK_ROWS = 200_000, 60_000
_PACED_S, _QUICK_PACED_S = 30, 5
_STEADY_RATE = 4_000
_WARM_UP_S, _STEADY_S, _SAMPLE_S = 180.0, 600.0, 5.0
_CONTROL_FRAMES = 1 + len(CME_PRODUCTS)
_WITHIN_S = 300.0
_BYTES_PER_MB = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Hold one blast: rows a second from the first receipt to the last commit, and the lags."""

    rows_per_s: float
    p99_ms: float
    unequal: int


def measure(*, quick: bool) -> Report:
    """Measure codecs, rates, lags and memory; the last takes thirteen minutes."""
    cme, fix = cme_frames_per_s(), fix_messages_per_s()
    rows = [
        Row(
            metric="CME frames decoded on one core",
            unit="frames/s",
            ours=median(cme),
            target=TARGET_FRAMES_PER_S,
            higher_is_better=True,
        ),
        Row(
            metric="FIX messages cut out and decoded on one core",
            unit="messages/s",
            ours=median(fix),
            target=TARGET_MESSAGES_PER_S,
            higher_is_better=True,
        ),
    ]
    skipped: list[dict[str, str]] = []
    with feed_servers() as servers, feed_rig(servers) as rig:
        ours, peers = _interleaved(rig, _QUICK_ROWS if quick else _ROWS)
        capacity = statistics.median(run.rows_per_s for run in ours)
        paced = _paced(rig, capacity / 2, _QUICK_PACED_S if quick else _PACED_S)
        rows += [
            Row(
                metric="socket to committed row, over a bare COPY",
                unit="rows/s",
                ours=median([run.rows_per_s for run in ours]),
                peer=median(peers),
                target=TARGET_RATIO,
                higher_is_better=True,
            ),
            Row(
                metric="rows that are not as sent",
                unit="rows",
                ours=sum(run.unequal for run in (*ours, paced)),
                target=0,
            ),
        ]
        if quick:
            why = "takes thirteen minutes"
            skipped.append({"metric": "growth of memory at a steady rate", "why": why})
        else:
            rows.append(_memory_row(rig))
    return Report(
        name="ingest",
        rows=rows,
        skipped=skipped,
        samples={
            "CME frames per second": cme,
            "FIX messages per second": fix,
            "rows per second": [run.rows_per_s for run in ours],
            "rows per second of a bare COPY": peers,
            "p99 from receipt to commit when saturated, ms": [run.p99_ms for run in ours],
            "p99 from receipt to commit at half of that rate, ms": [paced.p99_ms],
        },
    )


def _interleaved(rig: Rig, count: int) -> tuple[list[Run], list[float]]:
    ours: list[Run] = []
    peers: list[float] = []
    for number in range(RUNS):
        name = f"saturated_{number}"
        ours.append(_run(rig, name, Blast(stream=rig.stream(number), count=count)))
        peers.append(asyncio.run(_bare(rig.servers, name)))
        rig.servers.drop_database(name)
    return ours, peers


async def _bare(servers: Servers, name: str) -> float:
    peer = await BareCopy.of(servers.superuser_url(name))
    return await peer.run()


def _paced(rig: Rig, rate: float, seconds: int) -> Run:
    count = int(rate * seconds)
    return _run(rig, "paced", Blast(stream=rig.stream(RUNS), count=count, rate=rate))


def _run(rig: Rig, name: str, blast: Blast) -> Run:
    place = rig.place(name)
    rig.prepare(blast)
    with rig.feed(place, is_timed=True) as feed:
        rig.send(_WITHIN_S)
        feed.wait_stored(_WITHIN_S, blast.count + _CONTROL_FRAMES)
        commits: list[Commit] = feed.commits()
    compared = rig.compare(place, blast.stream, blast.count)
    # The first batch is a mark of the feed's own, before anything was sent.
    received = [commit for commit in commits if len(commit.received_ns) > 1]
    first_ns = min(min(commit.received_ns) for commit in received)
    last_ns = max(commit.committed_ns for commit in received)
    return Run(
        rows_per_s=blast.count / ((last_ns - first_ns) / NANOSECONDS_PER_SECOND),
        p99_ms=_p99_ms(received),
        unequal=blast.count - compared.same + compared.surplus,
    )


def _p99_ms(commits: Sequence[Commit]) -> float:
    lags = sorted(
        commit.committed_ns - received_ns
        for commit in commits
        for received_ns in commit.received_ns
    )
    return lags[int(0.99 * (len(lags) - 1))] / NANOSECONDS_PER_MILLISECOND


def _memory_row(rig: Rig) -> Row:
    """Return how fast the feed's memory grows at a steady rate, once it is warm."""
    seconds = _WARM_UP_S + _STEADY_S
    count = int(seconds * _STEADY_RATE)
    place = rig.place("steady")
    rig.prepare(Blast(stream=rig.stream(99), count=count, rate=_STEADY_RATE, is_lazy=True))
    minutes: list[float] = []
    megabytes: list[float] = []
    with rig.feed(place) as feed:
        began = time.monotonic()
        rig.blaster.tell("go")
        while (passed_s := time.monotonic() - began) < seconds:
            time.sleep(_SAMPLE_S)
            if passed_s >= _WARM_UP_S:
                minutes.append(passed_s / 60)
                megabytes.append(feed.process.process.memory_info().rss / _BYTES_PER_MB)
        rig.blaster.hear()
    return Row(
        metric="growth of memory at a steady rate",
        unit="MB/min",
        ours=round(statistics.linear_regression(minutes, megabytes).slope, 3),
        target=TARGET_MB_PER_MINUTE,
    )
