"""Own the picture of `heliostat price`: price and payoff over the underlying, into a file."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cluster.commands.output import remark
from core.errors import InvalidInput

_SUFFIXES = (".png", ".svg")
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


def check_picture_file(path: Path | None) -> None:
    """Refuse a file that could not be drawn into, before anything is computed.

    Raises:
        InvalidInput: it is neither .png nor .svg, or its folder does not exist.
    """
    if path is None:
        return
    if path.suffix not in _SUFFIXES:
        reason = f"expected a .png or .svg file, was {str(path)!r}"
        raise InvalidInput(field="--plot", reason=reason)
    if not path.parent.is_dir():
        raise InvalidInput(field="--plot", reason=f"the folder {path.parent} does not exist")


def draw(picture: Picture, path: Path) -> None:
    """Draw into a .png or .svg file, and say so on stderr.

    Raises:
        InvalidInput: matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        reason = "it needs matplotlib, which is not installed"
        raise InvalidInput(field="--plot", reason=reason) from error
    low, high = picture.ends
    evenly = [low + (high - low) * n / (_POINTS - 1) for n in range(_POINTS)]
    # The payoff bends at the strike, which no even step need meet.
    prices = sorted({*evenly, max(low, picture.strike)})
    figure = Figure(figsize=(8.0, 5.0), layout="constrained")
    axes = figure.subplots()
    payoffs = [picture.payoff_at(one) for one in prices]
    axes.plot(prices, payoffs, "--", label=picture.payoff_label)
    axes.plot(prices, [picture.price_at(one) for one in prices], label="price now")
    axes.plot([picture.now], [picture.price_at(picture.now)], "o", label="the market now")
    axes.set(title=picture.title, xlabel=picture.x_label, ylabel="price of the option")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path)
    remark(f"drawn into {path}")
