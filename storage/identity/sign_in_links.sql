-- name: create
INSERT INTO sign_in_links (digest, user_id, created_at, expires_at) VALUES ($1, $2, $3, $4)

-- name: peek
SELECT link.user_id
FROM sign_in_links AS link
JOIN users AS person ON person.user_id = link.user_id
WHERE
    link.digest = $1 AND link.used_at IS NULL AND link.expires_at > $2
    AND person.disabled_at IS NULL

-- name: use
UPDATE sign_in_links AS link
SET used_at = $2
FROM users AS person
WHERE
    link.digest = $1 AND link.used_at IS NULL AND link.expires_at > $2
    AND person.user_id = link.user_id AND person.disabled_at IS NULL
RETURNING link.user_id

-- name: withdraw
UPDATE sign_in_links SET used_at = $2 WHERE user_id = $1 AND used_at IS NULL
