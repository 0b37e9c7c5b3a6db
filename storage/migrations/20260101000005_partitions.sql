-- migrate:up
-- Make one partition if it is absent. Rows that reached the default partition before it keep the
-- range there: they stay readable, and the next range is free again.
CREATE FUNCTION make_partition(parent text, partition text, lower_bound text, upper_bound text)
RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, public
AS $$
BEGIN
    IF to_regclass('public.' || quote_ident(partition)) IS NOT NULL THEN
        RETURN false;
    END IF;
    EXECUTE format(
        'CREATE TABLE public.%I PARTITION OF public.%I FOR VALUES FROM (%L) TO (%L)',
        partition, parent, lower_bound, upper_bound
    );
    RETURN true;
EXCEPTION WHEN check_violation THEN
    RETURN false;
END
$$;

-- The smallest UUIDv7 of a moment: 48 bits of milliseconds, the rest zero.
CREATE FUNCTION first_uuid_at(moment timestamptz)
RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog
AS $$
    SELECT rpad(lpad(to_hex((extract(epoch FROM moment) * 1000)::bigint), 12, '0'), 32, '0')::uuid::text
$$;

-- Partitioned tables are the owner's, so the feeds' role makes partitions through this function.
-- Days run from yesterday to `days` ahead, months from this one to two ahead; all are UTC.
CREATE FUNCTION ensure_partitions(moment timestamptz, days integer)
RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
DECLARE
    made integer := 0;
    parent text;
    day timestamp;
    month timestamp;
BEGIN
    IF days NOT BETWEEN 0 AND 366 THEN
        RAISE EXCEPTION 'days must be 0 to 366, was %', days;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('ensure_partitions', 0));
    FOR offset_days IN -1..days LOOP
        day := date_trunc('day', moment AT TIME ZONE 'UTC') + make_interval(days => offset_days);
        FOREACH parent IN ARRAY ARRAY['quotes', 'trades'] LOOP
            made := made + public.make_partition(
                parent,
                parent || to_char(day, '_YYYYMMDD'),
                to_char(day, 'YYYY-MM-DD"T00:00:00Z"'),
                to_char(day + interval '1 day', 'YYYY-MM-DD"T00:00:00Z"')
            )::integer;
        END LOOP;
    END LOOP;
    FOR offset_months IN 0..2 LOOP
        month := date_trunc('month', moment AT TIME ZONE 'UTC')
            + make_interval(months => offset_months);
        FOREACH parent IN ARRAY ARRAY['run_chunks', 'run_events'] LOOP
            made := made + public.make_partition(
                parent,
                parent || to_char(month, '_YYYYMM'),
                public.first_uuid_at(month AT TIME ZONE 'UTC'),
                public.first_uuid_at((month + interval '1 month') AT TIME ZONE 'UTC')
            )::integer;
        END LOOP;
    END LOOP;
    RETURN made;
END
$$;

REVOKE ALL ON FUNCTION make_partition FROM PUBLIC;
REVOKE ALL ON FUNCTION ensure_partitions FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ensure_partitions TO heliostat_system;

-- migrate:down
DROP FUNCTION ensure_partitions(timestamptz, integer);
DROP FUNCTION make_partition(text, text, text, text);
DROP FUNCTION first_uuid_at(timestamptz);
