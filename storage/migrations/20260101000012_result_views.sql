-- migrate:up
-- What researchers read with SQL. The views show what the reader's role and organisation may see,
-- and nothing is stored for them. Facts of a run come through jsonb_to_record, which reads a large
-- value once for all its rows.
CREATE VIEW run_overview WITH (security_invoker = true) AS
SELECT
    run.org_id,
    run.run_id,
    run.kind,
    run.status,
    run.backend,
    choice.method,
    choice.why,
    choice.estimated_s,
    run.submitted_by,
    run.labels,
    run.priority,
    run.deadline,
    run.seed,
    run.code_version,
    run.vintage,
    run.waiting_for,
    run.error ->> 'code' AS error_code,
    run.error ->> 'detail' AS error_detail,
    run.created_at,
    run.started_at,
    run.finished_at,
    extract(epoch FROM run.started_at - run.created_at)::double precision AS queued_s,
    extract(epoch FROM run.finished_at - run.started_at)::double precision AS ran_s
FROM runs AS run
LEFT JOIN LATERAL jsonb_to_record(run.plan -> 'choice') AS choice (
    method text, why text, estimated_s double precision
) ON true;
COMMENT ON VIEW run_overview IS
'One row a run: what it was, on which backend and why, how long it waited and ran, how it ended. backend is the one asked for until one is chosen; queued_s and ran_s are seconds.';

CREATE VIEW run_chunk_outcomes WITH (security_invoker = true) AS
SELECT
    chunk.org_id,
    chunk.run_id,
    chunk.stage,
    chunk.chunk_index,
    chunk.error IS NULL AS is_finished,
    chunk.elapsed_s,
    chunk.waited_s,
    chunk.attempts,
    chunk.worker,
    snapshot.backend,
    encode(chunk.snapshot_id, 'hex') AS snapshot,
    chunk.error ->> 'code' AS error_code,
    chunk.error ->> 'detail' AS error_detail,
    chunk.recorded_at
FROM run_chunks AS chunk
LEFT JOIN backend_snapshots AS snapshot ON snapshot.digest = chunk.snapshot_id;
COMMENT ON VIEW run_chunk_outcomes IS
'One row a recorded chunk: seconds it waited and ran, how often it was tried, which worker process ran it, and the backend as it was then (snapshot names the row of backend_snapshots by its digest in hexadecimal).';

CREATE VIEW run_stage_times WITH (security_invoker = true) AS
SELECT
    org_id,
    run_id,
    stage,
    count(*) AS chunks,
    count(*) FILTER (WHERE error IS NOT NULL) AS broken,
    sum(attempts) AS attempts,
    count(DISTINCT worker) AS workers,
    sum(elapsed_s) AS elapsed_s,
    max(elapsed_s) AS longest_s,
    sum(waited_s) AS waited_s,
    min(recorded_at) AS first_recorded_at,
    max(recorded_at) AS last_recorded_at
FROM run_chunks
GROUP BY org_id, run_id, stage;
COMMENT ON VIEW run_stage_times IS
'One row a stage of a run: chunks recorded so far, how many of them are broken, and the seconds they took in all on all workers (elapsed_s), at most (longest_s) and between claim and start (waited_s).';

CREATE VIEW chosen_subsets WITH (security_invoker = true) AS
SELECT
    run.org_id,
    run.run_id,
    run.kind,
    run.created_at,
    run.backend,
    found.mixer,
    found.depth,
    found.shots,
    run.seed,
    found.chosen,
    found.objective,
    (found.classical_optimum ->> 'objective')::double precision AS classical_objective,
    (found.random_baseline ->> 'objective')::double precision AS random_objective,
    found.worst_objective,
    found.expectation,
    found.approximation_ratio,
    found.probability_of_optimum,
    found.feasible_fraction,
    found.circuit_depth,
    found.two_qubit_gates,
    found.cost
FROM runs AS run
CROSS JOIN LATERAL jsonb_to_record(run.result) AS found (
    mixer text, depth integer, shots bigint, chosen text[], objective double precision,
    classical_optimum jsonb, random_baseline jsonb, worst_objective double precision,
    expectation double precision, approximation_ratio double precision,
    probability_of_optimum double precision, feasible_fraction double precision,
    circuit_depth integer, two_qubit_gates integer, cost double precision
)
WHERE run.kind IN ('portfolio', 'hedge') AND run.status = 'succeeded';
COMMENT ON VIEW chosen_subsets IS
'One row a finished portfolio or hedge: what was chosen and its objective, beside the proven classical optimum, the best of as many random draws, and the worst there is. cost is seconds of quantum hardware, 0 for what is local.';

