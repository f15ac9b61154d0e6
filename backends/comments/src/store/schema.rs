//! The tables of `comment_db`, as `migrations/comments` makes them.
#![allow(missing_docs)] // diesel's macro makes the items

diesel::table! {
    comments (id) {
        id -> BigInt,
        post_id -> BigInt,
        post_author_id -> BigInt,
        author_id -> BigInt,
        author_name -> Text,
        content -> Text,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    deleted_posts (post_id) {
        post_id -> BigInt,
        deleted_at -> Timestamptz,
    }
}
