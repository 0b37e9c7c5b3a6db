"""Own the proof that neither an outage of the database nor a kill -9 of the feed loses a tick."""

import time

from benchmarks.feeds.blaster import Blast
from benchmarks.feeds.rig import Rig
from benchmarks.feeds.verify import Compared
from benchmarks.report import Row

_RATE = 4_000.0
_AROUND_S = 5.0
_STORED_WITHIN_S = 300.0


def measure_outage(rig: Rig, seconds: float) -> list[Row]:
    """Crash PostgreSQL under load, start it again later, and compare what is stored."""
    count = int(_RATE * (seconds + 2 * _AROUND_S))
    stream = rig.stream(11)
    place = rig.place("outage")
    rig.prepare(Blast(stream=stream, count=count, rate=_RATE))
    with rig.feed(place) as feed:
        rig.blaster.tell("go")
        time.sleep(_AROUND_S)
        rig.servers.kill_database()
        time.sleep(seconds)
        rig.servers.start_database()
        rig.blaster.hear(_STORED_WITHIN_S)
        feed.wait_stored(_STORED_WITHIN_S)
    what = f"database away for {seconds:.0f} s at {_RATE:.0f} messages/s"
    compared = rig.compare(place, stream, count)
    return [*_rows(what, compared), _unsent(what, count - compared.same)]


def measure_kills(rig: Rig, kills: int) -> list[Row]:
    """Kill the feed under load and start it again; compare what it had captured."""
    count = int(_RATE * _AROUND_S * (kills + 1))
    stream = rig.stream(13)
    place = rig.place("kills")
    rig.prepare(Blast(stream=stream, count=count, rate=_RATE))
    rig.blaster.tell("go")
    for _ in range(kills):
        with rig.feed(place) as feed:
            time.sleep(_AROUND_S)
            feed.process.kill()
    with rig.feed(place) as feed:
        rig.blaster.hear(_STORED_WITHIN_S)
        feed.wait_stored(_STORED_WITHIN_S)
    return _rows(f"feed killed {kills} times", rig.compare(place, stream, count))


def _rows(what: str, compared: Compared) -> list[Row]:
    return [
        Row(metric=f"{what}: ticks captured and lost", unit="ticks", ours=compared.lost, target=0),
        Row(
            metric=f"{what}: ticks stored twice or never sent",
            unit="ticks",
            ours=compared.surplus,
            target=0,
        ),
    ]


def _unsent(what: str, ours: int) -> Row:
    return Row(metric=f"{what}: ticks sent and not stored", unit="ticks", ours=ours, target=0)
