//! The tables of `post_db`, as `migrations/posts` makes them.
#![allow(missing_docs)] // diesel's macro makes the items

diesel::table! {
    posts (id) {
        id -> BigInt,
        author_id -> BigInt,
        author_name -> Text,
        content -> Text,
        post_type -> Text,
        media_urls -> Array<Text>,
        like_count -> BigInt,
        comment_count -> BigInt,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    likes (post_id, user_id) {
        post_id -> BigInt,
        user_id -> BigInt,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    comment_refs (comment_id) {
        comment_id -> BigInt,
        post_id -> BigInt,
        live -> Bool,
    }
}

diesel::allow_tables_to_appear_in_same_query!(posts, likes, comment_refs);
