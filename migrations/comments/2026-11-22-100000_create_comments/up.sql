CREATE TABLE comments (
    id             BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    post_id        BIGINT      NOT NULL,
    -- Told by posts when the comment was made; events carry it, so that nobody has to ask again.
    post_author_id BIGINT      NOT NULL,
    author_id      BIGINT      NOT NULL,
    -- The author's name when the comment was made: shown while auth cannot be asked.
    author_name    TEXT        NOT NULL,
    content        TEXT        NOT NULL CONSTRAINT comments_content_check CHECK (char_length(content) BETWEEN 1 AND 2000),
    created_at     TIMESTAMPTZ NOT NULL DEFAULT now(),
    updated_at     TIMESTAMPTZ NOT NULL DEFAULT now()
);

CREATE INDEX comments_post_id_idx ON comments (post_id, id DESC);

-- Posts that are gone. A comment that was being written while its post went finds the post's id here and is refused.
CREATE TABLE deleted_posts (
    post_id    BIGINT PRIMARY KEY,
    deleted_at TIMESTAMPTZ NOT NULL DEFAULT now()
);
