-- name: insert_fit
INSERT INTO model_fits (org_id, source, product, fit_id, fitted_at, parameters, card)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT DO NOTHING;

-- name: insert_checkpoint
INSERT INTO model_checkpoints (
    org_id, source, product, trade_date, version, fit_id, state, recorded_at
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT DO NOTHING;

-- name: insert_forecast
INSERT INTO model_forecasts (
    org_id, source, product, trade_date, version, fit_id, settlements, forecast, recorded_at
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9);

-- name: remembered
SELECT fit.parameters, kept.state, seen.settlements, seen.version, seen.recorded_at
FROM (
    SELECT trade_date, version, fit_id, settlements, recorded_at
    FROM model_forecasts
    WHERE org_id = $1 AND source = $2 AND product = $3
    ORDER BY version DESC
    LIMIT 1
) AS seen
CROSS JOIN LATERAL (
    SELECT state
    FROM model_checkpoints
    WHERE org_id = $1 AND source = $2 AND product = $3 AND fit_id = seen.fit_id
        AND trade_date = seen.trade_date AND version <= seen.version
    ORDER BY version DESC
    LIMIT 1
) AS kept
JOIN model_fits AS fit ON fit.org_id = $1 AND fit.source = $2 AND fit.product = $3
    AND fit.fit_id = seen.fit_id;

-- name: announced_since
SELECT DISTINCT ON (trade_date, contract_month)
    trade_date, contract_month, price, stage, announced_ns
FROM settlements
WHERE org_id = $1 AND source = $2 AND product = $3 AND trade_date >= $4 AND position = 0
ORDER BY trade_date, contract_month, revision DESC;

-- name: newest_source
SELECT source
FROM model_forecasts
WHERE org_id = $1 AND product = $2
ORDER BY recorded_at DESC
LIMIT 1;

-- name: forecast_as_of
SELECT forecast
FROM model_forecasts
WHERE org_id = $1 AND source = $2 AND product = $3
    AND trade_date <= coalesce($4, 'infinity'::date)
ORDER BY trade_date DESC, version DESC
LIMIT 1;

-- name: latest_card
SELECT card
FROM model_fits
WHERE org_id = $1 AND product = $2 AND source = coalesce($3, source)
ORDER BY fitted_at DESC
LIMIT 1;

-- name: forget_checkpoints
DELETE FROM model_checkpoints
WHERE org_id = $1 AND source = $2 AND product = $3 AND trade_date < $4;

-- name: forget_replaced
DELETE FROM model_forecasts AS old
WHERE org_id = $1 AND source = $2 AND product = $3 AND trade_date < $4 AND EXISTS (
    SELECT
    FROM model_forecasts AS newer
    WHERE newer.org_id = old.org_id AND newer.source = old.source
        AND newer.product = old.product AND newer.trade_date = old.trade_date
        AND newer.version > old.version
);