CREATE VIEW sweep_points WITH (security_invoker = true) AS
SELECT
    run.org_id,
    run.run_id,
    found.point,
    found.mixer,
    found.depth,
    found.seed,
    found.backend,
    found.gammas,
    found.betas,
    found.expectation,
    found.approximation_ratio,
    found.probability_of_optimum,
    found.best_objective,
    found.sampled_expectation,
    found.feasible_fraction,
    found.optimum,
    found.random_baseline,
    found.evaluations,
    found.circuit_depth,
    found.two_qubit_gates,
    found.physical_depth,
    found.physical_two_qubit_gates,
    found.elapsed_s
FROM runs AS run
CROSS JOIN LATERAL jsonb_to_recordset(nullif(run.result -> 'rows', 'null')) AS found (
    point integer, mixer text, depth integer, seed bigint, backend text,
    gammas double precision[], betas double precision[], expectation double precision,
    approximation_ratio double precision, probability_of_optimum double precision,
    best_objective double precision, sampled_expectation double precision,
    feasible_fraction double precision, optimum double precision,
    random_baseline double precision, evaluations integer, circuit_depth integer,
    two_qubit_gates integer, physical_depth integer, physical_two_qubit_gates integer,
    elapsed_s double precision
)
WHERE run.kind = 'sweep' AND run.status = 'succeeded';
COMMENT ON VIEW sweep_points IS
'One row a point of a finished sweep: its angles, exact expectation, what was sampled of it on a backend, and its classical company. A sweep too large to hold its rows in its result has them in its table, as CSV or Parquet.';

CREATE VIEW landscape_points WITH (security_invoker = true) AS
SELECT
    run.org_id,
    run.run_id,
    (gamma.place - 1) * (found.beta ->> 'points')::integer + beta.place - 1 AS point,
    (found.gamma ->> 'low')::double precision
        + (gamma.place - 1) * (
            (found.gamma ->> 'high')::double precision - (found.gamma ->> 'low')::double precision
        ) / ((found.gamma ->> 'points')::integer - 1) AS gamma,
    (found.beta ->> 'low')::double precision
        + (beta.place - 1) * (
            (found.beta ->> 'high')::double precision - (found.beta ->> 'low')::double precision
        ) / ((found.beta ->> 'points')::integer - 1) AS beta,
    beta.expectation::double precision AS expectation
FROM runs AS run
CROSS JOIN LATERAL jsonb_to_record(run.result) AS found (
    gamma jsonb, beta jsonb, expectations jsonb
)
CROSS JOIN LATERAL jsonb_array_elements(nullif(found.expectations, 'null'))
    WITH ORDINALITY AS gamma (expectations, place)
CROSS JOIN LATERAL jsonb_array_elements_text(gamma.expectations)
    WITH ORDINALITY AS beta (expectation, place)
WHERE run.kind = 'landscape' AND run.status = 'succeeded';
COMMENT ON VIEW landscape_points IS
'One row a point of a finished landscape: both angles and the expectation there, null where no shot kept the number of ones. A landscape too large to hold them in its result has them in its table, as CSV or Parquet.';

CREATE VIEW circuit_points WITH (security_invoker = true) AS
SELECT
    run.org_id,
    run.run_id,
    point.point,
    value.name AS parameter,
    value.values[
        CASE WHEN value.is_product THEN point.point / value.stride % value.length ELSE point.point END
        + 1
    ] AS value
FROM runs AS run
CROSS JOIN LATERAL (
    SELECT
        named.name,
        given.values,
        given.length,
        asked.grid = 'product' AS is_product,
        coalesce(
            round(exp(sum(ln(given.length::numeric)) OVER (
                ORDER BY named.place DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            ))),
            1
        )::integer AS stride,
        CASE
            WHEN asked.grid = 'product' THEN round(exp(sum(ln(given.length::numeric)) OVER ()))
            ELSE given.length
        END::integer AS points
    FROM jsonb_to_record(run.specification) AS asked (parameters jsonb, grid text)
    CROSS JOIN LATERAL jsonb_array_elements_text(run.problem -> 'parameters')
        WITH ORDINALITY AS named (name, place)
    CROSS JOIN LATERAL (
        SELECT array_agg(each.value::double precision ORDER BY each.place) AS values,
            count(*)::integer AS length
        FROM jsonb_array_elements_text(asked.parameters -> named.name)
            WITH ORDINALITY AS each (value, place)
    ) AS given
) AS value
CROSS JOIN LATERAL generate_series(0, value.points - 1) AS point (point)
WHERE run.kind IN ('circuit', 'observable');
COMMENT ON VIEW circuit_points IS
'One row a point and parameter of a circuit or observable run: the value that the parameter takes at the point.';

