"""Own the conversations about options: prices, implied volatilities, smiles, Greeks of books."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, TypedDict

from pydantic import BaseModel, TypeAdapter
from pydantic_core import to_json

from heliostat.answers import parse, segment
from heliostat.book_flows import GivenPosition
from heliostat.conversation import Conversation
from heliostat.effects import Call, Flow
from heliostat.options import AnyOptionValue, BookGreeks, ImpliedVolatility, Smile, Smiles
from heliostat.sse import json_object

OptionModel = Literal["black76", "bachelier", "kirk", "bjerksund_stensland", "asian", "american"]
ImpliedModel = Literal["black76", "bachelier", "american"]
SmileModel = Literal["lognormal", "normal"]

_JSON = {"Content-Type": "application/json"}
_VALUE: TypeAdapter[AnyOptionValue] = TypeAdapter(AnyOptionValue)


class OptionInputs(TypedDict, total=False):
    """Name the inputs of `heliostat price`; the yield of a spot price is `dividend_yield`."""

    forward: float
    spot: float
    strike: float
    vol: float
    rate: float
    expiry: float
    put: bool
    f1: float
    f2: float
    vol1: float
    vol2: float
    rho: float
    dividend_yield: float
    fixings: int
    averaging_from: float
    average_so_far: float
    exercise_dates: int


class GreekOptions(TypedDict, total=False):
    """Say in which market a book is valued; unset: the latest settlements of live sources.

    `version` is that of a stored book, `dollars` what one of a currency is worth.
    """

    version: int | None
    as_of: date | str | None
    source: str | None
    rate: float
    dollars: Mapping[str, float]
    strict: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionFlows(Conversation):
    """Make the flows about options; nothing is changed by them, so each may be repeated."""

    def price_option(self, model: OptionModel, inputs: OptionInputs) -> Flow[AnyOptionValue]:
        asked = {
            "yield" if name == "dividend_yield" else name: value for name, value in inputs.items()
        }
        body = yield from self._send(_post("/v1/options/price", {"model": model, **asked}))
        return parse(_VALUE, json_object(body))

    def implied_volatility(self, model: ImpliedModel, inputs: Mapping[str, Any]) -> Flow[float]:
        call = _post("/v1/options/implied-volatility", {"model": model, **inputs})
        found = yield from self._fetch(ImpliedVolatility, call)
        return found.volatility

    def smiles(
        self,
        expiries: Sequence[Mapping[str, Any]],
        strikes: Sequence[float],
        model: SmileModel,
        rate: float,
    ) -> Flow[tuple[Smile, ...]]:
        asked = {"model": model, "rate": rate, "expiries": list(expiries), "strikes": list(strikes)}
        found = yield from self._fetch(Smiles, _post("/v1/options/smile", asked))
        return found.smiles

    def greeks(self, of: str | Sequence[GivenPosition], asked: GreekOptions) -> Flow[BookGreeks]:
        if isinstance(of, str):
            return self._fetch(BookGreeks, _post(f"/v1/books/{segment(of)}/greeks", asked))
        positions = [one if isinstance(one, BaseModel) else dict(one) for one in of]
        return self._fetch(BookGreeks, _post("/v1/greeks", {**asked, "positions": positions}))


def _post(path: str, asked: Mapping[str, Any]) -> Call:
    given = {name: value for name, value in asked.items() if value is not None}
    body = to_json(given, exclude_none=True)
    return Call(method="POST", path=path, headers=_JSON, body=body)
