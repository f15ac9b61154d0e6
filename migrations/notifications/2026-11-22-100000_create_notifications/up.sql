-- What a user was told. The index makes "once" a rule of the table: a second delivery adds nothing.
CREATE TABLE notifications (
    id         BIGINT GENERATED ALWAYS AS IDENTITY CONSTRAINT notifications_pkey PRIMARY KEY,
    user_id    BIGINT      NOT NULL,
    kind       TEXT        NOT NULL CONSTRAINT notifications_kind_check CHECK (kind IN ('new_comment', 'post_liked', 'mention')),
    actor_id   BIGINT      NOT NULL CONSTRAINT notifications_actor_id_check CHECK (actor_id <> user_id),
    post_id    BIGINT      NOT NULL,
    comment_id BIGINT,
    message    TEXT        NOT NULL,
    data       JSONB       NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    read_at    TIMESTAMPTZ
);

CREATE UNIQUE INDEX notifications_once_idx ON notifications (user_id, kind, post_id, COALESCE(comment_id, 0), actor_id);
CREATE INDEX notifications_user_id_idx ON notifications (user_id, id DESC);
CREATE INDEX notifications_unread_idx ON notifications (user_id) WHERE read_at IS NULL;
CREATE INDEX notifications_post_id_idx ON notifications (post_id);

-- Names that were mentioned but not looked up yet. A table and not a step of the event's handling, so that auth being
-- away holds up the mentions alone.
CREATE TABLE pending_mentions (
    id         BIGINT GENERATED ALWAYS AS IDENTITY CONSTRAINT pending_mentions_pkey PRIMARY KEY,
    post_id    BIGINT      NOT NULL,
    comment_id BIGINT,
    actor_id   BIGINT      NOT NULL,
    actor_name TEXT        NOT NULL,
    -- Users who are not told of this mention: the actor, and who hears of the comment anyway.
    skipped    BIGINT[]    NOT NULL,
    names      TEXT[]      NOT NULL,
    data       JSONB       NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    attempts   INT         NOT NULL DEFAULT 0,
    due_at     TIMESTAMPTZ NOT NULL DEFAULT now()
);

CREATE INDEX pending_mentions_due_at_idx ON pending_mentions (due_at);
CREATE INDEX pending_mentions_post_id_idx ON pending_mentions (post_id);

-- Posts (comment_id = 0) and comments known to be deleted: what is said about them may still be on the way.
CREATE TABLE deleted_subjects (
    post_id    BIGINT      NOT NULL,
    comment_id BIGINT      NOT NULL DEFAULT 0,
    deleted_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    CONSTRAINT deleted_subjects_pkey PRIMARY KEY (post_id, comment_id)
);

CREATE INDEX deleted_subjects_deleted_at_idx ON deleted_subjects (deleted_at);
