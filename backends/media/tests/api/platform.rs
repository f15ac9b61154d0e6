//! What every test here stands on.

use media::{
    app::{Context, MIGRATIONS, app},
    storage::LocalDisk,
};
use shared_event_bus::Bus;
use shared_postgres::Pool;
use shared_testkit::{Client, Multipart, ServiceTokens, TestDb, serve};
use std::{path::PathBuf, sync::Arc};
use tempfile::TempDir;

/// The smallest PNG head that tells its format.
pub const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0";
/// A head of MP4.
pub const MP4: &[u8] = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom";

/// One service with stores of its own.
pub struct Platform {
    /// Signed in as user 7.
    pub user: Client,
    /// Signed in as user 8.
    pub other: Client,
    /// Not signed in.
    pub anonymous: Client,
    /// `media_db`.
    pub db: TestDb,
    /// Where the files go.
    pub dir: TempDir,
}

impl Platform {
    pub async fn new() -> Self {
        let db = TestDb::new(MIGRATIONS).await;
        Self::with_pool(db.pool(), db).await
    }

    pub async fn with_pool(pool: Pool, db: TestDb) -> Self {
        let dir = TempDir::new().unwrap();
        let tokens = ServiceTokens::new();
        let storage = Arc::new(LocalDisk::open(dir.path()).await.unwrap());
        let accepted = shared_service::ServiceTokens::parse(&tokens.digests()).unwrap();
        let address = serve(app(
            Context {
                pool,
                storage,
                bus: Bus::new(),
            },
            accepted,
        ))
        .await;
        let anonymous = Client::edge(address, &tokens);
        Self {
            user: anonymous.as_user(7, "ann"),
            other: anonymous.as_user(8, "bob"),
            anonymous,
            db,
            dir,
        }
    }

    /// Every file below the directory, unfinished ones included.
    pub fn files(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut folders = vec![self.dir.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    found.push(path);
                }
            }
        }
        found
    }

    /// Uploads an image and tells its public id.
    pub async fn image(&self, content: &[u8]) -> String {
        let form = Multipart::new().file("image", "a.png", "image/png", content);
        let answer = self
            .user
            .post_multipart("/api/media/upload/image", form)
            .await
            .expect_status(200);
        answer.json()["public_id"].as_str().unwrap().to_owned()
    }
}
