CREATE TABLE files (
    id         BIGINT GENERATED ALWAYS AS IDENTITY CONSTRAINT files_pkey PRIMARY KEY,
    public_id  TEXT        NOT NULL CONSTRAINT files_public_id_key UNIQUE,
    extension  TEXT        NOT NULL,
    owner_id   BIGINT      NOT NULL,
    bytes      BIGINT      NOT NULL CONSTRAINT files_bytes_check CHECK (bytes > 0),
    created_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

CREATE INDEX files_owner_id_idx ON files (owner_id, id DESC);
