//! Files in a local directory: `<root>/<first two digits>/<id>.<extension>`, written beside and renamed.

use super::{Incoming, Storage, Stored};
use crate::domain::{Format, PublicId};
use async_trait::async_trait;
use bytes::Bytes;
use std::{
    io::{self, SeekFrom},
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::{
    fs,
    io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt},
};
use uuid::Uuid;

/// An unfinished upload older than this was left by a process that died.
const ABANDONED: Duration = Duration::from_secs(3600);

/// A local directory as [`Storage`].
pub struct LocalDisk {
    root: PathBuf,
}

impl LocalDisk {
    /// Opens (and makes) the directory, and removes what an earlier process left unfinished.
    pub async fn open(root: &Path) -> io::Result<Self> {
        let disk = Self { root: root.to_owned() };
        fs::create_dir_all(disk.incoming()).await?;
        let mut entries = fs::read_dir(disk.incoming()).await?;
        while let Some(entry) = entries.next_entry().await? {
            let age = entry.metadata().await?.modified()?.elapsed().unwrap_or_default();
            if age > ABANDONED {
                fs::remove_file(entry.path()).await?;
            }
        }
        Ok(disk)
    }

    fn incoming(&self) -> PathBuf {
        self.root.join("incoming")
    }

    fn path(&self, id: &PublicId, format: Format) -> PathBuf {
        place(&self.root, id, format)
    }
}

fn place(root: &Path, id: &PublicId, format: Format) -> PathBuf {
    root.join(&id.as_str()[..2]).join(format!("{id}.{}", format.extension))
}

#[async_trait]
impl Storage for LocalDisk {
    async fn begin(&self) -> io::Result<Box<dyn Incoming>> {
        let path = self.incoming().join(Uuid::new_v4().to_string());
        let file = fs::File::create_new(&path).await?;
        Ok(Box::new(Part {
            file,
            path,
            root: self.root.clone(),
            kept: false,
        }))
    }

    async fn open(&self, id: &PublicId, format: Format, start: u64, length: u64) -> io::Result<Option<Stored>> {
        let mut file = match fs::File::open(self.path(id, format)).await {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let facts = file.metadata().await?;
        if start > 0 {
            file.seek(SeekFrom::Start(start)).await?;
        }
        let content = Box::new(file.take(length));
        Ok(Some(Stored {
            bytes: facts.len(),
            modified: facts.modified()?,
            content,
        }))
    }

    async fn remove(&self, id: &PublicId, format: Format) -> io::Result<()> {
        match fs::remove_file(self.path(id, format)).await {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    async fn ready(&self) -> bool {
        let probe = self.incoming().join(format!("probe-{}", Uuid::new_v4()));
        fs::write(&probe, b"").await.is_ok() && fs::remove_file(&probe).await.is_ok()
    }
}

struct Part {
    file: fs::File,
    path: PathBuf,
    root: PathBuf,
    kept: bool,
}

#[async_trait]
impl Incoming for Part {
    async fn write(&mut self, chunk: Bytes) -> io::Result<()> {
        self.file.write_all(&chunk).await
    }

    async fn keep(mut self: Box<Self>, id: &PublicId, format: Format) -> io::Result<()> {
        self.file.flush().await?;
        self.file.sync_all().await?;
        let target = place(&self.root, id, format);
        if let Some(folder) = target.parent() {
            fs::create_dir_all(folder).await?;
        }
        fs::rename(&self.path, &target).await?;
        self.kept = true;
        Ok(())
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if !self.kept {
            // Nothing can wait for it here; a file that stays is removed at the next start.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}
