-- migrate:up
-- A settlement is known by its delivery month or by its position on the curve, never by both;
-- the unused one is 0, because a key column cannot be null.
CREATE TABLE settlements (
    org_id uuid NOT NULL,
    source text COLLATE "C" NOT NULL,
    product text COLLATE "C" NOT NULL,
    trade_date date NOT NULL,
    contract_month integer NOT NULL DEFAULT 0,
    position smallint NOT NULL DEFAULT 0,
    revision smallint NOT NULL DEFAULT 0,
    price numeric NOT NULL,
    stage text COLLATE "C" NOT NULL CHECK (stage = 'final' OR stage = 'preliminary'),
    recorded_at timestamptz NOT NULL,
    CONSTRAINT month_or_position CHECK ((contract_month <> 0) <> (position <> 0)),
    CONSTRAINT price_is_finite CHECK (price > '-Infinity' AND price < 'Infinity'),
    PRIMARY KEY (org_id, source, product, trade_date, contract_month, position, revision)
);

ALTER TABLE settlements ENABLE ROW LEVEL SECURITY;
ALTER TABLE settlements FORCE ROW LEVEL SECURITY;
CREATE POLICY own_and_market_rows ON settlements FOR SELECT TO heliostat_app
    USING (
        org_id = (SELECT nullif(current_setting('app.org_id', true), '')::uuid)
        OR (
            org_id = '00000000-0000-7000-8000-000000000000'
            AND (SELECT nullif(current_setting('app.org_id', true), '')) IS NOT NULL
        )
    );
CREATE POLICY own_inserts ON settlements FOR INSERT TO heliostat_app
    WITH CHECK (org_id = (SELECT nullif(current_setting('app.org_id', true), '')::uuid));
CREATE POLICY every_organisation ON settlements TO heliostat_system
    USING (true) WITH CHECK (true);

-- Prices are only ever added: a correction is a further revision.
GRANT SELECT, INSERT ON settlements TO heliostat_app, heliostat_system;

-- migrate:down
DROP TABLE settlements;
