-- migrate:up
-- No instruments means every one of the session. Marks of one frame concern different ones.
ALTER TABLE gaps
    ADD COLUMN instruments text[] COLLATE "C" NOT NULL DEFAULT '{}',
    ADD COLUMN first_instrument text COLLATE "C" NOT NULL
        GENERATED ALWAYS AS (coalesce(instruments[1], '')) STORED,
    DROP CONSTRAINT gaps_pkey,
    ADD PRIMARY KEY (venue, source, session, received_ns, reason, first_instrument);

CREATE TABLE heals (
    venue text COLLATE "C" NOT NULL,
    source text COLLATE "C" NOT NULL,
    session bigint NOT NULL,
    received_ns bigint NOT NULL,
    instruments text[] COLLATE "C" NOT NULL,
    first_instrument text COLLATE "C" NOT NULL
        GENERATED ALWAYS AS (coalesce(instruments[1], '')) STORED,
    PRIMARY KEY (venue, source, session, received_ns, first_instrument)
);

CREATE TABLE silences (
    venue text COLLATE "C" NOT NULL,
    source text COLLATE "C" NOT NULL,
    instrument text COLLATE "C" NOT NULL,
    received_ns bigint NOT NULL,
    is_stale boolean NOT NULL,
    silent_since_ns bigint NOT NULL,
    limit_s double precision NOT NULL,
    PRIMARY KEY (venue, source, instrument, received_ns, is_stale)
);

-- How far the capture of a feed is stored. Earlier cursors counted messages of a session that is
-- long over, so they are of no use.
DELETE FROM feed_cursors;
ALTER TABLE feed_cursors
    DROP COLUMN session,
    DROP COLUMN sequence,
    DROP COLUMN event_ns,
    ADD COLUMN segment bigint NOT NULL,
    ADD COLUMN byte_offset bigint NOT NULL;

-- What venues list, as they last told.
CREATE TABLE instruments (
    venue text COLLATE "C" NOT NULL,
    source text COLLATE "C" NOT NULL,
    product text COLLATE "C" NOT NULL,
    contract_month integer NOT NULL,
    symbol text COLLATE "C" NOT NULL,
    last_trade_date date NOT NULL,
    first_trade_date date,
    first_notice_date date,
    first_delivery_date date,
    final_settlement_date date,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (product, source, venue, contract_month)
);

GRANT SELECT ON heals, silences, instruments TO heliostat_app;
GRANT SELECT, INSERT ON heals, silences TO heliostat_system;
GRANT SELECT, INSERT, UPDATE ON instruments TO heliostat_system;

-- migrate:down
DROP TABLE instruments, silences, heals;
DELETE FROM feed_cursors;
ALTER TABLE feed_cursors
    DROP COLUMN segment,
    DROP COLUMN byte_offset,
    ADD COLUMN session bigint NOT NULL,
    ADD COLUMN sequence bigint NOT NULL,
    ADD COLUMN event_ns bigint NOT NULL;
DELETE FROM gaps WHERE first_instrument <> '';
ALTER TABLE gaps
    DROP CONSTRAINT gaps_pkey,
    DROP COLUMN first_instrument,
    DROP COLUMN instruments,
    ADD PRIMARY KEY (venue, source, session, received_ns, reason);
