"""Own the drift of the whole curve that recent shocks to the short-term factor foretell.

In the model χ and ξ are shocked at once and ξ then drifts at a constant rate. Settlements of five
energy products from 2008 to 2014 say more: when χ has risen over some weeks, ξ goes on to rise,
as if what seemed short-lived was in part here to stay. It is the model's form of basis momentum
(Boons and Prado 2019, "Basis-Momentum", Journal of Finance 74). Shocks to ξ itself foretell
nothing, nor do the constant premiums μξ − μξ* and λχ, whose errors exceed them.
"""

from dataclasses import dataclass, replace
from math import isfinite, sqrt

from core.errors import InvalidInput


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftRule:
    """Hold how shocks become a drift.

    Days are business days. `half_life_days` is that of a shock's weight, `variance_weight` that of
    the newest square in the running variances, `limit` the largest shock that counts, in standard
    deviations, `strength` the drift in daily deviations for a signal of 1 in usual markets: half
    of the 0.0228 that least squares gives for CL, NG, HO, RB and Brent together, 5 and 20 days
    ahead, on 2008–2014 (on 2015–2023 it would give 0.0327, and above 0 for each of them). The
    half-life and the form were chosen with both periods in view, so that neither is unseen.

    Raises:
        InvalidInput: a number is not finite, a half-life or limit is not above 0, or the weight is
            outside 0…1.
    """

    half_life_days: float = 20.0
    variance_weight: float = 0.03
    limit: float = 4.0
    strength: float = 0.0114

    def __post_init__(self) -> None:
        for name in ("half_life_days", "limit"):
            value = getattr(self, name)
            if not (isfinite(value) and value > 0.0):
                raise InvalidInput(field=name, reason=f"expected above 0, was {value}")
        if not 0.0 < self.variance_weight < 1.0:
            raise InvalidInput(
                field="variance_weight", reason=f"expected 0 to 1, was {self.variance_weight}"
            )
        if not isfinite(self.strength):
            raise InvalidInput(
                field="strength", reason=f"expected a finite number, was {self.strength}"
            )

    @property
    def decay(self) -> float:
        """Return what a shock's weight is multiplied by in a day."""
        return float(0.5 ** (1.0 / self.half_life_days))


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftState:
    """Hold the signal and the running variances of a day's shocks.

    `signal` has variance 1 if shocks are independent. `chi_variance` is of the shocks to χ,
    `far_variance` and `usual_far_variance`, which stays, of those to the curve's far end.

    Raises:
        InvalidInput: a number is not finite, or a variance is not above 0.
    """

    signal: float
    chi_variance: float
    far_variance: float
    usual_far_variance: float

    def __post_init__(self) -> None:
        if not isfinite(self.signal):
            raise InvalidInput(field="signal", reason=f"expected a number, was {self.signal}")
        for name in ("chi_variance", "far_variance", "usual_far_variance"):
            value = getattr(self, name)
            if not (isfinite(value) and value > 0.0):
                raise InvalidInput(field=name, reason=f"expected above 0, was {value}")


def follow_shocks(
    rule: DriftRule, state: DriftState, chi_shock: float, far_shock: float
) -> DriftState:
    """Return the state after a day's shocks to χ and to the log price at the curve's far end.

    The shock to χ is measured against the variance before it; a signal fades by `rule.decay`.
    """
    weight, decay = rule.variance_weight, rule.decay
    scaled = chi_shock / sqrt(state.chi_variance)
    scaled = min(max(scaled, -rule.limit), rule.limit)
    return replace(
        state,
        signal=decay * state.signal + sqrt(1.0 - decay**2) * scaled,
        chi_variance=(1.0 - weight) * state.chi_variance + weight * chi_shock**2,
        far_variance=(1.0 - weight) * state.far_variance + weight * far_shock**2,
    )


def expected_change(rule: DriftRule, state: DriftState, days: int) -> float:
    """Return the expected change of ξ, and so of every log price, over `days` business days.

    strength · signal · σ̄²/σ per day, fading like the signal: σ is the far end's daily deviation
    now, σ̄ its usual one. The signal is worth less in a stormy market, where shocks say less about
    what follows.

    Raises:
        InvalidInput: `days` is negative.
    """
    if days < 0:
        raise InvalidInput(field="days", reason=f"expected at least 0, was {days}")
    per_day = rule.strength * state.signal * state.usual_far_variance / sqrt(state.far_variance)
    return per_day * (1.0 - rule.decay**days) / (1.0 - rule.decay)
