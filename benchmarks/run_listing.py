"""List and filter runs over HTTP at 100,000 runs and 2,000,000 chunks.

A stack's database is filled through SQL with finished runs over a year. Requests with every kind
of filter then go round one after another over one connection: the first page, the one after it, and
one of a random month. Beside the times, by the server's own statistics: the sequential scans of
tables and partitions of more than 1,000 rows that these requests and the stack itself caused.
"""

import asyncio
import random
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import httpx

from benchmarks.report import Report, Row, median
from benchmarks.stacks import BenchStack, bench_stack, wait_until
from benchmarks.stored_runs.loading import COMMON_LABEL, RARE_BACKEND, RARE_LABEL, Amount, load
from cluster.local.addresses import Addresses, resolve
from cluster.local.credentials import load_or_create
from cluster.local.paths import stack_paths
from cluster.settings import load_settings
from core.runs import DEFAULT_ORG

PORT = 24000
TARGET_MS = 20.0
MOST_ROWS = 1_000
PAGE = 50
_YEAR_S = 365 * 86_400.0
_TABLES = "runs|run_labels|run_events|run_chunks|idempotency_keys"

Parameters = Mapping[str, Any]
_FILTERS: dict[str, Parameters] = {
    "no filter": {},
    "a common status": {"status": "succeeded"},
    "a status no run has": {"status": ["queued", "planning", "running"]},
    "a kind": {"kind": "hedge"},
    "statuses and kinds": {"status": ["failed", "cancelled"], "kind": ["sweep", "circuit"]},
    "a common backend": {"backend": "aer"},
    "a rare backend": {"backend": RARE_BACKEND},
    "a rare backend and status": {"backend": RARE_BACKEND, "status": "cancelled"},
    "a common label": {"label": COMMON_LABEL},
    "a rare label": {"label": RARE_LABEL},
    "a label no run has": {"label": "nothing"},
    "label, status, backend": {"label": COMMON_LABEL, "status": "failed", "backend": "aer"},
}


@dataclass(frozen=True, slots=True)
class Timed:
    """Ask one stack and keep the milliseconds of every request by its name."""

    session: httpx.Client
    milliseconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def get(self, name: str, path: str, parameters: Parameters) -> Any:
        """Ask once and return what came, after its time was taken."""
        started = time.perf_counter()
        answer = self.session.get(path, params=dict(parameters))
        elapsed = time.perf_counter() - started
        answer.raise_for_status()
        self.milliseconds[name].append(elapsed * 1000.0)
        return answer.json()


def measure(*, quick: bool) -> Report:
    """Measure over 100,000 runs and 2,000,000 chunks, or a tenth of both with `quick`."""
    runs = 10_000 if quick else 100_000
    amount = Amount(runs=runs, chunks_per_run=20, seconds_apart=_YEAR_S / runs)
    with bench_stack(PORT) as stack:
        stack.must("up", "--no-job")
        addresses = _addresses(stack)
        asyncio.run(_fill(addresses, amount))
        before = _scans(addresses)
        with _session(stack) as session:
            timed = Timed(session)
            for name in _rounds(5 if quick else 20):
                _ask(timed, name)
        scanned = _scans_since(addresses, before, sum(map(len, timed.milliseconds.values())))
    return _report(timed.milliseconds, scanned)


def _report(milliseconds: Mapping[str, list[float]], scanned: Mapping[str, int]) -> Report:
    lists = [each for name, times in milliseconds.items() if "list" in name for each in times]
    return Report(
        name="run_listing",
        rows=[
            _row("list with any filter", lists),
            *(_row(name, times) for name, times in milliseconds.items()),
            Row(
                metric=f"sequential scans of more than {MOST_ROWS:,} rows",
                unit="scans",
                ours=sum(scanned.values()),
                target=0,
            ),
        ],
        samples={name: [round(each, 2) for each in times] for name, times in milliseconds.items()},
    )


def _row(name: str, milliseconds: list[float]) -> Row:
    return Row(metric=f"{name}, p50", unit="ms", ours=median(milliseconds), target=TARGET_MS)


def _rounds(count: int) -> Iterator[str]:
    for _ in range(count):
        yield from _FILTERS


def _ask(timed: Timed, name: str) -> None:
    """List by one filter: the first page, the next and a month; then look into one of the runs."""
    asked = {**_FILTERS[name], "limit": PAGE}
    first = timed.get(f"list, {name}", "/v1/runs", asked)
    if first["next_before"] is not None:
        more = {**asked, "before": first["next_before"]}
        timed.get(f"list, {name}, next page", "/v1/runs", more)
    days = random.randrange(30, 365)  # noqa: S311 - picks a month, not a secret
    low = datetime.now(UTC) - timedelta(days=days)
    high = low + timedelta(days=30)
    window = {"created_from": low.isoformat(), "created_before": high.isoformat()}
    found = timed.get(f"list, {name}, of a month", "/v1/runs", {**asked, **window})
    for run in found["items"][:1]:
        path = f"/v1/runs/{run['run_id']}"
        timed.get("one run", path, {})
        timed.get("the events of a run", f"{path}/events", {})
        timed.get("the chunks of a run", f"{path}/chunks", {})


def _session(stack: BenchStack) -> httpx.Client:
    headers = {"Authorization": f"Bearer {stack.key}"}
    return httpx.Client(base_url=f"http://127.0.0.1:{stack.port}", headers=headers, timeout=60)


def _addresses(stack: BenchStack) -> Addresses:
    paths = stack_paths(stack.data)
    return resolve(load_settings(), paths, load_or_create(paths.credentials))


async def _fill(addresses: Addresses, amount: Amount) -> None:
    connection = await asyncpg.connect(addresses.database.system)
    try:
        await load(connection, DEFAULT_ORG, amount)
    finally:
        await connection.close()
    owner = await asyncpg.connect(addresses.owner_url)
    try:
        for table in _TABLES.split("|"):
            await owner.execute(f"VACUUM ANALYZE {table}", timeout=600)
    finally:
        await owner.close()


def _scans(addresses: Addresses) -> dict[str, tuple[int, int]]:
    """Map each large table or partition of runs to its sequential and index scans so far."""
    statement = (
        "SELECT relname, seq_scan, coalesce(idx_scan, 0) FROM pg_stat_user_tables "
        "JOIN pg_class USING (relname) WHERE reltuples > $1 AND relname ~ $2"
    )

    async def rows() -> list[Any]:
        connection = await asyncpg.connect(addresses.database.system)
        try:
            return await connection.fetch(statement, MOST_ROWS, f"^({_TABLES})(_|$)")
        finally:
            await connection.close()

    return {name: (sequential, by_index) for name, sequential, by_index in asyncio.run(rows())}


def _scans_since(
    addresses: Addresses, before: Mapping[str, tuple[int, int]], requests: int
) -> dict[str, int]:
    """Return the sequential scans since, once the server has counted every request."""

    def counted() -> bool:
        return _scans(addresses)["runs"][1] - before["runs"][1] >= requests

    wait_until(counted, 90.0)
    return {name: now[0] - before[name][0] for name, now in _scans(addresses).items()}
