-- migrate:up
-- Whoever answers requests may write a secret and never read one: only the courier signs. An
-- endpoint that is removed keeps its row, for the deliveries that name it, and loses its secret.
CREATE TABLE webhook_endpoints (
    org_id uuid NOT NULL REFERENCES organisations,
    endpoint_id uuid NOT NULL,
    url text COLLATE "C" NOT NULL,
    secret text COLLATE "C",
    created_at timestamptz NOT NULL,
    removed_at timestamptz,
    PRIMARY KEY (org_id, endpoint_id),
    CHECK ((secret IS NULL) = (removed_at IS NOT NULL))
);

CREATE TABLE webhook_deliveries (
    org_id uuid NOT NULL,
    delivery_id uuid NOT NULL,
    endpoint_id uuid NOT NULL,
    event text COLLATE "C" NOT NULL,
    run_id uuid,
    run_kind text COLLATE "C",
    run_status text COLLATE "C",
    created_at timestamptz NOT NULL,
    state text COLLATE "C" NOT NULL DEFAULT 'pending' CHECK (
        state IN ('pending', 'delivered', 'given_up')
    ),
    attempts integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz NOT NULL,
    answered integer,
    error text,
    finished_at timestamptz,
    PRIMARY KEY (org_id, delivery_id)
);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (next_attempt_at)
    WHERE state = 'pending';
CREATE INDEX webhook_deliveries_newest
    ON webhook_deliveries (org_id, created_at, delivery_id);
CREATE INDEX webhook_deliveries_finished ON webhook_deliveries (finished_at)
    WHERE state <> 'pending';
CREATE UNIQUE INDEX webhook_deliveries_once
    ON webhook_deliveries (org_id, endpoint_id, run_id, event);

ALTER TABLE webhook_endpoints ENABLE ROW LEVEL SECURITY;
ALTER TABLE webhook_endpoints FORCE ROW LEVEL SECURITY;
ALTER TABLE webhook_deliveries ENABLE ROW LEVEL SECURITY;
ALTER TABLE webhook_deliveries FORCE ROW LEVEL SECURITY;

CREATE POLICY own_rows ON webhook_endpoints TO heliostat_app
    USING (org_id = (SELECT nullif(current_setting('app.org_id', true), '')::uuid))
    WITH CHECK (org_id = (SELECT nullif(current_setting('app.org_id', true), '')::uuid));
CREATE POLICY own_rows ON webhook_deliveries TO heliostat_app
    USING (org_id = (SELECT nullif(current_setting('app.org_id', true), '')::uuid))
    WITH CHECK (org_id = (SELECT nullif(current_setting('app.org_id', true), '')::uuid));
CREATE POLICY every_organisation ON webhook_endpoints TO heliostat_system
    USING (true) WITH CHECK (true);
CREATE POLICY every_organisation ON webhook_deliveries TO heliostat_system
    USING (true) WITH CHECK (true);

GRANT SELECT (org_id, endpoint_id, url, created_at, removed_at), INSERT,
    UPDATE (secret, removed_at)
ON webhook_endpoints TO heliostat_app;
GRANT SELECT, INSERT, UPDATE ON webhook_endpoints TO heliostat_system;
GRANT SELECT, INSERT, UPDATE (state, error, finished_at)
ON webhook_deliveries TO heliostat_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON webhook_deliveries TO heliostat_system;

-- migrate:down
DROP TABLE webhook_deliveries, webhook_endpoints;
