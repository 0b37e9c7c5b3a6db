-- name: create
INSERT INTO api_keys (
    org_id, key_id, digest, prefix, name, role, scopes, user_id, created_by, created_at, expires_at
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)

-- name: list
SELECT
    org_id, key_id, prefix, name, role, scopes, user_id, created_by, created_at, expires_at,
    last_used_at, revoked_at
FROM api_keys
WHERE org_id = $1 AND ($2::uuid IS NULL OR user_id = $2)
ORDER BY created_at, key_id

-- name: read
SELECT
    org_id, key_id, prefix, name, role, scopes, user_id, created_by, created_at, expires_at,
    last_used_at, revoked_at
FROM api_keys
WHERE org_id = $1 AND key_id = $2

-- name: revoke
UPDATE api_keys
SET revoked_at = $3
WHERE org_id = $1 AND key_id = $2 AND revoked_at IS NULL
RETURNING key_id

-- name: revoke_of_member
UPDATE api_keys
SET revoked_at = $3
WHERE org_id = $1 AND user_id = $2 AND revoked_at IS NULL
RETURNING key_id

-- name: by_digest
SELECT
    key.org_id, key.key_id, key.role, key.scopes, key.user_id, key.expires_at,
    membership.role AS member_role
FROM api_keys AS key
LEFT JOIN users AS person
    ON
        person.user_id = key.user_id
        AND person.disabled_at IS NULL
        AND person.erased_at IS NULL
LEFT JOIN memberships AS membership
    ON membership.org_id = key.org_id AND membership.user_id = person.user_id
WHERE
    key.digest = $1
    AND key.revoked_at IS NULL
    AND (key.user_id IS NULL OR membership.role IS NOT NULL)

-- name: touch
UPDATE api_keys AS key
SET last_used_at = greatest(key.last_used_at, used.at)
FROM unnest($1::uuid [], $2::timestamptz []) AS used (key_id, at)
WHERE key.key_id = used.key_id
