-- name: user
SELECT
    user_id, email, name, password_hash IS NOT NULL AS has_password, password_changed_at,
    created_at, disabled_at
FROM users
WHERE user_id = $1 AND erased_at IS NULL

-- name: memberships
SELECT org_id, role, created_at
FROM memberships
WHERE user_id = $1
ORDER BY created_at, org_id

-- name: invitations
SELECT
    invitation.org_id, invitation.invitation_id, invitation.role, invitation.created_at,
    invitation.expires_at, invitation.accepted_at, invitation.withdrawn_at
FROM invitations AS invitation
JOIN users AS person ON person.email = invitation.email
WHERE person.user_id = $1
ORDER BY invitation.created_at

-- name: api_keys
SELECT
    org_id, key_id, prefix, name, role, scopes, created_by, created_at, expires_at, last_used_at,
    revoked_at
FROM api_keys
WHERE user_id = $1
ORDER BY created_at, key_id

-- name: sessions
SELECT
    session_id, org_id, methods, authenticated_at, created_at, last_seen_at, expires_at, ended_at,
    address, user_agent
FROM sessions
WHERE user_id = $1
ORDER BY created_at, session_id

-- name: token_families
SELECT family_id, client_id, org_id, session_id, scopes, created_at, expires_at, revoked_at, reason
FROM token_families
WHERE user_id = $1
ORDER BY created_at, family_id

-- name: sign_in_links
SELECT created_at, expires_at, used_at FROM sign_in_links WHERE user_id = $1 ORDER BY created_at

-- name: authenticator_apps
SELECT created_at, confirmed_at FROM totp_factors WHERE user_id = $1

-- name: recovery_codes
SELECT created_at, used_at FROM recovery_codes WHERE user_id = $1 ORDER BY created_at, used_at

-- name: passkeys
SELECT name, transports, sign_count, created_at, last_used_at
FROM passkeys
WHERE user_id = $1
ORDER BY created_at

-- name: external_identities
SELECT issuer, subject, created_at, last_used_at
FROM external_identities
WHERE user_id = $1
ORDER BY created_at

-- name: challenges
SELECT purpose, created_at, expires_at FROM challenges WHERE user_id = $1 ORDER BY created_at

-- name: audit_entries
SELECT position, org_id, at, actor, action, target, details
FROM audit_entries
WHERE actor = 'user:' || $1::uuid OR target IN ($1::uuid::text, 'user:' || $1::uuid)
ORDER BY position

-- name: forget_throttles
DELETE FROM throttles
WHERE position((SELECT email FROM users WHERE user_id = $1) IN subject) > 0

-- name: forget_invitations
DELETE FROM invitations WHERE email = (SELECT email FROM users WHERE user_id = $1)

-- name: forget_authenticator_apps
DELETE FROM totp_factors WHERE user_id = $1

-- name: forget_recovery_codes
DELETE FROM recovery_codes WHERE user_id = $1

-- name: forget_passkeys
DELETE FROM passkeys WHERE user_id = $1

-- name: forget_external_identities
DELETE FROM external_identities WHERE user_id = $1

-- name: forget_sign_in_links
DELETE FROM sign_in_links WHERE user_id = $1

-- name: forget_challenges
DELETE FROM challenges WHERE user_id = $1

-- name: empty_sessions
UPDATE sessions SET address = '', user_agent = '' WHERE user_id = $1

-- name: empty_device_grants
UPDATE device_grants AS device
SET user_agent = ''
FROM sessions AS session
WHERE session.session_id = device.session_id AND session.user_id = $1

-- name: empty_user
UPDATE users
SET
    email = NULL, name = 'erased', password_hash = NULL, password_changed_at = NULL,
    disabled_at = coalesce(disabled_at, $2), erased_at = $2
WHERE user_id = $1 AND erased_at IS NULL
RETURNING user_id
