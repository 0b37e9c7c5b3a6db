"""Own the parameters of a density model of one product: those of its GARCH and HAR parts."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from itertools import pairwise
from typing import Any, Self

from core.errors import InvalidInput
from quant.forecast.settings import DensitySettings
from quant.volatility.garch import GarchParameters
from quant.volatility.har import HarParameters

# Near the middle of fits to crude, products and gas; used until there is a fit, or if one fails.
_USUAL_GARCH = GarchParameters(mu=0.0, omega=0.03, alpha=0.06, beta=0.91, degrees_of_freedom=6.0)
_USUAL_HAR = HarParameters(constant=0.1, day=0.05, week=0.25, month=0.55)
_USUAL_RATIO = 1.6


@dataclass(frozen=True, slots=True, kw_only=True)
class DensityParameters:
    """Hold what is fitted, for each of `positions`, to changes over their slow EWMA deviation.

    `har_ratios` are mean squared changes over mean squared forecasts of absolute ones.
    `fitted_through` is the last day that the fit has seen, None for usual values without a fit;
    `fallbacks` names the parts whose fit failed, which then have usual values.

    Raises:
        InvalidInput: there is no position, they do not rise from 1, or parts are missing.
    """

    product: str
    positions: tuple[int, ...]
    garch: tuple[GarchParameters, ...]
    har: tuple[HarParameters, ...]
    har_ratios: tuple[float, ...]
    settings: DensitySettings = field(default_factory=DensitySettings)
    fitted_through: date | None = None
    fallbacks: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        rises = all(later > earlier for earlier, later in pairwise((0, *self.positions)))
        if not self.positions or not rises:
            reason = f"expected rising positions from 1, were {self.positions}"
            raise InvalidInput(field="positions", reason=reason)
        if {len(self.garch), len(self.har), len(self.har_ratios)} != {len(self.positions)}:
            raise InvalidInput(field="parameters", reason="expected one part of each a position")

    def to_json(self) -> dict[str, Any]:
        """Return the parameters as JSON-ready values."""
        through = self.fitted_through
        return {
            "product": self.product,
            "positions": list(self.positions),
            "garch": [asdict(one) for one in self.garch],
            "har": [one.to_json() for one in self.har],
            "har_ratios": list(self.har_ratios),
            "settings": self.settings.to_json(),
            "fitted_through": None if through is None else through.isoformat(),
            "fallbacks": list(self.fallbacks),
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Return the parameters that `to_json` was called on."""
        through = values["fitted_through"]
        return cls(
            product=values["product"],
            positions=tuple(values["positions"]),
            garch=tuple(GarchParameters(**one) for one in values["garch"]),
            har=tuple(HarParameters.from_json(one) for one in values["har"]),
            har_ratios=tuple(values["har_ratios"]),
            settings=DensitySettings.from_json(values["settings"]),
            fitted_through=None if through is None else date.fromisoformat(through),
            fallbacks=tuple(values["fallbacks"]),
        )


def usual_parameters(
    product: str, positions: tuple[int, ...], settings: DensitySettings | None = None
) -> DensityParameters:
    """Return parameters that need no history."""
    count = len(positions)
    return DensityParameters(
        product=product,
        positions=positions,
        garch=(_USUAL_GARCH,) * count,
        har=(_USUAL_HAR,) * count,
        har_ratios=(_USUAL_RATIO,) * count,
        settings=settings or DensitySettings(),
    )
