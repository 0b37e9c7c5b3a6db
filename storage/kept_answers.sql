-- name: claim
INSERT INTO kept_answers AS kept (org_id, actor, key_digest, attempt, claimed_at, held_until)
VALUES ($1, $2, $3, 1, $4, $5)
ON CONFLICT (org_id, actor, key_digest) DO UPDATE
SET
    attempt = kept.attempt + 1,
    claimed_at = excluded.claimed_at,
    held_until = excluded.held_until,
    is_effected = false
WHERE kept.answered_at IS NULL AND kept.held_until <= $4 AND (NOT kept.is_effected OR $6)
RETURNING attempt

-- name: read
SELECT held_until, is_effected, request_digest, sealed
FROM kept_answers
WHERE org_id = $1 AND actor = $2 AND key_digest = $3

-- name: hold
UPDATE kept_answers
SET held_until = $5
WHERE org_id = $1 AND actor = $2 AND key_digest = $3 AND attempt = $4 AND answered_at IS NULL

-- name: writes
SELECT pg_current_xact_id_if_assigned() IS NOT NULL

-- name: mark
UPDATE kept_answers
SET is_effected = true
WHERE org_id = $1 AND actor = $2 AND key_digest = $3 AND attempt = $4 AND answered_at IS NULL
RETURNING true

-- name: answer
UPDATE kept_answers
SET request_digest = $5, answered_at = $6, sealed = $7
WHERE org_id = $1 AND actor = $2 AND key_digest = $3 AND attempt = $4 AND answered_at IS NULL
RETURNING true

-- name: release
DELETE FROM kept_answers
WHERE
    org_id = $1 AND actor = $2 AND key_digest = $3 AND attempt = $4
    AND answered_at IS NULL AND NOT is_effected
RETURNING true
