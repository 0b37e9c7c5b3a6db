import contextlib
import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadFrame
from integrations.cme.reference import (
    decode_instruments,
    decode_product_guid,
    decode_schedule,
    decode_schedule_id,
)


def instruments(*rows: dict[str, str]) -> bytes:
    return json.dumps({"_embedded": {"instruments": list(rows)}}).encode()


ROW = {"globexSymbol": "CLZ6", "contractMonth": "202612", "lastTradeDate": "2026-11-20"}


def test_dates_that_are_not_stated_are_none() -> None:
    ((listed,), following) = decode_instruments(instruments(ROW), "CL")
    assert following is None
    assert listed.last_trade_date == date(2026, 11, 20)
    assert (listed.first_notice_date, listed.first_delivery_date) == (None, None)
    empty = {**ROW, "firstNoticeDate": "", "firstTradeDate": ""}
    ((listed,), _) = decode_instruments(instruments(empty), "CL")
    assert (listed.first_notice_date, listed.first_trade_date) == (None, None)


def test_placeholders_are_left_out() -> None:
    assert decode_instruments(instruments({"globexSymbol": "CLXXX"}), "CL") == ([], None)
    assert decode_instruments(b"{}", "CL") == ([], None)


@pytest.mark.parametrize(
    "changed",
    [
        {"contractMonth": "202613"},
        {"contractMonth": ""},
        {"lastTradeDate": ""},
        {"lastTradeDate": "20-11-2026"},
        {"firstNoticeDate": "soon"},
    ],
)
def test_rows_that_break_a_rule_are_refused(changed: dict[str, str]) -> None:
    with pytest.raises(BadFrame):
        decode_instruments(instruments(ROW, {**ROW, **changed}), "CL")


def test_nothing_found_is_none() -> None:
    assert decode_product_guid(b"{}", "CL") is None
    assert decode_schedule_id(b"{}") is None
    assert decode_schedule_id(b'{"_embedded":{"tradingSchedules":[]}}') is None


@pytest.mark.parametrize(
    "text", ["2026-11-20", "11-20-2026", "11-20-" + "2" * 50, "11-20", "13-01-26", "x-y-z", ""]
)
def test_other_dates_of_a_schedule_are_refused(text: str) -> None:
    with pytest.raises(BadFrame):
        decode_schedule(json.dumps({"marketEventsByDate": [{"tradingDate": text}]}).encode())


def test_an_id_that_would_lead_elsewhere_is_refused() -> None:
    rows = {"tradingSchedules": [{"tradingScheduleId": "../../token"}]}
    with pytest.raises(BadFrame):
        decode_schedule_id(json.dumps({"_embedded": rows}).encode())


@given(st.binary(max_size=200) | st.text(max_size=100).map(lambda text: json.dumps(text).encode()))
def test_any_bytes_are_read_or_refused_by_name(body: bytes) -> None:
    for read in (
        lambda: decode_product_guid(body, "CL"),
        lambda: decode_instruments(body, "CL"),
        lambda: decode_schedule_id(body),
        lambda: decode_schedule(body),
    ):
        with contextlib.suppress(BadFrame):
            read()
