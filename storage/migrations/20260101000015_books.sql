-- migrate:up
-- Versions are only ever added, so that whatever was computed from one can be computed again. A
-- book that is removed keeps its row and its versions, and leaves its name to another.
CREATE TABLE books (
    org_id uuid NOT NULL REFERENCES organisations,
    book_id uuid NOT NULL,
    name text COLLATE "C" NOT NULL,
    created_at timestamptz NOT NULL,
    removed_at timestamptz,
    PRIMARY KEY (org_id, book_id)
);
CREATE UNIQUE INDEX books_by_name ON books (org_id, name) WHERE removed_at IS NULL;
CREATE INDEX books_newest ON books (org_id, created_at, book_id) WHERE removed_at IS NULL;

CREATE TABLE book_versions (
    org_id uuid NOT NULL,
    book_id uuid NOT NULL,
    version integer NOT NULL CHECK (version >= 1),
    title text NOT NULL,
    positions jsonb NOT NULL CHECK (jsonb_typeof(positions) = 'array'),
    -- kept beside them, since positions are stored out of line and lists need their number only
    position_count integer NOT NULL GENERATED ALWAYS AS (jsonb_array_length(positions)) STORED,
    note text,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (org_id, book_id, version)
);

ALTER TABLE books ENABLE ROW LEVEL SECURITY;
ALTER TABLE books FORCE ROW LEVEL SECURITY;
ALTER TABLE book_versions ENABLE ROW LEVEL SECURITY;
ALTER TABLE book_versions FORCE ROW LEVEL SECURITY;

CREATE POLICY own_rows ON books TO heliostat_app
    USING (org_id = (SELECT nullif(current_setting('app.org_id', true), '')::uuid))
    WITH CHECK (org_id = (SELECT nullif(current_setting('app.org_id', true), '')::uuid));
CREATE POLICY own_rows ON book_versions TO heliostat_app
    USING (org_id = (SELECT nullif(current_setting('app.org_id', true), '')::uuid))
    WITH CHECK (org_id = (SELECT nullif(current_setting('app.org_id', true), '')::uuid));
CREATE POLICY every_organisation ON books TO heliostat_system
    USING (true) WITH CHECK (true);
CREATE POLICY every_organisation ON book_versions TO heliostat_system
    USING (true) WITH CHECK (true);

GRANT SELECT, INSERT, UPDATE (removed_at) ON books TO heliostat_app, heliostat_system;
GRANT SELECT, INSERT ON book_versions TO heliostat_app, heliostat_system;

-- migrate:down
DROP TABLE book_versions, books;
