"""Own how points of work are grouped into chunks: long enough to carry their overhead.

Groups are contiguous and depend on the arguments alone, so that a stored plan groups alike.
"""

from itertools import pairwise

TARGET_S = 0.1
"""Aim at chunks of this length, 20 to 50 ms or more, beside which a task's overhead is small."""

MAX_CHUNK_S = 2.0
CHUNKS_ENOUGH = 64
MAX_CHUNKS = 4096

JOB_S = 30.0
"""Keep a device busy for at most so long with one job, half of what a job may use by default."""


def rows_per_job(seconds_per_row: float) -> int:
    """Return how many rows of a circuit go into one job of a device: at least one."""
    return max(1, int(JOB_S / max(seconds_per_row, 1e-9)))


def group_points(points: int, seconds_per_point: float) -> tuple[range, ...]:
    """Split points 0…points−1 into ranges of equal length, but for one more or less.

    A chunk takes about 0.1 s. Where that makes more than 64 chunks they grow, at most to 2 s, so
    that a long run has fewer rows and a short one enough chunks for every core. Never are there
    more than 4,096.
    """
    if points < 1:
        return ()
    total_s = points * max(seconds_per_point, 0.0)
    aim_s = min(max(TARGET_S, total_s / CHUNKS_ENOUGH), MAX_CHUNK_S)
    chunks = min(max(round(total_s / aim_s), 1), points, MAX_CHUNKS)
    edges = [points * chunk // chunks for chunk in range(chunks + 1)]
    return tuple(range(low, high) for low, high in pairwise(edges))
