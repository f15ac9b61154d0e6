//! Against the services' own tables, made by their migrations.

use super::*;
use shared_testkit::TestDb;
use std::{fs, path::PathBuf};

const AMOUNTS: Amounts = Amounts {
    users: 50,
    posts: 120,
    comments: 400,
    likes: 300,
};
/// bcrypt's least.
const CHEAP: u32 = 4;

struct World {
    auth: TestDb,
    posts: TestDb,
    comments: TestDb,
}

impl World {
    async fn new() -> Self {
        Self {
            auth: database("auth").await,
            posts: database("posts").await,
            comments: database("comments").await,
        }
    }

    fn databases(&self) -> Databases {
        Databases {
            auth: self.auth.url().to_owned(),
            posts: self.posts.url().to_owned(),
            comments: self.comments.url().to_owned(),
        }
    }

    async fn seed(&self) -> Seeded {
        seed(&self.databases(), &AMOUNTS, 7, CHEAP).await.unwrap()
    }
}

async fn database(service: &str) -> TestDb {
    let db = TestDb::new(&[]).await;
    let dir = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations")).join(service);
    let mut migrations: Vec<_> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    migrations.sort();
    for migration in migrations {
        db.execute(&fs::read_to_string(migration.join("up.sql")).unwrap()).await;
    }
    db
}

async fn number(db: &TestDb, sql: &str) -> i64 {
    let client = connect(db.url()).await.unwrap();
    client.query_one(sql, &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn rows_are_as_many_as_asked_for_and_counts_agree_with_them() {
    let world = World::new().await;
    let seeded = world.seed().await;
    assert_eq!((seeded.users.len(), seeded.posts.len()), (50, 120));
    assert_eq!(number(&world.auth, "SELECT count(*) FROM users").await, 50);
    assert_eq!(number(&world.posts, "SELECT count(*) FROM likes").await, 300);
    assert_eq!(number(&world.comments, "SELECT count(*) FROM comments").await, 400);
    let wrong = "SELECT count(*) FROM posts p WHERE like_count <> (SELECT count(*) FROM likes WHERE post_id = p.id)
                 OR comment_count <> (SELECT count(*) FROM comment_refs WHERE post_id = p.id AND live)";
    assert_eq!(number(&world.posts, wrong).await, 0);
    let most = "SELECT id FROM posts ORDER BY comment_count DESC LIMIT 1";
    assert_eq!(
        number(&world.posts, most).await,
        seeded.posts[0],
        "the most popular comes first"
    );
}

#[tokio::test]
async fn a_seeded_user_can_sign_in_with_the_password() {
    let world = World::new().await;
    let seeded = world.seed().await;
    let user = &seeded.users[49];
    let client = connect(world.auth.url()).await.unwrap();
    let row = client
        .query_one("SELECT id, password_hash FROM users WHERE email = $1", &[&user.email])
        .await
        .unwrap();
    assert_eq!(row.get::<_, i64>(0), user.id);
    assert!(bcrypt::verify(user.password, row.get(1)).unwrap());
}

#[tokio::test]
async fn what_is_there_stays_and_ids_go_on_behind_it() {
    let world = World::new().await;
    let first = world.seed().await;
    let second = world.seed().await;
    assert_eq!(number(&world.auth, "SELECT count(*) FROM users").await, 100);
    assert_eq!(second.users[0].id, first.users[49].id + 1);
    // The services' own rows follow, too.
    let sql =
        "INSERT INTO posts (author_id, author_name, content, post_type) VALUES (1, 'x', 'x', 'TEXT') RETURNING id";
    assert_eq!(number(&world.posts, sql).await, 241);
}

#[tokio::test]
async fn a_database_that_refuses_leaves_all_three_as_they_were() {
    let world = World::new().await;
    world
        .comments
        .execute("ALTER TABLE comments ADD CONSTRAINT no_comments_check CHECK (id < 100)")
        .await;
    let error = seed(&world.databases(), &AMOUNTS, 7, CHEAP).await.unwrap_err();
    assert!(error.to_string().contains("no_comments_check"), "{error}");
    assert_eq!(number(&world.auth, "SELECT count(*) FROM users").await, 0);
    assert_eq!(number(&world.posts, "SELECT count(*) FROM posts").await, 0);
}
