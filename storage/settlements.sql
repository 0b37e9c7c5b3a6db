-- name: lock_source
SELECT pg_advisory_xact_lock(hashtextextended('settlements ' || $1::uuid::text || ' ' || $2, 0));

-- name: create_staging
CREATE TEMPORARY TABLE staged_settlements (
    row_number integer,
    product text COLLATE "C",
    trade_date date,
    contract_month integer,
    position smallint,
    price numeric,
    volume bigint,
    open_interest bigint
) ON COMMIT DROP;
CREATE TEMPORARY TABLE new_settlements (
    row_number integer,
    product text COLLATE "C",
    trade_date date,
    contract_month integer,
    position smallint,
    revision smallint,
    price numeric,
    volume bigint,
    open_interest bigint,
    stored_price numeric,
    stored_volume bigint,
    stored_open_interest bigint,
    changed text
) ON COMMIT DROP;

-- name: drop_staging
DROP TABLE staged_settlements, new_settlements;

-- name: analyze_staging
ANALYZE staged_settlements;

-- name: source_has_rows
SELECT EXISTS (SELECT FROM settlements WHERE org_id = $1 AND source = $2);

-- name: insert_staged
INSERT INTO settlements (
    org_id, source, product, trade_date, contract_month, position, revision, price, stage,
    recorded_at, volume, open_interest
)
SELECT
    $1, $2, product, trade_date, contract_month, position, 0, price, 'final', $3, volume,
    open_interest
FROM staged_settlements;

-- name: compare_staged
-- Figures may join a stored price that came without; a file without them does not take them away.
INSERT INTO new_settlements
SELECT
    staged.row_number, staged.product, staged.trade_date, staged.contract_month, staged.position,
    coalesce(stored.revision + 1, 0), staged.price,
    coalesce(staged.volume, stored.volume), coalesce(staged.open_interest, stored.open_interest),
    stored.price, stored.volume, stored.open_interest,
    CASE
        WHEN staged.price <> stored.price THEN 'settlement'
        WHEN staged.volume <> stored.volume THEN 'volume'
        WHEN staged.open_interest <> stored.open_interest THEN 'open_interest'
    END
FROM staged_settlements AS staged
LEFT JOIN (
    SELECT DISTINCT ON (product, trade_date, contract_month, position)
        product, trade_date, contract_month, position, revision, price, volume, open_interest
    FROM settlements
    WHERE org_id = $1 AND source = $2
    ORDER BY product, trade_date, contract_month, position, revision DESC
) AS stored USING (product, trade_date, contract_month, position)
WHERE stored.price IS DISTINCT FROM staged.price
    OR staged.volume <> coalesce(stored.volume, -1)
    OR staged.open_interest <> coalesce(stored.open_interest, -1);

-- name: count_new
SELECT
    count(*) FILTER (WHERE revision = 0) AS stored,
    count(*) FILTER (WHERE revision > 0 AND changed IS NULL) AS filled,
    count(changed) AS changed
FROM new_settlements;

-- name: first_changed
SELECT
    row_number, changed,
    CASE changed
        WHEN 'settlement' THEN price WHEN 'volume' THEN volume ELSE open_interest
    END AS new_value,
    CASE changed
        WHEN 'settlement' THEN stored_price
        WHEN 'volume' THEN stored_volume
        ELSE stored_open_interest
    END AS stored_value
FROM new_settlements
WHERE changed IS NOT NULL
ORDER BY row_number
LIMIT 1;

-- name: insert_new
INSERT INTO settlements (
    org_id, source, product, trade_date, contract_month, position, revision, price, stage,
    recorded_at, volume, open_interest
)
SELECT
    $1, $2, product, trade_date, contract_month, position, revision, price, 'final', $3, volume,
    open_interest
FROM new_settlements
WHERE changed IS NULL OR $4
ORDER BY product, trade_date, contract_month, position;

-- name: insert_announced
INSERT INTO settlements (
    org_id, source, product, trade_date, contract_month, revision, price, stage, recorded_at,
    announced_ns
)
SELECT
    $1, $2, announced.product, announced.trade_date, announced.contract_month,
    coalesce(stored.revision + 1, 0), announced.price,
    CASE
        WHEN stored.stage IN ('final', 'corrected') THEN 'corrected'
        ELSE announced.stage
    END,
    announced.recorded_at, announced.announced_ns
