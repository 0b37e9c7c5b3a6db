-- name: create_staging
CREATE TEMPORARY TABLE IF NOT EXISTS staged_quotes (LIKE quotes) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE IF NOT EXISTS staged_trades (LIKE trades) ON COMMIT DELETE ROWS;

-- name: has_staging
SELECT to_regclass('pg_temp.staged_trades') IS NOT NULL;

-- name: insert_quotes
WITH taken AS (DELETE FROM staged_quotes RETURNING *)
INSERT INTO quotes SELECT * FROM taken ON CONFLICT DO NOTHING;

-- name: insert_trades
WITH taken AS (DELETE FROM staged_trades RETURNING *)
INSERT INTO trades SELECT * FROM taken ON CONFLICT DO NOTHING;

-- name: insert_gaps
INSERT INTO gaps (
    venue, source, session, expected_sequence, received_sequence, received_ns, reason
)
SELECT *
FROM unnest(
    $1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::text[]
)
ON CONFLICT DO NOTHING;

-- name: save_cursor
INSERT INTO feed_cursors (venue, source, session, sequence, event_ns, updated_at)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (venue) DO UPDATE SET
    source = excluded.source,
    session = excluded.session,
    sequence = excluded.sequence,
    event_ns = excluded.event_ns,
    updated_at = excluded.updated_at;

-- name: load_cursor
SELECT venue, source, session, sequence, event_ns, updated_at
FROM feed_cursors
WHERE venue = $1;

-- name: latest_quotes
WITH RECURSIVE instruments AS (
    (
        SELECT instrument FROM quotes
        WHERE instrument > $1 || '-' AND instrument < $1 || '.'
        ORDER BY instrument LIMIT 1
    )
    UNION ALL
    SELECT (
        SELECT quotes.instrument FROM quotes
        WHERE quotes.instrument > instruments.instrument AND quotes.instrument < $1 || '.'
        ORDER BY quotes.instrument LIMIT 1
    )
    FROM instruments
    WHERE instruments.instrument IS NOT NULL
)
SELECT latest.*
FROM instruments
CROSS JOIN LATERAL (
    SELECT *
    FROM quotes
    WHERE quotes.instrument = instruments.instrument
    ORDER BY event_time DESC, event_nanos DESC, session DESC, sequence DESC, frame_index DESC
    LIMIT 1
) AS latest
ORDER BY latest.instrument;
