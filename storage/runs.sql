-- name: lock_submissions
SELECT pg_advisory_xact_lock(hashtextextended('runs.create ' || $1::uuid, 0));

-- name: insert_key
INSERT INTO idempotency_keys (org_id, key, operation, request_hash, run_id, created_at)
VALUES ($1, $2, 'runs.create', $3, $4, $5);

-- name: read_key
SELECT request_hash, run_id
FROM idempotency_keys
WHERE org_id = $1 AND key = $2;

-- name: count_unfinished
SELECT count(*)
FROM (
    SELECT
    FROM runs
    WHERE org_id = $1 AND status IN ('queued', 'planning', 'running')
    LIMIT $2
) AS unfinished;

-- name: insert_run
WITH run AS (
    INSERT INTO runs (
        org_id, run_id, kind, status, specification, specification_hash, problem, backend, seed,
        code_version, vintage, submitted_by, priority, deadline, labels, created_at, last_sequence
    )
    VALUES ($1, $2, $3, 'queued', $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, 1)
),
labelled AS (
    INSERT INTO run_labels (org_id, run_id, label, status, kind, backend, created_at)
    SELECT DISTINCT $1::uuid, $2::uuid, label, 'queued', $3, $7, $15::timestamptz
    FROM unnest($14::text[]) AS one (label)
)
INSERT INTO run_events (org_id, run_id, sequence, at, kind, status, who, detail)
VALUES ($1, $2, 1, $15, 'queued', 'queued', $11, '{}');

-- name: read_run
SELECT
    org_id, run_id, kind, status, specification, problem, plan, result, error, backend, seed,
    code_version, vintage, submitted_by, priority, deadline, labels, waiting_for, cancel_requested,
    created_at, started_at, finished_at
FROM runs
WHERE org_id = $1 AND run_id = $2;

-- name: find_finished
SELECT
    org_id, run_id, kind, status, specification, problem, plan, result, error, backend, seed,
    code_version, vintage, submitted_by, priority, deadline, labels, waiting_for, cancel_requested,
    created_at, started_at, finished_at
FROM runs
WHERE org_id = $1 AND specification_hash = $2 AND status = 'succeeded'
ORDER BY run_id DESC
LIMIT 1;

-- name: created_at
SELECT created_at
FROM runs
WHERE org_id = $1 AND run_id = $2;

-- name: page_newest
SELECT
    org_id, run_id, kind, status,
    CASE WHEN pg_column_size(specification) <= 4096 THEN specification ELSE '{}' END
    AS specification,
    error, backend, seed, code_version, vintage, submitted_by, priority, deadline, labels,
    waiting_for, cancel_requested, created_at, started_at, finished_at
FROM runs
WHERE org_id = $1 AND (created_at, run_id) < ($3, $4) AND created_at >= $5
ORDER BY created_at DESC, run_id DESC
LIMIT $2;

-- name: page_by_state
WITH page AS MATERIALIZED (
    SELECT found.run_id
    FROM unnest($6::text[]) AS one (status)
    CROSS JOIN unnest($7::text[]) AS other (kind)
    CROSS JOIN LATERAL (
        SELECT runs.run_id, runs.created_at
        FROM runs
        WHERE runs.org_id = $1 AND runs.status = one.status AND runs.kind = other.kind
            AND (runs.created_at, runs.run_id) < ($3, $4) AND runs.created_at >= $5
        ORDER BY runs.created_at DESC, runs.run_id DESC
        LIMIT $2
    ) AS found
    ORDER BY found.created_at DESC, found.run_id DESC
    LIMIT $2
)
SELECT run.*
FROM page
CROSS JOIN LATERAL (
    SELECT
        org_id, run_id, kind, status,
        CASE WHEN pg_column_size(specification) <= 4096 THEN specification ELSE '{}' END
        AS specification,
        error, backend, seed, code_version, vintage, submitted_by, priority, deadline, labels,
        waiting_for, cancel_requested, created_at, started_at, finished_at
    FROM runs
    WHERE runs.org_id = $1 AND runs.run_id = page.run_id
    LIMIT 1
) AS run
ORDER BY run.created_at DESC, run.run_id DESC;

