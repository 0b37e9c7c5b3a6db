-- migrate:up
-- What is secret is kept as a SHA-256 digest (cookies, keys, codes, tokens), as an argon2id hash
-- (passwords), or sealed by the vault (seeds, private keys). Ends are moments, never deletions.
CREATE TABLE users (
    user_id uuid PRIMARY KEY,
    email text UNIQUE CHECK (email = lower(email)),
    name text NOT NULL,
    password_hash text,
    password_changed_at timestamptz,
    created_at timestamptz NOT NULL,
    disabled_at timestamptz,
    erased_at timestamptz,
    CONSTRAINT erased_users_have_no_address CHECK ((email IS NULL) = (erased_at IS NOT NULL))
);

CREATE TABLE memberships (
    org_id uuid NOT NULL REFERENCES organisations,
    user_id uuid NOT NULL REFERENCES users,
    role text NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (org_id, user_id)
);
CREATE INDEX memberships_of_user ON memberships (user_id);

CREATE TABLE invitations (
    org_id uuid NOT NULL REFERENCES organisations,
    invitation_id uuid NOT NULL,
    email text NOT NULL CHECK (email = lower(email)),
    role text NOT NULL,
    token_digest bytea NOT NULL UNIQUE,
    invited_by text NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    accepted_at timestamptz,
    withdrawn_at timestamptz,
    PRIMARY KEY (org_id, invitation_id)
);
CREATE UNIQUE INDEX open_invitations ON invitations (org_id, email)
WHERE accepted_at IS NULL AND withdrawn_at IS NULL;

CREATE TABLE api_keys (
    org_id uuid NOT NULL REFERENCES organisations,
    key_id uuid NOT NULL,
    digest bytea NOT NULL UNIQUE,
    prefix text NOT NULL,
    name text NOT NULL,
    role text NOT NULL,
    scopes text [] NOT NULL DEFAULT '{}',
    user_id uuid REFERENCES users,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    last_used_at timestamptz,
    revoked_at timestamptz,
    PRIMARY KEY (org_id, key_id)
);
COMMENT ON COLUMN api_keys.user_id IS
'The member whose key it is: the key has that member''s role, at most. Null for a machine''s.';

CREATE TABLE oauth_clients (
    org_id uuid NOT NULL REFERENCES organisations,
    client_id text NOT NULL UNIQUE,
    name text NOT NULL,
    secret_digest bytea,
    redirect_uris text [] NOT NULL DEFAULT '{}',
    grants text [] NOT NULL,
    scopes text [] NOT NULL DEFAULT '{}',
    role text,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    disabled_at timestamptz,
    PRIMARY KEY (org_id, client_id)
);
COMMENT ON COLUMN oauth_clients.role IS
'What the client itself is by client_credentials; null where it only acts for people.';

CREATE TABLE sessions (
    session_id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users,
    org_id uuid NOT NULL REFERENCES organisations,
    cookie_digest bytea NOT NULL UNIQUE,
    methods text [] NOT NULL,
    authenticated_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    ended_at timestamptz,
    address text NOT NULL,
    user_agent text NOT NULL
);
CREATE INDEX sessions_of_user ON sessions (user_id);

CREATE TABLE sign_in_links (
    digest bytea PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);

CREATE TABLE token_families (
    family_id uuid PRIMARY KEY,
    client_id text NOT NULL,
    user_id uuid NOT NULL REFERENCES users,
    org_id uuid NOT NULL REFERENCES organisations,
    session_id uuid NOT NULL REFERENCES sessions,
    scopes text [] NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    reason text
);
CREATE INDEX token_families_of_user ON token_families (user_id);
CREATE INDEX token_families_of_session ON token_families (session_id);

CREATE TABLE refresh_tokens (
    digest bytea PRIMARY KEY,
    family_id uuid NOT NULL REFERENCES token_families ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    spent_at timestamptz
);
CREATE INDEX refresh_tokens_of_family ON refresh_tokens (family_id);

CREATE TABLE authorization_codes (
    digest bytea PRIMARY KEY,
    client_id text NOT NULL,
    session_id uuid NOT NULL REFERENCES sessions,
    redirect_uri text NOT NULL,
    challenge text NOT NULL,
    scopes text [] NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    family_id uuid REFERENCES token_families ON DELETE SET NULL
);

CREATE TABLE device_grants (
    digest bytea PRIMARY KEY,
    user_code text NOT NULL UNIQUE,
    client_id text NOT NULL,
    scopes text [] NOT NULL,
    user_agent text NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    last_polled_at timestamptz,
    interval_s integer NOT NULL,
    session_id uuid REFERENCES sessions,
    approved boolean,
    used_at timestamptz
);

