"""Hold feeds against everything that goes wrong: gaps, silence, mass drops, outages, kill -9.

Real feeds, clients, servers and sockets; only the weekend is simulated.
"""

from benchmarks.feeds.gaps import measure_gaps
from benchmarks.feeds.ice import measure_ice
from benchmarks.feeds.mass_drop import measure_mass_drop
from benchmarks.feeds.outages import measure_kills, measure_outage
from benchmarks.feeds.rig import feed_rig
from benchmarks.feeds.servers import feed_servers
from benchmarks.feeds.silences import measure_silences
from benchmarks.report import Report

_MESSAGES, _QUICK_MESSAGES = 1_000_000, 50_000
_AWAY_S, _QUICK_AWAY_S = 60.0, 10.0
_WHOLE_S, _QUICK_WHOLE_S = 20.0, 5.0
_KILLS, _QUICK_KILLS = 3, 1


def measure(*, quick: bool) -> Report:
    """Measure each fault by itself."""
    rows = measure_silences()
    with feed_servers() as servers, feed_rig(servers) as rig:
        of_gaps, missing = measure_gaps(rig, _QUICK_MESSAGES if quick else _MESSAGES)
        of_drop, moments = measure_mass_drop(rig)
        rows += of_gaps + measure_ice(rig, _QUICK_WHOLE_S if quick else _WHOLE_S) + of_drop
        rows += measure_outage(rig, _QUICK_AWAY_S if quick else _AWAY_S)
        rows += measure_kills(rig, _QUICK_KILLS if quick else _KILLS)
    return Report(name="feed_faults", rows=rows, samples={**missing, **moments})
