-- The counters live beside the post so that a page of the feed is one index scan. Each changes in the transaction of
-- the row it counts, under the post's row lock.
CREATE TABLE posts (
    id            BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    author_id     BIGINT      NOT NULL,
    -- The author's name when the post was made: shown while auth cannot be asked.
    author_name   TEXT        NOT NULL,
    content       TEXT        NOT NULL CONSTRAINT posts_content_check CHECK (char_length(content) <= 5000),
    post_type     TEXT        NOT NULL CONSTRAINT posts_post_type_check CHECK (post_type IN ('TEXT', 'IMAGE', 'VIDEO')),
    media_urls    TEXT[]      NOT NULL DEFAULT '{}',
    like_count    BIGINT      NOT NULL DEFAULT 0 CONSTRAINT posts_like_count_check CHECK (like_count >= 0),
    comment_count BIGINT      NOT NULL DEFAULT 0 CONSTRAINT posts_comment_count_check CHECK (comment_count >= 0),
    created_at    TIMESTAMPTZ NOT NULL DEFAULT now(),
    updated_at    TIMESTAMPTZ NOT NULL DEFAULT now()
);

CREATE TABLE likes (
    post_id    BIGINT      NOT NULL CONSTRAINT likes_post_id_fkey REFERENCES posts (id) ON DELETE CASCADE,
    user_id    BIGINT      NOT NULL,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    CONSTRAINT likes_pkey PRIMARY KEY (post_id, user_id)
);

-- Every comment heard of, so that an event counts once, in whichever order events arrive. A deleted comment stays as a
-- tombstone (live = false): its creation may still be on the way.
CREATE TABLE comment_refs (
    comment_id BIGINT  PRIMARY KEY,
    post_id    BIGINT  NOT NULL CONSTRAINT comment_refs_post_id_fkey REFERENCES posts (id) ON DELETE CASCADE,
    live       BOOLEAN NOT NULL
);

CREATE INDEX comment_refs_post_id_idx ON comment_refs (post_id);
