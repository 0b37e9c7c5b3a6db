-- name: remember
INSERT INTO backend_snapshots (digest, backend, body, captured_at)
VALUES ($1, $2, $3, $4)
ON CONFLICT (digest) DO NOTHING;

-- name: read
SELECT digest, backend, body
FROM backend_snapshots
WHERE digest = $1;
