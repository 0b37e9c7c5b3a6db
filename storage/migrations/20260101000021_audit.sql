-- migrate:up
-- One chain over all organisations: `digest` covers the entry and `previous`, the digest before.
CREATE TABLE audit_entries (
    position bigint PRIMARY KEY CHECK (position > 0),
    org_id uuid NOT NULL REFERENCES organisations,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    target text,
    details jsonb NOT NULL,
    previous bytea NOT NULL,
    digest bytea NOT NULL
);
CREATE INDEX audit_entries_of_organisation ON audit_entries (org_id, position);
ALTER TABLE audit_entries ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_entries FORCE ROW LEVEL SECURITY;
CREATE POLICY every_organisation ON audit_entries TO heliostat_system
    USING (true) WITH CHECK (true);
CREATE POLICY own_rows ON audit_entries FOR SELECT TO heliostat_app
    USING (org_id = (SELECT nullif(current_setting('app.org_id', true), '')::uuid));
-- Nobody changes or removes an entry, our own roles included.
GRANT SELECT, INSERT ON audit_entries TO heliostat_system;
GRANT SELECT ON audit_entries TO heliostat_app;

-- migrate:down
DROP TABLE audit_entries;
