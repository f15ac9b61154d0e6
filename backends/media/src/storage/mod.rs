//! Where the bytes are. Today a local directory; the trait keeps the rest of the service from knowing.

mod disk;

pub use disk::LocalDisk;

use crate::domain::{Format, PublicId};
use async_trait::async_trait;
use bytes::Bytes;
use std::{io, time::SystemTime};
use tokio::io::AsyncRead;

/// A file opened for reading.
pub struct Stored {
    /// Size in bytes.
    pub bytes: u64,
    /// When it was stored.
    pub modified: SystemTime,
    /// The bytes of the wanted range.
    pub content: Box<dyn AsyncRead + Send + Unpin>,
}

/// An upload in progress. Dropped before [`Incoming::keep`], it leaves nothing behind.
#[async_trait]
pub trait Incoming: Send {
    /// Adds bytes at the end.
    async fn write(&mut self, chunk: Bytes) -> io::Result<()>;

    /// Makes the file durable and readable under its name, all at once.
    async fn keep(self: Box<Self>, id: &PublicId, format: Format) -> io::Result<()>;
}

/// A store of immutable files.
#[async_trait]
pub trait Storage: Send + Sync {
    /// Begins an upload.
    async fn begin(&self) -> io::Result<Box<dyn Incoming>>;

    /// Opens a file from byte `start` on, for at most `length` bytes; `None` if there is none of that name.
    async fn open(&self, id: &PublicId, format: Format, start: u64, length: u64) -> io::Result<Option<Stored>>;

    /// Removes a file; one that is gone already is no error.
    async fn remove(&self, id: &PublicId, format: Format) -> io::Result<()>;

    /// Whether files can be written now.
    async fn ready(&self) -> bool;
}
