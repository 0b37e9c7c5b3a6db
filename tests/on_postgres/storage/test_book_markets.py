"""Load the market of books from a real database: crude through April 2020, and what is amiss."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
import pytest

from core.books import OptionPosition, Position
from core.errors import (
    CurveNotFound,
    HistoryTooShort,
    InvalidInput,
    ModelNotApplicable,
    UnknownInstrument,
)
from core.market import Instrument
from core.products import PRODUCTS
from core.runs import DEFAULT_ORG
from quant.risk.book_market import MarketRules
from quant.risk.market import OptionModel
from quant.risk.trading_positions import with_expiries
from storage.book_markets import BookMarketRequest, LoadedBookMarket, load_book_market
from storage.pool import Pools
from tests.april_2020 import NEGATIVE, NOW, april, rows_of, store, trading_days
from tests.risk_books import future, option, spread

pytestmark = pytest.mark.postgres

SOURCE = "import:risk"


async def load(pools: Pools, positions: Sequence[Position], **asked: Any) -> LoadedBookMarket:
    sources = dict.fromkeys(PRODUCTS, SOURCE) | asked.pop("sources", {})
    request = BookMarketRequest(sources=sources, **asked)
    async with pools.read(DEFAULT_ORG) as connection:
        return await load_book_market(connection, DEFAULT_ORG, positions, request)


async def test_the_day_crude_was_negative(pools: Pools) -> None:
    await store(pools, april("CL") + april("B"), SOURCE)
    held: list[Position] = [future("CL-202005", 10), spread(5, CL_202006=1, B_202007=-1)]
    found = await load(pools, held, as_of=NEGATIVE, window_days=50)
    prices = found.book.priced.market.prices
    assert prices[Instrument.parse("CL-202005")] == -37.63
    assert prices[Instrument.parse("CL-202006")] == 20.43
    assert [str(one) for one in found.book.changes.factors] == [
        "B-202007",
        "CL-202005",
        "CL-202006",
    ]
    assert found.book.changes.changes.shape == (50, 3)
    assert found.book.changes.dates[-1] == NEGATIVE
    assert np.isfinite(found.book.changes.changes).all()
    assert found.settled.recorded_until == NOW
    assert found.settled.sources == {"B": SOURCE, "CL": SOURCE}


async def test_without_a_date_it_is_the_latest_that_settled(pools: Pools) -> None:
    await store(pools, april("CL"), SOURCE)
    found = await load(pools, [future("CL-202006", 1)])
    assert found.book.priced.market.as_of == date(2020, 4, 21)
    assert found.settled.as_of == date(2020, 4, 21)


async def test_each_product_from_its_own_source(pools: Pools) -> None:
    await store(pools, april("CL"), SOURCE)
    await store(pools, april("B"), "import:ice")
    held = [future("CL-202006", 1), future("B-202007", -1)]
    found = await load(pools, held, sources={"B": "import:ice"})
    assert found.settled.sources == {"B": "import:ice", "CL": SOURCE}
    with pytest.raises(CurveNotFound, match="No curve of B from import:risk"):
        await load(pools, held)


async def test_the_expired_are_told_and_strictly_refused(pools: Pools) -> None:
    await store(pools, april("CL"), SOURCE)
    held: list[Position] = [
        future("CL-202004", 3),
        future("CL-202006", 1),
        spread(2, CL_202003=1, CL_202007=-1),
        option("CL-202006", "call", 25, 1, expiry=date(2020, 4, 16)),
    ]
    found = await load(pools, held, as_of=NEGATIVE)
    trading = found.book.priced.trading
    assert trading.numbers == (1, 2)
    assert [str(one) for one in trading.contracts] == ["CL-202006", "CL-202007"]
    told = [(one.position, str(one.contract), one.is_option) for one in trading.expired]
    assert told == [(0, "CL-202004", False), (2, "CL-202003", False), (3, "CL-202006", True)]
    with pytest.raises(UnknownInstrument, match="CL-202004, CL-202003, CL-202006: 3 expired"):
        await load(pools, held, as_of=NEGATIVE, rules=MarketRules(strict=True))
    with pytest.raises(InvalidInput, match="1 have expired"):
        await load(pools, held[:1])


async def test_contracts_without_a_price_are_named(pools: Pools) -> None:
    await store(pools, april("CL"), SOURCE)
    held = [future("CL-202006", 1), future("CL-202106", 1), future("CL-202206", 1)]
    with pytest.raises(UnknownInstrument, match="CL-202106, CL-202206: there is no price"):
        await load(pools, held)


async def test_a_price_of_the_day_before_is_stale(pools: Pools) -> None:
    await store(pools, [*april("CL"), *april("B")[:-3]], SOURCE)
    held = [future("CL-202006", 1), future("B-202007", -1)]
    found = await load(pools, held)
    (stale,) = found.book.priced.stale
    assert (str(stale.contract), stale.settled_on, stale.age_days) == ("B-202007", NEGATIVE, 1)
    # of the 21st crude settled and Brent did not, so it is no day of both
    assert found.book.changes.dates[-1] == NEGATIVE
    with pytest.raises(UnknownInstrument, match="B-202007: 1 are stale"):
        await load(pools, held, rules=MarketRules(strict=True))


async def test_days_that_are_missing_are_told(pools: Pools) -> None:
    rows = april("CL") + [row for row in april("B") if not row.startswith("2020-03-1")]
    without = [row for row in rows if not row.startswith("2020-02-11,CL,2")]
    await store(pools, without, SOURCE)
    held = [future("CL-202006", 1), future("B-202007", -1)]
    found = await load(pools, held, as_of=NEGATIVE)
    changes = found.book.changes
    assert {day.isoformat() for day in changes.uncommon} >= {"2020-03-10", "2020-03-19"}
    assert dict(zip(map(str, changes.factors), changes.missing, strict=True)) == {
        "B-202007": 0,
        "CL-202006": 2,
    }
    assert changes.left_out == 2


async def test_volatilities_come_from_the_past_where_none_are_given(pools: Pools) -> None:
    await store(pools, april("CL"), SOURCE)
    held = with_expiries(
        [
            option("CL-202006", "put", 20, 5, volatility=None),
            option("CL-202006", "call", 25, 5, volatility=0.9),
            option("CL-202006", "put", 25, 5, volatility=None),
            option("CL-202005", "call", 25, 5, volatility=0.9),
        ]
    )
    found = await load(pools, held, as_of=NEGATIVE)
    told = {one.position: one for one in found.book.priced.estimated}
    assert set(told) == {0, 3}
    assert (told[0].given, told[3].given) == (None, 0.9)
    changes = found.book.changes.changes[-63:]
    expected = np.sqrt(np.mean(changes**2, axis=0) * 252.0)
    assert told[3].volatility == pytest.approx(expected[0])
    assert told[0].volatility == pytest.approx(expected[1])
    shared = found.book.priced.trading.positions[2]
    assert isinstance(shared, OptionPosition)
    assert shared.volatility == 0.9
    market = found.book.priced.market
    first = found.book.priced.trading.positions[0]
    assert isinstance(first, OptionPosition)
    assert market.quote(first).model is OptionModel.BACHELIER
    with pytest.raises(ModelNotApplicable, match=r"CL-202005 is -37\.63"):
        await load(pools, held, as_of=NEGATIVE, rules=MarketRules(strict=True))


async def test_a_past_of_one_day_is_too_short(pools: Pools) -> None:
    await store(pools, ["2020-04-20,CL,1,-37.63", "2020-04-20,CL,2,20.43"], SOURCE)
    with pytest.raises(HistoryTooShort, match="there are 1"):
        await load(pools, [future("CL-202006", 1)])


async def test_a_curve_of_one_contract_lacks_the_days_of_its_rolls(pools: Pools) -> None:
    days = trading_days(date(2019, 12, 2), NEGATIVE)
    await store(pools, rows_of("CL", days, positions=1), SOURCE)
    found = await load(pools, [future("CL-202005", 1)])
    # it rolled on 19 December, 21 January, 20 February and 20 March
    assert found.book.changes.missing == (4,)
    assert len(found.book.changes.dates) == len(days) - 1 - 4


@pytest.mark.parametrize(
    ("positions", "asked", "reason"),
    [
        ([], {}, "positions: expected at least one"),
        ([future("CL-202006", 1)], {"window_days": 1}, "window_days: expected 2 to 5,000"),
    ],
)
async def test_what_cannot_be_asked(
    pools: Pools, positions: list[Position], asked: dict[str, Any], reason: str
) -> None:
    await store(pools, april("CL"), SOURCE)
    with pytest.raises(InvalidInput, match=reason):
        await load(pools, positions, **asked)


async def test_who_has_no_settlements_has_no_market(pools: Pools) -> None:
    with pytest.raises(CurveNotFound):
        await load(pools, [future("CL-202006", 1)])
