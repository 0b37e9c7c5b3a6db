-- name: create
INSERT INTO device_grants (
    digest, user_code, client_id, scopes, user_agent, created_at, expires_at, interval_s
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (user_code) DO NOTHING
RETURNING user_code

-- name: waiting
SELECT
    user_code, client_id, scopes, user_agent, created_at, expires_at, interval_s,
    last_polled_at, session_id, approved, used_at
FROM device_grants
WHERE user_code = $1 AND expires_at > $2 AND approved IS NULL

-- name: decide
UPDATE device_grants
SET session_id = $3, approved = $4
WHERE user_code = $1 AND expires_at > $2 AND approved IS NULL
RETURNING user_code

-- name: session_of
SELECT session_id FROM device_grants WHERE digest = $1

-- name: hold
SELECT
    user_code, client_id, scopes, user_agent, created_at, expires_at, interval_s,
    last_polled_at, session_id, approved, used_at
FROM device_grants
WHERE digest = $1
FOR UPDATE

-- name: poll
UPDATE device_grants SET last_polled_at = $2, interval_s = $3 WHERE digest = $1

-- name: use
UPDATE device_grants SET used_at = $2 WHERE digest = $1
