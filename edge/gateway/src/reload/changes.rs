//! What is new in a configuration, key by key.

use crate::generation::Source;
use edge_config::{Effect, diff};
use std::{collections::BTreeSet, path::PathBuf};

/// More are counted, not told.
const MOST: usize = 40;

/// What differs, as `edge diff` writes it: `~ routes.a.max_body: 1MiB -> 2MiB (live)`. Secrets are hidden.
pub(super) fn changes(old: &Source, new: &Source) -> Vec<String> {
    let mut all: Vec<String> = { diff(&old.config, &new.config) }
        .iter()
        .map(ToString::to_string)
        .collect();
    let named: BTreeSet<&PathBuf> = old.schemas.keys().chain(new.schemas.keys()).collect();
    // One that was or will be read no more shows as a changed key.
    let differs = |file: &&&PathBuf| {
        let both = old.schemas.get(**file).zip(new.schemas.get(**file));
        both.is_some_and(|(old, new)| old != new)
    };
    all.extend(
        { named.iter() }
            .filter(differs)
            .map(|file| format!("~ {}: changed ({})", file.display(), Effect::Live)),
    );
    if all.len() > MOST {
        let more = all.len() - MOST;
        all.truncate(MOST);
        all.push(format!("… and {more} more"));
    }
    all
}
