"""Check imports, announcements and readings of settlements against a real database."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from uuid import UUID

import msgspec
import numpy as np
import pytest

from core.clock import ns_from_utc
from core.errors import SettlementsChanged
from core.market import Instrument, Settlement, SettlementStage
from core.products import PRODUCTS
from core.runs import DEFAULT_ORG, MARKET_ORG
from storage import settlements
from storage.pool import Pools
from storage.settlement_files import read_table
from storage.settlement_table import SettlementTable, from_contract_months
from storage.settlements import ImportOutcome

pytestmark = pytest.mark.postgres

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)
OTHER_ORG = UUID("00000000-0000-7000-8000-00000000000f")
SOURCE = "import:rtl"
DAY = date(2023, 12, 29)


def table(rows: Sequence[str]) -> SettlementTable:
    text = "\n".join(["date,product,position,settlement", *rows])
    return read_table("file.csv", text.encode(), PRODUCTS)


async def load(
    pools: Pools, rows: Sequence[str], *, revise: bool = False, org_id: UUID = DEFAULT_ORG
) -> ImportOutcome:
    async with pools.write(org_id) as connection:
        return await settlements.import_table(connection, org_id, SOURCE, table(rows), revise, NOW)


async def curve(pools: Pools, as_of: date | None = None, org_id: UUID = DEFAULT_ORG) -> list[str]:
    async with pools.read(org_id) as connection:
        rows = await settlements.curve_rows(connection, org_id, SOURCE, "CL", as_of)
    return [f"{row.trade_date} {row.position} r{row.revision} {row.price}" for row in rows]


async def test_a_second_import_stores_nothing(pools: Pools) -> None:
    rows = ["2020-04-20,CL,1,-37.630", "2020-04-20,CL,2,20.43", "2020-04-20,CL,2,20.43"]
    assert await load(pools, rows) == ImportOutcome(rows=3, stored=2, revised=0, unchanged=1)
    assert await load(pools, rows) == ImportOutcome(rows=3, stored=0, revised=0, unchanged=3)
    assert await load(pools, [*rows, "2020-04-21,CL,1,10.01"]) == ImportOutcome(
        rows=4, stored=1, revised=0, unchanged=3
    )
    assert await curve(pools, date(2020, 4, 20)) == [
        "2020-04-20 1 r0 -37.630",
        "2020-04-20 2 r0 20.43",
    ]
    assert await curve(pools) == ["2020-04-21 1 r0 10.01"]
    assert await curve(pools, org_id=OTHER_ORG) == []


async def test_a_changed_price_is_refused_whole_and_named_by_file_order(pools: Pools) -> None:
    await load(pools, ["2020-04-20,NG,1,1", "2020-04-20,CL,1,1", "2020-04-20,CL,2,2"])
    with pytest.raises(SettlementsChanged) as caught:
        await load(pools, ["2020-04-21,CL,1,9", "2020-04-20,NG,1,1.5", "2020-04-20,CL,2,2.5"])
    assert caught.value.context == {
        "file": "file.csv",
        "row": 2,
        "column": "settlement",
        "new": "1.5",
        "stored": "1",
        "changed": 2,
    }
    assert await curve(pools) == ["2020-04-20 1 r0 1", "2020-04-20 2 r0 2"]


async def test_revising_keeps_both_vintages(pools: Pools) -> None:
    await load(pools, ["2020-04-20,CL,1,1", "2020-04-20,CL,2,2"])
    rows = ["2020-04-20,CL,1,1.00", "2020-04-20,CL,2,3", "2020-04-20,CL,3,4"]
    outcome = await load(pools, rows, revise=True)
    assert outcome == ImportOutcome(rows=3, stored=1, revised=1, unchanged=1)
    assert await load(pools, ["2020-04-20,CL,2,2"], revise=True) == ImportOutcome(
        rows=1, stored=0, revised=1, unchanged=0
    )
    assert await curve(pools) == ["2020-04-20 1 r0 1", "2020-04-20 2 r2 2", "2020-04-20 3 r0 4"]
    async with pools.system() as connection:
        vintages = await connection.fetch(
            "SELECT price FROM settlements WHERE position = 2 ORDER BY revision"
        )
    assert [row[0] for row in vintages] == [2, 3, 2]


async def test_imports_of_the_same_file_at_once_store_it_once(pools: Pools) -> None:
    rows = [f"2020-04-20,CL,{position},{position}" for position in range(1, 37)]
    outcomes = await asyncio.gather(*(load(pools, rows) for _ in range(4)))
    assert sorted(outcome.stored for outcome in outcomes) == [0, 0, 0, 36]


async def test_organisations_import_the_same_name_apart(pools: Pools) -> None:
    await load(pools, ["2020-04-20,CL,1,1"])
    await load(pools, ["2020-04-20,CL,1,2"], org_id=OTHER_ORG)
    assert await curve(pools) == ["2020-04-20 1 r0 1"]
    assert await curve(pools, org_id=OTHER_ORG) == ["2020-04-20 1 r0 2"]


async def test_progress_ends_with_every_row(pools: Pools) -> None:
    seen: list[tuple[int, int]] = []
    rows = [f"2020-04-20,CL,{position},1" for position in range(1, 11)]
    async with pools.write(DEFAULT_ORG) as connection:
        await settlements.import_table(
            connection, DEFAULT_ORG, SOURCE, table(rows), False, NOW, lambda *at: seen.append(at)
        )
    assert seen == [(5, 10), (10, 10)]


def announced(price: str, month: str = "202602", seconds: int = 0) -> Settlement:
    return Settlement(
        instrument=Instrument.parse(f"CL-{month}"),
        source="sandbox",
        trade_date=DAY,
        price=Decimal(price),
        stage=SettlementStage.PRELIMINARY,
        event_ns=0,
        received_ns=ns_from_utc(NOW) + seconds * 1_000_000_000,
    )


async def test_announced_prices_become_revisions_when_they_change(pools: Pools) -> None:
    async with pools.system() as connection:
        batch = [announced("70"), announced("71", "202603"), announced("70.5"), announced("70.50")]
        assert await settlements.store_announced(connection, batch) == 3
        assert await settlements.store_announced(connection, [announced("70.5")]) == 0
        assert await settlements.store_announced(connection, []) == 0
    async with pools.read(OTHER_ORG) as connection:
        rows = await settlements.curve_rows(connection, OTHER_ORG, "sandbox", "CL", None)
    assert [(row.contract_month, row.revision, row.price) for row in rows] == [
        (202602, 1, Decimal("70.5")),
        (202603, 0, Decimal("71")),
    ]
    assert rows[0].stage is SettlementStage.PRELIMINARY
    assert rows[0].recorded_at == NOW


PRELIMINARY, FINAL, CORRECTED = SettlementStage


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        pytest.param([("70", PRELIMINARY, 1), ("70.0", FINAL, 2)], "r1 70.0 final", id="raised"),
        pytest.param([("70", PRELIMINARY, 1), ("71", FINAL, 2)], "r1 71 final", id="moved"),
        pytest.param([("70", FINAL, 1), ("71", FINAL, 2)], "r1 71 corrected", id="corrected"),
        pytest.param(
            [("70", FINAL, 1), ("71", CORRECTED, 2), ("72", FINAL, 3)],
            "r2 72 corrected",
            id="again",
        ),
        pytest.param(
            [("70", FINAL, 1), ("71", FINAL, 2), ("71", FINAL, 3)], "r1 71 corrected", id="repeated"
        ),
        pytest.param([("71", FINAL, 2), ("70", PRELIMINARY, 1)], "r0 71 final", id="late"),
        pytest.param([("71", FINAL, 2), ("70", PRELIMINARY, 3)], "r0 71 final", id="never back"),
        pytest.param([("71", CORRECTED, 2), ("70", FINAL, 1)], "r0 71 corrected", id="late final"),
        pytest.param(
            [("70", FINAL, 1), ("71", CORRECTED, 2), ("70", FINAL, 1), ("71", CORRECTED, 2)],
            "r1 71 corrected",
            id="replayed",
        ),
    ],
)
@pytest.mark.parametrize("at_once", [True, False])
async def test_a_price_goes_from_preliminary_to_final_to_corrected(
    pools: Pools, stream: list[tuple[str, SettlementStage, int]], expected: str, at_once: bool
) -> None:
    batch = [
        msgspec.structs.replace(announced(price), stage=stage, event_ns=event_ns)
        for price, stage, event_ns in stream
    ]
    for part in [batch] if at_once else [[one] for one in batch]:
        async with pools.system() as connection:
            await settlements.store_announced(connection, part)
    async with pools.read(OTHER_ORG) as connection:
        (row,) = await settlements.curve_rows(connection, OTHER_ORG, "sandbox", "CL", None)
    assert f"r{row.revision} {row.price} {row.stage}" == expected


async def test_seeding_adds_what_is_absent_and_revises_nothing(pools: Pools) -> None:
    def history(prices: list[float]) -> SettlementTable:
        days = np.datetime64("2023-12-27") + np.arange(len(prices))
        months = np.full(len(prices), 202602)
        return from_contract_months("seed", ["CL"] * len(prices), days, months, np.array(prices))

    async with pools.system() as connection:
        assert await settlements.seed_history(connection, "sandbox", history([1.1, 2.0]), NOW) == 2
        stored = await settlements.seed_history(
            connection, "sandbox", history([9.0, 2.0, 3.5]), NOW
        )
        assert stored == 1
    async with pools.read(OTHER_ORG) as connection:
        window = await settlements.window(connection, OTHER_ORG, "sandbox", "CL", DAY, 10)
    assert window.prices.tolist() == [1.1, 2.0, 3.5]
    assert window.contract_months.tolist() == [202602] * 3
    assert window.recorded_at == NOW


async def test_a_window_holds_the_last_days_with_their_latest_revision(pools: Pools) -> None:
    days = [DAY - timedelta(days=offset) for offset in (0, 1, 4, 5)]
    rows = [f"{day},CL,{position},{position}" for day in days for position in (1, 2)]
    await load(pools, rows)
    await load(pools, [f"{days[1]},CL,2,7"], revise=True)
    async with pools.read(DEFAULT_ORG) as connection:
        window = await settlements.window(connection, DEFAULT_ORG, SOURCE, "CL", DAY, 3)
        none = await settlements.window(connection, DEFAULT_ORG, SOURCE, "NG", DAY, 3)
        latest = await settlements.latest_date(connection, DEFAULT_ORG, SOURCE, "CL")
        earlier = await settlements.latest_date(connection, DEFAULT_ORG, SOURCE, "CL", days[2])
    expected_days = [day for day in reversed(days[:3]) for _ in (1, 2)]
    assert window.trade_dates.tolist() == expected_days
    assert window.positions.tolist() == [1, 2] * 3
    assert window.prices.tolist() == [1, 2, 1, 7, 1, 2]
    assert (window.rows, none.rows, none.recorded_at) == (6, 0, None)
    assert (latest, earlier) == (DAY, days[2])


async def test_sources_and_export_hold_current_rows(pools: Pools) -> None:
    await load(pools, ["2020-04-20,CL,1,1", "2020-04-21,CL,1,2", "2020-04-21,NG,1,3"])
    await load(pools, ["2020-04-21,CL,1,2.5"], revise=True)
    async with pools.system() as connection:
        await settlements.store_announced(connection, [announced("70")])
    async with pools.read(DEFAULT_ORG) as connection:
        summaries = await settlements.sources(connection, DEFAULT_ORG)
        chunks = [
            chunk
            async for chunk in settlements.export_rows(
                connection, DEFAULT_ORG, SOURCE, None, rows_per_chunk=2
            )
        ]
        only_gas = [
            chunk async for chunk in settlements.export_rows(connection, DEFAULT_ORG, SOURCE, "NG")
        ]
    assert [(one.source, one.product, one.rows) for one in summaries] == [
        (SOURCE, "CL", 2),
        (SOURCE, "NG", 1),
        ("sandbox", "CL", 1),
    ]
    assert (summaries[0].first, summaries[0].last) == (date(2020, 4, 20), date(2020, 4, 21))
    assert [len(chunk) for chunk in chunks] == [2, 1]
    assert [(row.product, str(row.price)) for chunk in chunks for row in chunk] == [
        ("CL", "1"),
        ("CL", "2.5"),
        ("NG", "3"),
    ]
    assert [row.product for chunk in only_gas for row in chunk] == ["NG"]


def test_only_imports_belong_to_their_organisation() -> None:
    assert settlements.owner_of(SOURCE, OTHER_ORG) == OTHER_ORG
    assert settlements.owner_of("sandbox", OTHER_ORG) == MARKET_ORG


FIGURES = "date,product,contract,settlement,volume,open_interest"


async def load_figures(pools: Pools, rows: Sequence[str], *, revise: bool = False) -> ImportOutcome:
    found = read_table("file.csv", "\n".join([FIGURES, *rows]).encode(), PRODUCTS)
    async with pools.write(DEFAULT_ORG) as connection:
        return await settlements.import_table(connection, DEFAULT_ORG, SOURCE, found, revise, NOW)


async def stored_figures(pools: Pools) -> list[tuple[int, str, int | None, int | None]]:
    async with pools.read(DEFAULT_ORG) as connection:
        rows = await settlements.curve_rows(connection, DEFAULT_ORG, SOURCE, "CL", None)
    return [(row.revision, str(row.price), row.volume, row.open_interest) for row in rows]


async def test_figures_are_stored_and_read_back(pools: Pools) -> None:
    rows = ["2020-04-20,CL,202005,-37.63,247947,13044", "2020-04-20,CL,202006,20.43,,0"]
    assert (await load_figures(pools, rows)).stored == 2
    assert await stored_figures(pools) == [(0, "-37.63", 247947, 13044), (0, "20.43", None, 0)]
    assert (await load_figures(pools, rows)).unchanged == 2
    day = date(2020, 4, 20)
    async with pools.read(DEFAULT_ORG) as reading:
        asked = partial(
            settlements.between, reading, DEFAULT_ORG, SOURCE, "CL", day, day, positions=3
        )
        plain = await asked()
        found = await asked(with_figures=True)
    assert (plain.volumes, plain.open_interests) == (None, None)
    np.testing.assert_array_equal(found.volumes, [247947, np.nan])
    np.testing.assert_array_equal(found.open_interests, [13044, 0])


async def test_figures_join_prices_that_came_without(pools: Pools) -> None:
    await load_figures(pools, ["2020-04-20,CL,202005,-37.63,,"])
    outcome = await load_figures(pools, ["2020-04-20,CL,202005,-37.63,9,"])
    assert (outcome.stored, outcome.revised, outcome.unchanged) == (0, 1, 0)
    assert await stored_figures(pools) == [(1, "-37.63", 9, None)]
    # and a file without them takes none away
    assert (await load_figures(pools, ["2020-04-20,CL,202005,-37.63,,"])).unchanged == 1
    await load_figures(pools, ["2020-04-20,CL,202005,-37.62,,"], revise=True)
    assert await stored_figures(pools) == [(2, "-37.62", 9, None)]


async def test_a_changed_figure_is_refused_unless_revised(pools: Pools) -> None:
    await load_figures(pools, ["2020-04-20,CL,202005,-37.63,9,4"])
    changed = ["2020-04-21,CL,202005,10.01,5,5", "2020-04-20,CL,202005,-37.63,9,6"]
    with pytest.raises(SettlementsChanged) as caught:
        await load_figures(pools, changed)
    assert caught.value.context == {
        "file": "file.csv",
        "row": 2,
        "column": "open_interest",
        "new": "6",
        "stored": "4",
        "changed": 1,
    }
    assert await stored_figures(pools) == [(0, "-37.63", 9, 4)]
    outcome = await load_figures(pools, changed, revise=True)
    assert (outcome.stored, outcome.revised) == (1, 1)
