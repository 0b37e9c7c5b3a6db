-- migrate:up
CREATE TABLE runs (
    org_id uuid NOT NULL REFERENCES organisations,
    run_id uuid NOT NULL,
    kind text NOT NULL,
    status text NOT NULL CHECK (
        status IN ('queued', 'planning', 'running', 'succeeded', 'failed', 'cancelled')
    ),
    specification jsonb NOT NULL,
    specification_hash bytea NOT NULL,
    problem jsonb,
    result jsonb,
    error jsonb,
    cancel_requested boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL,
    started_at timestamptz,
    finished_at timestamptz,
    PRIMARY KEY (org_id, run_id)
);
-- Ids are UUIDv7, so the key read backwards already lists the newest first.
CREATE INDEX runs_unfinished ON runs (created_at)
    WHERE status IN ('queued', 'planning', 'running');
CREATE INDEX runs_succeeded ON runs (org_id, specification_hash, run_id)
    WHERE status = 'succeeded';

CREATE TABLE run_chunks (
    org_id uuid NOT NULL,
    run_id uuid NOT NULL,
    stage text NOT NULL,
    chunk_index integer NOT NULL,
    result jsonb NOT NULL,
    elapsed_s double precision NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (org_id, run_id, stage, chunk_index)
) PARTITION BY RANGE (run_id);
CREATE TABLE run_chunks_default PARTITION OF run_chunks DEFAULT;

CREATE TABLE run_events (
    org_id uuid NOT NULL,
    run_id uuid NOT NULL,
    sequence integer NOT NULL,
    at timestamptz NOT NULL,
    kind text NOT NULL,
    status text NOT NULL,
    detail jsonb NOT NULL,
    PRIMARY KEY (org_id, run_id, sequence)
) PARTITION BY RANGE (run_id);
CREATE TABLE run_events_default PARTITION OF run_events DEFAULT;

CREATE TABLE idempotency_keys (
    org_id uuid NOT NULL,
    key text COLLATE "C" NOT NULL,
    operation text NOT NULL,
    request_hash bytea NOT NULL,
    run_id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (org_id, key)
);

ALTER TABLE runs ENABLE ROW LEVEL SECURITY;
ALTER TABLE runs FORCE ROW LEVEL SECURITY;
ALTER TABLE run_chunks ENABLE ROW LEVEL SECURITY;
ALTER TABLE run_chunks FORCE ROW LEVEL SECURITY;
ALTER TABLE run_events ENABLE ROW LEVEL SECURITY;
ALTER TABLE run_events FORCE ROW LEVEL SECURITY;
ALTER TABLE idempotency_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE idempotency_keys FORCE ROW LEVEL SECURITY;

CREATE POLICY own_rows ON runs TO heliostat_app
    USING (org_id = (SELECT nullif(current_setting('app.org_id', true), '')::uuid))
    WITH CHECK (org_id = (SELECT nullif(current_setting('app.org_id', true), '')::uuid));
CREATE POLICY own_rows ON run_chunks TO heliostat_app
    USING (org_id = (SELECT nullif(current_setting('app.org_id', true), '')::uuid))
    WITH CHECK (org_id = (SELECT nullif(current_setting('app.org_id', true), '')::uuid));
CREATE POLICY own_rows ON run_events TO heliostat_app
    USING (org_id = (SELECT nullif(current_setting('app.org_id', true), '')::uuid))
    WITH CHECK (org_id = (SELECT nullif(current_setting('app.org_id', true), '')::uuid));
CREATE POLICY own_rows ON idempotency_keys TO heliostat_app
    USING (org_id = (SELECT nullif(current_setting('app.org_id', true), '')::uuid))
    WITH CHECK (org_id = (SELECT nullif(current_setting('app.org_id', true), '')::uuid));
CREATE POLICY every_organisation ON runs TO heliostat_system
    USING (true) WITH CHECK (true);
CREATE POLICY every_organisation ON run_chunks TO heliostat_system
    USING (true) WITH CHECK (true);
CREATE POLICY every_organisation ON run_events TO heliostat_system
    USING (true) WITH CHECK (true);
CREATE POLICY every_organisation ON idempotency_keys TO heliostat_system
    USING (true) WITH CHECK (true);

GRANT SELECT, INSERT, UPDATE ON runs TO heliostat_app, heliostat_system;
GRANT SELECT, INSERT ON run_chunks, run_events TO heliostat_app, heliostat_system;
GRANT SELECT, INSERT ON idempotency_keys TO heliostat_app, heliostat_system;

-- migrate:down
DROP TABLE idempotency_keys, run_events, run_chunks, runs;
