-- name: revoke
INSERT INTO revocations (kind, subject, revoked_at) VALUES ($1, $2, $3)

-- name: since
SELECT kind, subject, max(revoked_at) AS revoked_at
FROM revocations
WHERE revoked_at >= $1
GROUP BY kind, subject
