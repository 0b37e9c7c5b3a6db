"""Own what a reader of the market stream is sent, whatever the wire: events, marks, heartbeats.

The cache keeps the newest entries of each product. What a reader cannot have any more is marked
with a gap of the reason `trimmed`; what it is spared because it is slow, with `conflated`.
"""

import re
from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import aclosing
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

import msgspec

from core import products as registry
from core.errors import InvalidInput
from serve.conflation import conflate, read_event
from storage.cache import FROM_NOW_ON, Cache, StreamEntry

HEARTBEAT_MS = 5_000
_AT_ONCE_MS = 1
HEARTBEAT = "heartbeat"
TRIMMED = "trimmed"
CONFLATE_BEYOND = 1_000
"""A reader this many entries behind on a product is sent what is newest of it."""
READ_COUNT = 2_000
"""Entries read of a product at once; with all products they are some 6 MB, a reader's bound."""

# The cache refuses numbers beyond 64 bits, so they are refused here first.
_ENTRY_ID = re.compile(r"[0-9]{1,19}-[0-9]{1,19}|\$")


class Outgoing(NamedTuple):
    """Hold one event to send: a JSON object that begins with its `event`.

    `event_id` resumes the stream after it; None where there is nothing to resume after.
    """

    kind: str
    event_id: str | None
    payload: bytes


def read_products(text: str) -> list[str]:
    """Return the product codes of a comma-separated list, each once.

    Raises:
        UnknownProduct: one is not in the registry.
    """
    return list(dict.fromkeys(registry.product(code.strip()).code for code in text.split(",")))


def start_positions(last_event_id: str | None, codes: Iterable[str]) -> dict[str, str]:
    """Return after which entry to read each product's stream; `$` is what comes from now on.

    Raises:
        InvalidInput: `last_event_id` is not one that this stream has sent.
    """
    positions = dict.fromkeys(codes, FROM_NOW_ON)
    for part in (last_event_id or "").split(","):
        if not part:
            continue
        code, _, entry_id = part.partition(":")
        if not _ENTRY_ID.fullmatch(entry_id):
            raise InvalidInput(
                field="Last-Event-ID", reason=f"expected ids this stream has sent, was {part!r}"
            )
        if code in positions:
            positions[code] = entry_id
    return positions


async def follow(
    cache: Cache, positions: dict[str, str], max_events: int | None = None
) -> AsyncGenerator[list[Outgoing], None]:
    """Yield batches of what comes after `positions`, which moves on; heartbeats in between.

    `max_events` ends it after so many events that are not heartbeats.

    Raises:
        SourceUnavailable: the cache cannot be reached.
    """
    left = max_events
    async with aclosing(_batches(cache, positions)) as batches:
        async for batch in batches:
            if left is None:
                yield batch
                continue
            counted = sum(event.kind != HEARTBEAT for event in batch)
            # A heartbeat is a batch of its own.
            yield batch if counted < left else batch[:left]
            left -= counted
            if left <= 0:
                return


async def _batches(cache: Cache, positions: dict[str, str]) -> AsyncGenerator[list[Outgoing], None]:
    resumed = {code: at for code, at in positions.items() if at != FROM_NOW_ON}
    lost = await _skip_lost(cache, positions, resumed)
    while True:
        before = dict(positions)
        # What is lost at a full stream's edge may be lost again before the first read: one mark.
        entries = await cache.read_quotes(
            positions, _AT_ONCE_MS if lost else HEARTBEAT_MS, READ_COUNT
        )
        by_product = {
            product: list(found) for product, found in groupby(entries, attrgetter("product"))
        }
        # Entries can only have been trimmed before a read that gave all that it asked for.
        doubtful = {
            product: before[product]
            for product, found in by_product.items()
            if len(found) == READ_COUNT and before[product] != FROM_NOW_ON
        }
        lost |= await _skip_lost(cache, positions, doubtful)
        if lost:
            yield [Outgoing("gap", _event_id(positions), _trimmed(code)) for code in sorted(lost)]
        elif not entries:
            yield [Outgoing(HEARTBEAT, None, _HEARTBEAT_PAYLOAD)]
        lost = set()
        for product, found in by_product.items():
            yield list(_outgoing(product, found, positions))


async def _skip_lost(cache: Cache, positions: dict[str, str], doubtful: dict[str, str]) -> set[str]:
    """Move the positions of products that have lost entries, and return those products."""
    if not doubtful:
        return set()
    lost = await cache.lost_after(doubtful)
    positions.update(lost)
    return set(lost)


def _outgoing(
    product: str, entries: list[StreamEntry], positions: dict[str, str]
) -> Iterator[Outgoing]:
    events = [read_event(entry) for entry in entries]
    if len(events) > CONFLATE_BEYOND:
        kept = conflate(events)
        if len(kept) < len(events):
            # After the position so far: whoever is cut off here is told again.
            left_out = len(events) - len(kept)
            yield Outgoing("conflated", _event_id(positions), _conflated(product, left_out))
            events = kept
    head, tail = _around(product, positions)
    for event in events:
        positions[product] = event.entry_id
        yield Outgoing(event.kind, f"{head}{event.entry_id}{tail}", event.payload)


def _around(product: str, positions: dict[str, str]) -> tuple[str, str]:
    """Return what of an event id stands before and after the entry id of a product."""
    head, _, tail = _event_id({**positions, product: "|"}).partition("|")
    return head, tail


def _event_id(positions: dict[str, str]) -> str:
    return ",".join(f"{code}:{entry_id}" for code, entry_id in positions.items())


class _GapPayload(msgspec.Struct, tag_field="event", tag="gap"):
    product: str
    venue: str
    reason: str = TRIMMED
    instruments: list[str] = []


class _ConflatedPayload(msgspec.Struct, tag_field="event", tag="conflated"):
    product: str
    left_out: int


class _HeartbeatPayload(msgspec.Struct, tag_field="event", tag="heartbeat"):
    pass


_HEARTBEAT_PAYLOAD = msgspec.json.encode(_HeartbeatPayload())


def _trimmed(product: str) -> bytes:
    venue = registry.product(product).venue.value
    return msgspec.json.encode(_GapPayload(product=product, venue=venue))


def _conflated(product: str, left_out: int) -> bytes:
    return msgspec.json.encode(_ConflatedPayload(product=product, left_out=left_out))


def as_server_sent(event: Outgoing) -> bytes:
    """Return an event as text/event-stream."""
    start = b"" if event.event_id is None else f"id: {event.event_id}\n".encode()
    return b"%sevent: %s\ndata: %s\n\n" % (start, event.kind.encode(), event.payload)


def as_message(event: Outgoing) -> str:
    """Return an event as one JSON object, its `id` ahead of the rest."""
    text = event.payload.decode()
    return text if event.event_id is None else f'{{"id":"{event.event_id}",{text[1:]}'
