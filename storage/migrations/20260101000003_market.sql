-- migrate:up
-- What a venue sent is the same for every organisation, so these tables have no org_id.
-- event_time holds whole microseconds, event_nanos what is below one.
CREATE TABLE quotes (
    instrument text COLLATE "C" NOT NULL,
    session bigint NOT NULL,
    sequence bigint NOT NULL,
    frame_index integer NOT NULL,
    event_time timestamptz NOT NULL,
    event_nanos smallint NOT NULL CHECK (event_nanos BETWEEN 0 AND 999),
    source text COLLATE "C" NOT NULL,
    received_ns bigint NOT NULL,
    bid numeric,
    bid_size bigint,
    ask numeric,
    ask_size bigint,
    PRIMARY KEY (instrument, session, sequence, frame_index, event_time, event_nanos)
) PARTITION BY RANGE (event_time);
CREATE TABLE quotes_default PARTITION OF quotes DEFAULT;
CREATE INDEX quotes_by_time ON quotes (instrument, event_time);

CREATE TABLE trades (
    instrument text COLLATE "C" NOT NULL,
    event_time timestamptz NOT NULL,
    event_nanos smallint NOT NULL CHECK (event_nanos BETWEEN 0 AND 999),
    entry_id text COLLATE "C" NOT NULL,
    source text COLLATE "C" NOT NULL,
    received_ns bigint NOT NULL,
    price numeric NOT NULL,
    size bigint NOT NULL,
    aggressor text CHECK (aggressor IN ('buy', 'sell')),
    PRIMARY KEY (instrument, event_time, event_nanos, entry_id)
) PARTITION BY RANGE (event_time);
CREATE TABLE trades_default PARTITION OF trades DEFAULT;

CREATE TABLE gaps (
    venue text COLLATE "C" NOT NULL,
    source text COLLATE "C" NOT NULL,
    session bigint NOT NULL,
    expected_sequence bigint,
    received_sequence bigint,
    received_ns bigint NOT NULL,
    reason text COLLATE "C" NOT NULL,
    PRIMARY KEY (venue, source, session, received_ns, reason)
);

CREATE TABLE feed_cursors (
    venue text COLLATE "C" PRIMARY KEY,
    source text COLLATE "C" NOT NULL,
    session bigint NOT NULL,
    sequence bigint NOT NULL,
    event_ns bigint NOT NULL,
    updated_at timestamptz NOT NULL
);

GRANT SELECT ON quotes, trades, gaps, feed_cursors TO heliostat_app;
GRANT SELECT, INSERT ON quotes, trades, gaps TO heliostat_system;
GRANT SELECT, INSERT, UPDATE ON feed_cursors TO heliostat_system;

-- migrate:down
DROP TABLE feed_cursors, gaps, trades, quotes;
