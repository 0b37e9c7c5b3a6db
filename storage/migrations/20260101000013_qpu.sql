-- migrate:up
-- One row for each job that a run wants of quantum hardware, written before it is sent. `tag` goes
-- with the job, so that it is found again whatever happened after it was accepted.
CREATE TABLE qpu_intents (
    org_id uuid NOT NULL,
    run_id uuid NOT NULL,
    stage text COLLATE "C" NOT NULL,
    chunk_index integer NOT NULL,
    tag text COLLATE "C" NOT NULL,
    device text COLLATE "C" NOT NULL,
    primitive text NOT NULL CHECK (primitive IN ('sampler', 'estimator')),
    budget_s integer NOT NULL CHECK (budget_s > 0),
    state text NOT NULL CHECK (state IN ('open', 'finished', 'failed', 'cancelled')),
    cancel_requested boolean NOT NULL DEFAULT false,
    attempts integer NOT NULL DEFAULT 0,
    attempted_at timestamptz,
    job_id text COLLATE "C",
    duplicates text[] COLLATE "C" NOT NULL DEFAULT '{}',
    snapshot_id bytea REFERENCES backend_snapshots,
    facts jsonb,
    reason text,
    usage_s double precision CHECK (usage_s >= 0),
    created_at timestamptz NOT NULL,
    submitted_at timestamptz,
    closed_at timestamptz,
    PRIMARY KEY (org_id, run_id, stage, chunk_index),
    CHECK ((state = 'open') = (closed_at IS NULL)),
    CHECK (job_id IS NULL OR attempted_at IS NOT NULL)
);
CREATE UNIQUE INDEX qpu_intents_by_tag ON qpu_intents (tag);
CREATE INDEX qpu_intents_unsettled ON qpu_intents (created_at)
    WHERE state = 'open' OR usage_s IS NULL;
CREATE INDEX qpu_intents_by_month ON qpu_intents (org_id, created_at);
CREATE INDEX qpu_intents_by_attempt ON qpu_intents (attempted_at) WHERE attempted_at IS NOT NULL;

ALTER TABLE qpu_intents ENABLE ROW LEVEL SECURITY;
ALTER TABLE qpu_intents FORCE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON qpu_intents TO heliostat_app
    USING (org_id = (SELECT nullif(current_setting('app.org_id', true), '')::uuid))
    WITH CHECK (org_id = (SELECT nullif(current_setting('app.org_id', true), '')::uuid));
CREATE POLICY every_organisation ON qpu_intents TO heliostat_system
    USING (true) WITH CHECK (true);

-- Months are those of UTC, by when a job was wanted. What a job may still use is set aside.
CREATE VIEW qpu_usage WITH (security_invoker = true) AS
SELECT
    org_id,
    date_trunc('month', created_at AT TIME ZONE 'UTC')::date AS month,
    count(*) AS jobs,
    coalesce(sum(usage_s), 0) AS used_s,
    coalesce(sum(budget_s) FILTER (WHERE usage_s IS NULL), 0) AS reserved_s
FROM qpu_intents
GROUP BY org_id, date_trunc('month', created_at AT TIME ZONE 'UTC');
COMMENT ON VIEW qpu_usage IS
'One row a month with jobs on quantum hardware, in UTC and by when they were wanted: how many, the seconds they used, and those set aside for jobs that have not told yet.';

GRANT SELECT ON qpu_intents, qpu_usage TO heliostat_app;
GRANT SELECT, INSERT, UPDATE ON qpu_intents TO heliostat_system;
GRANT SELECT ON qpu_usage TO heliostat_system;

-- migrate:down
DROP VIEW qpu_usage;
DROP TABLE qpu_intents;
