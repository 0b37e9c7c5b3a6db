-- name: user_of
UPDATE external_identities
SET last_used_at = $3
WHERE issuer = $1 AND subject = $2
RETURNING user_id;

-- name: link
INSERT INTO external_identities (issuer, subject, user_id, created_at, last_used_at)
VALUES ($1, $2, $3, $4, $4)
ON CONFLICT (issuer, subject) DO UPDATE SET last_used_at = excluded.last_used_at
RETURNING user_id;

-- name: of_user
SELECT issuer, subject, created_at, last_used_at
FROM external_identities
WHERE user_id = $1
ORDER BY created_at, issuer, subject;

-- name: unlink
DELETE FROM external_identities
WHERE user_id = $1 AND issuer = $2 AND subject = $3
RETURNING user_id;
