-- name: insert_observations
INSERT INTO weather_observations
SELECT *
FROM unnest(
    $1::text[], $2::text[], $3::timestamptz[], $4::bigint[], $5::float8[], $6::float8[],
    $7::float8[], $8::float8[], $9::float8[], $10::float8[], $11::float8[], $12::float8[],
    $13::float8[], $14::float8[], $15::float8[], $16::float8[], $17::text[]
)
ON CONFLICT DO NOTHING;

-- name: insert_hourly
INSERT INTO weather_hourly
SELECT *
FROM unnest(
    $1::text[], $2::text[], $3::timestamptz[], $4::timestamptz[], $5::smallint[], $6::bigint[],
    $7::float8[], $8::float8[], $9::float8[], $10::float8[], $11::float8[], $12::float8[],
    $13::float8[], $14::float8[], $15::float8[], $16::float8[], $17::text[]
)
ON CONFLICT DO NOTHING;

-- name: insert_daily
INSERT INTO weather_daily
SELECT *
FROM unnest(
    $1::text[], $2::text[], $3::timestamptz[], $4::date[], $5::bigint[], $6::float8[],
    $7::float8[], $8::float8[], $9::float8[], $10::float8[], $11::text[]
)
ON CONFLICT DO NOTHING;

-- name: latest_observation
SELECT *
FROM weather_observations
WHERE station = $1 AND source = $2
ORDER BY observed_at DESC
LIMIT 1;

-- name: observations
SELECT *
FROM weather_observations
WHERE station = $1 AND source = $2 AND observed_at >= $3 AND observed_at < $4
ORDER BY observed_at
LIMIT $5;

-- name: newest_source
SELECT latest.source
FROM unnest($2::text[]) AS known (source)
CROSS JOIN LATERAL (
    SELECT source, received_ns
    FROM weather_observations
    WHERE station = $1 AND source = known.source
    ORDER BY observed_at DESC
    LIMIT 1
) AS latest
ORDER BY latest.received_ns DESC, latest.source
LIMIT 1;

-- name: hourly
SELECT *
FROM weather_hourly
WHERE station = $1 AND source = $2 AND issued_at = (
    SELECT max(issued_at)
    FROM weather_hourly
    WHERE station = $1 AND source = $2 AND ($3::timestamptz IS NULL OR issued_at < $3)
)
ORDER BY valid_at;

-- name: daily
SELECT *
FROM weather_daily
WHERE station = $1 AND source = $2 AND issued_at = (
    SELECT max(issued_at)
    FROM weather_daily
    WHERE station = $1 AND source = $2 AND ($3::timestamptz IS NULL OR issued_at < $3)
)
ORDER BY day;

-- name: observed_days
SELECT
    (observed_at AT TIME ZONE $3)::date AS day,
    min(temp_c) AS min_c,
    max(temp_c) AS max_c
FROM weather_observations
WHERE station = $1 AND source = $2
    AND observed_at >= $4::date::timestamp AT TIME ZONE $3
    AND observed_at < ($5::date + 1)::timestamp AT TIME ZONE $3
GROUP BY day
HAVING count(DISTINCT date_trunc('hour', observed_at)) >= $6
ORDER BY day;

-- name: forecast_days
SELECT DISTINCT ON (day) day, min_c, max_c, issued_at
FROM weather_daily
WHERE station = $1 AND source = $2 AND day >= $3 AND day <= $4
ORDER BY day, issued_at DESC;

-- name: open_calls
INSERT INTO weather_calls (source, plan, day, calls)
VALUES ($1, $2, $3, 0)
ON CONFLICT DO NOTHING;

-- name: reserve_calls
WITH held AS (
    SELECT calls
    FROM weather_calls
    WHERE source = $1 AND plan = $2 AND day = $3
    FOR UPDATE
)
UPDATE weather_calls AS counted
SET calls = held.calls + least($4, greatest($5 - held.calls, 0))
FROM held
WHERE counted.source = $1 AND counted.plan = $2 AND counted.day = $3
RETURNING counted.calls, counted.calls - held.calls AS granted;
