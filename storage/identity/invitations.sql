-- name: withdraw_expired
UPDATE invitations
SET withdrawn_at = $3
WHERE
    org_id = $1 AND email = $2 AND accepted_at IS NULL AND withdrawn_at IS NULL
    AND expires_at <= $3

-- name: create
INSERT INTO invitations (
    org_id, invitation_id, email, role, token_digest, invited_by, created_at, expires_at
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (org_id, email) WHERE accepted_at IS NULL AND withdrawn_at IS NULL DO NOTHING
RETURNING invitation_id

-- name: list
SELECT
    org_id, invitation_id, email, role, invited_by, created_at, expires_at, accepted_at,
    withdrawn_at
FROM invitations
WHERE org_id = $1
ORDER BY created_at DESC, invitation_id DESC

-- name: read
SELECT
    org_id, invitation_id, email, role, invited_by, created_at, expires_at, accepted_at,
    withdrawn_at
FROM invitations
WHERE org_id = $1 AND invitation_id = $2

-- name: by_digest
SELECT
    org_id, invitation_id, email, role, invited_by, created_at, expires_at, accepted_at,
    withdrawn_at
FROM invitations
WHERE token_digest = $1 AND accepted_at IS NULL AND withdrawn_at IS NULL AND expires_at > $2

-- name: accept
UPDATE invitations
SET accepted_at = $3
WHERE
    org_id = $1 AND invitation_id = $2 AND accepted_at IS NULL AND withdrawn_at IS NULL
    AND expires_at > $3
RETURNING
    org_id, invitation_id, email, role, invited_by, created_at, expires_at, accepted_at,
    withdrawn_at

-- name: withdraw
UPDATE invitations
SET withdrawn_at = $3
WHERE org_id = $1 AND invitation_id = $2 AND accepted_at IS NULL AND withdrawn_at IS NULL
RETURNING invitation_id
