from math import exp, inf, nan

import numpy as np
import pytest
from scipy.integrate import quad

from core.errors import InvalidInput
from quant.schwartz_smith.parameters import (
    OIL,
    OIL_NOISES,
    PARAMETER_NAMES,
    SchwartzSmithModel,
    SchwartzSmithParameters,
    forward_intercept,
    futures_volatility,
    short_term_loading,
)


def test_intercept_is_the_integral_of_the_risk_neutral_moments() -> None:
    # Mean and variance of ln S(T) by quadrature of the two diffusions, no closed form used.
    for years in (0.05, 0.5, 1.0, 3.0):

        def short(u: float, horizon: float = years) -> float:
            return exp(-OIL.kappa * (horizon - u))

        drift = OIL.mu_xi_star * years - quad(lambda u: OIL.lambda_chi * short(u), 0, years)[0]
        variance = quad(
            lambda u: (
                (OIL.sigma_chi * short(u)) ** 2
                + OIL.sigma_xi**2
                + 2 * OIL.rho * OIL.sigma_chi * short(u) * OIL.sigma_xi
            ),
            0,
            years,
        )[0]
        assert forward_intercept(np.array([years]), OIL)[0] == pytest.approx(drift + variance / 2)
    assert forward_intercept(np.array([0.0]), OIL)[0] == 0.0


def test_volatility_falls_from_that_of_the_spot_to_that_of_the_long_term_factor() -> None:
    # Schwartz and Smith (2000): Var(d ln F) = Var(e^(−κT) dχ + dξ), here by the two loadings.
    years = np.array([0.0, 0.5, 40.0])
    shared = OIL.rho * OIL.sigma_chi * OIL.sigma_xi
    spread = np.array([[OIL.sigma_chi**2, shared], [shared, OIL.sigma_xi**2]])
    loadings = np.column_stack([short_term_loading(years, OIL), np.ones(3)])
    expected = np.sqrt(np.einsum("ti,ij,tj->t", loadings, spread, loadings))
    assert futures_volatility(years, OIL) == pytest.approx(expected, rel=1e-12)
    assert futures_volatility(years, OIL)[2] == pytest.approx(OIL.sigma_xi, rel=1e-12)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("kappa", 0.0),
        ("kappa", -1.0),
        ("sigma_chi", -0.1),
        ("sigma_xi", -0.1),
        ("rho", 1.01),
        ("rho", -1.01),
        ("mu_xi", nan),
        ("lambda_chi", inf),
    ],
)
def test_a_parameter_outside_its_range_is_refused(name: str, value: float) -> None:
    values = dict(zip(PARAMETER_NAMES, OIL.to_tuple(), strict=True))
    with pytest.raises(InvalidInput) as refused:
        SchwartzSmithParameters(**{**values, name: value})
    assert refused.value.context["field"] == name


@pytest.mark.parametrize("noises", [(), (0.01, -0.01), (nan,), (inf,)])
def test_a_noise_that_is_no_deviation_is_refused(noises: tuple[float, ...]) -> None:
    with pytest.raises(InvalidInput, match="noises"):
        SchwartzSmithModel(parameters=OIL, noises=noises)


def test_the_published_noises_hold_one_that_is_exactly_zero() -> None:
    assert SchwartzSmithModel(parameters=OIL, noises=OIL_NOISES).noises[3] == 0.0
