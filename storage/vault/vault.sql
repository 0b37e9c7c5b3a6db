-- name: insert_key
INSERT INTO vault_keys (key_id, wrapped, wrapping_key, created_at, wrapped_at)
VALUES ($1, $2, $3, now(), now())

-- name: key
SELECT wrapped, wrapping_key
FROM vault_keys
WHERE key_id = $1

-- name: forget_key
DELETE FROM vault_keys
WHERE key_id = $1

-- name: to_wrap
SELECT key_id, wrapped, wrapping_key
FROM vault_keys
WHERE wrapping_key <> $1
ORDER BY key_id
LIMIT $2
FOR UPDATE SKIP LOCKED

-- name: wrap_anew
UPDATE vault_keys
SET wrapped = given.wrapped, wrapping_key = $3, wrapped_at = now()
FROM unnest($1::uuid[], $2::bytea[]) AS given (key_id, wrapped)
WHERE vault_keys.key_id = given.key_id

-- name: counts
SELECT wrapping_key, count(*) AS keys, min(wrapped_at) AS oldest, max(wrapped_at) AS newest
FROM vault_keys
GROUP BY wrapping_key
ORDER BY wrapping_key
