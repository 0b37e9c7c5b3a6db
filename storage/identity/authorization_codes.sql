-- name: create
INSERT INTO authorization_codes (
    digest, client_id, session_id, redirect_uri, challenge, scopes, created_at, expires_at
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)

-- name: session_of
SELECT session_id FROM authorization_codes WHERE digest = $1

-- name: hold
SELECT
    client_id, session_id, redirect_uri, challenge, scopes, created_at, expires_at, used_at,
    family_id
FROM authorization_codes
WHERE digest = $1
FOR UPDATE

-- name: use
UPDATE authorization_codes SET used_at = $3, family_id = $2 WHERE digest = $1
