-- migrate:up
-- What one read of a socket brings has one time of receipt, and may hold several gaps.
ALTER TABLE gaps
    DROP CONSTRAINT gaps_pkey,
    ADD CONSTRAINT gaps_key UNIQUE NULLS NOT DISTINCT (
        venue, source, session, received_ns, reason, received_sequence, first_instrument
    );

-- migrate:down
DELETE FROM gaps AS later
USING gaps AS earlier
WHERE (later.venue, later.source, later.session, later.received_ns, later.reason,
       later.first_instrument)
    = (earlier.venue, earlier.source, earlier.session, earlier.received_ns, earlier.reason,
       earlier.first_instrument)
    AND later.ctid > earlier.ctid;
ALTER TABLE gaps
    DROP CONSTRAINT gaps_key,
    ADD PRIMARY KEY (venue, source, session, received_ns, reason, first_instrument);
