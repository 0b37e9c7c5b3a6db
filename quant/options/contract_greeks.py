"""Own the Greeks of a book of futures, options and spreads, in money and by contract month."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInput
from core.market import Instrument
from core.products import product
from quant.contract_sizes import contract_size
from quant.options.spread import SpreadValuation
from quant.options.terms import Valuation, check_finite, check_positive

Reals = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class FutureHolding:
    """Hold lots of one futures contract; below 0 is short.

    Raises:
        InvalidInput: the lots are not finite.
    """

    contract: Instrument
    lots: float

    def __post_init__(self) -> None:
        check_finite("lots", self.lots)


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionHolding:
    """Hold lots of an option on one futures contract, and what one unit of it is worth.

    Raises:
        InvalidInput: the lots are not finite.
    """

    contract: Instrument
    lots: float
    valuation: Valuation

    def __post_init__(self) -> None:
        check_finite("lots", self.lots)


@dataclass(frozen=True, slots=True, kw_only=True)
class SpreadHolding:
    """Hold lots of an option on `factor1` F₁ − `factor2` F₂, and what one unit is worth.

    The factors take prices as quoted to the unit of the spread, of which a lot has `lot_size`: a
    gasoline crack in $/bbl has the factors 42 and 1 and 1,000 bbl. The valuation is that of the
    prices times their factors, in the currency of both products.

    Raises:
        InvalidInput: the contracts are one, the lots or a factor not finite, or the lot size not
            above 0.
    """

    contract1: Instrument
    contract2: Instrument
    lots: float
    lot_size: float
    valuation: SpreadValuation
    factor1: float = 1.0
    factor2: float = 1.0

    def __post_init__(self) -> None:
        if self.contract1 == self.contract2:
            reason = f"expected another than the first, was {self.contract2}"
            raise InvalidInput(field="contract2", reason=reason)
        for field in ("lots", "factor1", "factor2"):
            check_finite(field, getattr(self, field))
        check_positive("lot_size", self.lot_size)


Holding = FutureHolding | OptionHolding | SpreadHolding


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ContractGreeks:
    """Hold the Greeks of a book by contract, in order of product and contract month.

    With n contracts, in the currency of their products: `dollar_delta` (n,) per 1.00 of the price
    as quoted; `dollar_gamma` (n, n) per 1.00 of two prices, symmetric, its diagonal by contract
    and beside it the cross gammas of spreads; `dollar_vega` (n,) per 1.00 of volatility;
    `dollar_theta` (n,) per year. Price changes x are worth about δᵀx + ½ xᵀΓx.
    """

    contracts: tuple[Instrument, ...]
    dollar_delta: Reals
    dollar_gamma: Reals
    dollar_vega: Reals
    dollar_theta: Reals


def greeks_by_contract(holdings: Sequence[Holding]) -> ContractGreeks:
    """Add up a book's Greeks in money, each under the contract that it depends on.

    The theta of a spread stands under the contract that delivers first. An empty book has none.

    Raises:
        UnknownProduct: a product is not in the registry.
    """
    contracts = tuple(sorted({one for holding in holdings for one in _contracts_of(holding)}))
    row_of = {contract: row for row, contract in enumerate(contracts)}
    count = len(contracts)
    delta, vega, theta = np.zeros(count), np.zeros(count), np.zeros(count)
    gamma = np.zeros((count, count))
    for holding in holdings:
        for part in _parts(holding):
            row, column = row_of[part.contract], row_of[part.other or part.contract]
            delta[row] += part.delta
            vega[row] += part.vega
            theta[row] += part.theta
            gamma[row, column] += part.gamma
    return ContractGreeks(
        contracts=contracts,
        dollar_delta=delta,
        dollar_gamma=gamma,
        dollar_vega=vega,
        dollar_theta=theta,
    )


@dataclass(frozen=True, slots=True)
class _Part:
    """Hold what one holding adds to one contract; gamma is with `other`, or the contract itself."""

    contract: Instrument
    delta: float = 0.0
    gamma: float = 0.0
    vega: float = 0.0
    theta: float = 0.0
    other: Instrument | None = None


def _contracts_of(holding: Holding) -> tuple[Instrument, ...]:
    if isinstance(holding, SpreadHolding):
        return holding.contract1, holding.contract2
    return (holding.contract,)


def _parts(holding: Holding) -> Iterator[_Part]:
    if isinstance(holding, SpreadHolding):
        yield from _spread_parts(holding)
        return
    money = holding.lots * float(contract_size(holding.contract)) / _minor(holding.contract)
    if isinstance(holding, FutureHolding):
        yield _Part(holding.contract, delta=money)
        return
    one = holding.valuation
    yield _Part(
        holding.contract,
        delta=money * one.delta,
        gamma=money * one.gamma,
        vega=money * one.vega,
        theta=money * one.theta,
    )


def _spread_parts(holding: SpreadHolding) -> Iterator[_Part]:
    one = holding.valuation
    money = holding.lots * holding.lot_size / _minor(holding.contract1)
    contracts, factors = _contracts_of(holding), (holding.factor1, holding.factor2)
    deltas, gammas = (one.delta1, one.delta2), (one.gamma1, one.gamma2)
    first = min(contracts, key=lambda contract: contract.contract_month)
    for number, vega in enumerate((one.vega1, one.vega2)):
        contract, other = contracts[number], contracts[1 - number]
        yield _Part(
            contract,
            delta=money * factors[number] * deltas[number],
            gamma=money * factors[number] ** 2 * gammas[number],
            vega=money * vega,
            theta=money * one.theta if contract == first else 0.0,
        )
        yield _Part(contract, gamma=money * factors[0] * factors[1] * one.cross_gamma, other=other)


def _minor(contract: Instrument) -> int:
    return product(contract.product).minor_per_major
