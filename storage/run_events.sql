-- name: after
SELECT run_id, sequence, at, kind, status, who, why, detail
FROM run_events
WHERE org_id = $1 AND run_id = $2 AND sequence > $3
ORDER BY sequence;
