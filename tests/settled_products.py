"""Make histories of settlements and estimates of them, for tests of all who follow a model."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from functools import cache
from uuid import UUID

import numpy as np

from core.clock import ns_from_utc
from core.market import ContractMonth, Instrument, Settlement, SettlementStage
from integrations.sandbox_history import history
from quant.calendars import business_days, calendar_of, settlement_time
from quant.contract_history import ContractHistory
from quant.product_model.fitting import Estimate, fit_product

FIT_ID = UUID("019a0000-0000-7000-8000-00000000f17f")
LAST_DAY = date(2026, 11, 13)
DAYS = 290
CONTRACTS = 6


@cache
def settled_history(product: str = "CL", days: int = DAYS) -> ContractHistory:
    """Return what the sandbox settled of the nearest contracts on the days up to LAST_DAY."""
    dates = business_days(date(2020, 1, 2), LAST_DAY, calendar_of(product))[-days:]
    rows = history(dates[0], dates[-1], [product], seed=7, contracts=CONTRACTS)
    epochs, months = np.unique(rows.epoch_days), np.unique(rows.contract_months)
    prices = np.full((len(epochs), len(months)), np.nan)
    places = np.searchsorted(epochs, rows.epoch_days), np.searchsorted(months, rows.contract_months)
    prices[places] = [float(price) for price in rows.prices]
    return ContractHistory(
        product=product,
        dates=dates,
        contract_months=tuple(ContractMonth.parse(str(month)) for month in months.tolist()),
        settlements=prices,
    )


@cache
def estimated(product: str = "CL", days: int = DAYS) -> Estimate:
    """Return the estimate of that history."""
    return fit_product(settled_history(product, days), FIT_ID)


def announced(
    day: date,
    prices: Sequence[tuple[ContractMonth, str]],
    *,
    stage: SettlementStage = SettlementStage.FINAL,
    later_s: int = 0,
    product: str = "CL",
) -> tuple[Settlement, ...]:
    """Return what a venue announces of a day, so many seconds after its settlement."""
    event_ns = ns_from_utc(settlement_time(product, day)) + later_s * 1_000_000_000
    return tuple(
        Settlement(
            instrument=Instrument(product, month),
            source="sandbox",
            trade_date=day,
            price=Decimal(price),
            stage=stage,
            event_ns=event_ns,
            received_ns=event_ns,
        )
        for month, price in prices
    )