CREATE VIEW circuit_counts WITH (security_invoker = true) AS
SELECT
    counted.org_id,
    counted.run_id,
    counted.point,
    right(
        ('x' || lpad(substr(counted.outcome, 3), 64, '0'))::bit(256)::text, counted.width
    ) AS outcome,
    counted.count,
    counted.count / sum(counted.count) OVER (
        PARTITION BY counted.org_id, counted.run_id, counted.point
    )::double precision AS probability
FROM (
    SELECT
        run.org_id,
        run.run_id,
        CASE WHEN circuit.is_measured THEN circuit.clbits ELSE circuit.qubits END AS width,
        (plan.edges ->> (chunk.chunk_index / (jsonb_array_length(plan.block_edges) - 1)))::integer
            + sampled.place - 1 AS point,
        found.outcome,
        sum(found.count::bigint)::bigint AS count
    FROM runs AS run
    CROSS JOIN LATERAL jsonb_to_record(run.plan) AS plan (edges jsonb, block_edges jsonb)
    CROSS JOIN LATERAL jsonb_to_record(run.problem) AS circuit (
        is_measured boolean, clbits integer, qubits integer
    )
    JOIN run_chunks AS chunk
        ON chunk.org_id = run.org_id AND chunk.run_id = run.run_id AND chunk.stage = 'sample'
    CROSS JOIN LATERAL jsonb_array_elements(chunk.result -> 'counts')
        WITH ORDINALITY AS sampled (outcomes, place)
    CROSS JOIN LATERAL jsonb_each_text(sampled.outcomes) AS found (outcome, count)
    WHERE run.kind = 'circuit'
    GROUP BY 1, 2, 3, 4, 5
) AS counted;
COMMENT ON VIEW circuit_counts IS
'One row a point and outcome of a circuit run, as its chunks arrive: the bits of the outcome, bit 0 rightmost, how often it was measured, and its share of the shots so far.';

CREATE VIEW observable_values WITH (security_invoker = true) AS
SELECT
    run.org_id,
    run.run_id,
    (plan.edges ->> chunk.chunk_index)::integer + told.place - 1 AS point,
    one.place - 1 AS observable,
    one.value::double precision AS value,
    (found.standard_errors -> (told.place - 1)::integer ->> (one.place - 1)::integer)::double precision
    AS standard_error
FROM runs AS run
CROSS JOIN LATERAL jsonb_to_record(run.plan) AS plan (edges jsonb)
JOIN run_chunks AS chunk
    ON chunk.org_id = run.org_id AND chunk.run_id = run.run_id AND chunk.stage = 'expect'
CROSS JOIN LATERAL jsonb_to_record(chunk.result) AS found ("values" jsonb, standard_errors jsonb)
CROSS JOIN LATERAL jsonb_array_elements(found."values") WITH ORDINALITY AS told ("values", place)
CROSS JOIN LATERAL jsonb_array_elements_text(told."values") WITH ORDINALITY AS one (value, place)
WHERE run.kind = 'observable';
COMMENT ON VIEW observable_values IS
'One row a point and observable of an observable run, as its chunks arrive: the expectation, and its standard error where it was sampled.';

CREATE VIEW amplitude_estimates WITH (security_invoker = true) AS
SELECT
    run.org_id,
    run.run_id,
    (found.place - 1)::integer AS repetition,
    result.measure,
    result.subject,
    result.estimator,
    each.value,
    (each.interval ->> 0)::double precision AS low,
    (each.interval ->> 1)::double precision AS high,
    each.exact,
    (each.monte_carlo ->> 'value')::double precision AS monte_carlo,
    (result.classical ->> 'value')::double precision AS classical,
    each.oracle_calls,
    each.shots,
    each.circuit_depth
FROM runs AS run
CROSS JOIN LATERAL jsonb_to_record(run.result)
AS result (measure text, subject text, estimator text, classical jsonb, repetitions jsonb)
CROSS JOIN LATERAL jsonb_array_elements(result.repetitions) WITH ORDINALITY AS found (told, place)
CROSS JOIN LATERAL jsonb_to_record(found.told) AS each (
    value double precision,
    interval jsonb,
    exact double precision,
    monte_carlo jsonb,
    oracle_calls bigint,
    shots bigint,
    circuit_depth integer
)
WHERE run.kind = 'amplitude';
COMMENT ON VIEW amplitude_estimates IS
'One row a repetition of a finished amplitude run: value and interval beside the exact value of the same grid, the classical answer, and as many classical draws as oracle calls.';

GRANT SELECT ON
    run_overview, run_chunk_outcomes, run_stage_times, chosen_subsets, sweep_points,
    landscape_points, circuit_points, circuit_counts, observable_values, amplitude_estimates
TO heliostat_app, heliostat_system;

-- migrate:down
DROP VIEW
    run_overview, run_chunk_outcomes, run_stage_times, chosen_subsets, sweep_points,
    landscape_points, circuit_points, circuit_counts, observable_values, amplitude_estimates;
