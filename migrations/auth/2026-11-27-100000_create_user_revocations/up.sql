-- Users whose earlier access tokens count no more, until those have expired; an outbox for Redis, as `revocations`.
CREATE TABLE user_revocations (
    user_id    bigint      NOT NULL,
    -- Tokens issued before.
    before     timestamptz NOT NULL,
    until      timestamptz NOT NULL,
    pushed_at  timestamptz,
    CONSTRAINT user_revocations_pkey PRIMARY KEY (user_id)
);
CREATE INDEX user_revocations_unpushed_idx ON user_revocations (until) WHERE pushed_at IS NULL;
