-- name: lock
SELECT pg_advisory_xact_lock(hashtext('heliostat.audit'))

-- name: head
SELECT position, digest
FROM audit_entries
ORDER BY position DESC
LIMIT 1

-- name: append
INSERT INTO audit_entries (
    position, org_id, at, actor, action, target, details, previous, digest
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)

-- name: page
SELECT position, org_id, at, actor, action, target, details, previous, digest
FROM audit_entries
WHERE
    org_id = $1
    AND ($2::bigint IS NULL OR position < $2)
    AND ($3::text IS NULL OR actor = $3)
    AND ($4::text IS NULL OR action = $4)
    AND ($5::timestamptz IS NULL OR at >= $5)
    AND ($6::timestamptz IS NULL OR at < $6)
ORDER BY position DESC
LIMIT $7

-- name: count
SELECT count(*)
FROM audit_entries

-- name: ascending
SELECT position, org_id, at, actor, action, target, details, previous, digest
FROM audit_entries
WHERE position > $1
ORDER BY position
LIMIT $2

-- name: first_after
SELECT at
FROM audit_entries
WHERE position > $1
ORDER BY position
LIMIT 1
