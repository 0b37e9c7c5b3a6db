-- name: forget_authorization_codes
DELETE FROM authorization_codes WHERE expires_at < $1

-- name: overdue_authorization_codes
SELECT count(*) FROM authorization_codes WHERE expires_at < $1

-- name: forget_device_grants
DELETE FROM device_grants WHERE expires_at < $1

-- name: overdue_device_grants
SELECT count(*) FROM device_grants WHERE expires_at < $1

-- name: forget_token_families
DELETE FROM token_families WHERE least(revoked_at, expires_at) < $1

-- name: overdue_token_families
SELECT count(*) FROM token_families WHERE least(revoked_at, expires_at) < $1

-- name: forget_sessions
DELETE FROM sessions AS session
WHERE
    least(session.ended_at, session.expires_at) < $1
    AND NOT EXISTS (
        SELECT FROM token_families AS family WHERE family.session_id = session.session_id
    )
    AND NOT EXISTS (
        SELECT FROM authorization_codes AS code WHERE code.session_id = session.session_id
    )
    AND NOT EXISTS (
        SELECT FROM device_grants AS device WHERE device.session_id = session.session_id
    )

-- name: overdue_sessions
SELECT count(*)
FROM sessions AS session
WHERE
    least(session.ended_at, session.expires_at) < $1
    AND NOT EXISTS (
        SELECT FROM token_families AS family WHERE family.session_id = session.session_id
    )
    AND NOT EXISTS (
        SELECT FROM authorization_codes AS code WHERE code.session_id = session.session_id
    )
    AND NOT EXISTS (
        SELECT FROM device_grants AS device WHERE device.session_id = session.session_id
    )

-- name: forget_sign_in_links
DELETE FROM sign_in_links WHERE least(used_at, expires_at) < $1

-- name: overdue_sign_in_links
SELECT count(*) FROM sign_in_links WHERE least(used_at, expires_at) < $1

-- name: forget_challenges
DELETE FROM challenges WHERE expires_at < $1

-- name: overdue_challenges
SELECT count(*) FROM challenges WHERE expires_at < $1

-- name: forget_throttles
DELETE FROM throttles WHERE greatest(last_failed_at, blocked_until) < $1

-- name: overdue_throttles
SELECT count(*) FROM throttles WHERE greatest(last_failed_at, blocked_until) < $1

-- name: forget_revocations
DELETE FROM revocations WHERE revoked_at < $1

-- name: overdue_revocations
SELECT count(*) FROM revocations WHERE revoked_at < $1

-- name: forget_invitations
DELETE FROM invitations WHERE least(accepted_at, withdrawn_at, expires_at) < $1

-- name: overdue_invitations
SELECT count(*) FROM invitations WHERE least(accepted_at, withdrawn_at, expires_at) < $1

-- name: forget_api_keys
DELETE FROM api_keys WHERE least(revoked_at, expires_at) < $1

-- name: overdue_api_keys
SELECT count(*) FROM api_keys WHERE least(revoked_at, expires_at) < $1

-- name: forget_unconfirmed_factors
DELETE FROM totp_factors WHERE confirmed_at IS NULL AND created_at < $1

-- name: overdue_unconfirmed_factors
SELECT count(*) FROM totp_factors WHERE confirmed_at IS NULL AND created_at < $1

-- name: forget_used_recovery_codes
DELETE FROM recovery_codes WHERE used_at < $1

-- name: overdue_used_recovery_codes
SELECT count(*) FROM recovery_codes WHERE used_at < $1

-- name: forget_kept_answers
WITH shredded AS (
    DELETE FROM vault_keys
    USING kept_answers
    WHERE
        vault_keys.key_id = encode(substring(kept_answers.sealed FROM 2 FOR 16), 'hex')::uuid
        AND kept_answers.claimed_at < $1
)
DELETE FROM kept_answers WHERE claimed_at < $1

-- name: overdue_kept_answers
SELECT count(*) FROM kept_answers WHERE claimed_at < $1
