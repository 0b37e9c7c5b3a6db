"""Hold the market of a book against the arrays that it is made of."""

from datetime import date

import numpy as np
import pytest

from core.books import OptionPosition, Position, Style
from core.errors import HistoryTooShort, InvalidInput, ModelNotApplicable, UnknownInstrument
from core.market import ContractMonth, Instrument
from core.risk import RiskQuestion
from quant.calendars import business_days, calendar_of
from quant.continuous import SettlementHistory
from quant.contract_history import ContractHistory, by_contract_month
from quant.risk.book_market import MarketRules, book_market, positions_needed, priced_book
from quant.risk.book_risk import book_risk
from quant.risk.market import OptionModel
from quant.risk.trading_positions import still_trading
from tests.risk_books import future, option, spread

LAST = date(2023, 12, 29)
DAYS = business_days(date(2023, 6, 1), LAST, calendar_of("CL"))
FIRST_MONTH = ContractMonth(2023, 7)
MARCH = Instrument.parse("CL-202403")


def walked(*, seed: int = 3, months: int = 14, last: float | None = None) -> ContractHistory:
    """Let every contract walk by itself, from 70."""
    steps = np.random.default_rng(seed).normal(0.0, 1.0, (len(DAYS), months))
    prices = 70.0 + steps.cumsum(axis=0)
    if last is not None:
        prices[-1] = last
    return ContractHistory(
        product="CL",
        dates=DAYS,
        contract_months=tuple(FIRST_MONTH.plus(month) for month in range(months)),
        settlements=prices,
    )


def test_prices_are_the_last_settlements_and_changes_those_of_the_place() -> None:
    history = walked()
    found = book_market([future("CL-202403", 1)], {"CL": history}, LAST, 20)
    column = history.contract_months.index(MARCH.contract_month)
    assert found.priced.market.price(MARCH) == history.settlements[-1, column]
    assert found.changes.dates == DAYS[-20:]
    # January last traded on 19 December, so March was third until then and second after
    after = np.diff(history.settlements[:, column])[-7:]
    np.testing.assert_allclose(found.changes.changes[-7:, 0], after)
    before = np.diff(history.settlements[:, column - 1])[-20:-7]
    np.testing.assert_allclose(found.changes.changes[:-7, 0], before)
    assert positions_needed(found.priced.trading, LAST) == {"CL": 4}


def test_options_without_a_volatility_take_one_of_the_past() -> None:
    held: list[Position] = [option("CL-202403", "put", 60, 1, volatility=None)]
    found = book_market(held, {"CL": walked()}, LAST, 100)
    (told,) = found.priced.estimated
    changes = found.changes.changes[-63:, 0]
    assert told.volatility == pytest.approx(np.sqrt(252.0 * np.mean(changes**2)))
    (position,) = found.priced.trading.positions
    assert isinstance(position, OptionPosition)
    quote = found.priced.market.quote(position)
    assert (quote.model, quote.volatility) == (OptionModel.BACHELIER, told.volatility)


def test_an_option_shares_the_volatility_of_its_strike_and_expiry() -> None:
    held: list[Position] = [
        option("CL-202403", "put", 60, 1, volatility=None),
        option("CL-202403", "call", 60, 1, volatility=0.31),
    ]
    found = priced_book(held, {"CL": walked()}, LAST)
    assert found.estimated == ()
    assert [getattr(one, "volatility", None) for one in found.trading.positions] == [0.31, 0.31]


def test_black_76_gives_way_where_a_price_is_not_above_zero() -> None:
    held: list[Position] = [option("CL-202403", "put", 60, 1, volatility=0.5)]
    found = priced_book(held, {"CL": walked(last=-37.63)}, LAST)
    (told,) = found.estimated
    assert told.given == 0.5
    with pytest.raises(ModelNotApplicable, match=r"CL-202403 is -37\.63"):
        priced_book(held, {"CL": walked(last=-37.63)}, LAST, MarketRules(strict=True))
    below: list[Position] = [option("CL-202403", "put", -5, 1, volatility=0.5)]
    assert priced_book(below, {"CL": walked()}, LAST).estimated[0].given == 0.5


def test_a_price_that_does_not_move_has_no_volatility() -> None:
    history = walked()
    history.settlements[:] = 70.0
    held: list[Position] = [option("CL-202403", "put", 60, 1, volatility=None)]
    with pytest.raises(ModelNotApplicable, match="CL-202403 did not move"):
        priced_book(held, {"CL": history}, LAST)


def test_a_book_of_the_expired_has_no_market() -> None:
    with pytest.raises(InvalidInput, match="1 have expired"):
        priced_book([future("CL-202401", 1)], {"CL": walked()}, LAST)
    held = [future("CL-203001", 1), future("NG-202403", 1), future("CL-202403", 1)]
    with pytest.raises(UnknownInstrument, match="CL-203001, NG-202403"):
        priced_book(held, {"CL": walked()}, LAST)


def test_a_place_on_the_curve_that_nobody_priced_before_has_no_past() -> None:
    prices = np.full((len(DAYS), 8), 70.0)
    prices[:-1, 5:] = np.nan
    by_position = SettlementHistory(product="CL", dates=DAYS, settlements=prices)
    history = {"CL": by_contract_month(by_position)}
    # February is the first, so July the sixth
    with pytest.raises(HistoryTooShort, match="for lack of CL-202407"):
        book_market([future("CL-202402", 1), future("CL-202407", 1)], history, LAST, 100)


def test_additions_do_not_touch_the_book_and_notes_count_its_positions() -> None:
    held: list[Position] = [
        future("CL-202312", 1),
        option("CL-202403", "call", 75, 2, style=Style.AMERICAN),
        future("CL-202403", -1),
    ]
    more: list[Position] = [spread(4, CL_202403=1, CL_202406=-1)]
    market = book_market([*held, *more], {"CL": walked()}, LAST, 100)
    question = RiskQuestion(levels=(0.9,), window_days=500)
    found = book_risk(market, question, held=len(held))
    assert found.numbers == (1, 2)
    (increment,) = found.increments
    alone = book_risk(book_market(held, {"CL": walked()}, LAST, 100), question)
    assert found.reports[0].value_at_risk == pytest.approx(alone.reports[0].value_at_risk)
    whole = book_risk(market, question)
    risen = whole.reports[0].value_at_risk - alone.reports[0].value_at_risk
    assert increment.value_at_risk == pytest.approx(risen)
    notes = {note.code: note.detail for note in found.notes}
    assert notes["short-window"] == "100 days are known of the 500 asked for"
    assert notes["approximation"].startswith("position 2: an American option")


def test_nothing_is_needed_of_what_has_expired() -> None:
    trading = still_trading([future("CL-202401", 1), future("B-202404", 1)], LAST)
    assert set(positions_needed(trading, LAST)) == {"B"}
