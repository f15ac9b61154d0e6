//! The tables of `notification_db`, as `migrations/notifications` makes them.
#![allow(missing_docs)] // diesel's macro makes the items

diesel::table! {
    notifications (id) {
        id -> BigInt,
        user_id -> BigInt,
        kind -> Text,
        actor_id -> BigInt,
        post_id -> BigInt,
        comment_id -> Nullable<BigInt>,
        message -> Text,
        data -> Jsonb,
        created_at -> Timestamptz,
        read_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    pending_mentions (id) {
        id -> BigInt,
        post_id -> BigInt,
        comment_id -> Nullable<BigInt>,
        actor_id -> BigInt,
        actor_name -> Text,
        skipped -> Array<BigInt>,
        names -> Array<Text>,
        data -> Jsonb,
        created_at -> Timestamptz,
        attempts -> Integer,
        due_at -> Timestamptz,
    }
}

diesel::table! {
    deleted_subjects (post_id, comment_id) {
        post_id -> BigInt,
        comment_id -> BigInt,
        deleted_at -> Timestamptz,
    }
}
