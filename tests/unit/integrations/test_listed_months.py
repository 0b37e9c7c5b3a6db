"""Check that no contract month which a venue may send breaks what is computed of it."""

import json
from datetime import date
from decimal import Decimal

import pytest

from actors.freshness import DEFAULT_LIMITS, FreshnessTracker
from core.clock import SystemClock
from core.errors import InvalidInput
from core.market import ContractMonth, Instrument
from core.products import PRODUCTS
from integrations.cme.codec import CmeDecoder
from integrations.ice.fields import parse_contract
from quant.curves import ContractState, live_points

NOW_NS = SystemClock().now_ns()


@pytest.mark.parametrize("text", ["190001", "197712", "215101", "219912"])
def test_a_month_that_nobody_lists_makes_a_frame_bad(text: str) -> None:
    header = {
        "messageType": "TOB",
        "sentTime": "2026-11-20T16:47:52.155000000Z",
        "sequenceNumber": "1",
    }
    instrument = {"productCode": "CL", "productType": "FUT", "periodCode": text}
    frame = json.dumps({"header": header, "payload": [{"instrument": instrument}]})
    decoded = CmeDecoder(7, "sandbox").decode(frame.encode(), NOW_NS)
    assert (decoded.bad, decoded.events) == ("field", ())
    with pytest.raises(InvalidInput):
        ContractMonth.parse_listed(text)
    with pytest.raises(ValueError, match="contract month"):
        parse_contract("BRN", text)


@pytest.mark.parametrize("product", PRODUCTS)
@pytest.mark.parametrize("text", ["197801", "215012"])
def test_freshness_and_curve_follow_the_farthest_months(product: str, text: str) -> None:
    month = ContractMonth.parse_listed(text)
    tracker = FreshnessTracker(DEFAULT_LIMITS, "cme", "sandbox")
    tracker.observe(Instrument(product, month), NOW_NS)
    tracker.check(NOW_NS)
    points = live_points(product, {month: ContractState(last=Decimal(1))}, date(2026, 11, 23))
    assert len(points) == (month.year > 2026)
