-- migrate:up
-- Secrets of webhooks are sealed by the vault; those in plain are sealed when the stack starts.
ALTER TABLE webhook_endpoints
ADD COLUMN sealed_secret bytea,
DROP CONSTRAINT webhook_endpoints_check,
ADD CONSTRAINT endpoints_have_one_secret_until_removed CHECK (
    num_nonnulls(secret, sealed_secret) = CASE WHEN removed_at IS NULL THEN 1 ELSE 0 END
);
GRANT UPDATE (sealed_secret) ON webhook_endpoints TO heliostat_app;

-- migrate:down
-- Fails while a secret is sealed: what is sealed cannot be brought back into plain here.
ALTER TABLE webhook_endpoints
DROP CONSTRAINT endpoints_have_one_secret_until_removed,
ADD CONSTRAINT webhook_endpoints_check CHECK ((secret IS NULL) = (removed_at IS NOT NULL)),
DROP COLUMN sealed_secret;
