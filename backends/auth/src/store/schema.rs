//! The tables, as the migrations make them.

diesel::table! {
    users (id) {
        id -> Int8,
        username -> Text,
        username_key -> Text,
        email -> Text,
        password_hash -> Text,
        full_name -> Text,
        avatar_url -> Nullable<Text>,
        role -> Text,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    sessions (id) {
        id -> Uuid,
        user_id -> Int8,
        created_at -> Timestamptz,
        last_used_at -> Timestamptz,
        ended_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    refresh_tokens (hash) {
        hash -> Bytea,
        session_id -> Uuid,
        expires_at -> Timestamptz,
        used_at -> Nullable<Timestamptz>,
        successor -> Nullable<Bytea>,
    }
}

diesel::table! {
    revocations (session_id) {
        session_id -> Uuid,
        until -> Timestamptz,
        pushed_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    user_revocations (user_id) {
        user_id -> Int8,
        before -> Timestamptz,
        until -> Timestamptz,
        pushed_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    signing_keys (kid) {
        kid -> Text,
        public_key -> Bytea,
        sealed_seed -> Bytea,
        created_at -> Timestamptz,
        active_from -> Timestamptz,
        retired_at -> Nullable<Timestamptz>,
    }
}

diesel::allow_tables_to_appear_in_same_query!(refresh_tokens, sessions);

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use diesel::{QueryableByName, sql_query, sql_types};
    use shared_postgres::RunQueryDsl;
    use shared_testkit::TestDb;

    #[derive(QueryableByName)]
    struct Line {
        #[diesel(sql_type = sql_types::Text)]
        line: String,
    }

    /// The lines of this file that name a table or a column.
    fn declared() -> Vec<String> {
        let mut table = "";
        let mut lines = Vec::new();
        for line in include_str!("schema.rs")
            .lines()
            .map(str::trim)
            .take_while(|line| *line != "#[cfg(test)]")
        {
            if let Some((name, _)) = line.split_once(" (") {
                table = name;
            } else if line.contains(" -> ") {
                lines.push(format!("{table}.{}", line.trim_end_matches(',')));
            }
        }
        lines.sort();
        lines
    }

    #[tokio::test]
    async fn is_what_the_migrations_make() {
        let db = TestDb::new(&[crate::store::MIGRATIONS]).await;
        let sql = "SELECT table_name || '.' || column_name || ' -> '
                       || CASE is_nullable WHEN 'YES' THEN 'Nullable<' || initcap(udt_name) || '>' ELSE initcap(udt_name) END
                       AS line
                   FROM information_schema.columns
                   WHERE table_schema = 'public' AND table_name NOT LIKE '\\_\\_diesel%'";
        let mut conn = db.pool().get().await.unwrap();
        let found: Vec<Line> = sql_query(sql).load(&mut conn).await.unwrap();
        let mut found: Vec<String> = found.into_iter().map(|row| row.line).collect();
        found.sort();
        assert_eq!(found, declared());
    }

    #[tokio::test]
    async fn migrations_can_be_taken_back() {
        let db = TestDb::new(&[crate::store::MIGRATIONS]).await;
        for down in [
            include_str!("../../../../migrations/auth/2026-11-27-100000_create_user_revocations/down.sql"),
            include_str!("../../../../migrations/auth/2026-11-22-100200_create_signing_keys/down.sql"),
            include_str!("../../../../migrations/auth/2026-11-22-100100_create_sessions/down.sql"),
            include_str!("../../../../migrations/auth/2026-11-22-100000_create_users/down.sql"),
        ] {
            TestDb::execute(&db, down).await;
        }
        let sql = "SELECT table_name::text AS line FROM information_schema.tables
                   WHERE table_schema = 'public' AND table_name NOT LIKE '\\_\\_diesel%'";
        let left: Vec<Line> = sql_query(sql).load(&mut db.pool().get().await.unwrap()).await.unwrap();
        assert!(left.is_empty());
    }
}
