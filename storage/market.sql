-- name: create_staging
CREATE TEMPORARY TABLE IF NOT EXISTS staged_quotes (LIKE quotes) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE IF NOT EXISTS staged_trades (LIKE trades) ON COMMIT DELETE ROWS;

-- name: has_staging
SELECT to_regclass('pg_temp.staged_trades') IS NOT NULL;

-- name: insert_quotes
WITH taken AS (DELETE FROM staged_quotes RETURNING *)
INSERT INTO quotes
SELECT * FROM taken
ON CONFLICT DO NOTHING;

-- name: insert_trades
WITH taken AS (DELETE FROM staged_trades RETURNING *)
INSERT INTO trades
SELECT * FROM taken
ON CONFLICT DO NOTHING
RETURNING instrument, event_time, event_nanos, entry_id;

-- name: insert_gap
INSERT INTO gaps (
    venue, source, session, expected_sequence, received_sequence, received_ns, reason, instruments
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT DO NOTHING
RETURNING true;

-- name: insert_healed
INSERT INTO heals (venue, source, session, received_ns, instruments)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT DO NOTHING
RETURNING true;

-- name: insert_staleness
INSERT INTO silences (
    venue, source, instrument, received_ns, is_stale, silent_since_ns, limit_s
)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT DO NOTHING
RETURNING true;

-- name: save_cursor
INSERT INTO feed_cursors (venue, source, segment, byte_offset, updated_at)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (venue) DO UPDATE SET
    source = excluded.source,
    segment = excluded.segment,
    byte_offset = excluded.byte_offset,
    updated_at = excluded.updated_at;

-- name: load_cursor
SELECT venue, source, segment, byte_offset AS "offset", updated_at
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
