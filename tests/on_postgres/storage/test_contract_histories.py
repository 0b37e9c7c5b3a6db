"""Check the reading of contracts over a range of dates against a real database."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest

from core.clock import ns_from_utc
from core.errors import CurveNotFound, HistoryTooShort, InvalidInput
from core.market import ContractMonth, Instrument, Settlement, SettlementStage
from core.products import PRODUCTS
from core.runs import DEFAULT_ORG
from storage import settlements
from storage.contract_histories import (
    TOLD_ROWS,
    DateRange,
    LoadedContracts,
    load_contracts,
    settled_range,
)
from storage.pool import Pools
from storage.settlement_files import read_table

pytestmark = pytest.mark.postgres

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)
SOURCE = "import:rtl"
# The front month of crude was May until the 21st, its last trade date, then June.
ROLL = [
    "2020-04-20,CL,1,-37.63",
    "2020-04-20,CL,2,20.43",
    "2020-04-21,CL,1,10.01",
    "2020-04-21,CL,2,11.57",
    "2020-04-22,CL,1,13.78",
    "2020-04-22,CL,2,20.69",
]
APRIL = DateRange(first=date(2020, 4, 1), last=date(2020, 4, 30))


async def store(pools: Pools, rows: Sequence[str], column: str = "position") -> None:
    text = "\n".join([f"date,product,{column},settlement", *rows])
    table = read_table("file.csv", text.encode(), PRODUCTS)
    async with pools.write(DEFAULT_ORG) as connection:
        await settlements.import_table(connection, DEFAULT_ORG, SOURCE, table, False, NOW)


async def load(
    pools: Pools,
    span: DateRange = APRIL,
    positions: int = 2,
    source: str = SOURCE,
    product: str = "CL",
) -> LoadedContracts:
    async with pools.read(DEFAULT_ORG) as connection:
        return await load_contracts(connection, DEFAULT_ORG, source, product, span, positions)


async def test_positions_become_the_contracts_they_were(pools: Pools) -> None:
    await store(pools, ROLL)
    loaded = await load(pools)
    history = loaded.history
    assert [str(month) for month in history.contract_months] == ["202005", "202006", "202007"]
    assert [str(day) for day in history.dates] == ["2020-04-20", "2020-04-21", "2020-04-22"]
    np.testing.assert_array_equal(
        history.settlements,
        [[-37.63, 20.43, np.nan], [10.01, 11.57, np.nan], [np.nan, 13.78, 20.69]],
    )
    assert (loaded.absent, loaded.ignored, loaded.recorded_until) == ((), (), NOW)
    positions = loaded.by_position(2)
    np.testing.assert_array_equal(
        positions.settlements, [[-37.63, 20.43], [10.01, 11.57], [13.78, 20.69]]
    )


async def test_rows_by_month_are_the_same_contracts(pools: Pools) -> None:
    rows = ["2020-04-20,CL,202005,-37.63", "2020-04-22,CL,202006,13.78", "2020-04-22,CL,203012,50"]
    await store(pools, rows, "contract")
    loaded = await load(pools)
    np.testing.assert_array_equal(
        loaded.history.settlements, [[-37.63, np.nan, np.nan], [np.nan, 13.78, np.nan]]
    )
    assert loaded.absent == (date(2020, 4, 21),)
    far = await load(pools, positions=130)
    column = far.history.contract_months.index(ContractMonth(2030, 12))
    assert far.history.settlements[1, column] == 50.0


async def test_the_latest_revision_counts(pools: Pools) -> None:
    moment = datetime(2026, 3, 5, 20, tzinfo=UTC)
    announced = [
        Settlement(
            instrument=Instrument.parse("CL-202604"),
            source="sandbox",
            trade_date=date(2026, 3, 5),
            price=Decimal(price),
            stage=stage,
            event_ns=ns_from_utc(moment) + number,
            received_ns=ns_from_utc(moment) + number,
        )
        for number, (price, stage) in enumerate(
            [("70.1", SettlementStage.PRELIMINARY), ("70.2", SettlementStage.FINAL)]
        )
    ]
    async with pools.system() as connection:
        await settlements.store_announced(connection, announced)
    span = DateRange(first=date(2026, 3, 1), last=date(2026, 3, 31))
    loaded = await load(pools, span, positions=1, source="sandbox")
    assert loaded.history.settlements.tolist() == [[70.2]]


async def test_rows_that_belong_to_no_contract_are_told(pools: Pools) -> None:
    await store(pools, ["2017-08-25,RB,2,1.6", "2017-08-27,RB,2,0.0", "2017-08-28,RB,2,1.7"])
    await store(pools, ["2017-08-28,RB,201709,1.8", "2017-08-28,RB,201708,9"], "contract")
    await store(pools, ["2017-08-28,RB,1,1.9"])
    span = DateRange(first=date(2017, 8, 1), last=date(2017, 8, 31))
    loaded = await load(pools, span, product="RB")
    assert [str(day) for day in loaded.history.dates] == ["2017-08-25", "2017-08-28"]
    assert [
        (str(one.trade_date), str(one.contract), one.position, one.price, one.reason)
        for one in loaded.ignored
    ] == [
        ("2017-08-27", "RB-201710", 2, 0.0, "no business day of the product"),
        ("2017-08-28", "RB-201709", 1, 1.9, "the contract has a price of its own"),
        ("2017-08-28", "RB-201708", None, 9.0, "traded no more"),
    ]
    np.testing.assert_array_equal(loaded.history.settlements[1], [1.8, 1.7])


async def test_many_ignored_rows_are_counted(pools: Pools) -> None:
    saturdays = [date(2020, 1, 4) + timedelta(days=7 * week) for week in range(TOLD_ROWS + 5)]
    await store(pools, [*ROLL, *(f"{day},CL,1,1" for day in saturdays)])
    span = DateRange(first=date(2020, 1, 1), last=date(2023, 1, 1))
    loaded = await load(pools, span)
    assert (len(loaded.ignored), loaded.ignored_rows) == (TOLD_ROWS, TOLD_ROWS + 5)


async def test_a_range_ends_with_the_last_settlement(pools: Pools) -> None:
    await store(pools, ROLL)

    async def found(first: date | None, last: date | None, source: str = SOURCE) -> DateRange:
        async with pools.read(DEFAULT_ORG) as connection:
            return await settled_range(
                connection,
                DEFAULT_ORG,
                source,
                "CL",
                first=first,
                last=last,
                default=timedelta(days=10),
            )

    assert await found(None, None) == DateRange(first=date(2020, 4, 12), last=date(2020, 4, 22))
    assert (await found(None, date(2020, 4, 21))).last == date(2020, 4, 21)
    assert (await found(date(2019, 1, 1), None)).first == date(2019, 1, 1)
    with pytest.raises(InvalidInput, match="from: expected at most 20 years before 2020-04-22"):
        await found(date(1999, 1, 1), None)
    with pytest.raises(InvalidInput, match="from: expected at most 2020-01-01, was 2020-01-02"):
        await found(date(2020, 1, 2), date(2020, 1, 1))
    after = "from: nothing settled after 2020-04-22, was 2020-04-23"
    with pytest.raises(InvalidInput, match=after):
        await found(date(2020, 4, 23), None)
    with pytest.raises(CurveNotFound):
        await found(None, date(2020, 4, 19))
    with pytest.raises(CurveNotFound):
        await found(None, None, "import:other")


async def test_nothing_within_the_range_is_said(pools: Pools) -> None:
    await store(pools, ["2020-04-18,CL,1,5", *ROLL])
    weekend = DateRange(first=date(2020, 4, 18), last=date(2020, 4, 19))
    with pytest.raises(HistoryTooShort, match="CL from import:rtl, 2020-04-18 to 2020-04-19"):
        await load(pools, weekend)
    with pytest.raises(HistoryTooShort):
        await load(pools, DateRange(first=date(2019, 4, 18), last=date(2019, 4, 19)))
    with pytest.raises(InvalidInput, match="positions"):
        await load(pools, positions=181)
