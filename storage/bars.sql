-- name: merge_bars
INSERT INTO bars (
    instrument, source, resolution, start, open, high, low, close, volume, trades,
    open_ns, open_entry_id, close_ns, close_entry_id
)
SELECT *
FROM unnest(
    $1::text[], $2::text[], $3::text[], $4::timestamptz[],
    $5::numeric[], $6::numeric[], $7::numeric[], $8::numeric[], $9::bigint[], $10::bigint[],
    $11::bigint[], $12::text[], $13::bigint[], $14::text[]
)
ON CONFLICT (instrument, source, resolution, start) DO UPDATE SET
    (open, open_ns, open_entry_id) = (
        SELECT
            CASE WHEN is_earlier THEN excluded.open ELSE bars.open END,
            CASE WHEN is_earlier THEN excluded.open_ns ELSE bars.open_ns END,
            CASE WHEN is_earlier THEN excluded.open_entry_id ELSE bars.open_entry_id END
        FROM (
            SELECT (excluded.open_ns, excluded.open_entry_id) < (bars.open_ns, bars.open_entry_id)
        ) AS compared (is_earlier)
    ),
    (close, close_ns, close_entry_id) = (
        SELECT
            CASE WHEN is_later THEN excluded.close ELSE bars.close END,
            CASE WHEN is_later THEN excluded.close_ns ELSE bars.close_ns END,
            CASE WHEN is_later THEN excluded.close_entry_id ELSE bars.close_entry_id END
        FROM (
            SELECT
                (excluded.close_ns, excluded.close_entry_id) > (bars.close_ns, bars.close_entry_id)
        ) AS compared (is_later)
    ),
    high = greatest(bars.high, excluded.high),
    low = least(bars.low, excluded.low),
    volume = bars.volume + excluded.volume,
    trades = bars.trades + excluded.trades;

-- name: bars
SELECT instrument, source, start, open, high, low, close, volume, trades
FROM bars
WHERE instrument BETWEEN $1 AND $2
    AND resolution = $3
    AND start >= $4 AND start < $5
    AND ($6::text IS NULL OR source = $6)
    AND (instrument, source, start) > ($7, $8, $9)
ORDER BY instrument, source, start
LIMIT $10;
