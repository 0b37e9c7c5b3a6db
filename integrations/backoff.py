"""Own how long a client waits before it tries again."""

from typing import Protocol

BASE_S = 0.5
CAP_S = 60.0


class Uniform(Protocol):
    """Draw a number between two bounds, as `random.Random` and numpy generators do."""

    def uniform(self, low: float, high: float, /) -> float: ...


def backoff_s(attempt: int, rng: Uniform, *, base_s: float = BASE_S, cap_s: float = CAP_S) -> float:
    """Return the wait before try `attempt` (from 0): even between 0 and min(cap, base · 2^attempt).

    Full jitter keeps many clients that lost their connection at once from returning in step.
    """
    # 2**64 is beyond every cap; without the bound a long outage would overflow a float.
    return float(rng.uniform(0.0, min(cap_s, base_s * 2.0 ** min(attempt, 64))))