FROM unnest(
    $3::text[], $4::date[], $5::integer[], $6::numeric[], $7::text[], $8::timestamptz[],
    $9::bigint[]
) AS announced (product, trade_date, contract_month, price, stage, recorded_at, announced_ns)
LEFT JOIN LATERAL (
    SELECT revision, price, stage, settlements.announced_ns
    FROM settlements
    WHERE org_id = $1 AND source = $2
        AND settlements.product = announced.product
        AND settlements.trade_date = announced.trade_date
        AND settlements.contract_month = announced.contract_month
        AND position = 0
    ORDER BY revision DESC
    LIMIT 1
) AS stored ON true
WHERE stored.revision IS NULL
    OR announced.announced_ns >= coalesce(stored.announced_ns, announced.announced_ns)
    AND CASE
        WHEN stored.stage = 'preliminary'
        THEN stored.price <> announced.price OR announced.stage <> 'preliminary'
        ELSE stored.price <> announced.price AND announced.stage <> 'preliminary'
    END;

-- name: latest_date
SELECT max(trade_date)
FROM settlements
WHERE org_id = $1 AND source = $2 AND product = $3
    AND trade_date <= coalesce($4, 'infinity'::date);

-- name: curve_rows
SELECT DISTINCT ON (contract_month, position)
    product, trade_date, contract_month, position, revision, price, stage, recorded_at, volume,
    open_interest
FROM settlements
WHERE org_id = $1 AND source = $2 AND product = $3 AND trade_date = $4
ORDER BY contract_month, position, revision DESC;

-- name: window_start
SELECT min(trade_date)
FROM (
    SELECT DISTINCT trade_date
    FROM settlements
    WHERE org_id = $1 AND source = $2 AND product = $3 AND trade_date <= $4
    ORDER BY trade_date DESC
    LIMIT $5
) AS dates;

-- name: window_rows
SELECT DISTINCT ON (trade_date, contract_month, position)
    trade_date - '1970-01-01'::date AS epoch_day, contract_month, position,
    price::double precision AS price, recorded_at
FROM settlements
WHERE org_id = $1 AND source = $2 AND product = $3 AND trade_date BETWEEN $4 AND $5
ORDER BY trade_date, contract_month, position, revision DESC;

-- name: rows_between
-- A delivery month is at most three months further from its trade date than from the front month.
SELECT DISTINCT ON (trade_date, contract_month, position)
    trade_date - '1970-01-01'::date AS epoch_day, contract_month, position,
    price::double precision AS price, recorded_at,
    CASE WHEN $7 THEN volume END AS volume, CASE WHEN $7 THEN open_interest END AS open_interest
FROM settlements
WHERE org_id = $1 AND source = $2 AND product = $3 AND trade_date BETWEEN $4 AND $5
    AND CASE
        WHEN contract_month = 0 THEN position <= $6
        ELSE contract_month / 100 * 12 + contract_month % 100
            - extract(year FROM trade_date) * 12 - extract(month FROM trade_date) < $6 + 3
    END
ORDER BY trade_date, contract_month, position, revision DESC;

-- name: sources
WITH RECURSIVE pairs AS (
    SELECT owners.org_id, first_pair.source, first_pair.product
    FROM unnest($1::uuid[]) AS owners (org_id)
    CROSS JOIN LATERAL (
        SELECT source, product
        FROM settlements
        WHERE settlements.org_id = owners.org_id
        ORDER BY source, product
        LIMIT 1
    ) AS first_pair
    UNION ALL
    SELECT pairs.org_id, next_pair.source, next_pair.product
    FROM pairs
    CROSS JOIN LATERAL (
        SELECT source, product
        FROM settlements
        WHERE settlements.org_id = pairs.org_id
            AND (source, product) > (pairs.source, pairs.product)
        ORDER BY source, product
        LIMIT 1
    ) AS next_pair
)
SELECT pairs.source, pairs.product, summary.first_date, summary.last_date, summary.rows
FROM pairs
CROSS JOIN LATERAL (
    SELECT
        min(trade_date) AS first_date, max(trade_date) AS last_date,
        count(*) FILTER (WHERE revision = 0) AS rows
    FROM settlements
    WHERE settlements.org_id = pairs.org_id
        AND settlements.source = pairs.source
        AND settlements.product = pairs.product
) AS summary
ORDER BY pairs.source, pairs.product;

-- name: export_rows
SELECT DISTINCT ON (product, trade_date, contract_month, position)
    product, trade_date, contract_month, position, revision, price, stage, recorded_at, volume,
    open_interest
FROM settlements
WHERE org_id = $1 AND source = $2 AND ($3::text IS NULL OR product = $3)
ORDER BY product, trade_date, contract_month, position, revision DESC;
