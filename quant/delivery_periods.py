"""Own contracts by delivery period: how they weigh days, and which of them the others imply."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInput
from quant.holidays import ONE_DAY

Reals = NDArray[np.float64]
Integers = NDArray[np.int64]

_DAYS_PER_YEAR = 365.0
_NO_NEW_PERIOD = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryContract:
    """Hold the price of an even delivery from `first` to `last`, both included.

    Raises:
        InvalidInput: the period ends before it begins, or the price is not finite.
    """

    name: str
    first: date
    last: date
    price: float

    def __post_init__(self) -> None:
        if self.last < self.first:
            reason = f"{self.name} ends on {self.last}, before it begins on {self.first}"
            raise InvalidInput(field="contracts", reason=reason)
        if not isfinite(self.price):
            raise InvalidInput(field="contracts", reason=f"{self.name} has price {self.price}")

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class RedundantContract:
    """Hold a contract that others imply, and the price that they make it."""

    contract: DeliveryContract
    implied: float


def segment_bounds(contracts: Sequence[DeliveryContract], start: date) -> Integers:
    """Return the days from `start` at which periods begin or have ended, rising from 0."""
    edges = {start}
    for contract in contracts:
        edges |= {contract.first, contract.last + ONE_DAY}
    return np.array(sorted((edge - start).days for edge in edges), dtype=np.int64)


def day_weights(contract: DeliveryContract, start: date, days: int, rate: float) -> Reals:
    """Return the share of each day in a contract's price, shape (days,), summing to 1.

    A day counts by its discount factor, exp(−rate · days/365).
    """
    offset = (contract.first - start).days
    weights = np.zeros(days)
    at = np.arange(offset, offset + contract.days)
    weights[at] = np.exp(-rate * (at - offset) / _DAYS_PER_YEAR)
    weights /= weights.sum()
    return weights


def independent_contracts(
    contracts: Sequence[DeliveryContract],
    start: date,
    bounds: Integers,
    rate: float,
    tolerance: float,
) -> tuple[tuple[DeliveryContract, ...], tuple[RedundantContract, ...]]:
    """Split contracts into those that say something new and those that the others imply.

    Short periods come before long ones, then early before late. `bounds` are those of
    `segment_bounds`, between which no period begins or ends.

    Raises:
        InvalidInput: a contract is further than `tolerance` from the price that others make it.
    """
    kept: list[DeliveryContract] = []
    redundant: list[RedundantContract] = []
    rows = np.zeros((0, len(bounds) - 1))
    for contract in sorted(contracts, key=lambda one: (one.days, one.first)):
        weights = day_weights(contract, start, int(bounds[-1]), rate)
        row = np.add.reduceat(weights, bounds[:-1])
        shares: Reals = np.asarray(np.linalg.lstsq(rows.T, row, rcond=None)[0], dtype=np.float64)
        if np.abs(shares @ rows - row).max() > _NO_NEW_PERIOD:
            kept.append(contract)
            rows = np.vstack([rows, row])
            continue
        implied = float(shares @ np.array([one.price for one in kept]))
        if abs(implied - contract.price) > tolerance:
            raise _contradiction(contract, implied, kept, shares, tolerance)
        redundant.append(RedundantContract(contract=contract, implied=implied))
    return tuple(kept), tuple(redundant)


def _contradiction(
    contract: DeliveryContract,
    implied: float,
    kept: Sequence[DeliveryContract],
    shares: Reals,
    tolerance: float,
) -> InvalidInput:
    used = zip(kept, shares, strict=True)
    names = ", ".join(one.name for one, share in used if abs(share) > _NO_NEW_PERIOD)
    return InvalidInput(
        field="contracts",
        reason=f"{contract.name} at {contract.price:g} contradicts {names}, which make it "
        f"{implied:.6g} (tolerance {tolerance:g})",
    )
