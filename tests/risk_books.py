"""Build small books, markets and days for the tests of risk."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from core.books import (
    FuturePosition,
    OptionPosition,
    Position,
    Right,
    SpreadLeg,
    SpreadPosition,
    Style,
)
from core.market import Instrument
from quant.calendars import last_trade_date, listed_contracts
from quant.risk.exposures import Exposures, exposures
from quant.risk.market import Market

Reals = NDArray[np.float64]

AS_OF = date(2023, 12, 29)
PRICES = {"CL": 72.0, "NG": 2.6, "HO": 2.55, "RB": 2.1, "B": 77.0}


def future(instrument: str, contracts: float, label: str | None = None) -> FuturePosition:
    return FuturePosition(kind="future", instrument=instrument, contracts=contracts, label=label)


def spread(contracts: float, **ratios: float) -> SpreadPosition:
    """Build a spread of ratios by instrument, written `CL_202403`."""
    legs = tuple(
        SpreadLeg(instrument=name.replace("_", "-"), ratio=ratio) for name, ratio in ratios.items()
    )
    return SpreadPosition(kind="spread", legs=legs, contracts=contracts)


def option(
    instrument: str,
    right: str,
    strike: float,
    contracts: float,
    *,
    volatility: float | None = 0.4,
    expiry: date | None = None,
    style: Style = Style.EUROPEAN,
) -> OptionPosition:
    return OptionPosition(
        kind="option",
        instrument=instrument,
        right=Right(right),
        strike=Decimal(str(strike)),
        expiry=expiry or last_trade_date(Instrument.parse(instrument)),
        style=style,
        volatility=volatility,
        contracts=contracts,
    )


def market(*, months: int = 12, rate: float = 0.05) -> Market:
    """Build a market of five products on the last day of 2023."""
    prices = {
        contract: round(price * (1.0 - 0.004 * n), 4)
        for code, price in PRICES.items()
        for n, contract in enumerate(listed_contracts(code, AS_OF, months))
    }
    return Market(as_of=AS_OF, prices=prices, rate=rate)


def mixed() -> list[Position]:
    """Build futures, spreads and options of several products, some options of one kind."""
    return [
        future("CL-202403", 10, "crude"),
        future("NG-202406", -25),
        spread(5, CL_202403=-3, RB_202403=2, HO_202403=1),
        spread(-12, B_202404=1, B_202412=-1),
        option("CL-202403", "call", 75, -40),
        option("CL-202403", "put", 70, 30),
        option("CL-202403", "put", 75, 15),
        option("B-202405", "put", 70, 60, volatility=0.35),
        option("NG-202404", "call", 3.0, -20, volatility=0.7),
    ]


def book(positions: Sequence[Position] | None = None) -> Exposures:
    return exposures(mixed() if positions is None else positions, market())


def factor_days(exposed: Exposures, days: int = 1000, seed: int = 1) -> tuple[Reals, Reals]:
    """Draw changes (days, F) of a book's factors, with heavy tails, and their covariance."""
    generator = np.random.default_rng(seed)
    size = len(exposed.factors)
    root = np.tril(generator.normal(size=(size, size))) * 0.3 + np.eye(size)
    deviations = 0.02 * np.abs(exposed.prices)
    root = root / np.linalg.norm(root, axis=1)[:, None] * deviations[:, None]
    mixing = np.sqrt(3.0 / generator.chisquare(5.0, size=(days, 1)))
    return generator.standard_normal((days, size)) @ root.T * mixing, root @ root.T
