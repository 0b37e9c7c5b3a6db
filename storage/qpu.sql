-- name: lock_budget
SELECT pg_advisory_xact_lock(hashtextextended('qpu budget ' || $1::uuid::text, 0));

-- name: month_usage
SELECT
    coalesce(sum(usage_s), 0)::double precision AS used_s,
    coalesce(sum(budget_s) FILTER (WHERE usage_s IS NULL), 0)::double precision AS reserved_s
FROM qpu_intents
WHERE org_id = $1 AND created_at >= $2 AND created_at < $3;

-- name: insert
INSERT INTO qpu_intents (
    org_id, run_id, stage, chunk_index, tag, device, primitive, budget_s, state, created_at
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'open', $9)
RETURNING *;

-- name: read
SELECT *
FROM qpu_intents
WHERE org_id = $1 AND run_id = $2 AND stage = $3 AND chunk_index = $4;

-- name: unsettled
SELECT
    intents.*,
    coalesce(runs.status IN ('succeeded', 'failed', 'cancelled'), false) AS is_run_final
FROM qpu_intents AS intents
LEFT JOIN runs ON runs.org_id = intents.org_id AND runs.run_id = intents.run_id
WHERE intents.state = 'open' OR intents.usage_s IS NULL
ORDER BY intents.created_at;

-- name: by_tags
SELECT *
FROM qpu_intents
WHERE tag = ANY($1::text[]);

-- name: attempts_since
SELECT attempted_at
FROM qpu_intents
WHERE attempted_at >= $1
ORDER BY attempted_at;

-- name: record_attempt
UPDATE qpu_intents
SET attempts = attempts + 1, attempted_at = $5, snapshot_id = $6, facts = $7
WHERE org_id = $1 AND run_id = $2 AND stage = $3 AND chunk_index = $4
    AND state = 'open' AND NOT cancel_requested
    AND NOT EXISTS (
        SELECT
        FROM runs
        WHERE runs.org_id = $1 AND runs.run_id = $2
            AND runs.status IN ('succeeded', 'failed', 'cancelled')
    )
RETURNING *;

-- name: record_job
UPDATE qpu_intents
SET
    job_id = coalesce(job_id, $5),
    submitted_at = coalesce(submitted_at, $7),
    duplicates = (
        SELECT coalesce(array_agg(DISTINCT id ORDER BY id), '{}')
        FROM unnest(duplicates || $6::text[]) AS known (id)
        WHERE id <> coalesce(job_id, $5)
    )
WHERE org_id = $1 AND run_id = $2 AND stage = $3 AND chunk_index = $4
RETURNING *;

-- name: close
UPDATE qpu_intents
SET state = $5, reason = $6, usage_s = $7, closed_at = $8
WHERE org_id = $1 AND run_id = $2 AND stage = $3 AND chunk_index = $4 AND state = 'open'
RETURNING *;

-- name: drop
UPDATE qpu_intents
SET state = 'cancelled', reason = $6, usage_s = 0, closed_at = $7
WHERE org_id = $1 AND run_id = $2 AND stage = $3 AND chunk_index = $4
    AND state = 'open' AND attempts = $5 AND job_id IS NULL
RETURNING *;

-- name: settle
UPDATE qpu_intents
SET usage_s = $5
WHERE org_id = $1 AND run_id = $2 AND stage = $3 AND chunk_index = $4
    AND state <> 'open' AND usage_s IS NULL;

-- name: request_cancel
UPDATE qpu_intents
SET cancel_requested = true
WHERE org_id = $1 AND run_id = $2 AND state = 'open';