-- name: page_by_backend
WITH page AS MATERIALIZED (
    SELECT found.run_id
    FROM unnest($6::text[]) AS one (status)
    CROSS JOIN unnest($7::text[]) AS other (kind)
    CROSS JOIN LATERAL (
        SELECT runs.run_id, runs.created_at
        FROM runs
        WHERE runs.org_id = $1 AND runs.backend = $8
            AND runs.status = one.status AND runs.kind = other.kind
            AND (runs.created_at, runs.run_id) < ($3, $4) AND runs.created_at >= $5
        ORDER BY runs.created_at DESC, runs.run_id DESC
        LIMIT $2
    ) AS found
    ORDER BY found.created_at DESC, found.run_id DESC
    LIMIT $2
)
SELECT run.*
FROM page
CROSS JOIN LATERAL (
    SELECT
        org_id, run_id, kind, status,
        CASE WHEN pg_column_size(specification) <= 4096 THEN specification ELSE '{}' END
        AS specification,
        error, backend, seed, code_version, vintage, submitted_by, priority, deadline, labels,
        waiting_for, cancel_requested, created_at, started_at, finished_at
    FROM runs
    WHERE runs.org_id = $1 AND runs.run_id = page.run_id
    LIMIT 1
) AS run
ORDER BY run.created_at DESC, run.run_id DESC;

-- name: page_by_label
WITH page AS MATERIALIZED (
    SELECT found.run_id
    FROM unnest($6::text[]) AS one (status)
    CROSS JOIN unnest($7::text[]) AS other (kind)
    CROSS JOIN LATERAL (
        SELECT run_labels.run_id, run_labels.created_at
        FROM run_labels
        WHERE run_labels.org_id = $1 AND run_labels.label = $9
            AND run_labels.status = one.status AND run_labels.kind = other.kind
            AND (run_labels.created_at, run_labels.run_id) < ($3, $4)
            AND run_labels.created_at >= $5
            AND ($8::text IS NULL OR run_labels.backend = $8)
        ORDER BY run_labels.created_at DESC, run_labels.run_id DESC
        LIMIT $2
    ) AS found
    ORDER BY found.created_at DESC, found.run_id DESC
    LIMIT $2
)
SELECT run.*
FROM page
CROSS JOIN LATERAL (
    SELECT
        org_id, run_id, kind, status,
        CASE WHEN pg_column_size(specification) <= 4096 THEN specification ELSE '{}' END
        AS specification,
        error, backend, seed, code_version, vintage, submitted_by, priority, deadline, labels,
        waiting_for, cancel_requested, created_at, started_at, finished_at
    FROM runs
    WHERE runs.org_id = $1 AND runs.run_id = page.run_id
    LIMIT 1
) AS run
ORDER BY run.created_at DESC, run.run_id DESC;

-- name: queue
SELECT
    org_id, run_id, kind, status, backend, priority, deadline, cancel_requested,
    (SELECT plan FROM organisations WHERE organisations.org_id = runs.org_id) AS plan, created_at
FROM runs
WHERE status IN ('queued', 'planning', 'running')
ORDER BY created_at, run_id;

-- name: queued
SELECT
    org_id, run_id, kind, status, backend, priority, deadline, cancel_requested,
    (SELECT plan FROM organisations WHERE organisations.org_id = runs.org_id) AS plan, created_at
FROM runs
WHERE org_id = $1 AND run_id = $2 AND status IN ('queued', 'planning', 'running');

-- name: lock_life
SELECT status, last_sequence, waiting_for, cancel_requested
FROM runs
WHERE org_id = $1 AND run_id = $2
FOR NO KEY UPDATE;

-- name: take_steps
WITH run AS (
    UPDATE runs
    SET
        status = $4,
        last_sequence = $5,
        started_at = CASE WHEN $6 THEN coalesce(started_at, $3) ELSE started_at END,
        finished_at = CASE WHEN $7 THEN $3 END,
        plan = coalesce($8, plan),
        result = coalesce($9, result),
        error = coalesce($10, error),
        backend = coalesce($11, backend),
        waiting_for = $12,
        cancel_requested = $13
    WHERE org_id = $1 AND run_id = $2
),
labelled AS (
    UPDATE run_labels
    SET status = $4, backend = coalesce($11, backend)
    WHERE org_id = $1 AND run_id = $2
        AND (status, backend) IS DISTINCT FROM ($4, coalesce($11, backend))
)
INSERT INTO run_events (org_id, run_id, sequence, at, kind, status, who, why, detail)
SELECT $1, $2, sequence, $3, kind, status, who, why, detail
FROM unnest(
    $14::integer[], $15::text[], $16::text[], $17::text[], $18::text[], $19::jsonb[]
) AS step (sequence, kind, status, who, why, detail);
