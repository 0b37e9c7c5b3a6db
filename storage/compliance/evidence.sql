-- name: tables_of_tenants
SELECT c.relname AS name, c.relrowsecurity AND c.relforcerowsecurity AS has_walls
FROM pg_class AS c
WHERE
    c.relnamespace = 'public'::regnamespace
    AND c.relkind IN ('r', 'p')
    AND NOT c.relispartition
    AND EXISTS (
        SELECT 1
        FROM pg_attribute AS a
        WHERE a.attrelid = c.oid AND a.attname = 'org_id' AND NOT a.attisdropped
    )
ORDER BY c.relname

-- name: roles_above_walls
SELECT rolname
FROM pg_roles
WHERE
    rolname IN ('heliostat_app', 'heliostat_system')
    AND (rolsuper OR rolbypassrls OR rolcreaterole)
ORDER BY rolname

-- name: writers_of_the_trail
SELECT r.rolname
FROM pg_roles AS r
WHERE
    r.rolname IN ('heliostat_app', 'heliostat_system')
    AND (
        has_table_privilege(r.oid, 'audit_entries', 'UPDATE')
        OR has_table_privilege(r.oid, 'audit_entries', 'DELETE')
        OR has_table_privilege(r.oid, 'audit_entries', 'TRUNCATE')
    )
ORDER BY r.rolname

-- name: plain_secrets
SELECT count(*)
FROM webhook_endpoints
WHERE secret IS NOT NULL

-- name: weak_hashes
SELECT count(*)
FROM users
WHERE password_hash IS NOT NULL AND password_hash NOT LIKE $1

-- name: powerful_without_second_factor
SELECT m.user_id
FROM memberships AS m
INNER JOIN users AS u USING (user_id)
WHERE
    m.org_id = $1
    AND m.role IN ('owner', 'admin')
    AND u.disabled_at IS NULL
    AND NOT EXISTS (
        SELECT 1 FROM totp_factors AS t
        WHERE t.user_id = m.user_id AND t.confirmed_at IS NOT NULL
    )
    AND NOT EXISTS (SELECT 1 FROM passkeys AS p WHERE p.user_id = m.user_id)
ORDER BY m.user_id

-- name: access_of_the_disabled
SELECT
    (
        SELECT count(*) FROM sessions AS s INNER JOIN users AS u USING (user_id)
        WHERE u.disabled_at IS NOT NULL AND s.ended_at IS NULL AND s.expires_at > $1
    )
    + (
        SELECT count(*) FROM token_families AS f INNER JOIN users AS u USING (user_id)
        WHERE u.disabled_at IS NOT NULL AND f.revoked_at IS NULL AND f.expires_at > $1
    )

-- name: keys_left_lying
SELECT key_id
FROM api_keys
WHERE
    org_id = $1
    AND revoked_at IS NULL
    AND (expires_at IS NULL OR expires_at > $2)
    AND coalesce(last_used_at, created_at) < $3
ORDER BY key_id

-- name: remains_of_the_erased
SELECT count(*)
FROM users AS u
WHERE
    u.erased_at IS NOT NULL
    AND (
        u.password_hash IS NOT NULL
        OR EXISTS (SELECT 1 FROM sessions AS s WHERE s.user_id = u.user_id)
        OR EXISTS (SELECT 1 FROM passkeys AS p WHERE p.user_id = u.user_id)
        OR EXISTS (SELECT 1 FROM totp_factors AS t WHERE t.user_id = u.user_id)
        OR EXISTS (SELECT 1 FROM memberships AS m WHERE m.user_id = u.user_id)
    )

-- name: erased
SELECT count(*)
FROM users
WHERE erased_at IS NOT NULL

-- name: longest_signing
SELECT coalesce(max(signs_until - signs_from), interval '0')
FROM signing_keys

-- name: clock
SELECT clock_timestamp()
