-- name: insert_key
INSERT INTO idempotency_keys (org_id, key, operation, request_hash, run_id, created_at)
VALUES ($1, $2, 'runs.create', $3, $4, $5)
ON CONFLICT (org_id, key) DO NOTHING
RETURNING run_id;

-- name: read_key
SELECT request_hash, run_id
FROM idempotency_keys
WHERE org_id = $1 AND key = $2;

-- name: insert_run
INSERT INTO runs (
    org_id, run_id, kind, status, specification, specification_hash, created_at
)
VALUES ($1, $2, $3, 'queued', $4, $5, $6);

-- name: insert_event
INSERT INTO run_events (org_id, run_id, sequence, at, kind, status, detail)
SELECT
    $1, $2,
    coalesce((SELECT max(sequence) FROM run_events WHERE org_id = $1 AND run_id = $2), 0) + 1,
    $3, $4, $5, $6
RETURNING sequence;

-- name: read_run
SELECT
    org_id, run_id, kind, status, specification, problem, result, error, cancel_requested,
    created_at, started_at, finished_at
FROM runs
WHERE org_id = $1 AND run_id = $2;

-- name: find_finished
SELECT
    org_id, run_id, kind, status, specification, problem, result, error, cancel_requested,
    created_at, started_at, finished_at
FROM runs
WHERE org_id = $1 AND specification_hash = $2 AND status = 'succeeded'
ORDER BY run_id DESC
LIMIT 1;

-- name: list_page
SELECT
    org_id, run_id, kind, status, specification, problem, result, error, cancel_requested,
    created_at, started_at, finished_at
FROM runs
WHERE org_id = $1 AND run_id < coalesce($3, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid)
ORDER BY run_id DESC
LIMIT $2;

-- name: unfinished
SELECT
    org_id, run_id, kind, status, specification, problem, result, error, cancel_requested,
    created_at, started_at, finished_at
FROM runs
WHERE status IN ('queued', 'planning', 'running')
ORDER BY created_at, run_id;

-- name: lock_status
SELECT status
FROM runs
WHERE org_id = $1 AND run_id = $2
FOR UPDATE;

-- name: update_run
UPDATE runs
SET
    status = $3,
    started_at = CASE WHEN $4 THEN started_at ELSE coalesce(started_at, $5) END,
    finished_at = CASE WHEN $4 THEN $5 END,
    problem = coalesce($6, problem),
    result = coalesce($7, result),
    error = coalesce($8, error)
WHERE org_id = $1 AND run_id = $2;

-- name: request_cancel
UPDATE runs
SET cancel_requested = true
WHERE org_id = $1 AND run_id = $2;

-- name: events_after
SELECT run_id, sequence, at, kind, status, detail
FROM run_events
WHERE org_id = $1 AND run_id = $2 AND sequence > $3
ORDER BY sequence;

-- name: insert_chunk
INSERT INTO run_chunks (org_id, run_id, stage, chunk_index, result, elapsed_s, recorded_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT DO NOTHING
RETURNING chunk_index;

-- name: chunks
SELECT run_id, stage, chunk_index, result, elapsed_s
FROM run_chunks
WHERE org_id = $1 AND run_id = $2
ORDER BY stage, chunk_index;
