"""Own the proof that on ICE a gap or a silence of one contract does not touch the others."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import IO

import asyncpg
import httpx

from actors.messages import FeedStatus
from benchmarks.feeds.rig import Place, Rig
from benchmarks.feeds.servers import wait_for
from benchmarks.report import Row
from core.clock import NANOSECONDS_PER_SECOND
from core.market import Instrument
from integrations.ice.client import SPEC
from integrations.sandbox_frames import SKIPPED_NUMBERS
from integrations.sandbox_kit import LOOPBACK
from integrations.venue import SandboxAddress
from quant.calendars import front_month, session_trade_date

_FROZEN_PRODUCT = "B"
_MAX_PAUSE_S = 0.5
_GAPS = 3
_SETTLED_S = 2.0
_SPOILT_S = 28.0  # the front month may be silent for 15 s, and healing may ask for it once more
_RECEIVED = """
SELECT received_ns FROM quotes WHERE instrument <> $1 AND received_ns BETWEEN $2 AND $3
UNION ALL
SELECT received_ns FROM trades WHERE instrument <> $1 AND received_ns BETWEEN $2 AND $3
ORDER BY 1
"""
_GAP_MARKS = "SELECT instruments FROM gaps WHERE received_ns BETWEEN $1 AND $2"
_SILENT = """
SELECT instrument FROM silences WHERE is_stale AND received_ns BETWEEN $1 AND $2
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Hold what was stored in one stretch of time."""

    longest_pause_s: float
    gap_marks: list[list[str]]
    silent: list[str]


def measure_ice(rig: Rig, whole_s: float) -> list[Row]:
    """Watch the sandbox whole, then with one contract frozen and some messages lost.

    Raises:
        ValueError: the faults did not show, so that nothing was proved.
    """
    with _sandbox(rig) as (place, control), rig.feed(place) as feed:
        wait_for(lambda: _is_whole(feed.status()))
        frozen = _front(rig)
        whole = _watch(rig, place, frozen, whole_s, [])
        faults = [f"freeze_symbol?times=-1&symbol={frozen}"]
        faults += ["skip_sequence?times=1"] * _GAPS
        spoilt = _watch(rig, place, frozen, _SPOILT_S, [f"{control}/{fault}" for fault in faults])
    gaps = [marked for marked in spoilt.gap_marks if marked]
    if not gaps or str(frozen) not in spoilt.silent:
        message = f"faults that did not show: {spoilt}"
        raise ValueError(message)
    others = [name for name in spoilt.silent if name != str(frozen)]
    concerned = {name for marked in gaps for name in marked}
    return [
        Row(
            metric="ICE: longest pause of the other contracts, beyond that without faults",
            unit="s",
            ours=round(max(0.0, spoilt.longest_pause_s - whole.longest_pause_s), 3),
            target=_MAX_PAUSE_S,
        ),
        Row(
            metric="ICE: gaps told of every contract at once",
            unit="gaps",
            ours=len(spoilt.gap_marks) - len(gaps),
            target=0,
        ),
        Row(
            metric=f"ICE: contracts that {_GAPS} gaps of {SKIPPED_NUMBERS} messages concern",
            unit="contracts",
            ours=len(concerned),
            target=2 * _GAPS * SKIPPED_NUMBERS,
        ),
        Row(metric="ICE: others called silent", unit="contracts", ours=len(others), target=0),
    ]


@contextmanager
def _sandbox(rig: Rig) -> Iterator[tuple[Place, str]]:
    """Run the venue's sandbox; yield a feed's place at it, and where its faults are switched."""
    words = [sys.executable, "-m", SPEC.sandbox_module, "--offset-ns", str(rig.offset_ns)]
    with (rig.servers.folder / "ice.log").open("wb") as log:
        process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", *words], stdout=subprocess.PIPE, stderr=log
        )
    try:
        ready = json.loads(_first_line(process.stdout))
        address = SandboxAddress(
            host=LOOPBACK,
            port=ready["port"],
            user="HELIOSTAT",
            password="sandbox",  # noqa: S106
        )
        place = rig.place("ice")
        config = replace(
            place.config,
            venue=SPEC.code,
            source=SPEC.code,
            products=SPEC.products,
            client=SPEC.sandbox_config(address),
        )
        control = f"http://{LOOPBACK}:{ready['control_port']}/_sandbox/faults"
        yield replace(place, config=config), control
    finally:
        process.terminate()
        process.wait()


def _first_line(stream: IO[bytes] | None) -> bytes:
    return b"" if stream is None else stream.readline()


def _is_whole(status: FeedStatus) -> bool:
    return status.connected and status.gap is None and len(status.symbols) > 0


def _front(rig: Rig) -> Instrument:
    day = session_trade_date(_FROZEN_PRODUCT, rig.clock.now_ns())
    if day is None:
        message = f"{_FROZEN_PRODUCT} is not in session"
        raise ValueError(message)
    return Instrument(_FROZEN_PRODUCT, front_month(_FROZEN_PRODUCT, day))


def _watch(rig: Rig, place: Place, frozen: Instrument, seconds: float, faults: list[str]) -> Seen:
    """Switch faults on, let time pass, and read what was stored of it."""
    for fault in faults:
        httpx.post(fault, trust_env=False).raise_for_status()
    began_ns = rig.clock.now_ns()
    time.sleep(seconds)
    ended_ns = rig.clock.now_ns()
    time.sleep(_SETTLED_S)
    return asyncio.run(_seen(rig.servers.superuser_url(place.name), frozen, began_ns, ended_ns))


async def _seen(url: str, frozen: Instrument, began_ns: int, ended_ns: int) -> Seen:
    connection = await asyncpg.connect(url)
    name, span = str(frozen), (began_ns, ended_ns)
    try:
        received = [row[0] for row in await connection.fetch(_RECEIVED, name, *span)]
        marks = await connection.fetch(_GAP_MARKS, *span)
        silent = await connection.fetch(_SILENT, *span)
    finally:
        await connection.close()
    moments = [began_ns, *received, ended_ns]
    longest_ns = max(later - earlier for earlier, later in pairwise(moments))
    return Seen(
        longest_pause_s=longest_ns / NANOSECONDS_PER_SECOND,
        gap_marks=[list(row[0]) for row in marks],
        silent=[row[0] for row in silent],
    )
