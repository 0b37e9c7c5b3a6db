"""Own the book and the days that the risk benchmark is about: 500 positions, 144 contracts.

250 futures and calendar spreads lie along the whole curves of five products, 250 options on the
first twelve months of each, where options trade. Prices change by Student's t with the correlation
of curves: the more alike, the closer two months and products are.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from core.books import FuturePosition, OptionPosition, Position, Right, SpreadLeg, SpreadPosition
from core.market import Instrument
from quant.calendars import last_trade_date, listed_contracts
from quant.risk.exposures import Exposures, exposures
from quant.risk.market import Market

Reals = NDArray[np.float64]

AS_OF = date(2023, 12, 29)
DAYS = 2_500
OPTIONS = 250
SPREADS = 50
OUTRIGHTS = 200
_MONTHS = {"CL": 36, "NG": 36, "HO": 18, "RB": 18, "B": 36}
_PRICES = {"CL": 72.0, "NG": 2.6, "HO": 2.55, "RB": 2.1, "B": 77.0}
_OPTIONED_MONTHS = 12
_SEED = 20231229


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Desk:
    """Hold the book, the changes of 2,500 days (days, F), and the covariance (F, F)."""

    book: Exposures
    changes: Reals
    covariance: Reals


def desk(*, optioned_months: int = _OPTIONED_MONTHS) -> Desk:
    """Return the same desk at every call."""
    generator = np.random.default_rng(_SEED)
    factors = tuple(
        contract
        for code, months in _MONTHS.items()
        for contract in listed_contracts(code, AS_OF, months)
    )
    prices = {
        contract: _PRICES[contract.product] * (1.0 + 0.02 * np.sin(0.5 * n))
        for n, contract in enumerate(factors)
    }
    market = Market(as_of=AS_OF, prices=prices, rate=0.05)
    held = _positions(generator, factors, market, optioned_months)
    covariance = _covariance(factors, np.array(list(prices.values())))
    root = np.linalg.cholesky(covariance)
    mixing = np.sqrt(3.0 / generator.chisquare(5.0, size=(DAYS, 1)))
    changes = generator.standard_normal((DAYS, len(factors))) @ root.T * mixing
    return Desk(book=exposures(held, market, factors), changes=changes, covariance=covariance)


def _positions(
    generator: np.random.Generator,
    factors: tuple[Instrument, ...],
    market: Market,
    optioned_months: int,
) -> list[Position]:
    by_product = {
        code: [each for each in factors if each.product == code and last_trade_date(each) > AS_OF]
        for code in _MONTHS
    }
    held: list[Position] = []
    for _ in range(OUTRIGHTS):
        chain = by_product[str(generator.choice(list(_MONTHS)))]
        contract = chain[int(generator.integers(len(chain)))]
        held.append(
            FuturePosition(kind="future", instrument=str(contract), contracts=_lots(generator))
        )
    for _ in range(SPREADS):
        chain = by_product[str(generator.choice(list(_MONTHS)))]
        near, far = sorted(generator.choice(len(chain), 2, replace=False))
        legs = (
            SpreadLeg(instrument=str(chain[near]), ratio=1),
            SpreadLeg(instrument=str(chain[far]), ratio=-1),
        )
        held.append(SpreadPosition(kind="spread", legs=legs, contracts=_lots(generator)))
    for _ in range(OPTIONS):
        chain = by_product[str(generator.choice(list(_MONTHS)))][:optioned_months]
        contract = chain[int(generator.integers(len(chain)))]
        money = 1.0 + 0.05 * generator.standard_normal()
        held.append(
            OptionPosition(
                kind="option",
                instrument=str(contract),
                right=Right.CALL if generator.random() < 0.5 else Right.PUT,
                strike=Decimal(str(round(market.prices[contract] * money, 2))),
                expiry=last_trade_date(contract),
                volatility=float(generator.uniform(0.25, 0.6)),
                contracts=_lots(generator),
            )
        )
    return held


def _lots(generator: np.random.Generator) -> float:
    return float(generator.choice([-1, 1]) * generator.integers(1, 200))


def _covariance(factors: tuple[Instrument, ...], prices: Reals) -> Reals:
    months = np.array(
        [each.contract_month.year * 12 + each.contract_month.month for each in factors]
    )
    away = months - months.min()
    gas = np.array([each.product == "NG" for each in factors])
    codes = np.array([each.product for each in factors])
    deviations = prices * (0.010 + 0.015 * np.exp(-0.08 * away))
    apart = np.abs(away[:, None] - away)
    alike = np.where(gas[:, None] == gas, np.where(codes[:, None] == codes, 1.0, 0.85), 0.15)
    correlations = alike * np.exp(-0.01 * apart)
    np.fill_diagonal(correlations, 1.0)
    found: Reals = correlations * deviations[:, None] * deviations
    return found
