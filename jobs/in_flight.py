"""Own how many tasks are handed out ahead, and how many pieces go into one: pure arithmetic."""

from dataclasses import dataclass

LEAD_S = 0.05
"""Hand out this many seconds of work ahead; more only delays others' work and cancellation."""

TASK_S = 0.03
"""Put pieces that are shorter together until they are this long, many times a task's overhead."""

MAX_TASKS_PER_CORE = 32
MAX_PIECES_PER_TASK = 256
_MEMORY = 0.2


@dataclass(slots=True)
class InFlight:
    """Follow how long pieces take, and derive what is handed out at a time."""

    cores: int
    mean_s: float | None = None
    recent_longest_s: float = 0.0

    def observe(self, elapsed_s: float) -> None:
        """Take in how long a piece ran."""
        if self.mean_s is None:
            self.mean_s = elapsed_s
        else:
            self.mean_s += _MEMORY * (elapsed_s - self.mean_s)
        self.recent_longest_s = max(elapsed_s, (1 - _MEMORY) * self.recent_longest_s)

    def pieces_per_task(self, left: int) -> int:
        """Return how many of the pieces left go into the next task.

        As many as the longest of late allows, so that no result waits long for its neighbours, and
        few enough that every core gets its share of what is left.
        """
        if self.mean_s is None:
            return 1
        fitting = int(TASK_S / max(self.recent_longest_s, 1e-9))
        share = -(-left // (2 * self.cores))
        return max(min(fitting, share, MAX_PIECES_PER_TASK), 1)

    @property
    def tasks(self) -> int:
        """Return how many tasks may be handed out: at least two for each core.

        One runs and one is at hand when it ends; shorter ones need more at hand.
        """
        if self.mean_s is None:
            return 2 * self.cores
        ahead = min(LEAD_S / max(self.mean_s, TASK_S / 8), MAX_TASKS_PER_CORE - 1)
        return self.cores * (1 + max(1, round(ahead)))
