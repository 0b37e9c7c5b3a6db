-- name: propose_totp
INSERT INTO totp_factors (user_id, secret, created_at)
VALUES ($1, $2, $3)
ON CONFLICT (user_id) DO UPDATE
SET secret = excluded.secret, created_at = excluded.created_at, last_step = NULL
WHERE totp_factors.confirmed_at IS NULL
RETURNING user_id

-- name: read_totp
SELECT secret, confirmed_at FROM totp_factors WHERE user_id = $1

-- name: confirm_totp
UPDATE totp_factors
SET confirmed_at = $2, last_step = $3
WHERE user_id = $1 AND confirmed_at IS NULL AND secret = $4
RETURNING user_id

-- name: use_step
UPDATE totp_factors
SET last_step = $2
WHERE user_id = $1 AND confirmed_at IS NOT NULL AND coalesce(last_step, -1) < $2
RETURNING user_id

-- name: remove_totp
DELETE FROM totp_factors WHERE user_id = $1 AND confirmed_at IS NOT NULL RETURNING secret

-- name: forget_codes
DELETE FROM recovery_codes WHERE user_id = $1

-- name: add_codes
INSERT INTO recovery_codes (user_id, digest, created_at)
SELECT $1, digest, $3 FROM unnest($2::bytea []) AS digest

-- name: use_code
UPDATE recovery_codes
SET used_at = $3
WHERE user_id = $1 AND digest = $2 AND used_at IS NULL
RETURNING user_id

-- name: codes_left
SELECT count(*) FROM recovery_codes WHERE user_id = $1 AND used_at IS NULL
