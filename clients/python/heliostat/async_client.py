"""Own the asynchronous client: one method a question, no logic of its own."""

from collections.abc import AsyncGenerator, Callable, Sequence
from datetime import date, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Literal, Self, Unpack, overload

import httpx

from heliostat import models
from heliostat.address import find_address
from heliostat.desk import AsyncDesk
from heliostat.events import MarketEvent
from heliostat.flows import ExportFormat, Flows
from heliostat.forecasting import AsyncForecasting
from heliostat.market_flows import RangeOptions, Resolution, TickForm, TickKind
from heliostat.oversight import AsyncOversight
from heliostat.people import AsyncPeople
from heliostat.pricing import AsyncPricing
from heliostat.research import AsyncFrames
from heliostat.retry import RetryPolicy, Timeouts
from heliostat.risks import AsyncRisks
from heliostat.run_flows import (
    Envelope,
    PortfolioOptions,
    RunChoice,
    Specification,
    specification_of,
)
from heliostat.runs import (
    Backend,
    Chunk,
    ResultForm,
    Run,
    RunEvent,
    Trial,
    Webhook,
    WebhookDelivery,
)
from heliostat.settled import AsyncSettled
from heliostat.studies import AsyncStudies
from heliostat.transports import AsyncTransport, client_settings
from heliostat.weather import (
    CurrentWeather,
    DailyForecast,
    DegreeDays,
    HourlyForecast,
    WeatherStation,
)


