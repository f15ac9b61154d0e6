CREATE TABLE signing_keys (
    -- RFC 7638 thumbprint of the public key.
    kid         text        PRIMARY KEY,
    public_key  bytea       NOT NULL,
    -- The seed, sealed under AUTH_KEY_SECRET.
    sealed_seed bytea       NOT NULL,
    created_at  timestamptz NOT NULL,
    -- It signs from here on, until a younger key does.
    active_from timestamptz NOT NULL,
    -- It leaves the key set here: when the last token it signed has expired. NULL until a younger key is made.
    retired_at  timestamptz,
    CONSTRAINT signing_keys_kid_check CHECK (char_length(kid) = 43)
);
