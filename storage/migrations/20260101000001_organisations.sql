-- migrate:up
CREATE TABLE organisations (
    org_id uuid PRIMARY KEY,
    name text NOT NULL,
    created_at timestamptz NOT NULL
);

-- Seeded before row-level security starts, because it binds the owner too.
INSERT INTO organisations (org_id, name, created_at) VALUES
    ('00000000-0000-7000-8000-000000000000', 'market', '2026-01-01T00:00:00Z'),
    ('00000000-0000-7000-8000-000000000001', 'default', '2026-01-01T00:00:00Z');

ALTER TABLE organisations ENABLE ROW LEVEL SECURITY;
ALTER TABLE organisations FORCE ROW LEVEL SECURITY;
-- The setting is read in a subquery so that it is read once a statement, not once a row.
CREATE POLICY own_organisation ON organisations FOR SELECT TO heliostat_app
    USING (org_id = (SELECT nullif(current_setting('app.org_id', true), '')::uuid));
CREATE POLICY every_organisation ON organisations TO heliostat_system
    USING (true) WITH CHECK (true);

GRANT SELECT ON organisations TO heliostat_app;
GRANT SELECT, INSERT, UPDATE ON organisations TO heliostat_system;

-- migrate:down
DROP TABLE organisations;
