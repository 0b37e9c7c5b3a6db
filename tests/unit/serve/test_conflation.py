"""Check that whoever is spared replaced quotes ends with the same book as whoever reads all."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from serve.conflation import StreamEvent, conflate, read_event
from storage.cache import StreamEntry

CONTRACTS = ["202601", "202602", "202603"]
contract_kinds = st.sampled_from(
    ["quote", "quote", "quote", "trade", "settlement", "stale", "fresh"]
)
payloads = st.one_of(
    st.builds(
        lambda kind, contract, price: {"event": kind, "contract": contract, "price": price},
        contract_kinds,
        st.sampled_from(CONTRACTS),
        st.integers(-50, 50),
    ),
    st.builds(
        lambda kind, named: {"event": kind, "instruments": named},
        st.sampled_from(["gap", "healed"]),
        st.lists(st.sampled_from(CONTRACTS), unique=True),
    ),
)
streams = st.lists(payloads, max_size=60)


def events_of(listed: Sequence[dict[str, Any]]) -> list[StreamEvent]:
    return [
        read_event(StreamEntry("CL", f"{number}-0", json.dumps(payload).encode()))
        for number, payload in enumerate(listed)
    ]


@dataclass
class Reader:
    """Keep a book as a client does: quotes replace, marks set and clear suspicion and silence."""

    quotes: dict[str, int] = field(default_factory=dict)
    suspect: set[str] = field(default_factory=set)
    stale: set[str] = field(default_factory=set)
    others: list[dict[str, Any]] = field(default_factory=list)

    def read(self, events: Sequence[StreamEvent]) -> "Reader":
        for event in events:
            payload = json.loads(event.payload)
            if event.kind == "quote":
                self.quotes[payload["contract"]] = payload["price"]
                self.suspect.discard(payload["contract"])
                self.stale.discard(payload["contract"])
                continue
            self.others.append(payload)
            named = payload.get("instruments") or CONTRACTS
            if event.kind == "gap":
                self.suspect.update(named)
            elif event.kind == "healed":
                self.suspect.difference_update(named)
            elif event.kind == "stale":
                self.stale.add(payload["contract"])
            elif event.kind == "fresh":
                self.stale.discard(payload["contract"])
        return self


@given(streams)
def test_the_book_and_its_marks_are_those_of_the_full_stream(listed: list[dict[str, Any]]) -> None:
    events = events_of(listed)
    assert Reader().read(conflate(events)) == Reader().read(events)


@given(streams)
def test_what_is_kept_stands_in_its_order_and_ends_where_the_stream_ends(
    listed: list[dict[str, Any]],
) -> None:
    events = events_of(listed)
    kept = conflate(events)
    places = [int(event.entry_id.partition("-")[0]) for event in kept]
    assert places == sorted(set(places))
    assert kept[-1:] == events[-1:]
    assert conflate(kept) == kept


@given(streams, st.integers(0, 60))
def test_a_reader_cut_off_in_between_loses_nothing(listed: list[dict[str, Any]], cut: int) -> None:
    events = events_of(listed)
    first = conflate(events)[:cut]
    after = int(first[-1].entry_id.partition("-")[0]) + 1 if first else 0
    assert Reader().read(first).read(events[after:]) == Reader().read(events)


def test_only_replaced_quotes_are_left_out() -> None:
    quote = {"event": "quote", "contract": "202601", "price": 1}
    trade = {"event": "trade", "contract": "202601", "price": 2}
    events = events_of([quote, trade, {**quote, "contract": "202602"}, trade, quote])
    assert [event.entry_id for event in conflate(events)] == ["1-0", "2-0", "3-0", "4-0"]
