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

CREATE VIEW risk_measures WITH (security_invoker = true) AS
SELECT
    run.org_id,
    run.run_id,
    measured.level,
    told.part,
    told.name,
    told.value_at_risk,
    told.expected_shortfall
FROM runs AS run
CROSS JOIN LATERAL jsonb_to_recordset(run.result -> 'levels') AS measured (
    level double precision,
    value_at_risk jsonb,
    expected_shortfall jsonb,
    positions jsonb,
    contracts jsonb,
    added jsonb
)
CROSS JOIN LATERAL (
    SELECT
        'book' AS part,
        NULL AS name,
        (measured.value_at_risk ->> 'estimate')::double precision AS value_at_risk,
        (measured.expected_shortfall ->> 'estimate')::double precision AS expected_shortfall
    UNION ALL
    SELECT
        'position',
        position.position || ' ' || position.label,
        position.value_at_risk,
        position.expected_shortfall
    FROM jsonb_to_recordset(measured.positions) AS position (
        position integer,
        label text,
        value_at_risk double precision,
        expected_shortfall double precision
    )
    UNION ALL
    SELECT 'contract', held.contract, held.value_at_risk, held.expected_shortfall
    FROM jsonb_to_recordset(measured.contracts) AS held (
        contract text, value_at_risk double precision, expected_shortfall double precision
    )
    UNION ALL
    SELECT 'added', NULL, added.value_at_risk, added.expected_shortfall
    FROM jsonb_to_record(nullif(measured.added, 'null')) AS added (
        value_at_risk double precision, expected_shortfall double precision
    )
    WHERE added.value_at_risk IS NOT NULL
) AS told
WHERE run.kind = 'risk' AND run.status = 'succeeded';
COMMENT ON VIEW risk_measures IS
'One row a book at a level of a finished risk run, and one each of its parts, which add up to it, by position and by contract; part added is what additions would change. Losses are dollars.';

GRANT SELECT ON backtest_scores, risk_measures TO heliostat_app, heliostat_system;

-- migrate:down
DROP VIEW backtest_scores, risk_measures;
