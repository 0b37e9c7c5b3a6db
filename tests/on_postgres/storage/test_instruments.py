"""Check that listings are kept as a venue last told them."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

import pytest

from core.market import Instrument
from core.runs import DEFAULT_ORG
from storage import instruments
from storage.instruments import InstrumentRow
from storage.pool import Pools

pytestmark = pytest.mark.postgres

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Contract:
    """Be what a venue's client returns."""

    instrument: Instrument
    symbol: str
    last_trade_date: date
    first_trade_date: date | None = None
    first_notice_date: date | None = None
    first_delivery_date: date | None = None
    final_settlement_date: date | None = None


FEBRUARY = Contract(
    instrument=Instrument.parse("CL-202602"),
    symbol="CLG6",
    last_trade_date=date(2026, 1, 20),
    first_notice_date=date(2026, 1, 22),
)
MARCH = replace(FEBRUARY, instrument=Instrument.parse("CL-202603"), symbol="CLH6")
GAS = replace(FEBRUARY, instrument=Instrument.parse("NG-202602"), symbol="NGG6")


def row(contract: Contract, source: str, at: datetime) -> InstrumentRow:
    return InstrumentRow(
        product=contract.instrument.product,
        contract_month=int(str(contract.instrument.contract_month)),
        symbol=contract.symbol,
        venue="cme",
        source=source,
        last_trade_date=contract.last_trade_date,
        first_trade_date=contract.first_trade_date,
        first_notice_date=contract.first_notice_date,
        first_delivery_date=contract.first_delivery_date,
        final_settlement_date=contract.final_settlement_date,
        recorded_at=at,
    )


async def test_the_newest_listing_of_each_source_is_returned(pools: Pools) -> None:
    later = NOW + timedelta(days=1)
    moved = replace(FEBRUARY, last_trade_date=date(2026, 1, 19), first_notice_date=None)
    async with pools.system() as connection:
        await instruments.record(connection, "cme", "sandbox", [MARCH, FEBRUARY, GAS], NOW)
        await instruments.record(connection, "cme", "cme", [MARCH], NOW)
        await instruments.record(connection, "cme", "sandbox", [FEBRUARY, moved], later)
        await instruments.record(connection, "cme", "sandbox", [], later)
    async with pools.read(DEFAULT_ORG) as connection:
        assert await instruments.listed(connection, "CL", None) == [
            row(MARCH, "cme", NOW),
            row(moved, "sandbox", later),
            row(MARCH, "sandbox", NOW),
        ]
        assert await instruments.listed(connection, "CL", "cme") == [row(MARCH, "cme", NOW)]
        assert await instruments.listed(connection, "TTF", None) == []
