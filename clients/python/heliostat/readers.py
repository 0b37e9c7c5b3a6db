"""Own what is remembered of a stream between two connections, so that it resumes without loss."""

from typing import ClassVar, Protocol

from pydantic import BaseModel, TypeAdapter

from heliostat import events
from heliostat.answers import parse, query, segment
from heliostat.effects import Call
from heliostat.runs import Run, RunEvent
from heliostat.sse import Frame

EVENT_STREAM_TYPE = "text/event-stream"
HEARTBEAT = "heartbeat"


class StreamReader(Protocol):
    """Follow one stream over any number of connections."""

    def call(self) -> Call: ...

    @property
    def last_event_id(self) -> str | None: ...

    def accept(self, frame: Frame) -> BaseModel | None: ...

    def is_done(self, clean_end: bool) -> bool: ...


class RunReader:
    """Follow the events of one run until its final one, which brings the `run`; each once."""

    def __init__(self, run_id: str, after: int, silence_s: float) -> None:
        self._path = f"/v1/streams/runs/{segment(run_id)}"
        self._sequence = after
        self._silence_s = silence_s
        self._final = False
        self.run: Run | None = None

    @property
    def last_event_id(self) -> str | None:
        return str(self._sequence) if self._sequence else None

    def call(self) -> Call:
        return stream_call(self._path, (), self.last_event_id, self._silence_s)

    def accept(self, frame: Frame) -> RunEvent | None:
        if frame.event == HEARTBEAT:
            return None
        event = parse(TypeAdapter(RunEvent), {"kind": frame.event} | frame.json())
        if event.sequence <= self._sequence:
            return None
        self._sequence = event.sequence
        self._final = event.status.is_final
        self.run = event.run
        return event

    def is_done(self, clean_end: bool) -> bool:
        return self._final


class MarketReader:
    """Follow the market events of some products; `max_events` counts all but heartbeats."""

    _models: ClassVar[dict[str, type[events.MarketEvent]]] = {
        "quote": events.Quote,
        "trade": events.Trade,
        "settlement": events.Settlement,
        "gap": events.Gap,
        "healed": events.Healed,
        "stale": events.Stale,
        "fresh": events.Fresh,
        "conflated": events.Conflated,
    }

    def __init__(
        self,
        products: tuple[str, ...],
        max_events: int | None,
        after: str | None,
        silence_s: float,
    ) -> None:
        self._products = products
        self._left = max_events
        self._silence_s = silence_s
        self._event_id = after

    @property
    def last_event_id(self) -> str | None:
        return self._event_id

    def call(self) -> Call:
        params = query(products=",".join(self._products), max_events=self._left)
        return stream_call("/v1/streams/quotes", params, self._event_id, self._silence_s)

    def accept(self, frame: Frame) -> events.MarketEvent | None:
        self._event_id = frame.event_id
        if frame.event == HEARTBEAT:
            return None
        if self._left is not None:
            self._left -= 1
        model = self._models.get(frame.event, events.MarketEvent)
        values = frame.json() | {"kind": frame.event, "event_id": frame.event_id}
        values.pop("event", None)
        return parse(TypeAdapter(model), values)

    def is_done(self, clean_end: bool) -> bool:
        return self._left is not None and (clean_end or self._left <= 0)


def stream_call(
    path: str, params: tuple[tuple[str, str], ...], last_event_id: str | None, silence_s: float
) -> Call:
    headers = {"Accept": EVENT_STREAM_TYPE, "Cache-Control": "no-store"}
    if last_event_id is not None:
        headers["Last-Event-ID"] = last_event_id
    return Call(method="GET", path=path, params=params, headers=headers, silence_s=silence_s)
