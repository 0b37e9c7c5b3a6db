"""Own the smoothest forward curve that prices contracts by their delivery periods.

F. E. Benth, S. Koekebakker, F. Ollmar: Extracting and applying smooth forward curves from
average-based commodity contracts with seasonal variation, Journal of Derivatives 15(1), 2007.
The curve is a prior plus an adjustment: a spline of quartic polynomials between the first and last
days of the periods, joined up to the second derivative and level at the end, whose squared second
derivative has the least integral of all that give every contract its price. The conditions are
linear, so the Lagrange function has one stationary point, the solution of one linear system.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve

from core.errors import InvalidInput
from quant.delivery_periods import (
    DeliveryContract,
    RedundantContract,
    day_weights,
    independent_contracts,
    segment_bounds,
)

Reals = NDArray[np.float64]
Integers = NDArray[np.int64]

_COEFFICIENTS = 5
_DAYS_PER_YEAR = 365.0
_JOINS = 3  # value, first and second derivative


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SmoothCurve:
    """Hold the forward curve by day: `prices` (days,) are means over each day from `first` on.

    `polynomials` counts the pieces of the spline, `roughness` is the integral of its squared
    second derivative (price² per year³). `redundant` names the contracts that others imply.
    """

    first: date
    prices: Reals
    polynomials: int
    roughness: float
    redundant: tuple[RedundantContract, ...]
    rate: float

    @property
    def last(self) -> date:
        return self.first + timedelta(days=len(self.prices) - 1)

    def price_over(self, first: date, last: date) -> float:
        """Return the price of delivery from `first` to `last`, both included.

        Raises:
            InvalidInput: the period ends before it begins, or leaves the curve.
        """
        if not self.first <= first <= last <= self.last:
            reason = f"expected days from {self.first} to {self.last}, were {first} to {last}"
            raise InvalidInput(field="period", reason=reason)
        contract = DeliveryContract(name="period", first=first, last=last, price=0.0)
        return float(day_weights(contract, self.first, len(self.prices), self.rate) @ self.prices)


def smooth_curve(
    contracts: Sequence[DeliveryContract],
    *,
    first: date | None = None,
    prior: Reals | None = None,
    rate: float = 0.0,
    tolerance: float = 0.01,
) -> SmoothCurve:
    """Fit the curve from `first` (default: the earliest delivery) to the last day of delivery.

    Periods may overlap and leave gaps. A contract whose price others imply to within `tolerance`,
    in price units, is left out and reported; all others are priced exactly. `prior` (days,) is the
    prior's mean of each day, default 0. Days are discounted at the continuous `rate` per year, by
    days/365 from `first`; at 0 a contract's price is the plain mean of its days.

    Raises:
        InvalidInput: no contract, one that begins before `first`, a prior of another shape or not
            finite, a rate that is not finite, a tolerance that is negative or not finite, or
            contracts that contradict each other.
    """
    start = _validated_start(contracts, first, rate, tolerance)
    days = (max(one.last for one in contracts) - start).days + 1
    base = _validated_prior(prior, days)
    bounds = segment_bounds(contracts, start)
    used, redundant = independent_contracts(contracts, start, bounds, rate, tolerance)
    weights = np.stack([day_weights(one, start, days, rate) for one in used])
    means = _day_means(bounds)
    spans = np.diff(bounds) / _DAYS_PER_YEAR
    joins = _joins(spans)
    conditions = np.vstack([joins, weights @ means])
    targets = np.concatenate(
        [np.zeros(len(joins)), np.array([one.price for one in used]) - weights @ base]
    )
    bending = _bending(spans)
    coefficients = _stationary_point(bending, conditions, targets)
    return SmoothCurve(
        first=start,
        prices=base + means @ coefficients,
        polynomials=len(spans),
        roughness=float(coefficients @ bending @ coefficients),
        redundant=redundant,
        rate=rate,
    )


def _validated_start(
    contracts: Sequence[DeliveryContract], first: date | None, rate: float, tolerance: float
) -> date:
    if not contracts:
        raise InvalidInput(field="contracts", reason="expected at least one")
    if not np.isfinite(rate):
        raise InvalidInput(field="rate", reason=f"expected a finite number, was {rate}")
    if not (np.isfinite(tolerance) and tolerance >= 0.0):
        raise InvalidInput(field="tolerance", reason=f"expected at least 0, was {tolerance}")
    earliest = min(contracts, key=lambda one: one.first)
    if first is not None and earliest.first < first:
        reason = f"{earliest.name} delivers from {earliest.first}, before the curve's {first}"
        raise InvalidInput(field="contracts", reason=reason)
    return first or earliest.first


def _validated_prior(prior: Reals | None, days: int) -> Reals:
    if prior is None:
        return np.zeros(days)
    if prior.shape != (days,) or not np.isfinite(prior).all():
        reason = f"expected {days} finite numbers, one a day, was shape {prior.shape}"
        raise InvalidInput(field="prior", reason=reason)
    return prior


def _day_means(bounds: Integers) -> Reals:
    """Return the mean of each power of u over each day, shape (days, 5 x segments).

    Within a segment u runs from 0 to 1, and coefficients are those of 1, u, …, u⁴: powers of whole
    years or days would make the system badly conditioned.
    """
    days, segments = int(bounds[-1]), len(bounds) - 1
    means = np.zeros((days, _COEFFICIENTS * segments))
    powers = np.arange(1, _COEFFICIENTS + 1)
    for segment in range(segments):
        low, high = int(bounds[segment]), int(bounds[segment + 1])
        edges = np.arange(high - low + 1)[:, None] / (high - low)
        integrals = np.diff(edges**powers / powers, axis=0) * (high - low)
        columns = slice(segment * _COEFFICIENTS, (segment + 1) * _COEFFICIENTS)
        means[low:high, columns] = integrals
    return means


def _joins(spans: Reals) -> Reals:
    """Return the conditions that join neighbours and level the end, (3 x (segments − 1) + 1, …).

    A derivative of order d by time is one by u over span^d; each row is scaled to at most 1.
    """
    segments = len(spans)
    at_end = np.array([[1, 1, 1, 1, 1], [0, 1, 2, 3, 4], [0, 0, 2, 6, 12]], dtype=np.float64)
    at_start = np.array([[1, 0, 0, 0, 0], [0, 1, 0, 0, 0], [0, 0, 2, 0, 0]], dtype=np.float64)
    orders = np.arange(_JOINS)
    rows = np.zeros((_JOINS * (segments - 1) + 1, _COEFFICIENTS * segments))
    for left in range(segments - 1):
        scale = (spans[left] / spans[left + 1]) ** orders
        block = np.hstack([at_end, -at_start * scale[:, None]])
        block /= np.abs(block).max(axis=1, keepdims=True)
        column = left * _COEFFICIENTS
        rows[left * _JOINS : (left + 1) * _JOINS, column : column + 2 * _COEFFICIENTS] = block
    rows[-1, -_COEFFICIENTS:] = at_end[1]
    return rows


def _bending(spans: Reals) -> Reals:
    """Return the matrix of the integral of the squared second derivative, block by segment."""
    order = np.arange(_COEFFICIENTS)
    factor = order * (order - 1)
    exponents = np.maximum(order[:, None] + order[None, :] - 3, 1)
    block = factor[:, None] * factor[None, :] / exponents
    return np.kron(np.diag(spans**-3.0), block)


def _stationary_point(bending: Reals, conditions: Reals, targets: Reals) -> Reals:
    unknowns, rows = bending.shape[0], len(conditions)
    system = np.zeros((unknowns + rows, unknowns + rows))
    # Bending is a scale away from the conditions; which scale changes the multipliers alone.
    system[:unknowns, :unknowns] = 2.0 * bending / np.abs(bending).max()
    system[:unknowns, unknowns:] = conditions.T
    system[unknowns:, :unknowns] = conditions
    right = np.concatenate([np.zeros(unknowns), targets])
    solution = solve(system, right, assume_a="sym")
    solution += solve(system, right - system @ solution, assume_a="sym")
    return np.asarray(solution[:unknowns], dtype=np.float64)
