-- migrate:up
-- What traded on the day and what was open at its end, in contracts; sources need not tell them.
ALTER TABLE settlements
    ADD COLUMN volume bigint,
    ADD COLUMN open_interest bigint,
    ADD CONSTRAINT figures_are_counts CHECK (volume >= 0 AND open_interest >= 0);

-- migrate:down
ALTER TABLE settlements
    DROP CONSTRAINT figures_are_counts,
    DROP COLUMN volume,
    DROP COLUMN open_interest;
