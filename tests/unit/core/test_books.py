"""Check what a book may hold, and that a refusal names the position and its field."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from core.books import (
    MAX_POSITIONS,
    Book,
    BookDraft,
    FuturePosition,
    OptionPosition,
    SpreadPosition,
    joined,
    summary_of,
)
from core.errors import InvalidInput, UnknownInstrument
from core.market import Instrument

FUTURE: dict[str, Any] = {"kind": "future", "instrument": "CL-202612", "contracts": -12}
OPTION: dict[str, Any] = {
    "kind": "option",
    "instrument": "CL-202612",
    "right": "put",
    "strike": "-5",
    "contracts": 3,
}
SPREAD: dict[str, Any] = {
    "kind": "spread",
    "legs": [
        {"instrument": "CL-202612", "ratio": -3},
        {"instrument": "RB-202612", "ratio": 2},
        {"instrument": "HO-202612", "ratio": 1},
    ],
    "contracts": 0.5,
}
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


def draft(*positions: dict[str, Any], **fields: Any) -> BookDraft:
    return BookDraft.checked({"positions": list(positions), **fields})


def test_positions_are_told_apart_by_kind_and_keep_every_digit() -> None:
    future, option, spread = draft(
        {**FUTURE, "price": "-37.630", "label": " roll "}, OPTION, SPREAD
    ).positions
    assert isinstance(future, FuturePosition)
    assert (future.price, future.contracts, future.label) == (Decimal("-37.63"), -12.0, "roll")
    assert str(future.price) == "-37.630"
    assert isinstance(option, OptionPosition)
    assert (option.strike, option.style, option.volatility) == (Decimal(-5), "european", None)
    assert isinstance(spread, SpreadPosition)
    assert spread.legs_held == (
        (Instrument.parse("CL-202612"), -1.5),
        (Instrument.parse("RB-202612"), 1.0),
        (Instrument.parse("HO-202612"), 0.5),
    )
    assert future.legs_held == ((Instrument.parse("CL-202612"), -12.0),)
    assert option.instruments == future.instruments


def test_positions_are_read_back_from_their_json() -> None:
    asked = draft({**FUTURE, "price": 75.1}, {**OPTION, "expiry": "2026-11-16"}, SPREAD, title="A")
    assert BookDraft.checked(json.loads(json.dumps(asked.to_json()))) == asked


@pytest.mark.parametrize(
    ("position", "changes", "field"),
    [
        (FUTURE, {"kind": "swap"}, "positions.0"),
        (FUTURE, {"kind": None}, "positions.0"),
        (FUTURE, {"instrument": "CLZ26"}, "positions.0.future.instrument"),
        (FUTURE, {"instrument": "CL-202613"}, "positions.0.future.instrument"),
        (FUTURE, {"instrument": "CL-219912"}, "positions.0.future.instrument"),
        (FUTURE, {"instrument": "-202612"}, "positions.0.future.instrument"),
        (FUTURE, {"instrument": "CL-2026-12"}, "positions.0.future.instrument"),
        (FUTURE, {"contracts": 0}, "positions.0.future.contracts"),
        (FUTURE, {"contracts": -0.0}, "positions.0.future.contracts"),
        (FUTURE, {"contracts": float("nan")}, "positions.0.future.contracts"),
        (FUTURE, {"contracts": float("-inf")}, "positions.0.future.contracts"),
        (FUTURE, {"contracts": 10**400}, "positions.0.future.contracts"),
        (FUTURE, {"contracts": 1_000_001}, "positions.0.future.contracts"),
        (FUTURE, {"contracts": None}, "positions.0.future.contracts"),
        (FUTURE, {"price": "NaN"}, "positions.0.future.price"),
        (FUTURE, {"price": float("inf")}, "positions.0.future.price"),
        (FUTURE, {"price": "1e999999999"}, "positions.0.future.price"),
        (FUTURE, {"price": "1e-999999"}, "positions.0.future.price"),
        (FUTURE, {"strike": "1"}, "positions.0.future.strike"),
        (FUTURE, {"label": "x" * 81}, "positions.0.future.label"),
        (FUTURE, {"label": " "}, "positions.0.future.label"),
        (FUTURE, {"label": "a\x00b"}, "positions.0.future.label"),
        (FUTURE, {"label": "a\nb"}, "positions.0.future.label"),
        (FUTURE, {"label": "\ud800"}, "positions.0.future.label"),
        (OPTION, {"right": "buy"}, "positions.0.option.right"),
        (OPTION, {"strike": None}, "positions.0.option.strike"),
        (OPTION, {"style": "bermudan"}, "positions.0.option.style"),
        (OPTION, {"expiry": "2026-02-30"}, "positions.0.option.expiry"),
        (OPTION, {"expiry": "1794873600"}, "positions.0.option.expiry"),
        (OPTION, {"expiry": 1_794_873_600}, "positions.0.option.expiry"),
        (OPTION, {"volatility": 0}, "positions.0.option.volatility"),
        (OPTION, {"volatility": 35}, "positions.0.option.volatility"),
        (OPTION, {"volatility": float("nan")}, "positions.0.option.volatility"),
        (SPREAD, {"legs": SPREAD["legs"][:1]}, "positions.0.spread.legs"),
        (SPREAD, {"legs": SPREAD["legs"] * 3}, "positions.0.spread.legs"),
        (SPREAD, {"legs": SPREAD["legs"][:2] * 2}, "positions.0.spread.legs"),
        (SPREAD, {"legs": [*SPREAD["legs"], {**SPREAD["legs"][0], "ratio": 0}]}, None),
        (SPREAD, {"instrument": "CL-202612"}, "positions.0.spread.instrument"),
    ],
    ids=str,
)
def test_a_position_that_breaks_a_rule_is_named(
    position: dict[str, Any], changes: dict[str, Any], field: str | None
) -> None:
    with pytest.raises(InvalidInput) as caught:
        draft({**position, **changes})
    assert caught.value.context["field"] == (field or "positions.0.spread.legs.3.ratio")


@pytest.mark.parametrize(
    ("position", "instrument", "field"),
    [
        ({**FUTURE, "instrument": "XX-202612"}, "XX-202612", "future.instrument"),
        ({**OPTION, "instrument": "WTI-202612"}, "WTI-202612", "option.instrument"),
        (
            {**SPREAD, "legs": [SPREAD["legs"][0], {"instrument": "ZZ-202701", "ratio": 1}]},
            "ZZ-202701",
            "spread.legs",
        ),
    ],
)
def test_an_unknown_product_is_named_with_its_position(
    position: dict[str, Any], instrument: str, field: str
) -> None:
    with pytest.raises(UnknownInstrument) as caught:
        draft(FUTURE, position)
    assert caught.value.context["instrument"] == instrument
    assert caught.value.context["reason"].startswith(f"positions.1.{field}: product")
    assert "CL, NG, HO" in caught.value.detail


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": "x" * 121}, "title"),
        ({"title": "a\tb"}, "title"),
        ({"note": "x" * 501}, "note"),
        ({"name": "desk"}, "name"),
        ({"positions": [FUTURE] * (MAX_POSITIONS + 1)}, "positions"),
    ],
    ids=["empty", "long", "tab", "note", "unknown", "many"],
)
def test_a_draft_that_breaks_a_rule(fields: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        BookDraft.checked(fields)
    assert caught.value.context["field"] == field


def book(**changes: Any) -> Book:
    values = {
        "book_id": UUID(int=7),
        "name": "desk",
        "version": 2,
        "title": "Desk",
        "positions": [FUTURE, OPTION],
        "created_at": NOON,
        "recorded_at": NOON,
    }
    return Book.model_validate({**values, **changes})


def test_a_book_may_hold_nothing_or_as_much_as_fits() -> None:
    assert book(positions=[]).positions == ()
    full = book(positions=[FUTURE] * MAX_POSITIONS).positions
    assert joined(full, ()) == full
    with pytest.raises(InvalidInput, match="at most 5,000, was 5,001"):
        joined(full, full[:1])


@pytest.mark.parametrize("name", ["", "Desk", "a_b", "-a", "a b", "é", "x" * 61, "a\n", "a/b"])
def test_a_name_that_no_book_may_have(name: str) -> None:
    with pytest.raises(ValidationError):
        book(name=name)


def test_books_do_not_change() -> None:
    kept = book(name="a-1")
    with pytest.raises(ValidationError):
        kept.version = 3
    told = summary_of(kept)
    assert (told.name, told.latest.version, told.latest.position_count) == ("a-1", 2, 2)


def test_an_expiry_that_was_not_filled_in_is_not_made_up() -> None:
    option = OptionPosition.checked({**OPTION, "expiry": None})
    with pytest.raises(InvalidInput):
        _ = option.expires
    assert OptionPosition.checked({**OPTION, "expiry": "2026-11-16"}).expires == date(2026, 11, 16)
