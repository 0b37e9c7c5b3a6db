"""Own the compiled Kalman filter of the two factors, one price at a time within a row.

Prices of a row have independent errors, so that they may be taken one after the other (Durbin
and Koopman 2012, section 6.4): no matrix is inverted, and an error of exactly 0 needs no care.
Covariances are updated in Joseph's form, which keeps them symmetric and not negative.
"""

from math import expm1, log, pi

import numpy as np
from numpy.typing import NDArray

from quant.quantum.compiled import ordered_kernel

Reals = NDArray[np.float64]

STATE_SIZE = 6
"""Count the numbers of a state: χ, ξ, Var χ, Cov, Var ξ, log-likelihood."""

_LOG_TWO_PI = log(2.0 * pi)


@ordered_kernel
def advance(parameters: Reals, step: float, state: Reals) -> None:
    """Move a state `step` years ahead, in place (Schwartz and Smith 2000, equations 3 and 4)."""
    kappa, sigma_chi, sigma_xi = parameters[0], parameters[1], parameters[5]
    once = -expm1(-kappa * step)
    decay = 1.0 - once
    state[0] *= decay
    state[1] += parameters[3] * step
    shared = once * parameters[6] * sigma_chi * sigma_xi / kappa
    state[2] = decay * decay * state[2] + once * (1.0 + decay) * sigma_chi**2 / (2.0 * kappa)
    state[3] = decay * state[3] + shared
    state[4] += sigma_xi**2 * step


@ordered_kernel
def observe(
    parameters: Reals, noise_variances: Reals, log_prices: Reals, years: Reals, state: Reals
) -> bool:
    """Take in the prices of one row (cells,), in place; nan is missing.

    Return False if a price could be foretold exactly, so that no likelihood exists.
    """
    kappa, sigma_chi, sigma_xi = parameters[0], parameters[1], parameters[5]
    short = sigma_chi**2 / (2.0 * kappa)
    shared = parameters[6] * sigma_chi * sigma_xi / kappa
    premium = parameters[2] / kappa
    trend = parameters[4] + 0.5 * sigma_xi**2
    chi, xi, p11, p12, p22, total = state[0], state[1], state[2], state[3], state[4], state[5]
    for cell in range(log_prices.size):
        price = log_prices[cell]
        if np.isnan(price):
            continue
        tau = years[cell]
        once = -expm1(-kappa * tau)
        weight = 1.0 - once
        intercept = trend * tau + once * (shared - premium + 0.5 * short * (1.0 + weight))
        error = price - intercept - weight * chi - xi
        with_chi = weight * p11 + p12
        with_xi = weight * p12 + p22
        noise = noise_variances[cell]
        variance = weight * with_chi + with_xi + noise
        if not variance > 0.0:
            return False
        gain_chi, gain_xi = with_chi / variance, with_xi / variance
        chi += gain_chi * error
        xi += gain_xi * error
        m11, m12 = 1.0 - gain_chi * weight, -gain_chi
        m21, m22 = -gain_xi * weight, 1.0 - gain_xi
        r11, r12 = m11 * p11 + m12 * p12, m11 * p12 + m12 * p22
        r21, r22 = m21 * p11 + m22 * p12, m21 * p12 + m22 * p22
        # prices met exactly leave nothing, of which rounding may keep a negative trace
        p11 = max(r11 * m11 + r12 * m12 + gain_chi * gain_chi * noise, 0.0)
        p12 = r11 * m21 + r12 * m22 + gain_chi * gain_xi * noise
        p22 = max(r21 * m21 + r22 * m22 + gain_xi * gain_xi * noise, 0.0)
        total -= 0.5 * (_LOG_TWO_PI + log(variance) + error * error / variance)
    state[0], state[1], state[2], state[3], state[4], state[5] = chi, xi, p11, p12, p22, total
    return True


@ordered_kernel
def filter_rows(
    parameters: Reals,
    noise_variances: Reals,
    log_prices: Reals,
    years: Reals,
    steps: Reals,
    state: Reals,
    states: Reals,
) -> int:
    """Filter rows (rows, cells) from `state` on, in place; write each row's (rows, 6).

    Return −1, or the index of the first row in which a price could be foretold exactly.
    """
    for row in range(steps.size):
        advance(parameters, steps[row], state)
        if not observe(parameters, noise_variances, log_prices[row], years[row], state):
            return row
        states[row] = state
    return -1
