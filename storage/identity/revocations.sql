-- name: revoke
-- A renewal may have held the person's rows until just now, and be dated after the moment that
-- was taken before them: it ends too.
INSERT INTO revocations (kind, subject, revoked_at)
VALUES (
    $1,
    $2,
    greatest($3, (
        SELECT max(token.created_at)
        FROM refresh_tokens AS token
        INNER JOIN token_families AS family USING (family_id)
        WHERE
            family.user_id = CASE
                WHEN $1 IN ('user', 'member') THEN split_part($2, ':', -1)::uuid
            END
    ))
)

-- name: since
SELECT kind, subject, max(revoked_at) AS revoked_at
FROM revocations
WHERE revoked_at >= $1
GROUP BY kind, subject
