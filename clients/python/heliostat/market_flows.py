"""Own the conversations about markets: products, curves, ticks, bars, contracts, feeds, stream."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, TypedDict, TypeVar

from pydantic import BaseModel

from heliostat import models
from heliostat.answers import parse, query, segment
from heliostat.conversation import Conversation, tuple_of
from heliostat.effects import Call, Emit, Flow
from heliostat.readers import MarketReader
from heliostat.sse import json_object

M = TypeVar("M", bound=BaseModel)

TickKind = Literal["quotes", "trades"]
TickForm = Literal["json", "csv", "parquet", "arrow"]
Resolution = Literal["1m", "1d"]

_TICKS: dict[str, type[models.Tick]] = {"quotes": models.QuoteTick, "trades": models.TradeTick}
_NEXT_AFTER = "x-next-after"


class RangeOptions(TypedDict, total=False):
    """Name a range of stored rows; what is left out is not narrowed.

    `contract` is YYYYMM, `start` the first moment and `end` the one after the last; a moment
    without a zone is UTC. `page_size` rows are asked for at once.
    """

    contract: str | None
    source: str | None
    start: datetime | date | str | None
    end: datetime | date | str | None
    page_size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketFlows(Conversation):
    """Make the flows about markets."""

    def health(self) -> Flow[models.Health]:
        return self._fetch(models.Health, Call(method="GET", path="/v1/health"))

    def products(self) -> Flow[tuple[models.Product, ...]]:
        return self._items(models.Product, Call(method="GET", path="/v1/products"))

    def curve(
        self, product: str, as_of: date | str | None, source: str | None
    ) -> Flow[models.Curve]:
        params = query(as_of=as_of, source=source)
        return self._fetch(models.Curve, _of_product(product, "curve", params))

    def quotes(self, product: str) -> Flow[tuple[models.QuoteTick, ...]]:
        return self._items(models.QuoteTick, _of_product(product, "quotes", ()))

    def instruments(
        self, product: str, source: str | None, on: date | str | None, limit: int | None
    ) -> Flow[tuple[models.Instrument, ...]]:
        params = query(source=source, on=on, limit=limit)
        return self._items(models.Instrument, _of_product(product, "instruments", params))

    def feeds(self) -> Flow[tuple[models.Feed, ...]]:
        return self._items(models.Feed, Call(method="GET", path="/v1/feeds"))

    def feed(self, venue: str) -> Flow[models.FeedDetail]:
        call = Call(method="GET", path=f"/v1/feeds/{segment(venue)}")
        return self._fetch(models.FeedDetail, call)

    def ticks(self, product: str, kind: TickKind, asked: RangeOptions) -> Flow[None]:
        return self._rows(_TICKS[kind], product, "ticks", {"kind": kind}, asked)

    def bars(self, product: str, resolution: Resolution, asked: RangeOptions) -> Flow[None]:
        return self._rows(models.Bar, product, "bars", {"resolution": resolution}, asked)

    def tick_pages(
        self, product: str, kind: TickKind, form: TickForm, asked: RangeOptions
    ) -> Flow[None]:
        """Emit each page as the bytes of one document of the form."""
        after: str | None = None
        while True:
            params = _range_query(asked, after, {"kind": kind, "format": form})
            reply, body = yield from self._exchange(_of_product(product, "ticks", params))
            yield Emit(body)
            following = reply.headers.get(_NEXT_AFTER)
            if following is None or following == after:
                return
            after = following

    def stream(
        self, products: tuple[str, ...], max_events: int | None, after: str | None
    ) -> Flow[None]:
        return self._follow(MarketReader(products, max_events, after, self.timeouts.silence_s))

    def _rows(
        self,
        model: type[BaseModel],
        product: str,
        noun: str,
        more: dict[str, str],
        asked: RangeOptions,
    ) -> Flow[None]:
        rows = tuple_of(model)
        after: str | None = None
        while True:
            params = _range_query(asked, after, more)
            page = json_object((yield from self._send(_of_product(product, noun, params))))
            for row in parse(rows, page.get("items")):
                yield Emit(row)
            following = page.get("next_after")
            if following is None or following == after:
                return
            after = following


def _of_product(product: str, noun: str, params: tuple[tuple[str, str], ...]) -> Call:
    return Call(method="GET", path=f"/v1/products/{segment(product)}/{noun}", params=params)


def _range_query(
    asked: RangeOptions, after: str | None, more: dict[str, str]
) -> tuple[tuple[str, str], ...]:
    return query(
        **more,
        contract=asked.get("contract"),
        source=asked.get("source"),
        start=_moment(asked.get("start")),
        end=_moment(asked.get("end")),
        limit=asked.get("page_size", 5_000),
        after=after,
    )


def _moment(moment: datetime | date | str | None) -> str | None:
    return moment.isoformat() if isinstance(moment, date) else moment
