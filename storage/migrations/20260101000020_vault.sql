-- migrate:up
-- One data key a secret: a secret is sealed under its own data key, and only data keys are wrapped
-- by the key-encryption key, so that replacing the latter rewrites no secret.
CREATE TABLE vault_keys (
    key_id uuid PRIMARY KEY,
    wrapped bytea NOT NULL,
    wrapping_key text NOT NULL,
    created_at timestamptz NOT NULL,
    wrapped_at timestamptz NOT NULL
);
ALTER TABLE vault_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE vault_keys FORCE ROW LEVEL SECURITY;
CREATE POLICY every_key ON vault_keys TO heliostat_system USING (true) WITH CHECK (true);
CREATE POLICY new_keys ON vault_keys FOR INSERT TO heliostat_app WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON vault_keys TO heliostat_system;
GRANT INSERT ON vault_keys TO heliostat_app;

-- migrate:down
DROP TABLE vault_keys;
