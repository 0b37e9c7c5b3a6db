"""Own what a session asked for and what was answered: definitions, images, refusals. Pure."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from core.errors import BadFrame, NotFound
from core.market import Instrument
from integrations.ice.codec import (
    BUSINESS_REJECT,
    DATA_REJECT,
    DATA_REQUEST,
    DEFINITION,
    DEFINITION_REQUEST,
    REJECT,
    data_request,
)
from integrations.ice.definitions import definition_request, read_definition
from integrations.ice.fields import SYMBOL_OF, plain_text
from integrations.ice.fix import fields_of
from integrations.ice.layouts import IMAGE
from integrations.venue import ListedContract

Request = tuple[str, list[tuple[int, str]]]
"""Hold a message type and its fields."""

_REMEMBERED = 8192
_ANSWERS = frozenset(
    kind.encode() for kind in (DEFINITION, IMAGE, DATA_REJECT, BUSINESS_REJECT, REJECT)
)


@dataclass(slots=True)
class Listing:
    """Collect the answers to one request for a product's contracts."""

    product: str
    rows: list[ListedContract] = field(default_factory=list)
    answers: int = 0
    refusal: str | None = None
    bad: BadFrame | None = None
    completed: asyncio.Event = field(default_factory=asyncio.Event)

    def result(self) -> list[ListedContract]:
        """Return the contracts.

        Raises:
            NotFound: the venue refused the product.
            BadFrame: an answer could not be read.
        """
        if self.bad is not None:
            raise self.bad
        if self.refusal is not None:
            raise NotFound(what="Product", name=self.product)
        return list(self.rows)


class Subscriptions:
    """Follow the requests of one session, one for each product and one for each contract.

    An answer concerns one request alone, so an unknown symbol takes no other down.
    """

    def __init__(self, products: Sequence[str]) -> None:
        self._products = frozenset(products) & SYMBOL_OF.keys()
        self.refused: dict[str, str] = {
            product: "unknown product" for product in products if product not in SYMBOL_OF
        }
        self._listings: dict[str, Listing] = {}
        self._sent: dict[int, str] = {}
        self._subscribed: dict[str, Instrument] = {}
        self._awaited: dict[str, int] = {}
        self._requests = 0

    @property
    def instruments(self) -> Collection[Instrument]:
        return self._subscribed.values()

    @property
    def is_answered(self) -> bool:
        """Tell whether the venue confirmed or refused everything."""
        return not self._listings and not self._awaited

    def first(self) -> list[Request]:
        """Return the requests that a session begins with."""
        return [self.list_contracts(Listing(product)) for product in sorted(self._products)]

    def list_contracts(self, listing: Listing) -> Request:
        """Return a request for a product's contracts; `listing` collects the answers."""
        self._requests += 1
        request_id = f"c{self._requests}"
        self._listings[request_id] = listing
        return DEFINITION_REQUEST, list(definition_request(request_id, listing.product))

    def ask(self, instruments: Collection[Instrument], next_number: int) -> list[Request]:
        """Return requests for fresh images; only of what is subscribed.

        `next_number` is that of the next message expected: the answer has it, or a higher one.
        """
        known = [one for one in instruments if str(one) in self._subscribed]
        return [self._request(instrument, next_number) for instrument in known]

    def overdue(self, instruments: Collection[Instrument], lost_before: int) -> list[Instrument]:
        """Leave out those whose next image is still to come, and cannot have been lost."""
        return [
            instrument
            for instrument in instruments
            if self._awaited.get(str(instrument), 0) < lost_before
        ]

    def sent(self, request: Request, number: int) -> None:
        """Take in the number that a request was sent with: some refusals name only that."""
        self._sent[number] = request[1][0][1]
        self._sent.pop(number - _REMEMBERED, None)

    def take(self, kind: bytes, frame: bytes, next_number: int) -> list[Request]:
        """Take in a message; return the requests that follow from it."""
        if kind not in _ANSWERS or (kind == IMAGE.encode() and not self._awaited):
            return []
        values = fields_of(frame)
        if kind == IMAGE.encode():
            self._awaited.pop(_name_of(values.get("262", "")), None)
        elif kind == DEFINITION.encode():
            return self._take_definition(frame, values.get("320", ""), next_number)
        else:
            self._take_refusal(values)
        return []

    def _take_definition(self, frame: bytes, request_id: str, next_number: int) -> list[Request]:
        listing = self._listings.get(request_id)
        if listing is None:
            return []
        listing.answers += 1
        try:
            definition = read_definition(frame)
        except BadFrame as error:
            listing.bad = error
            return self._close(request_id, listing, next_number, "a definition cannot be read")
        if definition.refusal is not None:
            listing.refusal = definition.refusal
            return self._close(request_id, listing, next_number, definition.refusal)
        row = definition.listed
        if row is not None and row.instrument.product == listing.product:
            listing.rows.append(row)
        if definition.total is None or listing.answers >= definition.total:
            return self._close(request_id, listing, next_number, "no contract is listed")
        return []

    def _close(
        self, request_id: str, listing: Listing, next_number: int, reason: str
    ) -> list[Request]:
        del self._listings[request_id]
        listing.completed.set()
        if listing.product not in self._products:
            return []
        if not listing.rows:
            self.refused.setdefault(listing.product, reason)
            return []
        added = [
            row.instrument for row in listing.rows if str(row.instrument) not in self._subscribed
        ]
        self._subscribed.update((str(instrument), instrument) for instrument in added)
        return [self._request(instrument, next_number) for instrument in added]

    def _request(self, instrument: Instrument, next_number: int) -> Request:
        self._requests += 1
        self._awaited[str(instrument)] = next_number
        return DATA_REQUEST, data_request(f"{instrument}.{self._requests}", instrument)

    def _take_refusal(self, values: Mapping[str, str]) -> None:
        """Take in Y, which names the request, or a reject, which names its number."""
        number = values.get("45", "")
        by_number = self._sent.get(int(number)) if number.isdecimal() and len(number) < 10 else None
        request_id = values.get("262") or by_number or ""
        reason = plain_text(values.get("58", "")) or "refused"
        listing = self._listings.get(request_id)
        if listing is not None:
            listing.refusal = reason
            self._close(request_id, listing, 0, reason)
            return
        name = _name_of(request_id)
        self._awaited.pop(name, None)
        instrument = self._subscribed.pop(name, None)
        if instrument is None:
            return
        if all(one.product != instrument.product for one in self._subscribed.values()):
            self.refused.setdefault(instrument.product, reason)


def _name_of(request_id: str) -> str:
    return request_id.rpartition(".")[0]
