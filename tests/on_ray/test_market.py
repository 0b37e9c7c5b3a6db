"""Follow a price from the sandbox's socket to the API."""

from decimal import Decimal
from itertools import pairwise

import pytest

from heliostat import Client, CurveNotFound, Quote, UnknownProduct

pytestmark = pytest.mark.ray


def test_the_curve_is_live_and_says_where_it_comes_from(client: Client) -> None:
    curve = client.curve("CL")
    assert curve.live
    assert curve.source == "sandbox"
    assert [point.position for point in curve.points] == list(range(1, len(curve.points) + 1))
    assert len(curve.points) >= 12
    assert all(point.last_trade_date >= curve.as_of for point in curve.points)
    quoted = [point for point in curve.points if point.basis == "mid"]
    assert quoted
    assert all(point.price == (point.bid + point.ask) / 2 for point in quoted)


def test_the_version_rises_with_the_stream(client: Client) -> None:
    before = client.curve("CL").version
    assert len(list(client.stream(["CL"], max_events=5))) == 5
    assert client.curve("CL").version > before


def test_a_past_curve_is_the_stored_settlements(client: Client) -> None:
    live = client.curve("CL")
    settled = client.curve("CL", source="sandbox")
    assert not settled.live
    assert settled.as_of < live.as_of
    older = client.curve("CL", as_of=settled.as_of, source="sandbox")
    assert older == settled
    by_contract = {point.contract: point.settlement for point in live.points}
    assert all(
        by_contract[point.contract] == point.settlement
        for point in settled.points
        if point.contract in by_contract
    )


def test_quotes_arrive_in_order_and_as_decimals(client: Client) -> None:
    quotes = [event for event in client.stream(["CL"], max_events=40) if isinstance(event, Quote)]
    assert quotes
    assert all(isinstance(quote.bid, Decimal | None) for quote in quotes)
    assert {quote.source for quote in quotes} == {"sandbox"}
    by_contract: dict[str, list[Quote]] = {}
    for quote in quotes:
        by_contract.setdefault(quote.contract, []).append(quote)
    for listed in by_contract.values():
        assert all(early.event_time <= late.event_time for early, late in pairwise(listed))


def test_unknown_products_and_dates_are_refused(client: Client) -> None:
    with pytest.raises(UnknownProduct):
        client.curve("XX")
    with pytest.raises(UnknownProduct):
        list(client.stream(["XX"], max_events=1))
    with pytest.raises(CurveNotFound):
        client.curve("CL", as_of="1990-01-02")
    with pytest.raises(CurveNotFound):
        client.curve("NG", source="import:nobody")


@pytest.mark.parametrize("code", ["NG", "HO", "RB", "BZ", "B", "G", "NBP", "TTF"])
def test_every_product_of_both_venues_is_live_and_quoted(client: Client, code: str) -> None:
    curve = client.curve(code)
    assert curve.live
    assert not curve.gap
    assert {point.basis for point in curve.points[:12]} == {"mid"}


def test_both_feeds_are_whole(client: Client) -> None:
    for venue in ("cme", "ice"):
        feed = client.feed(venue)
        assert feed.summary.status == "connected", feed.summary
        assert feed.summary.stored > 0
        assert feed.bad_frames == {}
        assert feed.symbols


def test_products_name_their_sources(client: Client) -> None:
    products = {product.code: product for product in client.products()}
    assert set(products) >= {"CL", "NG", "HO", "RB", "BZ", "B", "G", "NBP", "TTF"}
    assert "sandbox" in {held.source for held in products["CL"].sources}
