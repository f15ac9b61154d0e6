-- One signing-in; also the family of its refresh tokens. Its id is the `sid` of access tokens.
CREATE TABLE sessions (
    id           uuid        PRIMARY KEY,
    user_id      bigint      NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at   timestamptz NOT NULL DEFAULT now(),
    -- When the last access token was signed for it.
    last_used_at timestamptz NOT NULL DEFAULT now(),
    ended_at     timestamptz
);
CREATE INDEX sessions_user_id_idx ON sessions (user_id) WHERE ended_at IS NULL;
CREATE INDEX sessions_last_used_at_idx ON sessions (last_used_at);

CREATE TABLE refresh_tokens (
    -- SHA-256 of the token; the token itself is never stored.
    hash       bytea       PRIMARY KEY,
    session_id uuid        NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    expires_at timestamptz NOT NULL,
    used_at    timestamptz,
    -- The token that replaced this one, sealed under this one: only its holder can open it.
    successor  bytea
);
CREATE INDEX refresh_tokens_session_id_idx ON refresh_tokens (session_id);
CREATE INDEX refresh_tokens_expires_at_idx ON refresh_tokens (expires_at);

-- Sessions that ended before their access tokens did, until those have expired; an outbox for Redis.
CREATE TABLE revocations (
    session_id uuid        PRIMARY KEY,
    until      timestamptz NOT NULL,
    pushed_at  timestamptz
);
CREATE INDEX revocations_unpushed_idx ON revocations (until) WHERE pushed_at IS NULL;
