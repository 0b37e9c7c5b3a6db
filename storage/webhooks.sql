-- name: lock_endpoints
SELECT pg_advisory_xact_lock(hashtextextended('webhook_endpoints:' || $1::uuid, 0));

-- name: count_endpoints
SELECT count(*)
FROM webhook_endpoints
WHERE org_id = $1 AND removed_at IS NULL;

-- name: insert_endpoint
INSERT INTO webhook_endpoints (org_id, endpoint_id, url, sealed_secret, created_at)
VALUES ($1, $2, $3, $4, $5);

-- name: endpoints
SELECT endpoint_id, url, created_at
FROM webhook_endpoints
WHERE org_id = $1 AND removed_at IS NULL
ORDER BY endpoint_id;

-- name: remove_endpoint
UPDATE webhook_endpoints
SET removed_at = $3, secret = NULL, sealed_secret = NULL
WHERE org_id = $1 AND endpoint_id = $2 AND removed_at IS NULL
RETURNING endpoint_id;

-- name: give_up_all
UPDATE webhook_deliveries
SET state = 'given_up', error = 'the endpoint was removed', finished_at = $3
WHERE org_id = $1 AND endpoint_id = $2 AND state = 'pending';

-- name: enqueue
INSERT INTO webhook_deliveries (
    org_id, delivery_id, endpoint_id, event, run_id, run_kind, run_status, created_at,
    next_attempt_at
)
SELECT org_id, gen_random_uuid(), endpoint_id, 'run.' || $4::text, $2, $3, $4::text, $5, $5
FROM webhook_endpoints
WHERE org_id = $1 AND removed_at IS NULL
ON CONFLICT DO NOTHING;

-- name: enqueue_test
INSERT INTO webhook_deliveries (
    org_id, delivery_id, endpoint_id, event, created_at, next_attempt_at
)
SELECT org_id, gen_random_uuid(), endpoint_id, $3, $4, $4
FROM webhook_endpoints
WHERE org_id = $1 AND endpoint_id = $2 AND removed_at IS NULL
RETURNING delivery_id;

-- name: read_delivery
SELECT
    delivery_id, endpoint_id, event, run_id, run_kind, run_status, created_at, state, attempts,
    next_attempt_at, answered, error, finished_at
FROM webhook_deliveries
WHERE org_id = $1 AND delivery_id = $2;

-- name: deliveries
SELECT
    delivery_id, endpoint_id, event, run_id, run_kind, run_status, created_at, state, attempts,
    next_attempt_at, answered, error, finished_at
FROM webhook_deliveries
WHERE
    org_id = $1
    AND ($2::uuid IS NULL OR endpoint_id = $2)
    AND ($3::uuid IS NULL OR (created_at, delivery_id) < (
        SELECT last.created_at, last.delivery_id
        FROM webhook_deliveries AS last
        WHERE last.org_id = $1 AND last.delivery_id = $3
    ))
ORDER BY created_at DESC, delivery_id DESC
LIMIT $4;

-- name: claim
WITH ranked AS (
    SELECT
        org_id, delivery_id,
        row_number() OVER (PARTITION BY org_id, endpoint_id ORDER BY next_attempt_at) AS place
    FROM webhook_deliveries
    WHERE state = 'pending' AND next_attempt_at <= $1 AND endpoint_id <> ALL($4::uuid[])
),
due AS (
    SELECT one.org_id, one.delivery_id
    FROM webhook_deliveries AS one
    INNER JOIN ranked ON ranked.org_id = one.org_id AND ranked.delivery_id = one.delivery_id
    WHERE ranked.place <= $5 AND one.state = 'pending' AND one.next_attempt_at <= $1
    ORDER BY one.next_attempt_at
    LIMIT $3
    FOR UPDATE OF one SKIP LOCKED
)
UPDATE webhook_deliveries AS claimed
SET attempts = claimed.attempts + 1, next_attempt_at = $2
FROM due, webhook_endpoints AS endpoint
WHERE
    claimed.org_id = due.org_id AND claimed.delivery_id = due.delivery_id
    AND endpoint.org_id = claimed.org_id AND endpoint.endpoint_id = claimed.endpoint_id
RETURNING
    claimed.org_id, claimed.delivery_id, claimed.endpoint_id, claimed.event, claimed.run_id,
    claimed.run_kind, claimed.run_status, claimed.created_at, claimed.state, claimed.attempts,
    claimed.next_attempt_at, claimed.answered, claimed.error, claimed.finished_at,
    endpoint.url, endpoint.secret, endpoint.sealed_secret;

-- name: settle
UPDATE webhook_deliveries
SET state = $3, next_attempt_at = $4, answered = $5, error = $6, finished_at = $7
WHERE org_id = $1 AND delivery_id = $2 AND state = 'pending';

-- name: forget
DELETE FROM webhook_deliveries
WHERE (org_id, delivery_id) IN (
    SELECT old.org_id, old.delivery_id
    FROM webhook_deliveries AS old
    WHERE old.state <> 'pending' AND old.finished_at < $1
    ORDER BY old.finished_at
    LIMIT $2
)
RETURNING delivery_id;

-- name: plain_secrets
SELECT org_id, endpoint_id, secret
FROM webhook_endpoints
WHERE secret IS NOT NULL
ORDER BY org_id, endpoint_id
LIMIT $1
FOR UPDATE SKIP LOCKED;

-- name: replace_secret
UPDATE webhook_endpoints
SET secret = NULL, sealed_secret = $3
WHERE org_id = $1 AND endpoint_id = $2;
