"""Own all conversations of a client: those about settlements, and what the other files hold."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal
from urllib.parse import quote

from pydantic import TypeAdapter

from heliostat import models
from heliostat.answers import parse, query
from heliostat.audit_flows import AuditFlows
from heliostat.book_flows import BookFlows
from heliostat.effects import Call, FileBody, Flow, read_chunk
from heliostat.errors import UnexpectedAnswer, error_from_problem
from heliostat.files import save
from heliostat.forecast_flows import ForecastFlows
from heliostat.frames import FrameFlows
from heliostat.history_flows import HistoryFlows
from heliostat.identity_flows import IdentityFlows
from heliostat.market_flows import MarketFlows
from heliostat.option_flows import OptionFlows
from heliostat.risk_flows import RiskFlows
from heliostat.sse import LineSplitter, json_object
from heliostat.study_flows import StudyFlows
from heliostat.weather_flows import WeatherFlows
from heliostat.webhook_flows import WebhookFlows

EXPORT_TYPES = {"csv": "text/csv", "arrow": "application/vnd.apache.arrow.stream"}
ExportFormat = Literal["csv", "arrow"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Flows(
    MarketFlows,
    HistoryFlows,
    ForecastFlows,
    FrameFlows,
    WeatherFlows,
    WebhookFlows,
    BookFlows,
    OptionFlows,
    RiskFlows,
    StudyFlows,
    AuditFlows,
    IdentityFlows,
):
    """Make the flows of one client; holds settings only, so it may be shared freely."""

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
        return (yield from save(to))


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
