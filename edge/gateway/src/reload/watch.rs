//! Looks every now and then whether files have changed. A look costs one `stat` a file, through all links: so it sees what
//! an editor writes, what a bind mount shows, and the swap of a link by which Kubernetes changes a ConfigMap.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::time::{Interval, MissedTickBehavior, interval};

/// From one look to the next. What changed must look the same once more before it is believed to be whole.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Tells one state of a file from another without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
}

/// How files look; `None` for one that is not there.
type Stamps = BTreeMap<PathBuf, Option<Stamp>>;

fn stamp(file: &Path) -> Option<Stamp> {
    let found = fs::metadata(file).ok()?;
    Some(Stamp {
        device: found.dev(),
        inode: found.ino(),
        size: found.size(),
        modified: (found.mtime(), found.mtime_nsec()),
    })
}

fn stamps(files: &BTreeSet<PathBuf>) -> Stamps {
    files.iter().map(|file| (file.clone(), stamp(file))).collect()
}

/// Watches files.
pub(super) struct Watcher {
    files: BTreeSet<PathBuf>,
    /// As they were when the last change was told.
    told: Stamps,
    /// Something else, seen once.
    unsettled: Option<Stamps>,
    ticks: Interval,
}

impl Watcher {
    /// Watches `files` from now on.
    pub(super) fn new(files: BTreeSet<PathBuf>) -> Self {
        let mut ticks = interval(LOOK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            told: stamps(&files),
            files,
            unsettled: None,
            ticks,
        }
    }

    /// The files.
    pub(super) fn files(&self) -> &BTreeSet<PathBuf> {
        &self.files
    }

    /// Watches other files. One that is new among them counts as changed.
    pub(super) fn watch(&mut self, files: BTreeSet<PathBuf>) {
        self.told.retain(|file, _| files.contains(file));
        self.unsettled = None;
        self.files = files;
    }

    /// Returns when something has changed and stayed as it is from one look to the next. Nothing is lost when this is
    /// dropped and called again.
    pub(super) async fn changed(&mut self) {
        loop {
            self.ticks.tick().await;
            let now = stamps(&self.files);
            if now == self.told {
                self.unsettled = None;
            } else if self.unsettled.as_ref() == Some(&now) {
                self.unsettled = None;
                self.told = now;
                return;
            } else {
                self.unsettled = Some(now);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::os::unix::fs::symlink;
    use tokio::time::timeout;

    /// Whether a change is told within some looks.
    async fn is_told(watcher: &mut Watcher) -> bool {
        timeout(LOOK_EVERY * 4, watcher.changed()).await.is_ok()
    }

    fn watcher(file: &Path) -> Watcher {
        Watcher::new(BTreeSet::from([file.to_owned()]))
    }

    #[tokio::test(start_paused = true)]
    async fn a_change_is_told_once_it_has_settled() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("edge.yaml");
        fs::write(&file, "one").unwrap();
        let mut watcher = watcher(&file);
        assert!(!is_told(&mut watcher).await);
        fs::write(&file, "other").unwrap();
        watcher.ticks.reset_immediately();
        assert!(timeout(LOOK_EVERY / 2, watcher.changed()).await.is_err(), "seen once");
        assert!(is_told(&mut watcher).await);
        assert!(!is_told(&mut watcher).await, "once");
        fs::remove_file(&file).unwrap();
        assert!(is_told(&mut watcher).await, "gone");
        fs::write(&file, "back").unwrap();
        assert!(is_told(&mut watcher).await);
    }

    #[tokio::test(start_paused = true)]
    async fn the_swap_of_a_link_on_the_way_is_a_change() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        for version in ["..1", "..2"] {
            fs::create_dir(at(version)).unwrap();
            fs::write(at(version).join("edge.yaml"), "same size").unwrap();
        }
        symlink("..1", at("..data")).unwrap();
        symlink("..data/edge.yaml", at("edge.yaml")).unwrap();
        let mut watcher = watcher(&at("edge.yaml"));
        assert!(!is_told(&mut watcher).await);
        symlink("..2", at("..data_tmp")).unwrap();
        fs::rename(at("..data_tmp"), at("..data")).unwrap();
        assert!(is_told(&mut watcher).await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_file_that_is_watched_from_now_on_is_looked_at() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("schema.graphql");
        fs::write(&file, "one").unwrap();
        let mut watcher = Watcher::new(BTreeSet::new());
        watcher.watch(BTreeSet::from([file]));
        assert!(is_told(&mut watcher).await);
        assert!(!is_told(&mut watcher).await);
    }
}
