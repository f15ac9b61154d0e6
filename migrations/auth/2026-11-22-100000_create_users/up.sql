CREATE TABLE users (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    username      text        NOT NULL,
    -- Names that differ in case alone are the same name. The collation keeps ASCII rules on every server.
    username_key  text        NOT NULL GENERATED ALWAYS AS (lower(username COLLATE "C")) STORED,
    email         text        NOT NULL,
    password_hash text        NOT NULL,
    full_name     text        NOT NULL,
    avatar_url    text,
    role          text        NOT NULL DEFAULT 'user',
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT users_username_key UNIQUE (username_key),
    CONSTRAINT users_email_key UNIQUE (email),
    CONSTRAINT users_username_check CHECK (char_length(username) BETWEEN 3 AND 30),
    CONSTRAINT users_email_check CHECK (char_length(email) BETWEEN 3 AND 254),
    CONSTRAINT users_password_hash_check CHECK (char_length(password_hash) = 60),
    CONSTRAINT users_full_name_check CHECK (char_length(full_name) BETWEEN 1 AND 100),
    CONSTRAINT users_avatar_url_check CHECK (char_length(avatar_url) <= 2048),
    CONSTRAINT users_role_check CHECK (char_length(role) BETWEEN 1 AND 30)
);
