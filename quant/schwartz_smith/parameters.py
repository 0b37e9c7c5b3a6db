"""Own the parameters of the two-factor model and the futures price that follows from them."""

from dataclasses import dataclass, fields
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInput

Reals = NDArray[np.float64]

MODEL = "schwartz-smith"


@dataclass(frozen=True, slots=True, kw_only=True)
class SchwartzSmithParameters:
    """Hold the two-factor parameters, per year: ln S = χ + ξ.

    χ returns to 0 at rate `kappa`, ξ drifts; `mu_xi_star` and `lambda_chi` are risk-neutral.

    Raises:
        InvalidInput: a number is not finite, kappa is not above 0, a volatility is negative, or
            rho is outside [−1, 1].
    """

    kappa: float
    sigma_chi: float
    lambda_chi: float
    mu_xi: float
    mu_xi_star: float
    sigma_xi: float
    rho: float

    def __post_init__(self) -> None:
        for name, value in zip(PARAMETER_NAMES, self.to_tuple(), strict=True):
            if not isfinite(value):
                raise InvalidInput(field=name, reason=f"expected a finite number, was {value}")
        if self.kappa <= 0.0:
            raise InvalidInput(field="kappa", reason=f"expected above 0, was {self.kappa}")
        for name in ("sigma_chi", "sigma_xi"):
            if getattr(self, name) < 0.0:
                raise InvalidInput(
                    field=name, reason=f"expected at least 0, was {getattr(self, name)}"
                )
        if not -1.0 <= self.rho <= 1.0:
            raise InvalidInput(field="rho", reason=f"expected −1 to 1, was {self.rho}")

    def to_tuple(self) -> tuple[float, ...]:
        """Return the parameters in the order of `PARAMETER_NAMES`."""
        return (
            self.kappa,
            self.sigma_chi,
            self.lambda_chi,
            self.mu_xi,
            self.mu_xi_star,
            self.sigma_xi,
            self.rho,
        )


PARAMETER_NAMES = tuple(field.name for field in fields(SchwartzSmithParameters))


@dataclass(frozen=True, slots=True, kw_only=True)
class SchwartzSmithModel:
    """Hold parameters and the standard deviation of log measurement errors, one a noise group.

    An error of exactly 0 is allowed: those prices are met exactly. Two factors can meet two a row.

    Raises:
        InvalidInput: there is no noise, or one is negative or not finite.
    """

    parameters: SchwartzSmithParameters
    noises: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.noises:
            raise InvalidInput(field="noises", reason="expected at least one")
        if not all(isfinite(noise) and noise >= 0.0 for noise in self.noises):
            raise InvalidInput(
                field="noises", reason=f"expected finite numbers of at least 0, were {self.noises}"
            )


OIL = SchwartzSmithParameters(
    kappa=1.49,
    sigma_chi=0.286,
    lambda_chi=0.157,
    mu_xi=-0.0125,
    mu_xi_star=0.0115,
    sigma_xi=0.145,
    rho=0.300,
)
"""Hold the oil futures estimates of Schwartz and Smith (2000), table 2."""

OIL_NOISES = (0.042, 0.006, 0.003, 0.0, 0.004)
"""Hold the measurement errors of that table: futures of 1, 5, 9, 13 and 17 months."""


def short_term_loading(years: Reals, parameters: SchwartzSmithParameters) -> Reals:
    """Return e^(−κT), the weight of χ in the log price of a futures contract `years` from expiry.

    The weight of ξ is 1 (Schwartz and Smith 2000, equation 9).
    """
    loading: Reals = np.exp(-parameters.kappa * years)
    return loading


def forward_intercept(years: Reals, parameters: SchwartzSmithParameters) -> Reals:
    """Return A(T) of ln F(T) = e^(−κT) χ + ξ + A(T) (Schwartz and Smith 2000, equation 9).

    Special cases: A(0) = 0; κT small is handled by expm1.
    """
    p = parameters
    once = -np.expm1(-p.kappa * years)
    twice = -np.expm1(-2.0 * p.kappa * years)
    variance = (
        twice * p.sigma_chi**2 / (2.0 * p.kappa)
        + p.sigma_xi**2 * years
        + 2.0 * once * p.rho * p.sigma_chi * p.sigma_xi / p.kappa
    )
    intercept: Reals = p.mu_xi_star * years - once * p.lambda_chi / p.kappa + 0.5 * variance
    return intercept


def futures_volatility(years: Reals, parameters: SchwartzSmithParameters) -> Reals:
    """Return the volatility of a futures price `years` from expiry, per √year.

    σ_F² = e^(−2κT) σχ² + σξ² + 2 e^(−κT) ρσχσξ (Schwartz and Smith 2000): the Samuelson effect.
    """
    p = parameters
    weight = short_term_loading(years, p)
    variance = (
        (weight * p.sigma_chi) ** 2
        + p.sigma_xi**2
        + 2.0 * weight * p.rho * p.sigma_chi * p.sigma_xi
    )
    volatility: Reals = np.sqrt(np.maximum(variance, 0.0))
    return volatility
