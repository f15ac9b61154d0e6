//! The tables of `migrations/event_bus`.

diesel::table! {
    outbox_events (id) {
        id -> BigInt,
        event_id -> Uuid,
        kind -> Text,
        subject -> Nullable<Text>,
        data -> Jsonb,
        traceparent -> Nullable<Text>,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    processed_events (consumer, event_id) {
        consumer -> Text,
        event_id -> Uuid,
        processed_at -> Timestamptz,
    }
}
