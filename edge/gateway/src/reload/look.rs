//! What files hold, told by their digests: whether a reload has anything to look at.

use sha2::{Digest, Sha256};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// Contents of files; `None` for one that cannot be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Look(BTreeMap<PathBuf, Option<[u8; 32]>>);

impl Look {
    /// One at these files.
    pub(crate) fn at<'f>(files: impl IntoIterator<Item = &'f PathBuf>) -> Self {
        Self(files.into_iter().map(|file| (file.clone(), digest(file))).collect())
    }

    /// The same for exactly these files: those not looked at yet are looked at now.
    pub(crate) fn of(mut self, files: &BTreeSet<PathBuf>) -> Self {
        let mut found = |file: &PathBuf| self.0.remove(file).unwrap_or_else(|| digest(file));
        Self(files.iter().map(|file| (file.clone(), found(file))).collect())
    }

    /// The files.
    pub(crate) fn files(&self) -> BTreeSet<PathBuf> {
        self.0.keys().cloned().collect()
    }
}

fn digest(file: &Path) -> Option<[u8; 32]> {
    Some(Sha256::digest(fs::read(file).ok()?).into())
}
