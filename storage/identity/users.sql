-- name: create
INSERT INTO users (user_id, email, name, created_at)
VALUES ($1, $2, $3, $4)
ON CONFLICT (email) DO NOTHING
RETURNING user_id

-- name: read
SELECT
    user_id, email, name, password_hash, password_stands_alone, password_changed_at, created_at,
    disabled_at
FROM users
WHERE user_id = $1

-- name: hold
SELECT
    user_id, email, name, password_hash, password_stands_alone, password_changed_at, created_at,
    disabled_at
FROM users
WHERE user_id = $1
FOR UPDATE

-- name: by_email
SELECT
    user_id, email, name, password_hash, password_stands_alone, password_changed_at, created_at,
    disabled_at
FROM users
WHERE email = $1

-- name: rename
UPDATE users SET name = $2 WHERE user_id = $1

-- name: set_password
UPDATE users
SET password_hash = $2, password_stands_alone = $3, password_changed_at = $4
WHERE user_id = $1

-- name: replace_hash
UPDATE users SET password_hash = $3 WHERE user_id = $1 AND password_hash = $2

-- name: disable
UPDATE users SET disabled_at = $2 WHERE user_id = $1 AND disabled_at IS NULL RETURNING user_id

-- name: enable
UPDATE users
SET disabled_at = NULL
WHERE user_id = $1 AND disabled_at IS NOT NULL AND erased_at IS NULL
RETURNING user_id
