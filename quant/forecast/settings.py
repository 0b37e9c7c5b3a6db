"""Own what a density model is tuned with: memory lengths, gains and limits."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from core.errors import InvalidInput

LEAST_WINDOW = 100  # days; the longest horizon of 60 must fit in it, with some to choose from


@dataclass(frozen=True, slots=True, kw_only=True)
class DensitySettings:
    """Hold the settings, chosen on days before 2015; half-lives and windows are in days.

    `news_limit` bounds a day's change, in standard deviations, where it enters a variance.
    `tracking_gains` are those of the tracked levels from the outermost inwards, and `tracking_leak`
    is the part of a correction that a day takes back. `prior_days` is how many days of an effect of
    1 each class of days begins with. `history_share` is the share of a forecast over a far horizon
    that repeats history as it was, and `history_horizon` how many days after the first half of
    that is reached.

    Raises:
        InvalidInput: a length, limit or gain is out of its range.
    """

    fast_half_life: float = 5.0
    slow_half_life: float = 20.0
    anchor_half_life: float = 125.0
    news_limit: float = 6.0
    weight_half_life: float = 250.0
    learning_rate: float = 0.3
    residual_window: int = 1_000
    residual_half_life: float = 250.0
    tracking_gains: tuple[float, float] = (0.1, 0.05)
    tracking_leak: float = 0.01
    day_half_life: float = 1_000.0
    prior_days: float = 100.0
    history_share: float = 0.45
    history_horizon: float = 1.0

    def __post_init__(self) -> None:
        for field in (
            "fast_half_life",
            "slow_half_life",
            "anchor_half_life",
            "news_limit",
            "weight_half_life",
            "residual_half_life",
            "day_half_life",
            "history_horizon",
        ):
            value = getattr(self, field)
            if not value > 0:
                raise InvalidInput(field=field, reason=f"expected above 0, was {value}")
        if self.residual_window < LEAST_WINDOW:
            reason = f"expected at least {LEAST_WINDOW}, was {self.residual_window}"
            raise InvalidInput(field="residual_window", reason=reason)
        if not self.history_share <= 1.0:
            reason = f"expected at most 1, was {self.history_share}"
            raise InvalidInput(field="history_share", reason=reason)
        for field, value in (
            ("history_share", self.history_share),
            ("learning_rate", self.learning_rate),
            ("prior_days", self.prior_days),
            ("tracking_leak", self.tracking_leak),
            ("tracking_gains", min(self.tracking_gains)),
        ):
            if not value >= 0:
                raise InvalidInput(field=field, reason=f"expected at least 0, was {value}")

    def to_json(self) -> dict[str, Any]:
        """Return the settings as JSON-ready values."""
        return {**asdict(self), "tracking_gains": list(self.tracking_gains)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Return the settings that `to_json` was called on."""
        outer, inner = values["tracking_gains"]
        return cls(**{**values, "tracking_gains": (outer, inner)})
