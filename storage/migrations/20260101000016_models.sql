-- migrate:up
-- What is known of a product's model belongs to who owns its settlements. Rows are only ever added;
-- the system removes old checkpoints and forecasts that others of the same day replaced.
CREATE TABLE model_fits (
    org_id uuid NOT NULL,
    source text COLLATE "C" NOT NULL,
    product text COLLATE "C" NOT NULL,
    fit_id uuid NOT NULL,
    fitted_at timestamptz NOT NULL,
    parameters json NOT NULL,
    card jsonb NOT NULL,
    PRIMARY KEY (org_id, source, product, fit_id)
);
CREATE INDEX model_fits_newest ON model_fits (org_id, product, fitted_at DESC);

-- The model before the settlements of a trade date. As json, since jsonb forgets the sign of a zero.
CREATE TABLE model_checkpoints (
    org_id uuid NOT NULL,
    source text COLLATE "C" NOT NULL,
    product text COLLATE "C" NOT NULL,
    trade_date date NOT NULL,
    version bigint NOT NULL CHECK (version >= 1),
    fit_id uuid NOT NULL,
    state json NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (org_id, source, product, trade_date, version)
);

-- `settlements` are those of the trade date which the forecast has seen.
CREATE TABLE model_forecasts (
    org_id uuid NOT NULL,
    source text COLLATE "C" NOT NULL,
    product text COLLATE "C" NOT NULL,
    trade_date date NOT NULL,
    version bigint NOT NULL CHECK (version >= 1),
    fit_id uuid NOT NULL,
    settlements json NOT NULL,
    forecast jsonb NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (org_id, source, product, trade_date, version)
);
CREATE UNIQUE INDEX model_forecasts_by_version ON model_forecasts (
    org_id, source, product, version
);
CREATE INDEX model_forecasts_newest ON model_forecasts (org_id, product, recorded_at DESC);

ALTER TABLE model_fits ENABLE ROW LEVEL SECURITY;
ALTER TABLE model_fits FORCE ROW LEVEL SECURITY;
ALTER TABLE model_checkpoints ENABLE ROW LEVEL SECURITY;
ALTER TABLE model_checkpoints FORCE ROW LEVEL SECURITY;
ALTER TABLE model_forecasts ENABLE ROW LEVEL SECURITY;
ALTER TABLE model_forecasts FORCE ROW LEVEL SECURITY;

CREATE POLICY own_and_market_rows ON model_fits FOR SELECT TO heliostat_app
    USING (
        org_id = (SELECT nullif(current_setting('app.org_id', true), '')::uuid)
        OR (
            org_id = '00000000-0000-7000-8000-000000000000'
            AND (SELECT nullif(current_setting('app.org_id', true), '')) IS NOT NULL
        )
    );
CREATE POLICY own_and_market_rows ON model_checkpoints FOR SELECT TO heliostat_app
    USING (
        org_id = (SELECT nullif(current_setting('app.org_id', true), '')::uuid)
        OR (
            org_id = '00000000-0000-7000-8000-000000000000'
            AND (SELECT nullif(current_setting('app.org_id', true), '')) IS NOT NULL
        )
    );
CREATE POLICY own_and_market_rows ON model_forecasts FOR SELECT TO heliostat_app
    USING (
        org_id = (SELECT nullif(current_setting('app.org_id', true), '')::uuid)
        OR (
            org_id = '00000000-0000-7000-8000-000000000000'
            AND (SELECT nullif(current_setting('app.org_id', true), '')) IS NOT NULL
        )
    );
CREATE POLICY every_organisation ON model_fits TO heliostat_system
    USING (true) WITH CHECK (true);
CREATE POLICY every_organisation ON model_checkpoints TO heliostat_system
    USING (true) WITH CHECK (true);
CREATE POLICY every_organisation ON model_forecasts TO heliostat_system
    USING (true) WITH CHECK (true);

GRANT SELECT ON model_fits, model_checkpoints, model_forecasts TO heliostat_app;
GRANT SELECT, INSERT ON model_fits TO heliostat_system;
GRANT SELECT, INSERT, DELETE ON model_checkpoints, model_forecasts TO heliostat_system;

-- migrate:down
DROP TABLE model_forecasts, model_checkpoints, model_fits;
