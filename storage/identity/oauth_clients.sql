-- name: create
INSERT INTO oauth_clients (
    org_id, client_id, name, secret_digest, redirect_uris, grants, scopes, role, created_by,
    created_at
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)

-- name: by_id
SELECT
    org_id, client_id, name, secret_digest, redirect_uris, grants, scopes, role, created_by,
    created_at, disabled_at
FROM oauth_clients
WHERE client_id = $1 AND disabled_at IS NULL

-- name: list_clients
SELECT
    org_id, client_id, name, redirect_uris, grants, scopes, role, created_by, created_at,
    disabled_at
FROM oauth_clients
WHERE org_id = $1
ORDER BY created_at DESC, client_id

-- name: disable
UPDATE oauth_clients
SET disabled_at = $3
WHERE org_id = $1 AND client_id = $2 AND disabled_at IS NULL
RETURNING client_id

-- name: revoke_families
UPDATE token_families
SET revoked_at = $2, reason = 'client-disabled'
WHERE client_id = $1 AND revoked_at IS NULL
