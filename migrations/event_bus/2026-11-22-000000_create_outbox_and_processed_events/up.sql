-- What a service has to say. A row is written in the transaction that it tells about, and goes once RabbitMQ has it.
CREATE TABLE outbox_events (
    id BIGINT GENERATED ALWAYS AS IDENTITY CONSTRAINT outbox_events_pkey PRIMARY KEY,
    event_id UUID NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT,
    data JSONB NOT NULL,
    traceparent TEXT,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

-- What a consumer has handled already, so that a second delivery changes nothing.
CREATE TABLE processed_events (
    consumer TEXT NOT NULL,
    event_id UUID NOT NULL,
    processed_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    CONSTRAINT processed_events_pkey PRIMARY KEY (consumer, event_id)
);

-- Old rows are pruned by age.
CREATE INDEX processed_events_processed_at_idx ON processed_events (processed_at);
