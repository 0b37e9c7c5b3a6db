"""Own the picture of `heliostat price`: price and payoff over the underlying, into a file."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cluster.commands import pictures

_POINTS = 61
_DEVIATIONS = 3.0
# A lognormal price does not reach 0.
_LOWEST_PART = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """Hold what to draw: functions of the underlying's price, and where that is now.

    `strike` is where on that axis the payoff bends. `deviation` is how far the price may go to
    expiry: in price units if it `may_be_negative`, else as a part of the price.
    """

    title: str
    x_label: str
    now: float
    strike: float
    deviation: float
    price_at: Callable[[float], float]
    payoff_at: Callable[[float], float]
    payoff_label: str = "payoff at expiry"
    may_be_negative: bool = False

    @property
    def ends(self) -> tuple[float, float]:
        """Return the lowest and the highest price to draw."""
        far = _DEVIATIONS * self.deviation * (1.0 if self.may_be_negative else self.now)
        low, high = min(self.now - far, self.strike), max(self.now + far, self.strike)
        return low if self.may_be_negative else max(low, _LOWEST_PART * self.now), high


def draw(picture: Picture, path: Path) -> None:
    """Draw into a .png or .svg file, and say so on stderr.

    Raises:
        InvalidInput: matplotlib is not installed.
    """
    low, high = picture.ends
    evenly = [low + (high - low) * n / (_POINTS - 1) for n in range(_POINTS)]
    # The payoff bends at the strike, which no even step need meet.
    prices = sorted({*evenly, max(low, picture.strike)})
    payoffs = [picture.payoff_at(one) for one in prices]
    words = {"title": picture.title, "x_label": picture.x_label, "y_label": "price of the option"}
    with pictures.picture(path, **words) as axes:
        axes.plot(prices, payoffs, "--", label=picture.payoff_label)
        axes.plot(prices, [picture.price_at(one) for one in prices], label="price now")
        axes.plot([picture.now], [picture.price_at(picture.now)], "o", label="the market now")
