//! Tables, as `migrations/media` makes them.

diesel::table! {
    files (id) {
        id -> BigInt,
        public_id -> Text,
        extension -> Text,
        owner_id -> BigInt,
        bytes -> BigInt,
        created_at -> Timestamptz,
    }
}
