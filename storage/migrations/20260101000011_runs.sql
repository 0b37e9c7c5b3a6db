-- migrate:up
ALTER TABLE organisations ADD COLUMN plan text COLLATE "C" NOT NULL DEFAULT 'team';

ALTER TABLE runs
    ADD COLUMN plan jsonb,
    ADD COLUMN backend text COLLATE "C" NOT NULL DEFAULT 'auto',
    ADD COLUMN seed bigint NOT NULL DEFAULT 0,
    ADD COLUMN code_version text NOT NULL DEFAULT '',
    ADD COLUMN vintage text,
    ADD COLUMN submitted_by text NOT NULL DEFAULT '',
    ADD COLUMN priority smallint NOT NULL DEFAULT 0,
    ADD COLUMN deadline timestamptz,
    ADD COLUMN labels text[] COLLATE "C" NOT NULL DEFAULT '{}',
    ADD COLUMN waiting_for text,
    ADD COLUMN last_sequence integer NOT NULL DEFAULT 0;
ALTER TABLE run_events
    ADD COLUMN who text NOT NULL DEFAULT 'run-manager',
    ADD COLUMN why text;

-- Runs of before have no problem that could be carried out now: the unfinished ones end here.
ALTER TABLE runs NO FORCE ROW LEVEL SECURITY;
ALTER TABLE run_events NO FORCE ROW LEVEL SECURITY;
UPDATE runs
SET
    seed = coalesce((specification ->> 'seed')::bigint, 0),
    last_sequence = coalesce(
        (
            SELECT max(sequence)
            FROM run_events
            WHERE run_events.org_id = runs.org_id AND run_events.run_id = runs.run_id
        ),
        0
    );
WITH ended AS (
    UPDATE runs
    SET
        status = 'failed',
        error = '{"code": "run-failed", "detail": "The stack was updated before this run ended; submit it again."}',
        finished_at = now(),
        last_sequence = last_sequence + 1
    WHERE status IN ('queued', 'planning', 'running')
    RETURNING org_id, run_id, last_sequence, finished_at
)
INSERT INTO run_events (org_id, run_id, sequence, at, kind, status, who, why, detail)
SELECT
    org_id, run_id, last_sequence, finished_at, 'failed', 'failed', 'run-manager',
    'the stack was updated before this run ended', '{}'
FROM ended;
ALTER TABLE runs FORCE ROW LEVEL SECURITY;
ALTER TABLE run_events FORCE ROW LEVEL SECURITY;

ALTER TABLE runs
    ALTER COLUMN backend DROP DEFAULT,
    ALTER COLUMN seed DROP DEFAULT,
    ALTER COLUMN code_version DROP DEFAULT,
    ALTER COLUMN submitted_by DROP DEFAULT;
ALTER TABLE run_events ALTER COLUMN who DROP DEFAULT;

-- A chunk ends with a result or with an error.
ALTER TABLE run_chunks
    ALTER COLUMN result DROP NOT NULL,
    ADD COLUMN error jsonb,
    ADD COLUMN waited_s double precision NOT NULL DEFAULT 0,
    ADD COLUMN attempts integer NOT NULL DEFAULT 1,
    ADD COLUMN worker text NOT NULL DEFAULT '',
    ADD COLUMN snapshot_id bytea,
    ADD CONSTRAINT run_chunks_outcome CHECK (num_nonnulls(result, error) = 1);

-- Backends as they were are the same for every organisation.
CREATE TABLE backend_snapshots (
    digest bytea PRIMARY KEY,
    backend text COLLATE "C" NOT NULL,
    body jsonb NOT NULL,
    captured_at timestamptz NOT NULL
);

-- One row for each label of a run, so that the runs of a label come in order. What pages are
-- chosen by is kept beside it and follows the run.
CREATE TABLE run_labels (
    org_id uuid NOT NULL,
    run_id uuid NOT NULL,
    label text COLLATE "C" NOT NULL,
    status text NOT NULL,
    kind text NOT NULL,
    backend text COLLATE "C" NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (org_id, run_id, label)
);

-- Pages come newest first. Where states or kinds are asked for, a page is merged from one walk
-- down an index for each pair of them, so that its cost does not grow with the number of runs.
DROP INDEX runs_unfinished;
CREATE INDEX runs_unfinished ON runs (org_id, created_at)
    WHERE status IN ('queued', 'planning', 'running');
CREATE INDEX runs_newest ON runs (org_id, created_at, run_id);
CREATE INDEX runs_by_state ON runs (org_id, status, kind, created_at, run_id);
CREATE INDEX runs_by_backend ON runs (org_id, backend, status, kind, created_at, run_id);
CREATE INDEX run_labels_by_label ON run_labels (
    org_id, label, status, kind, created_at, run_id
);

ALTER TABLE run_labels ENABLE ROW LEVEL SECURITY;
ALTER TABLE run_labels FORCE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON run_labels TO heliostat_app
    USING (org_id = (SELECT nullif(current_setting('app.org_id', true), '')::uuid))
    WITH CHECK (org_id = (SELECT nullif(current_setting('app.org_id', true), '')::uuid));
CREATE POLICY every_organisation ON run_labels TO heliostat_system
    USING (true) WITH CHECK (true);

GRANT SELECT, INSERT, UPDATE ON run_labels TO heliostat_app, heliostat_system;
GRANT SELECT ON backend_snapshots TO heliostat_app;
GRANT SELECT, INSERT ON backend_snapshots TO heliostat_system;

-- migrate:down
DROP TABLE run_labels, backend_snapshots;
DROP INDEX runs_by_backend, runs_by_state, runs_newest, runs_unfinished;
CREATE INDEX runs_unfinished ON runs (created_at)
    WHERE status IN ('queued', 'planning', 'running');

ALTER TABLE run_chunks NO FORCE ROW LEVEL SECURITY;
DELETE FROM run_chunks WHERE result IS NULL;
ALTER TABLE run_chunks FORCE ROW LEVEL SECURITY;
ALTER TABLE run_chunks
    DROP CONSTRAINT run_chunks_outcome,
    DROP COLUMN error,
    DROP COLUMN waited_s,
    DROP COLUMN attempts,
    DROP COLUMN worker,
    DROP COLUMN snapshot_id,
    ALTER COLUMN result SET NOT NULL;
ALTER TABLE run_events DROP COLUMN who, DROP COLUMN why;
ALTER TABLE runs
    DROP COLUMN plan,
    DROP COLUMN backend,
    DROP COLUMN seed,
    DROP COLUMN code_version,
    DROP COLUMN vintage,
    DROP COLUMN submitted_by,
    DROP COLUMN priority,
    DROP COLUMN deadline,
    DROP COLUMN labels,
    DROP COLUMN waiting_for,
    DROP COLUMN last_sequence;
ALTER TABLE organisations DROP COLUMN plan;
