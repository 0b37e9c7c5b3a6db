-- migrate:up
CREATE VIEW backtest_scores WITH (security_invoker = true) AS
SELECT
    run.org_id,
    run.run_id,
    score.product,
    score.position,
    score.horizon,
    score.first,
    score.last,
    score.model,
    score."window",
    score.metric,
    score.level,
    score.days,
    score.value,
    score.low,
    score.high,
    score.naive_difference,
    score.naive_low,
    score.naive_high,
    score.random_walk_difference,
    score.random_walk_low,
    score.random_walk_high,
    score.reason
FROM runs AS run
JOIN run_chunks AS chunk
    ON chunk.org_id = run.org_id AND chunk.run_id = run.run_id AND chunk.stage = 'score'
CROSS JOIN LATERAL jsonb_to_recordset(chunk.result -> 'rows') AS score (
    product text,
    position integer,
    horizon integer,
    first date,
    last date,
    model text,
    "window" integer,
    metric text,
    level double precision,
    days integer,
    value double precision,
    low double precision,
    high double precision,
    naive_difference double precision,
    naive_low double precision,
    naive_high double precision,
    random_walk_difference double precision,
    random_walk_low double precision,
    random_walk_high double precision,
    reason text
)
WHERE run.kind = 'backtest';
COMMENT ON VIEW backtest_scores IS
'One row a measure of a model over a product, position, horizon and period of a backtest, as its chunks arrive: the mean with its 95 % confidence interval, and its difference from both baselines. metric skipped has no value but a reason.';

GRANT SELECT ON backtest_scores TO heliostat_app, heliostat_system;

-- migrate:down
DROP VIEW backtest_scores;
