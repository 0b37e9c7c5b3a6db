-- migrate:up
CREATE TABLE kept_answers (
    org_id uuid NOT NULL REFERENCES organisations (org_id) ON DELETE CASCADE,
    actor text NOT NULL,
    key_digest bytea NOT NULL,
    attempt integer NOT NULL,
    claimed_at timestamptz NOT NULL,
    held_until timestamptz NOT NULL,
    is_effected boolean NOT NULL DEFAULT false,
    request_digest bytea,
    answered_at timestamptz,
    sealed bytea,
    PRIMARY KEY (org_id, actor, key_digest),
    CHECK (num_nulls(request_digest, answered_at, sealed) IN (0, 3))
);
CREATE INDEX kept_answers_by_age ON kept_answers (claimed_at);
COMMENT ON TABLE kept_answers IS
'A row for each Idempotency-Key: who carries its request out until when, then its answer, sealed.';
ALTER TABLE kept_answers ENABLE ROW LEVEL SECURITY;
ALTER TABLE kept_answers FORCE ROW LEVEL SECURITY;
CREATE POLICY own_organisation ON kept_answers
TO heliostat_app USING (org_id = nullif(current_setting('app.org_id', true), '')::uuid);
CREATE POLICY every_organisation ON kept_answers
TO heliostat_system USING (true) WITH CHECK (true);
GRANT SELECT (org_id, actor, key_digest, attempt, answered_at, is_effected),
UPDATE (is_effected) ON kept_answers TO heliostat_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON kept_answers TO heliostat_system;

-- migrate:down
DROP TABLE kept_answers;