class AsyncClient(
    AsyncFrames,
    AsyncDesk,
    AsyncSettled,
    AsyncForecasting,
    AsyncPricing,
    AsyncStudies,
    AsyncRisks,
    AsyncOversight,
    AsyncPeople,
):
    """Talk to the Heliostat API from asynchronous code.

    The address and key are the arguments, else HELIOSTAT_URL and HELIOSTAT_KEY, else those of the
    stack whose data directory is `data_dir`, HELIOSTAT_DATA or `./.heliostat`. `transport` is
    httpx's seam for tests. Every method raises the errors of `heliostat.errors`.
    """

    def __init__(
        self,
        url: str | None = None,
        key: str | None = None,
        *,
        data_dir: Path | str | None = None,
        timeouts: Timeouts | None = None,
        retries: RetryPolicy | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        limits = timeouts or Timeouts()
        settings = client_settings(find_address(url, key, data_dir), limits)
        self._transport = AsyncTransport(httpx.AsyncClient(transport=transport, **settings))
        self._flows = Flows(retries=retries or RetryPolicy(), timeouts=limits)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._transport.http.aclose()

    async def health(self) -> models.Health:
        """Return whether the API answers, and its version; no valid key is needed."""
        return await self._transport.run(self._flows.health())

    async def products(self) -> tuple[models.Product, ...]:
        """Return the products and what each source holds of them."""
        return await self._transport.run(self._flows.products())

    async def curve(
        self, product: str, as_of: date | str | None = None, source: str | None = None
    ) -> models.Curve:
        """Return the latest forward curve of a product, or that of the date `as_of`."""
        return await self._transport.run(self._flows.curve(product, as_of, source))

    async def quotes(self, product: str) -> tuple[models.QuoteTick, ...]:
        """Return the latest quote of each contract of a product."""
        return await self._transport.run(self._flows.quotes(product))

    def ticks(
        self, product: str, kind: TickKind = "quotes", **asked: Unpack[RangeOptions]
    ) -> AsyncGenerator[models.QuoteTick | models.TradeTick, None]:
        """Yield stored quotes or trades by contract and time, asking for a page at a time."""
        return self._transport.iterate(self._flows.ticks(product, kind, asked))

    def tick_pages(
        self,
        product: str,
        form: TickForm,
        kind: TickKind = "quotes",
        **asked: Unpack[RangeOptions],
    ) -> AsyncGenerator[bytes, None]:
        """Yield stored ticks a page at a time, each one document of the form."""
        return self._transport.iterate(self._flows.tick_pages(product, kind, form, asked))

    def bars(
        self, product: str, resolution: Resolution = "1d", **asked: Unpack[RangeOptions]
    ) -> AsyncGenerator[models.Bar, None]:
        """Yield bars of a minute or of a trade date by contract and time."""
        return self._transport.iterate(self._flows.bars(product, resolution, asked))

    async def instruments(
        self,
        product: str,
        source: str | None = None,
        on: date | str | None = None,
        limit: int | None = None,
    ) -> tuple[models.Instrument, ...]:
        """Return the contracts of a product that trade on a day, today if none is named."""
        return await self._transport.run(self._flows.instruments(product, source, on, limit))

    async def feeds(self) -> tuple[models.Feed, ...]:
        """Tell how the feed of every venue stands."""
        return await self._transport.run(self._flows.feeds())

    async def feed(self, venue: str) -> models.FeedDetail:
        """Tell all about the feed of one venue, contract by contract."""
        return await self._transport.run(self._flows.feed(venue))

    async def weather_stations(self) -> tuple[WeatherStation, ...]:
        """Return the weather stations, each with its latest observation."""
        return await self._transport.run(self._flows.weather_stations())

    async def weather(self, station: str, source: str | None = None) -> CurrentWeather:
        """Return the latest observation of a station, of the source that spoke last."""
        return await self._transport.run(self._flows.weather(station, source))

    async def hourly_forecast(
        self,
        station: str,
        source: str | None = None,
        issued_before: datetime | str | None = None,
    ) -> HourlyForecast:
        """Return the latest hourly forecast, or the latest issued before a moment."""
        return await self._transport.run(
            self._flows.hourly_forecast(station, source, issued_before)
        )

    async def daily_forecast(
        self,
        station: str,
        source: str | None = None,
        issued_before: datetime | str | None = None,
    ) -> DailyForecast:
        """Return the latest daily forecast, or the latest issued before a moment."""
        flow = self._flows.daily_forecast(station, source, issued_before)
        return await self._transport.run(flow)

    async def degree_days(
        self,
        station: str,
        first: date | str | None = None,
        last: date | str | None = None,
        source: str | None = None,
    ) -> DegreeDays:
        """Return degree days of `first` to `last`, both included; unset: a week from today."""
        return await self._transport.run(self._flows.degree_days(station, first, last, source))

    def stream(
        self, products: Sequence[str], max_events: int | None = None, after: str | None = None
    ) -> AsyncGenerator[MarketEvent, None]:
        """Yield quotes, trades, settlements and marks as they arrive, for ever without a bound.

        A lost connection resumes after the last event, a new stream after the event id `after`.
        What the API no longer keeps by then is marked by a `Gap` of the reason `trimmed`.
        """
        return self._transport.iterate(self._flows.stream(tuple(products), max_events, after))

    async def submit(
        self,
        kind: str = "portfolio",
        specification: Specification | None = None,
        *,
        fresh: bool = False,
        priority: int = 0,
        deadline: datetime | str | None = None,
        labels: Sequence[str] = (),
        **fields: Any,
    ) -> Run:
        """Ask for a run of a kind; an identical finished one is returned unless `fresh`.

        What is asked is the `specification`, or named one by one in `fields`. After the `deadline`,
        a moment with its time zone, the run is not wanted any more.
        """
        envelope = Envelope(fresh=fresh, priority=priority, deadline=deadline, labels=labels)
        asked = specification_of(specification, fields)
        return await self._transport.run(self._flows.submit(kind, asked, envelope))

    async def validate(
        self,
        kind: str = "portfolio",
        specification: Specification | None = None,
        *,
        priority: int = 0,
        deadline: datetime | str | None = None,
        labels: Sequence[str] = (),
        **fields: Any,
    ) -> Trial:
        """Return what a run would be, where and for how long; nothing is stored.

        Takes what `submit` takes, and is refused as that would be.
        """
        envelope = Envelope(priority=priority, deadline=deadline, labels=labels)
        asked = specification_of(specification, fields)
        return await self._transport.run(self._flows.validate(kind, asked, envelope))

    async def optimize(
        self,
        *,
        fresh: bool = False,
        on_submitted: Callable[[Run], None] | None = None,
        on_event: Callable[[RunEvent], None] | None = None,
        **options: Unpack[PortfolioOptions],
    ) -> Run:
        """Submit a portfolio run, follow it to its end and return it with its result.

        Raises:
            RunFailed: the run failed.
            RunCancelled: someone cancelled it.
        """
        asked = specification_of(None, options)
        flow = self._flows.carried_out("portfolio", asked, Envelope(fresh=fresh), on_submitted)
        return await self._transport.run(flow, on_event)

    async def run(self, run_id: str) -> Run:
        """Return one run."""
        return await self._transport.run(self._flows.run(run_id))

    def runs(self, **choice: Unpack[RunChoice]) -> AsyncGenerator[Run, None]:
        """Yield runs, newest first, asking for a page at a time; see `RunChoice` for filters."""
        return self._transport.iterate(self._flows.runs(choice))

    async def cancel(self, run_id: str) -> Run:
        """Ask a run to stop and return it."""
        return await self._transport.run(self._flows.cancel(run_id))

    async def follow(self, run_id: str, on_event: Callable[[RunEvent], None] | None = None) -> Run:
        """Wait for the end of a run and return it as its last event brought it, without problem.

        Raises:
            RunFailed: the run failed.
            RunCancelled: someone cancelled it.
        """
        return await self._transport.run(self._flows.follow(run_id), on_event)

    def watch(self, run_id: str, after: int = 0) -> AsyncGenerator[RunEvent, None]:
        """Yield the events of a run after number `after` to its last, each once."""
        return self._transport.iterate(self._flows.watch(run_id, after))

    async def events(self, run_id: str, after: int = 0) -> tuple[RunEvent, ...]:
        """Return the events of a run so far, after number `after`."""
        return await self._transport.run(self._flows.events(run_id, after))

    def chunks(self, run_id: str, stage: str | None = None) -> AsyncGenerator[Chunk, None]:
        """Yield how each chunk of a run went, by stage and index."""
        return self._transport.iterate(self._flows.chunks(run_id, stage))

    @overload
    async def result(
        self, run_id: str, form: Literal["json"] = "json", *, partial: bool = False
    ) -> dict[str, Any]: ...

    @overload
    async def result(
        self, run_id: str, form: Literal["csv", "parquet", "qpy"], *, partial: bool = False
    ) -> bytes: ...

    async def result(
        self, run_id: str, form: ResultForm = "json", *, partial: bool = False
    ) -> dict[str, Any] | bytes:
        """Return the result of a run: an object, or the bytes of a file of the form.

        With `partial` an unfinished run answers with the results of its chunks so far, as JSON.

        Raises:
            ResultNotReady: the run has none, or none in this form.
        """
        if form == "json":
            return await self._transport.run(self._flows.result(run_id, partial))
        return await self._transport.run(self._flows.result_bytes(run_id, form))

    async def save_result(
        self, run_id: str, to: Path | str | BinaryIO, form: ResultForm = "parquet"
    ) -> models.ExportResult:
        """Write the result of a run to a file, which appears only when it is whole."""
        sink = Path(to) if isinstance(to, str) else to
        return await self._transport.run(self._flows.save_result(run_id, form, sink))

    async def backends(self) -> tuple[Backend, ...]:
        """Return what runs may be carried out on; IBM's devices are missing if it is away."""
        return await self._transport.run(self._flows.backends())

    async def add_webhook(self, url: str) -> Webhook:
        """Have an address told of every run that ends; only this answer holds the secret."""
        return await self._transport.run(self._flows.add_webhook(url))

    async def webhooks(self) -> tuple[Webhook, ...]:
        """Return the addresses that are told."""
        return await self._transport.run(self._flows.webhooks())

    async def remove_webhook(self, webhook_id: str) -> None:
        """Tell an address nothing more."""
        await self._transport.run(self._flows.remove_webhook(webhook_id))

    async def test_webhook(self, webhook_id: str) -> WebhookDelivery:
        """Send an address a message of the type `webhook.test`."""
        return await self._transport.run(self._flows.test_webhook(webhook_id))

    def webhook_deliveries(
        self, webhook_id: str | None = None, page_size: int = 50
    ) -> AsyncGenerator[WebhookDelivery, None]:
        """Yield what was sent and what is still owed, newest first."""
        return self._transport.iterate(self._flows.webhook_deliveries(webhook_id, page_size))

    async def import_settlements(
        self,
        path: Path | str,
        name: str,
        *,
        revise: bool = False,
        on_progress: Callable[[models.ImportProgress], None] | None = None,
    ) -> models.ImportResult:
        """Store the settlements of a CSV or Parquet file as the source `import:<name>`.

        Columns: date, product, position or contract, settlement. All rows are stored or none.
        """
        flow = self._flows.import_settlements(Path(path), name, revise, on_progress)
        return await self._transport.run(flow)

    async def export_settlements(
        self,
        source: str,
        to: Path | str | BinaryIO,
        *,
        product: str | None = None,
        form: ExportFormat = "csv",
    ) -> models.ExportResult:
        """Write the settlements of a source to a file, as CSV or as an Arrow stream."""
        sink = Path(to) if isinstance(to, str) else to
        flow = self._flows.export_settlements(source, product, sink, form)
        return await self._transport.run(flow)
