-- migrate:up
-- The key of a quote starts as its readers ask, by contract and time, so that one index serves
-- both them and the refusal of repeats.
DROP INDEX quotes_by_time;
ALTER TABLE quotes DROP CONSTRAINT quotes_pkey;
ALTER TABLE quotes ADD PRIMARY KEY (
    instrument, event_time, event_nanos, session, sequence, frame_index
);

-- Bars of one minute, and of one trade date, whose bar starts at its midnight in UTC. The first
-- and last trade of each are known by the key of a trade, so that one which comes late finds its
-- place.
CREATE TABLE bars (
    instrument text COLLATE "C" NOT NULL,
    source text COLLATE "C" NOT NULL,
    resolution text COLLATE "C" NOT NULL CHECK (resolution IN ('1m', '1d')),
    start timestamptz NOT NULL,
    open numeric NOT NULL,
    high numeric NOT NULL,
    low numeric NOT NULL,
    close numeric NOT NULL,
    volume bigint NOT NULL,
    trades bigint NOT NULL,
    open_ns bigint NOT NULL,
    open_entry_id text COLLATE "C" NOT NULL,
    close_ns bigint NOT NULL,
    close_entry_id text COLLATE "C" NOT NULL,
    PRIMARY KEY (instrument, source, resolution, start)
);

GRANT SELECT ON bars TO heliostat_app;
GRANT SELECT, INSERT, UPDATE ON bars TO heliostat_system;

-- Days older than `keep_days` leave: their partitions are detached and dropped, and so are rows of
-- that age which the default partition holds. Returns nothing where another caller is at it. Where
-- someone is reading for long, the rest is left for the next time, because all writers would have
-- to wait for the reader.
CREATE FUNCTION detach_partitions(moment timestamptz, keep_days integer)
RETURNS SETOF text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
SET lock_timeout = '1s'
AS $$
DECLARE
    first_kept timestamp;
    parent text;
    partition text;
BEGIN
    IF keep_days NOT BETWEEN 1 AND 36600 THEN
        RAISE EXCEPTION 'keep_days must be 1 to 36600, was %', keep_days;
    END IF;
    IF NOT pg_try_advisory_xact_lock(hashtextextended('detach_partitions', 0)) THEN
        RETURN;
    END IF;
    first_kept := date_trunc('day', moment AT TIME ZONE 'UTC') - make_interval(days => keep_days);
    FOREACH parent IN ARRAY ARRAY['quotes', 'trades'] LOOP
        FOR partition IN
            SELECT relname
            FROM pg_inherits
            JOIN pg_class ON pg_class.oid = inhrelid
            WHERE inhparent = ('public.' || parent)::regclass
                AND relname ~ ('^' || parent || '_[0-9]{8}$')
                AND relname < parent || to_char(first_kept, '_YYYYMMDD')
            ORDER BY relname
        LOOP
            BEGIN
                EXECUTE format('ALTER TABLE public.%I DETACH PARTITION public.%I', parent, partition);
                EXECUTE format('DROP TABLE public.%I', partition);
                RETURN NEXT partition;
            EXCEPTION WHEN lock_not_available THEN
                EXIT;
            END;
        END LOOP;
        EXECUTE format('DELETE FROM public.%I WHERE event_time < $1', parent || '_default')
        USING first_kept AT TIME ZONE 'UTC';
    END LOOP;
END
$$;

REVOKE ALL ON FUNCTION detach_partitions FROM PUBLIC;
GRANT EXECUTE ON FUNCTION detach_partitions TO heliostat_system;

-- migrate:down
DROP FUNCTION detach_partitions(timestamptz, integer);
DROP TABLE bars;
ALTER TABLE quotes DROP CONSTRAINT quotes_pkey;
ALTER TABLE quotes ADD PRIMARY KEY (
    instrument, session, sequence, frame_index, event_time, event_nanos
);
CREATE INDEX quotes_by_time ON quotes (instrument, event_time);
