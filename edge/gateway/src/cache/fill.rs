//! An answer on its way, and those who read along.

use super::entry::Head;
use bytes::Bytes;
use tokio::sync::watch;

/// How far it has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// More comes.
    Open,
    /// That was all.
    Whole,
    /// It broke off.
    Broken,
}

/// What is there of it.
pub(super) struct Progress {
    /// In order.
    pub(super) pieces: Vec<Bytes>,
    /// Bytes in all.
    pub(super) length: u64,
    /// Whether more comes.
    pub(super) end: End,
}

/// An answer on its way.
pub(super) struct Fill {
    /// No other fill's.
    pub(super) id: u64,
    /// Its head.
    pub(super) head: Head,
    progress: watch::Sender<Progress>,
}

impl Fill {
    /// One of which nothing but the head is there.
    pub(super) fn new(id: u64, head: Head) -> Self {
        let progress = Progress {
            pieces: Vec::new(),
            length: 0,
            end: End::Open,
        };
        Self {
            id,
            head,
            progress: watch::Sender::new(progress),
        }
    }

    /// Another piece is there.
    pub(super) fn add(&self, piece: Bytes) {
        self.progress.send_modify(|progress| {
            progress.length += piece.len() as u64;
            progress.pieces.push(piece);
        });
    }

    /// Bytes that are there.
    pub(super) fn length(&self) -> u64 {
        self.progress.borrow().length
    }

    /// All pieces.
    pub(super) fn pieces(&self) -> Vec<Bytes> {
        self.progress.borrow().pieces.clone()
    }

    /// Nothing more comes. What ended whole stays so.
    pub(super) fn end(&self, end: End) {
        self.progress.send_if_modified(|progress| {
            let ends = progress.end == End::Open;
            if ends {
                progress.end = end;
            }
            ends
        });
    }

    /// Follows it.
    pub(super) fn follow(&self) -> watch::Receiver<Progress> {
        self.progress.subscribe()
    }
}
