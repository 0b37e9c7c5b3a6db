-- migrate:up
CREATE TABLE vendor_credentials (
    vendor text PRIMARY KEY,
    names text [] NOT NULL,
    sealed bytea NOT NULL,
    kept_at timestamptz NOT NULL
);
COMMENT ON TABLE vendor_credentials IS
'What lets this stack in at a vendor, sealed whole: names are those of its variables, such as token.';
ALTER TABLE vendor_credentials ENABLE ROW LEVEL SECURITY;
ALTER TABLE vendor_credentials FORCE ROW LEVEL SECURITY;
CREATE POLICY every_vendor ON vendor_credentials
TO heliostat_system USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON vendor_credentials TO heliostat_system;

-- migrate:down
DROP TABLE vendor_credentials;
