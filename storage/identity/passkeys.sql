-- name: add
INSERT INTO passkeys (
    credential_id, user_id, public_key, sign_count, name, transports, created_at
) VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT DO NOTHING
RETURNING credential_id

-- name: read
SELECT
    credential_id, user_id, public_key, sign_count, name, transports, created_at, last_used_at
FROM passkeys
WHERE credential_id = $1

-- name: of_user
SELECT
    credential_id, user_id, public_key, sign_count, name, transports, created_at, last_used_at
FROM passkeys
WHERE user_id = $1
ORDER BY created_at, credential_id

-- name: use
UPDATE passkeys
SET sign_count = $3, last_used_at = $4
WHERE credential_id = $1 AND sign_count = $2
RETURNING user_id

-- name: remove
DELETE FROM passkeys WHERE user_id = $1 AND credential_id = $2 RETURNING name
