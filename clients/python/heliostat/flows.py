"""Own the conversations about runs and settlements; those about markets are in market_flows."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import BinaryIO, Literal, NotRequired, Required, TypedDict
from urllib.parse import quote

from pydantic import TypeAdapter
from pydantic_core import to_json

from heliostat import models
from heliostat.answers import parse, query, segment
from heliostat.effects import Call, Emit, FileBody, Flow, Write, read_chunk
from heliostat.errors import RunCancelled, RunFailed, UnexpectedAnswer, error_from_problem
from heliostat.market_flows import MarketFlows
from heliostat.readers import RunReader
from heliostat.sse import LineSplitter, json_object
from heliostat.weather_flows import WeatherFlows

EXPORT_TYPES = {"csv": "text/csv", "arrow": "application/vnd.apache.arrow.stream"}
ExportFormat = Literal["csv", "arrow"]


class PortfolioOptions(TypedDict, total=False):
    """Name what a portfolio run is asked; what is left out, the API decides.

    `of` contracts are spread evenly over `products` and `choose` of them are chosen;
    `window_days` counts business days; `risk_aversion` is q in q·xᵀΣx − μᵀx.
    """

    products: Required[list[str] | tuple[str, ...]]
    choose: Required[int]
    of: Required[int]
    source: NotRequired[str | None]
    as_of: NotRequired[date | str | None]
    seed: NotRequired[int | None]
    risk_aversion: NotRequired[float | None]
    window_days: NotRequired[int | None]
    depth: NotRequired[int | None]
    shots: NotRequired[int | None]
    starts: NotRequired[int | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Flows(MarketFlows, WeatherFlows):
    """Make the flows of one client; holds settings only, so it may be shared freely."""

    def submit(self, options: PortfolioOptions, fresh: bool) -> Flow[models.Run]:
        specification = {key: value for key, value in options.items() if value is not None}
        body = {"kind": "portfolio", "specification": specification, "fresh": fresh}
        return self._fetch(models.Run, self._keyed_post("/v1/runs", to_json(body)))

    def run(self, run_id: str) -> Flow[models.Run]:
        return self._fetch(models.Run, Call(method="GET", path=f"/v1/runs/{segment(run_id)}"))

    def cancel(self, run_id: str) -> Flow[models.Run]:
        path = f"/v1/runs/{segment(run_id)}/cancel"
        return self._fetch(models.Run, self._keyed_post(path, None))

    def runs(self, page_size: int) -> Flow[None]:
        before: str | None = None
        while True:
            params = query(limit=page_size, before=before)
            call = Call(method="GET", path="/v1/runs", params=params)
            page = yield from self._fetch(models.RunPage, call)
            for item in page.items:
                yield Emit(item)
            if page.next_before is None or page.next_before == before:
                return
            before = page.next_before

    def watch(self, run_id: str, after: int = 0) -> Flow[None]:
        return self._follow(RunReader(run_id, after, self.timeouts.silence_s))

    def optimize(
        self,
        options: PortfolioOptions,
        fresh: bool,
        on_submitted: Callable[[models.Run], None] | None,
    ) -> Flow[models.Run]:
        """Submit, emit every event until the last, and return the finished run."""
        run = yield from self.submit(options, fresh)
        if on_submitted is not None:
            on_submitted(run)
        if not run.status.is_final:
            yield from self.watch(run.run_id)
            run = yield from self.run(run.run_id)
        if run.status is models.RunStatus.FAILED:
            raise RunFailed(run)
        if run.status is models.RunStatus.CANCELLED:
            raise RunCancelled(run)
        return run

    def import_settlements(
        self,
        path: Path,
        name: str,
        revise: bool,
        on_progress: Callable[[models.ImportProgress], None] | None,
    ) -> Flow[models.ImportResult]:
        """Send the file and read the lines of progress that answer it.

        Not repeated once it may have reached the API: a repetition would find the rows of the
        first and report them as unchanged.
        """
        parquet = path.suffix.lower() in {".parquet", ".pq"}
        call = Call(
            method="POST",
            path="/v1/settlements/imports",
            params=query(name=name, revise=revise),
            headers={
                "X-File-Name": quote(path.name, safe=" !#$&'()+,-.;=@[]^_`{}~"),
                "Content-Type": "application/vnd.apache.parquet" if parquet else "text/csv",
                "Content-Length": str(path.stat().st_size),
                "Accept": "application/x-ndjson",
            },
            body=FileBody(path),
            repeatable=False,
            silence_s=self.timeouts.merge_s,
        )
        yield from self._open(call)
        lines = LineSplitter()
        while True:
            chunk = yield from read_chunk()
            for line in lines.finish() if chunk is None else lines.feed(chunk):
                result = _import_line(line, on_progress)
                if result is not None:
                    return result
            if chunk is None:
                message = "The import ended without saying how."
                raise UnexpectedAnswer(message)

    def export_settlements(
        self, source: str, product: str | None, to: Path | BinaryIO, form: ExportFormat
    ) -> Flow[models.ExportResult]:
        """Write the settlements to a file, which appears under its name only when whole."""
        call = Call(
            method="GET",
            path="/v1/settlements",
            params=query(source=source, product=product),
            headers={"Accept": EXPORT_TYPES[form]},
            silence_s=self.timeouts.silence_s,
        )
        yield from self._open(call, EXPORT_TYPES[form])
        if not isinstance(to, Path):
            written = yield from _copy_to(to)
            return models.ExportResult(path=None, bytes_written=written)
        part = to.with_name(f"{to.name}.part")
        try:
            with part.open("wb") as sink:
                written = yield from _copy_to(sink)
            part.replace(to)
        finally:
            part.unlink(missing_ok=True)
        return models.ExportResult(path=str(to), bytes_written=written)


def _import_line(
    line: str, on_progress: Callable[[models.ImportProgress], None] | None
) -> models.ImportResult | None:
    if not line.strip():
        return None
    values = json_object(line)
    if values.get("event") == "failed":
        raise error_from_problem(values.get("problem") or {})
    if values.get("event") == "done":
        return parse(TypeAdapter(models.ImportResult), values)
    if values.get("event") == "progress" and on_progress is not None:
        on_progress(parse(TypeAdapter(models.ImportProgress), values))
    return None


def _copy_to(sink: BinaryIO) -> Flow[int]:
    written = 0
    while (chunk := (yield from read_chunk())) is not None:
        written += len(chunk)
        yield Write(sink, chunk)
    return written
