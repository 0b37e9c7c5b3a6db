"""Hold that every request is answered for itself: one refusal takes no other down."""

import pytest

from core.errors import BadFrame, NotFound
from core.market import Instrument
from integrations.ice.fix import encode, message_type
from integrations.ice.subscriptions import Listing, Subscriptions

FEB, MAR = Instrument.parse("B-202702"), Instrument.parse("B-202703")
Fields = list[tuple[int, str]]


def frame(kind: str, fields: Fields) -> bytes:
    return encode(kind, fields, sequence=1, sent_ns=0, sender="ICEMD", target="CLIENT")


def definition(request_id: str, month: str, total: int | None = 2, symbol: str = "BRN") -> bytes:
    stated = [] if total is None else [(393, str(total))]
    names = [(55, symbol), (167, "FUT"), (200, month), (541, "20261231")]
    return frame("d", [(320, request_id), (323, "4"), *stated, *names])


class Asking:
    """Follow one set of subscriptions, and what it sends."""

    def __init__(self, *products: str) -> None:
        self.subscriptions = Subscriptions(products)
        self.sent: list[tuple[str, Fields]] = []
        self._send(self.subscriptions.first())

    def _send(self, requests: list[tuple[str, Fields]]) -> None:
        for request in requests:
            self.sent.append(request)
            self.subscriptions.sent(request, len(self.sent))

    def take(self, wire: bytes, next_number: int = 1) -> None:
        self._send(self.subscriptions.take(message_type(wire), wire, next_number))

    def id_of(self, position: int) -> str:
        return self.sent[position][1][0][1]

    @property
    def refused(self) -> dict[str, str]:
        return self.subscriptions.refused


def listed() -> Asking:
    asking = Asking("B")
    for month in ("202702", "202703"):
        asking.take(definition("c1", month))
    return asking


def test_contracts_are_asked_for_and_each_is_subscribed_alone() -> None:
    asking = listed()
    assert [kind for kind, _ in asking.sent] == ["c", "V", "V"]
    assert not asking.subscriptions.is_answered
    asking.take(frame("W", [(262, asking.id_of(1))]))
    assert not asking.subscriptions.is_answered
    asking.take(frame("W", [(262, asking.id_of(2))]))
    assert asking.subscriptions.is_answered
    assert asking.refused == {}


def test_a_refused_contract_leaves_its_neighbour() -> None:
    asking = listed()
    asking.take(frame("Y", [(262, asking.id_of(1)), (281, "0"), (58, "Unknown symbol")]))
    asking.take(frame("W", [(262, asking.id_of(2))]))
    assert asking.subscriptions.is_answered
    assert list(asking.subscriptions.instruments) == [MAR]
    assert asking.refused == {}


@pytest.mark.parametrize("kind", ["j", "3"])
def test_a_reject_by_number_is_a_refusal_too(kind: str) -> None:
    asking = listed()
    for number in (2, 3):
        asking.take(frame(kind, [(45, str(number)), (372, "V"), (58, "not today")]))
    assert asking.subscriptions.is_answered
    assert asking.refused == {"B": "not today"}


def test_a_refused_product_leaves_the_others() -> None:
    asking = Asking("B", "G", "XX")
    refusal: Fields = [(320, "c2"), (323, "5"), (58, "unknown symbol GAS")]
    asking.take(frame("d", refusal))
    asking.take(definition("c1", "202702", total=1))
    asking.take(frame("W", [(262, asking.id_of(2))]))
    assert asking.subscriptions.is_answered
    assert asking.refused == {"XX": "unknown product", "G": "unknown symbol GAS"}


def test_an_empty_list_is_a_refusal_and_a_rejected_request_too() -> None:
    asking = Asking("B", "G")
    asking.take(definition("c1", "20270215", total=1))
    asking.take(frame("j", [(45, "2"), (380, "4"), (58, "closed")]))
    assert asking.refused == {"B": "no contract is listed", "G": "closed"}
    assert asking.subscriptions.is_answered


def test_a_listing_without_a_total_takes_the_first_answer() -> None:
    asking = Asking("B")
    asking.take(definition("c1", "202702", total=None))
    assert [kind for kind, _ in asking.sent] == ["c", "V"]


def test_answers_to_nothing_are_ignored() -> None:
    asking = listed()
    for wire in (
        definition("c9", "202702"),
        frame("W", [(262, "r9")]),
        frame("W", [(55, "BRN")]),
        frame("Y", [(262, "r9"), (281, "0")]),
        frame("j", [(45, "77")]),
        frame("3", [(45, "x")]),
    ):
        asking.take(wire)
    assert not asking.subscriptions.is_answered
    assert len(list(asking.subscriptions.instruments)) == 2


def test_a_product_listed_again_subscribes_only_what_is_new() -> None:
    asking = listed()
    listing = Listing("B")
    asking._send([asking.subscriptions.list_contracts(listing)])
    request_id = asking.id_of(-1)
    for month in ("202703", "202704"):
        asking.take(definition(request_id, month))
    assert [str(row.instrument) for row in listing.result()] == ["B-202703", "B-202704"]
    assert listing.completed.is_set()
    assert asking.sent[-1][1][-1] == (200, "202704")
    assert len(asking.sent) == 5


def test_a_listing_says_why_it_has_none() -> None:
    asking = Asking()
    refused, bad = Listing("B"), Listing("B")
    for listing in (refused, bad):
        asking._send([asking.subscriptions.list_contracts(listing)])
    asking.take(frame("d", [(320, "c1"), (323, "5")]))
    asking.take(frame("d", [(320, "c2"), (55, "BRN"), (200, "202702"), (541, "soon")]))
    with pytest.raises(NotFound):
        refused.result()
    with pytest.raises(BadFrame, match="definition"):
        bad.result()
    assert asking.refused == {}


def test_fresh_images_are_asked_for_once_until_they_may_be_lost() -> None:
    asking = listed()
    both = [FEB, MAR]
    for position in (1, 2):
        asking.take(frame("W", [(262, asking.id_of(position))]))
    stranger = Instrument.parse("G-202702")
    [request] = asking.subscriptions.ask([FEB, stranger], next_number=50)
    assert request[1][-1] == (200, "202702")
    assert not asking.subscriptions.is_answered
    assert asking.subscriptions.overdue(both, lost_before=40) == [MAR]
    assert asking.subscriptions.overdue(both, lost_before=60) == both
