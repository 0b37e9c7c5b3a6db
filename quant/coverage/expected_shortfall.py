"""Own the tests of whether losses beyond the value at risk were as large as forecast."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInput
from quant.coverage.conditional import exceptions_of
from quant.risk.standard_tails import StandardTail

Reals = NDArray[np.float64]

SIMULATIONS = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ShortfallTest:
    """Hold the statistics of Acerbi and Székely: 0 is expected, below it shortfall was too small.

    `conditional` (Z1) looks at exceptions alone and is 0 if there are none; `unconditional` (Z2)
    also falls with their number and is 1 if there are none.
    """

    exceptions: int
    observations: int
    conditional: float
    unconditional: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ShortfallNull:
    """Hold statistics (simulations,) drawn where the model holds, each sorted."""

    conditional: Reals
    unconditional: Reals

    def limit(self, significance: float) -> float:
        """Return the Z2 below which the model is rejected: −0.70 at 5 %, −1.8 at 0.01 %.

        Raises:
            InvalidInput: `significance` is not between 0 and 1.
        """
        if not 0.0 < significance < 1.0:
            raise InvalidInput(field="significance", reason=f"expected 0 to 1, was {significance}")
        return float(np.quantile(self.unconditional, significance, method="inverted_cdf"))

    def p_values(self, test: ShortfallTest) -> tuple[float, float]:
        """Return the p-values of Z1 and Z2: the share of draws as low, the test itself included."""
        return (
            _share_below(self.conditional, test.conditional),
            _share_below(self.unconditional, test.unconditional),
        )


def acerbi_szekely(
    pnl: Reals, value_at_risk: Reals, expected_shortfall: Reals, probability: float
) -> ShortfallTest:
    """Test forecasts of expected shortfall (Acerbi and Székely 2014, equations 4 and 6).

    Z1 = Σ XᵢIᵢ/ESᵢ / N + 1, Z2 = Σ XᵢIᵢ/ESᵢ / (αT) + 1: X profits (days,), I where they are below
    −VaR, N how often, α the `probability` of that, 0.025 for forecasts at 97.5 %. VaR and ES are
    losses as positive numbers.

    Raises:
        InvalidInput: shapes disagree, there is no day, a number is not finite, a shortfall is not
            above 0, or `probability` is not between 0 and 1.
    """
    exceptions = exceptions_of(pnl, value_at_risk)
    _check_probability(probability)
    if expected_shortfall.shape != pnl.shape:
        reason = f"expected shape {pnl.shape}, was {expected_shortfall.shape}"
        raise InvalidInput(field="expected_shortfall", reason=reason)
    if not (np.isfinite(expected_shortfall).all() and (expected_shortfall > 0.0).all()):
        raise InvalidInput(field="expected_shortfall", reason="expected finite numbers above 0")
    number = int(np.count_nonzero(exceptions))
    total = float((pnl[exceptions] / expected_shortfall[exceptions]).sum())
    return ShortfallTest(
        exceptions=number,
        observations=pnl.size,
        conditional=total / number + 1.0 if number else 0.0,
        unconditional=total / (probability * pnl.size) + 1.0,
    )


def simulate_null(
    observations: int,
    probability: float,
    *,
    degrees_of_freedom: float | None = None,
    simulations: int = SIMULATIONS,
    seed: int = 0,
) -> ShortfallNull:
    """Draw both statistics where profits are what the model says: normal, or Student's t.

    Scales do not matter, since each profit is divided by its own shortfall. Only exceptions enter
    the statistics, so only these are drawn: their number is binomial, and their sizes are the
    quantiles of uniform numbers in (0, α).

    Raises:
        InvalidInput: there are no observations or simulations, `probability` is not between 0 and
            1, or there is no shortfall with so few degrees of freedom.
    """
    _check_probability(probability)
    if observations < 1 or simulations < 1:
        raise InvalidInput(field="observations", reason="expected at least one, and a simulation")
    tail = StandardTail(degrees_of_freedom=degrees_of_freedom)
    generator = np.random.default_rng(seed)
    numbers = generator.binomial(observations, probability, simulations)
    # 1 − u is in (0, 1], so that no quantile is infinite
    sizes = tail.quantiles(probability * (1.0 - generator.random(int(numbers.sum()))))
    rows = np.repeat(np.arange(simulations), numbers)
    shortfall = tail.expected_shortfall(1.0 - probability)
    totals = np.bincount(rows, weights=sizes, minlength=simulations) / shortfall
    conditional = np.where(numbers > 0, totals / np.maximum(numbers, 1) + 1.0, 0.0)
    return ShortfallNull(
        conditional=np.sort(conditional),
        unconditional=np.sort(totals / (probability * observations) + 1.0),
    )


def _share_below(drawn: Reals, statistic: float) -> float:
    below = int(np.searchsorted(drawn, statistic, side="right"))
    return (below + 1) / (drawn.size + 1)


def _check_probability(probability: float) -> None:
    if not 0.0 < probability < 1.0:
        raise InvalidInput(field="probability", reason=f"expected 0 to 1, was {probability}")
