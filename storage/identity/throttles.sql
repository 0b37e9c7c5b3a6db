-- name: open
INSERT INTO throttles (subject, failures, last_failed_at)
SELECT subject, 0, $2 FROM unnest($1::text []) AS subject
ORDER BY subject
ON CONFLICT (subject) DO NOTHING

-- name: hold
SELECT subject, failures, last_failed_at, blocked_until
FROM throttles
WHERE subject = ANY($1)
ORDER BY subject
FOR UPDATE

-- name: keep
UPDATE throttles SET failures = $2, last_failed_at = $3, blocked_until = $4 WHERE subject = $1

-- name: forget
DELETE FROM throttles WHERE subject = ANY($1)

-- name: give_back
UPDATE throttles
SET failures = failures - 1, blocked_until = NULL
WHERE subject = $1 AND failures > 0
