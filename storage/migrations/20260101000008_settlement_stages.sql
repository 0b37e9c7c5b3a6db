-- migrate:up
-- A venue's announcement carries when it was made, so that one which comes late or again does not
-- pass for news; imports have no such time.
ALTER TABLE settlements
    DROP CONSTRAINT settlements_stage_check,
    ADD CONSTRAINT settlements_stage_check
        CHECK (stage IN ('preliminary', 'final', 'corrected')),
    ADD COLUMN announced_ns bigint;

-- migrate:down
ALTER TABLE settlements NO FORCE ROW LEVEL SECURITY;
DELETE FROM settlements WHERE stage = 'corrected';
ALTER TABLE settlements FORCE ROW LEVEL SECURITY;
ALTER TABLE settlements
    DROP COLUMN announced_ns,
    DROP CONSTRAINT settlements_stage_check,
    ADD CONSTRAINT settlements_stage_check CHECK (stage = 'final' OR stage = 'preliminary');
