-- migrate:up
ALTER TABLE users ADD COLUMN password_stands_alone boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN users.password_stands_alone IS
'The password was long enough without a second factor when it was set; a hash no longer tells.';

-- migrate:down
ALTER TABLE users DROP COLUMN password_stands_alone;
