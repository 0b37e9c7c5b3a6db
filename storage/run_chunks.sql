-- name: record
INSERT INTO run_chunks (
    org_id, run_id, stage, chunk_index, result, error, elapsed_s, waited_s, attempts, worker,
    snapshot_id, recorded_at
)
SELECT
    $1, run_id, stage, chunk_index, result, error, elapsed_s, waited_s, attempts, worker,
    snapshot_id, $2
FROM unnest(
    $3::uuid[], $4::text[], $5::integer[], $6::jsonb[], $7::jsonb[], $8::float8[], $9::float8[],
    $10::integer[], $11::text[], $12::bytea[]
) AS chunk (
    run_id, stage, chunk_index, result, error, elapsed_s, waited_s, attempts, worker, snapshot_id
)
ON CONFLICT (org_id, run_id, stage, chunk_index) DO NOTHING
RETURNING chunk_index;

-- name: of_run
SELECT
    run_id, stage, chunk_index, result, elapsed_s, error, waited_s, attempts, worker, snapshot_id
FROM run_chunks
WHERE org_id = $1 AND run_id = $2 AND ($3::text IS NULL OR stage = $3)
    AND (stage, chunk_index) > ($4, $5)
ORDER BY stage, chunk_index
LIMIT $6;

-- name: done
SELECT stage, chunk_index, result
FROM run_chunks
WHERE org_id = $1 AND run_id = $2 AND result IS NOT NULL;
