-- name: lock
SELECT pg_advisory_xact_lock(hashtext('heliostat.signing_keys'))

-- name: kept
SELECT key_id, public_key, private_key, created_at, signs_from, signs_until, forgotten_after
FROM signing_keys
WHERE forgotten_after > $1
ORDER BY signs_from

-- name: add
INSERT INTO signing_keys (
    key_id, public_key, private_key, created_at, signs_from, signs_until, forgotten_after
)
VALUES ($1, $2, $3, $4, $5, $6, $7)

-- name: forget
DELETE FROM signing_keys WHERE forgotten_after <= $1 RETURNING private_key
