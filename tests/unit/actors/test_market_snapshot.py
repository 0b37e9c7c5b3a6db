"""Check that a curve comes back from its snapshot as it was, or not at all."""

from datetime import date
from decimal import Decimal

from actors.market_snapshot import CurveSnapshot, contract_states, decode, encode
from core.market import ContractMonth
from quant.curves import ContractState

STATE = ContractState(
    bid=Decimal("-37.63"),
    ask=Decimal("0.10"),
    last=None,
    settlement=Decimal("20.4300"),
    settlement_date=date(2020, 4, 20),
    quote_ns=1_587_400_000_123_456_789,
    trade_ns=0,
)
SNAPSHOT = CurveSnapshot(source="cme", latest_ns=9, states={"202005": STATE})


def test_a_snapshot_keeps_every_digit() -> None:
    read = decode(encode(SNAPSHOT), "cme")
    assert read == SNAPSHOT
    assert contract_states(read) == {ContractMonth(2020, 5): STATE}


def test_another_source_or_form_is_not_taken() -> None:
    assert decode(encode(SNAPSHOT), "sandbox") is None
    assert decode(b"{", "cme") is None
    assert decode(b'{"source": "cme"}', "cme") is None
