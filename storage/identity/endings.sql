-- name: revoke_of_session
UPDATE token_families
SET revoked_at = $2, reason = $3
WHERE session_id = $1 AND revoked_at IS NULL

-- name: revoke_of_user
UPDATE token_families
SET revoked_at = $2, reason = $3
WHERE user_id = $1 AND revoked_at IS NULL

-- name: spend_codes_of_session
UPDATE authorization_codes SET used_at = $2 WHERE session_id = $1 AND used_at IS NULL

-- name: spend_codes_of_user
UPDATE authorization_codes AS code
SET used_at = $2
FROM sessions AS session
WHERE session.session_id = code.session_id AND session.user_id = $1 AND code.used_at IS NULL

-- name: refuse_devices_of_session
UPDATE device_grants SET approved = false WHERE session_id = $1 AND used_at IS NULL

-- name: refuse_devices_of_user
UPDATE device_grants AS device
SET approved = false
FROM sessions AS session
WHERE session.session_id = device.session_id AND session.user_id = $1 AND device.used_at IS NULL

-- name: forget_challenges_of_user
DELETE FROM challenges WHERE user_id = $1
