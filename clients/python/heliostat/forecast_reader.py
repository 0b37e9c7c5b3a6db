"""Own what is remembered of a stream of forecasts between two connections."""

from pydantic import TypeAdapter

from heliostat.answers import parse, query, segment
from heliostat.effects import Call
from heliostat.forecasts import Forecast
from heliostat.readers import stream_call
from heliostat.sse import Frame


class ForecastReader:
    """Follow the forecasts of one product; `max_events` counts them over all connections."""

    def __init__(
        self,
        product: str,
        params: tuple[tuple[str, str], ...],
        max_events: int | None,
        silence_s: float,
    ) -> None:
        self._path = f"/v1/streams/forecasts/{segment(product)}"
        self._params = params
        self._left = max_events
        self._silence_s = silence_s
        self._event_id: str | None = None

    @property
    def last_event_id(self) -> str | None:
        return self._event_id

    def call(self) -> Call:
        params = (*self._params, *query(max_events=self._left))
        return stream_call(self._path, params, self._event_id, self._silence_s)

    def accept(self, frame: Frame) -> Forecast:
        self._event_id = frame.event_id
        if self._left is not None:
            self._left -= 1
        return parse(TypeAdapter(Forecast), frame.json())

    def is_done(self, clean_end: bool) -> bool:
        return self._left is not None and self._left <= 0
