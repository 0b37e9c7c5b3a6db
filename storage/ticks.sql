-- name: quotes
SELECT
    instrument, source, event_time, event_nanos, received_ns, session, sequence, frame_index,
    bid, bid_size, ask, ask_size
FROM quotes
WHERE instrument BETWEEN $1 AND $2
    AND event_time >= $3 AND event_time < $4
    AND ($5::text IS NULL OR source = $5)
    AND (instrument, event_time, event_nanos, session, sequence, frame_index)
        > ($6, $7, $8, $9, $10, $11)
ORDER BY instrument, event_time, event_nanos, session, sequence, frame_index
LIMIT $12;

-- name: trades
SELECT
    instrument, source, event_time, event_nanos, received_ns, entry_id, price, size, aggressor
FROM trades
WHERE instrument BETWEEN $1 AND $2
    AND event_time >= $3 AND event_time < $4
    AND ($5::text IS NULL OR source = $5)
    AND (instrument, event_time, event_nanos, entry_id) > ($6, $7, $8, $9)
ORDER BY instrument, event_time, event_nanos, entry_id
LIMIT $10;
