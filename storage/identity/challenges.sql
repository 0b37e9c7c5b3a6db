-- name: create
INSERT INTO challenges (digest, purpose, user_id, data, created_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6)

-- name: read
SELECT user_id, data FROM challenges WHERE digest = $1 AND purpose = $2 AND expires_at > $3

-- name: take
DELETE FROM challenges
WHERE digest = $1 AND purpose = $2 AND expires_at > $3
RETURNING user_id, data
