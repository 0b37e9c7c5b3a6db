"""Own the loading of many runs through SQL, each with its events, chunks, labels and key.

Ids, moments and states are spread evenly, so that every filter finds a known share: of 1,000 runs
one has failed on the device, 50 have failed in all, and every third carries the label `nightly`.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    import asyncpg

COMMON_LABEL = "nightly"
RARE_LABEL = "study-7"
RARE_BACKEND = "ibm:ibm_fez"
EVENTS_PER_RUN = 4
_BATCH = 10_000

_RUNS = """
INSERT INTO runs (
    org_id, run_id, kind, status, specification, specification_hash, problem, plan, result, error,
    backend, seed, code_version, vintage, submitted_by, labels, created_at, started_at,
    finished_at, last_sequence
)
SELECT
    $1, run_id,
    (ARRAY['portfolio', 'hedge', 'sweep', 'circuit', 'observable', 'amplitude', 'landscape'])
        [1 + number % 7],
    CASE
        WHEN number % 1000 < $5 THEN (ARRAY['queued', 'planning', 'running'])[1 + number % 3]
        WHEN number % 20 = 19 THEN 'failed'
        WHEN number % 20 = 18 THEN 'cancelled'
        ELSE 'succeeded'
    END,
    jsonb_build_object('products', ARRAY['CL', 'NG'], 'choose', 4, 'of', 12, 'seed', number),
    sha256(number::text::bytea), bulk, bulk, bulk,
    CASE WHEN number % 20 = 19 THEN '{"code": "chunk-failed"}'::jsonb END,
    CASE
        WHEN number % 1000 = 999 THEN 'ibm:ibm_fez'
        ELSE (ARRAY['subspace', 'aer', 'aer:fake_fez'])[1 + number % 3]
    END,
    number, 'abc', '2026-01-02', 'a key',
    CASE WHEN number % 3 = 0 THEN ARRAY['nightly', 'study-' || number % 500] ELSE '{}' END,
    moment, moment, moment, 4
FROM (
    SELECT
        number, run_id, uuid_extract_timestamp(run_id) AS moment,
        (
            SELECT jsonb_object_agg(part::text, md5((number * 100 + part)::text))
            FROM generate_series(1, 30) AS part
        ) AS bulk
    FROM (
        SELECT number, uuidv7(make_interval(secs => (number - $4) * $6::float8)) AS run_id
        FROM generate_series($2::bigint, $3::bigint) AS number
    ) AS numbered
) AS made
RETURNING run_id
"""

_LABELS = """
INSERT INTO run_labels (org_id, run_id, label, status, kind, backend, created_at)
SELECT org_id, run_id, unnest(labels), status, kind, backend, created_at
FROM runs
WHERE org_id = $1 AND run_id = ANY($2)
"""

_EVENTS = """
INSERT INTO run_events (org_id, run_id, sequence, at, kind, status, who, detail)
SELECT $1, run_id, sequence, now(), 'progress', 'running', 'run-manager', '{}'
FROM unnest($2::uuid[]) AS run_id, generate_series(1, $3) AS sequence
"""

_CHUNKS = """
INSERT INTO run_chunks (
    org_id, run_id, stage, chunk_index, result, elapsed_s, worker, recorded_at
)
SELECT
    $1, run_id, 'sample', number, jsonb_build_object('counts', jsonb_build_object('0x1f', number)),
    0.03, 'node, 1', now()
FROM unnest($2::uuid[]) AS run_id, generate_series(0, $3 - 1) AS number
"""

_KEYS = """
INSERT INTO idempotency_keys (org_id, key, operation, request_hash, run_id, created_at)
SELECT $1, run_id::text, 'runs.create', 'x', run_id, now()
FROM unnest($2::uuid[]) AS run_id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """Say how much to load: runs a step of `seconds_apart` apart, the last of them now.

    `unfinished_of_1000` runs of each thousand are left queued, planning or running.
    """

    runs: int
    chunks_per_run: int
    seconds_apart: float = 10.0
    unfinished_of_1000: int = 0


async def load(
    connection: "asyncpg.Connection[asyncpg.Record]", org_id: UUID, amount: Amount
) -> None:
    """Load runs of one organisation in batches of one transaction each.

    Needs the system role, and the privilege to analyse where the statistics are to follow.
    """
    for first in range(1, amount.runs + 1, _BATCH):
        last = min(first + _BATCH - 1, amount.runs)
        async with connection.transaction():
            rows = await connection.fetch(
                _RUNS,
                org_id,
                first,
                last,
                amount.runs,
                amount.unfinished_of_1000,
                amount.seconds_apart,
            )
            run_ids = [row["run_id"] for row in rows]
            await connection.execute(_LABELS, org_id, run_ids)
            await connection.execute(_EVENTS, org_id, run_ids, EVENTS_PER_RUN)
            await connection.execute(_CHUNKS, org_id, run_ids, amount.chunks_per_run)
            await connection.execute(_KEYS, org_id, run_ids)
