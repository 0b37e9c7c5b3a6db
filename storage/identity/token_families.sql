-- name: by_id
SELECT
    family_id, client_id, user_id, org_id, session_id, scopes, created_at, expires_at, revoked_at
FROM token_families
WHERE family_id = $1

-- name: holder
SELECT
    person.user_id, session.org_id, session.session_id, membership.role, session.methods,
    session.authenticated_at, session.expires_at
FROM users AS person
JOIN sessions AS session ON session.user_id = person.user_id
JOIN memberships AS membership
    ON membership.org_id = session.org_id AND membership.user_id = session.user_id
WHERE
    session.session_id = $1
    AND session.ended_at IS NULL
    AND session.expires_at > $2
    AND person.disabled_at IS NULL
FOR SHARE

-- name: start
INSERT INTO token_families (
    family_id, client_id, user_id, org_id, session_id, scopes, created_at, expires_at
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)

-- name: add_token
INSERT INTO refresh_tokens (digest, family_id, created_at) VALUES ($1, $2, $3)

-- name: of_token
SELECT
    family.family_id, family.client_id, family.user_id, family.org_id, family.session_id,
    family.scopes, family.created_at, family.expires_at, family.revoked_at
FROM refresh_tokens AS token
JOIN token_families AS family ON family.family_id = token.family_id
WHERE token.digest = $1

-- name: hold
SELECT token.spent_at, family.revoked_at
FROM token_families AS family
JOIN refresh_tokens AS token ON token.family_id = family.family_id
WHERE token.digest = $1
FOR UPDATE

-- name: spend
UPDATE refresh_tokens SET spent_at = $2 WHERE digest = $1

-- name: revoke
UPDATE token_families
SET revoked_at = $2, reason = $3
WHERE family_id = $1 AND revoked_at IS NULL
RETURNING family_id
