-- name: create
INSERT INTO sessions (
    session_id, user_id, org_id, cookie_digest, methods, authenticated_at, created_at,
    last_seen_at, expires_at, address, user_agent
) VALUES ($1, $2, $3, $4, $5, $6, $6, $6, $7, $8, $9)

-- name: by_cookie
SELECT
    session.session_id, session.user_id, session.org_id, session.methods,
    session.authenticated_at, session.created_at, session.last_seen_at, session.expires_at,
    session.address, session.user_agent
FROM sessions AS session
JOIN users AS person ON person.user_id = session.user_id
JOIN memberships AS membership
    ON membership.org_id = session.org_id AND membership.user_id = session.user_id
WHERE
    session.cookie_digest = $1
    AND session.ended_at IS NULL
    AND session.expires_at > $2
    AND session.last_seen_at > $3
    AND person.disabled_at IS NULL

-- name: of_user
SELECT
    session_id, user_id, org_id, methods, authenticated_at, created_at, last_seen_at, expires_at,
    address, user_agent
FROM sessions
WHERE user_id = $1 AND ended_at IS NULL AND expires_at > $2 AND last_seen_at > $3
ORDER BY last_seen_at DESC, session_id

-- name: touch
UPDATE sessions SET last_seen_at = greatest(last_seen_at, $2) WHERE session_id = $1

-- name: prove
UPDATE sessions
SET authenticated_at = $2, methods = $3
WHERE session_id = $1 AND ended_at IS NULL
RETURNING
    session_id, user_id, org_id, methods, authenticated_at, created_at, last_seen_at, expires_at,
    address, user_agent

-- name: addresses_of
SELECT DISTINCT session.address
FROM sessions AS session
JOIN users AS person ON person.user_id = session.user_id
WHERE person.email = $1 AND session.created_at > $2

-- name: end
UPDATE sessions
SET ended_at = $2
WHERE session_id = $1 AND ended_at IS NULL
RETURNING user_id

-- name: end_of_user
UPDATE sessions
SET ended_at = $2
WHERE user_id = $1 AND ended_at IS NULL AND session_id IS DISTINCT FROM $3
RETURNING session_id
