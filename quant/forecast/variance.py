"""Own the variance of a day's change: four models, and what they say together."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from quant.forecast.parameters import DensityParameters
from quant.forecast.weights import PartWeights
from quant.volatility.ewma import EwmaState
from quant.volatility.garch import GarchParameters, GarchState
from quant.volatility.har import HarParameters, HarState

Reals = NDArray[np.float64]

PARTS = ("EWMA fast", "EWMA slow", "GARCH(1,1)-t", "HAR")

_EWMA = ("fast", "slow", "anchor")
_LEAST = 0.01  # of the anchor; prices that stood still for weeks will move again


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class VarianceState:
    """Hold the four parts, for each of the series, and their weights.

    GARCH and HAR are of changes over the standard deviation `anchor`, a slow EWMA: their long run
    follows the price level, as dollar changes do not keep one variance for years. Changes are
    bounded at `news_limit` standard deviations before they enter a variance.
    """

    fast: EwmaState
    slow: EwmaState
    anchor: EwmaState
    garch: GarchState
    har: HarState
    har_ratios: tuple[float, ...]
    news_limit: float
    weights: PartWeights

    @classmethod
    def begin(cls, parameters: DensityParameters, changes: Reals) -> Self:
        """Return the state after the first changes (22, series), all from their mean square."""
        settings = parameters.settings
        squares = np.mean(changes**2, axis=0)
        return cls(
            fast=EwmaState(half_life=settings.fast_half_life, variances=squares),
            slow=EwmaState(half_life=settings.slow_half_life, variances=squares),
            anchor=EwmaState(half_life=settings.anchor_half_life, variances=squares),
            garch=GarchState(parameters=parameters.garch, variances=np.ones_like(squares)),
            har=HarState(parameters=parameters.har, measures=np.abs(changes) / np.sqrt(squares)),
            har_ratios=parameters.har_ratios,
            news_limit=settings.news_limit,
            weights=PartWeights(
                half_life=settings.weight_half_life,
                learning_rate=settings.learning_rate,
                scores=np.zeros((len(PARTS), squares.size)),
            ),
        )

    def to_json(self) -> dict[str, Any]:
        """Return the state as JSON-ready values."""
        ewma = {name: getattr(self, name) for name in _EWMA}
        return {
            **{
                name: {"half_life": one.half_life, "variances": one.variances.tolist()}
                for name, one in ewma.items()
            },
            "garch": {
                "parameters": [asdict(one) for one in self.garch.parameters],
                "variances": self.garch.variances.tolist(),
            },
            "har": {
                "parameters": [one.to_json() for one in self.har.parameters],
                "measures": self.har.measures.tolist(),
            },
            "har_ratios": list(self.har_ratios),
            "news_limit": self.news_limit,
            "weights": self.weights.to_json(),
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Return the state that `to_json` was called on."""
        fast, slow, anchor = (
            EwmaState(
                half_life=values[name]["half_life"],
                variances=np.array(values[name]["variances"], dtype=np.float64),
            )
            for name in _EWMA
        )
        garch, har = values["garch"], values["har"]
        return cls(
            fast=fast,
            slow=slow,
            anchor=anchor,
            garch=GarchState(
                parameters=tuple(GarchParameters(**one) for one in garch["parameters"]),
                variances=np.array(garch["variances"], dtype=np.float64),
            ),
            har=HarState(
                parameters=tuple(HarParameters.from_json(one) for one in har["parameters"]),
                measures=np.array(har["measures"], dtype=np.float64),
            ),
            har_ratios=tuple(values["har_ratios"]),
            news_limit=values["news_limit"],
            weights=PartWeights.from_json(values["weights"]),
        )

    def parts(self, horizon: int) -> Reals:
        """Return what each part expects of each of the next days, (horizon, parts, series)."""
        anchor = self.anchor.variances
        return np.stack(
            [
                self.fast.forecasts(horizon),
                self.slow.forecasts(horizon),
                anchor * self.garch.forecasts(horizon),
                anchor * np.array(self.har_ratios) * self.har.forecasts(horizon) ** 2,
            ],
            axis=1,
        )

    def combined(self, parts: Reals) -> Reals:
        """Return the weighted mean (horizon, series) of what the parts expect."""
        mean = (parts * self.weights.weights()).sum(axis=1)
        combined: Reals = np.maximum(mean, _LEAST * self.anchor.variances)
        return combined

    def next_day(self) -> Reals:
        """Return the combined variances (series,) of the next day."""
        variances: Reals = self.combined(self.parts(1))[0]
        return variances

    def update(self, changes: Reals, parts: Reals) -> "VarianceState":
        """Return the state after a day's changes (series,), for which `parts` were expected."""
        bound = self.news_limit * np.sqrt(self.combined(parts)[0])
        news = np.clip(changes, -bound, bound)
        relative = news / np.sqrt(self.anchor.variances)
        return replace(
            self,
            fast=self.fast.update(news),
            slow=self.slow.update(news),
            anchor=self.anchor.update(news),
            garch=self.garch.update(relative),
            har=self.har.update(np.abs(relative)),
            weights=self.weights.update(changes, parts[0]),
        )

    def with_parameters(self, parameters: DensityParameters) -> "VarianceState":
        """Return the state with GARCH and HAR parameters fitted anew."""
        return replace(
            self,
            garch=replace(self.garch, parameters=parameters.garch),
            har=replace(self.har, parameters=parameters.har),
            har_ratios=parameters.har_ratios,
        )
