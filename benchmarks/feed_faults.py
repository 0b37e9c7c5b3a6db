"""Hold feeds against everything that goes wrong: gaps, silence, mass drops, outages, kill -9.

Real feeds, clients, servers and sockets; only the weekend is simulated.
"""

from benchmarks.feeds.gaps import measure_gaps
from benchmarks.feeds.rig import feed_rig
from benchmarks.feeds.servers import feed_servers
from benchmarks.report import Report

_MESSAGES, _QUICK_MESSAGES = 1_000_000, 50_000


def measure(*, quick: bool) -> Report:
    """Measure each fault by itself."""
    with feed_servers() as servers, feed_rig(servers) as rig:
        rows, samples = measure_gaps(rig, _QUICK_MESSAGES if quick else _MESSAGES)
    return Report(name="feed_faults", rows=rows, samples=samples)