CREATE TABLE signing_keys (
    key_id text PRIMARY KEY,
    public_key bytea NOT NULL,
    private_key bytea NOT NULL,
    created_at timestamptz NOT NULL,
    signs_from timestamptz NOT NULL,
    signs_until timestamptz NOT NULL,
    forgotten_after timestamptz NOT NULL,
    CHECK (signs_from < signs_until AND signs_until < forgotten_after)
);

CREATE TABLE totp_factors (
    user_id uuid PRIMARY KEY REFERENCES users,
    secret bytea NOT NULL,
    created_at timestamptz NOT NULL,
    confirmed_at timestamptz,
    last_step bigint
);

CREATE TABLE recovery_codes (
    user_id uuid NOT NULL REFERENCES users,
    digest bytea NOT NULL,
    created_at timestamptz NOT NULL,
    used_at timestamptz,
    PRIMARY KEY (user_id, digest)
);

CREATE TABLE passkeys (
    credential_id bytea PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users,
    public_key bytea NOT NULL,
    sign_count bigint NOT NULL,
    name text NOT NULL,
    transports text [] NOT NULL,
    created_at timestamptz NOT NULL,
    last_used_at timestamptz
);
CREATE INDEX passkeys_of_user ON passkeys (user_id);

-- What a browser is asked to bring back: a challenge of WebAuthn, the first half of a sign-in, the
-- state of a sign-in elsewhere.
CREATE TABLE challenges (
    digest bytea PRIMARY KEY,
    purpose text NOT NULL,
    user_id uuid REFERENCES users,
    data jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);

CREATE TABLE throttles (
    subject text PRIMARY KEY,
    failures integer NOT NULL,
    last_failed_at timestamptz NOT NULL,
    blocked_until timestamptz
);

CREATE TABLE external_identities (
    issuer text NOT NULL,
    subject text NOT NULL,
    user_id uuid NOT NULL REFERENCES users,
    created_at timestamptz NOT NULL,
    last_used_at timestamptz NOT NULL,
    PRIMARY KEY (issuer, subject)
);
CREATE INDEX external_identities_of_user ON external_identities (user_id);

CREATE TABLE revocations (
    revocation_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('session', 'family', 'user', 'member', 'client')),
    subject text NOT NULL,
    revoked_at timestamptz NOT NULL
);
CREATE INDEX revocations_by_moment ON revocations (revoked_at);
COMMENT ON TABLE revocations IS
'What ends tokens before their time; replicas read the last minutes each second. The subject of kind member is ORG:USER. Keys are not here: replicas read them anew every few seconds.';

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY[
        'users', 'memberships', 'invitations', 'api_keys', 'oauth_clients', 'sessions',
        'sign_in_links', 'token_families', 'refresh_tokens', 'authorization_codes',
        'device_grants', 'signing_keys', 'totp_factors', 'recovery_codes', 'passkeys',
        'challenges', 'throttles', 'external_identities', 'revocations'
    ] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format(
            'CREATE POLICY every_organisation ON %I TO heliostat_system '
            'USING (true) WITH CHECK (true)', name);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO heliostat_system', name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['memberships', 'invitations', 'api_keys', 'oauth_clients'] LOOP
        EXECUTE format(
            'CREATE POLICY own_rows ON %I FOR SELECT TO heliostat_app '
            'USING (org_id = (SELECT nullif(current_setting(''app.org_id'', true), '''')::uuid))',
            name);
    END LOOP;
END
$$;

-- The app role sees what its organisation is shown, and no digest.
GRANT SELECT ON memberships TO heliostat_app;
GRANT SELECT (
    org_id, invitation_id, email, role, invited_by, created_at, expires_at, accepted_at,
    withdrawn_at
) ON invitations TO heliostat_app;
GRANT SELECT (
    org_id, key_id, prefix, name, role, scopes, user_id, created_by, created_at, expires_at,
    last_used_at, revoked_at
) ON api_keys TO heliostat_app;
GRANT SELECT (
    org_id, client_id, name, redirect_uris, grants, scopes, role, created_by, created_at,
    disabled_at
) ON oauth_clients TO heliostat_app;

-- migrate:down
DROP TABLE revocations, external_identities, throttles, challenges, passkeys, recovery_codes,
totp_factors, signing_keys, device_grants, authorization_codes, refresh_tokens, token_families,
sign_in_links, sessions, oauth_clients, api_keys, invitations, memberships, users;
