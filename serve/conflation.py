"""Own what a reader who is far behind is spared: every quote that a newer one has replaced."""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from storage.cache import StreamEntry

QUOTE = "quote"


class StreamEvent(NamedTuple):
    """Hold one entry of a product's stream with what its payload says of itself."""

    entry_id: str
    kind: str
    contract: str | None
    payload: bytes


class _Head(msgspec.Struct, gc=False):
    event: str
    contract: str | None = None


_read_head = msgspec.json.Decoder(_Head).decode


def read_event(entry: StreamEntry) -> StreamEvent:
    """Read of a payload only its kind and contract."""
    head = _read_head(entry.payload)
    return StreamEvent(entry.entry_id, head.event, head.contract, entry.payload)


def conflate(events: Sequence[StreamEvent]) -> list[StreamEvent]:
    """Keep the newest quote of each contract and everything that is no quote, in their order.

    Whoever applies what is kept has the same book, and the same marks on it, as whoever applies
    all: a quote replaces its predecessor whole, and no mark changes its place among the rest.
    """
    newest = {event.contract: event.entry_id for event in events if event.kind == QUOTE}
    return [
        event for event in events if event.kind != QUOTE or newest[event.contract] == event.entry_id
    ]
