"""Own the continuous ranked probability score, ∫(F(x) − 1[x ≥ y])² dx, in the unit of y.

Less is better; of a point forecast it is the absolute error.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaln, ndtr, stdtr
from scipy.stats import norm
from scipy.stats import t as student

from core.errors import InvalidInput

Reals = NDArray[np.float64]

_LEAST_DEGREES_OF_FREEDOM = 1.0


def crps_sample(samples: Reals, actual: Reals) -> Reals:
    """Return the score of each empirical distribution `samples` (…, draws) at `actual` (…).

    E|X − y| − ½E|X − X'| over all pairs of draws (Gneiting and Raftery 2007, equation 21), by
    sorting: E|X − X'| = 2/m² Σ(2i − m − 1)x₍ᵢ₎.

    Raises:
        InvalidInput: shapes disagree, there is no draw, or a number is not finite.
    """
    draws = samples.shape[-1] if samples.ndim else 0
    if not draws or samples.shape[:-1] != actual.shape:
        reason = f"expected one distribution a value, were {samples.shape} and {actual.shape}"
        raise InvalidInput(field="samples", reason=reason)
    _check_finite(samples=samples, actual=actual)
    rising = np.sort(samples, axis=-1)
    ranks = (2.0 * np.arange(1, draws + 1) - draws - 1) / draws**2
    distance = np.abs(rising - actual[..., None]).mean(axis=-1)
    score: Reals = distance - rising @ ranks
    return score


def crps_quantiles(quantiles: Reals, levels: Reals, actual: Reals) -> Reals:
    """Return the score from quantiles (…, levels) at rising `levels`, approximately.

    Twice the mean pinball loss over levels, each with the part of 0…1 nearest to it as its weight
    (Gneiting and Raftery 2007, section 4.2). It approaches the score as levels become dense.

    Raises:
        InvalidInput: shapes disagree, levels do not rise between 0 and 1, or a number is not
            finite.
    """
    if levels.ndim != 1 or not levels.size or (np.diff(levels, prepend=0.0, append=1.0) <= 0).any():
        raise InvalidInput(field="levels", reason="expected rising numbers between 0 and 1")
    if quantiles.shape != (*actual.shape, levels.size):
        reason = f"expected shape {(*actual.shape, levels.size)}, was {quantiles.shape}"
        raise InvalidInput(field="quantiles", reason=reason)
    _check_finite(quantiles=quantiles, actual=actual)
    borders = np.concatenate([[0.0], (levels[1:] + levels[:-1]) / 2.0, [1.0]])
    errors = actual[..., None] - quantiles
    losses = np.maximum(levels * errors, (levels - 1.0) * errors)
    score: Reals = 2.0 * (losses @ np.diff(borders))
    return score


def crps_normal(mean: Reals, deviation: Reals, actual: Reals) -> Reals:
    """Return the score of normal distributions, in closed form.

    σ[z(2Φ(z) − 1) + 2φ(z) − 1/√π], z = (y − μ)/σ (Gneiting and Raftery 2007, equation 22 negated).

    Raises:
        InvalidInput: a deviation is not above 0, or a number is not finite.
    """
    _check_scales(mean, deviation, actual)
    z = (actual - mean) / deviation
    score: Reals = deviation * (
        z * (2.0 * ndtr(z) - 1.0) + 2.0 * norm.pdf(z) - 1.0 / np.sqrt(np.pi)
    )
    return score


def crps_student(location: Reals, scale: Reals, nu: float, actual: Reals) -> Reals:
    """Return the score of Student's t with ν > 1 degrees of freedom, shifted and scaled.

    s[z(2F(z) − 1) + 2f(z)(ν + z²)/(ν−1) − 2√ν/(ν−1) B(½, ν−½)/B(½, ν/2)²], z = (y − μ)/s (Jordan,
    Krüger and Lerch 2019, appendix A). The standard deviation is s√(ν/(ν−2)).

    Raises:
        InvalidInput: ν is not above 1, a scale is not above 0, or a number is not finite.
    """
    if not nu > _LEAST_DEGREES_OF_FREEDOM:
        raise InvalidInput(field="nu", reason=f"expected above 1, was {nu}")
    _check_scales(location, scale, actual)
    z = (actual - location) / scale
    near = z * (2.0 * stdtr(nu, z) - 1.0)
    far = 2.0 * student.pdf(z, nu) * (nu + z**2) / (nu - 1.0)
    log_ratio = betaln(0.5, nu - 0.5) - 2.0 * betaln(0.5, nu / 2.0)
    pairs = 2.0 * np.sqrt(nu) / (nu - 1.0) * np.exp(log_ratio)
    score: Reals = scale * (near + far - pairs)
    return score


def _check_scales(location: Reals, scale: Reals, actual: Reals) -> None:
    _check_finite(location=location, scale=scale, actual=actual)
    if not (np.asarray(scale) > 0.0).all():
        raise InvalidInput(field="scale", reason="expected numbers above 0")


def _check_finite(**fields: Reals) -> None:
    for field, values in fields.items():
        if not np.isfinite(values).all():
            raise InvalidInput(field=field, reason="expected finite numbers only")
