"""Own security definitions: the request for a product's contracts, and the answers. Pure."""

from dataclasses import dataclass

from core.errors import BadFrame
from integrations.ice.codec import VENUE
from integrations.ice.fields import (
    SYMBOL_OF,
    parse_contract,
    parse_day,
    parse_number,
    parse_text,
    plain_text,
)
from integrations.ice.fix import Fields, fields_of
from integrations.venue import ListedContract

_LIST = "3"
_REFUSALS = frozenset(("5", "6"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """Hold one answer to a request.

    `total` is how many answers there are in all, None where not stated; `refusal` says why there
    is none. `listed` is None for what is not a month of one of our products.
    """

    request_id: str
    total: int | None
    listed: ListedContract | None
    refusal: str | None


def definition_request(request_id: str, product: str) -> Fields:
    """Return the fields of c: list the futures of a product.

    Raises:
        KeyError: the product is none of this venue's.
    """
    return [
        (320, request_id),
        (321, _LIST),
        (55, SYMBOL_OF[product]),
        (207, "ICE"),
        (167, "FUT"),
    ]


def read_definition(frame: bytes) -> Definition:
    """Read d.

    Raises:
        BadFrame: a field is missing, or has the wrong form.
    """
    try:
        values = fields_of(frame)
        return _definition(values)
    except (KeyError, ValueError) as error:
        raise BadFrame(venue=VENUE, reason=f"definition: {error}") from error


def _definition(values: dict[str, str]) -> Definition:
    request_id = parse_text(values["320"])
    if values.get("323") in _REFUSALS:
        refusal = plain_text(values.get("58", "")) or "refused"
        return Definition(request_id=request_id, total=None, listed=None, refusal=refusal)
    total = parse_number(values["393"]) if "393" in values else None
    contract = parse_contract(values["55"], values.get("200", ""), values.get("167", "FUT"))
    listed = None
    if contract is not None:
        listed = ListedContract(
            instrument=contract.instrument,
            symbol=parse_text(values.get("48", f"{values['55']} {values['200']}")),
            last_trade_date=parse_day(values["541"]),
        )
    return Definition(request_id=request_id, total=total, listed=listed, refusal=None)
