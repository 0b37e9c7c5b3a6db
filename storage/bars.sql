-- name: merge_bars
INSERT INTO bars (
    instrument, source, resolution, start, open, high, low, close, volume, trades,
    open_ns, open_entry_id, close_ns, close_entry_id
)
SELECT *
FROM json_to_recordset($1::json) AS part (
    instrument text, source text, resolution text, start timestamptz,
    open numeric, high numeric, low numeric, close numeric, volume bigint, trades bigint,
    open_ns bigint, open_entry_id text, close_ns bigint, close_entry_id text
)
ON CONFLICT (instrument, source, resolution, start) DO UPDATE SET
    open = CASE
        WHEN (excluded.open_ns, excluded.open_entry_id) < (bars.open_ns, bars.open_entry_id)
        THEN excluded.open ELSE bars.open
    END,
    open_entry_id = CASE
        WHEN (excluded.open_ns, excluded.open_entry_id) < (bars.open_ns, bars.open_entry_id)
        THEN excluded.open_entry_id ELSE bars.open_entry_id
    END,
    open_ns = least(bars.open_ns, excluded.open_ns),
    close = CASE
        WHEN (excluded.close_ns, excluded.close_entry_id) > (bars.close_ns, bars.close_entry_id)
        THEN excluded.close ELSE bars.close
    END,
    close_entry_id = CASE
        WHEN (excluded.close_ns, excluded.close_entry_id) > (bars.close_ns, bars.close_entry_id)
        THEN excluded.close_entry_id ELSE bars.close_entry_id
    END,
    close_ns = greatest(bars.close_ns, excluded.close_ns),
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
