CREATE TABLE things (
    id BIGINT GENERATED ALWAYS AS IDENTITY CONSTRAINT things_pkey PRIMARY KEY,
    name TEXT NOT NULL CONSTRAINT things_name_key UNIQUE,
    parent_id BIGINT CONSTRAINT things_parent_id_fkey REFERENCES things (id),
    CONSTRAINT things_name_check CHECK (length(name) < 10)
);
