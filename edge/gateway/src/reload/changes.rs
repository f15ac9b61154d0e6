//! What is new in a configuration, key by key.

use crate::generation::Source;
use edge_config::{Effect, diff};

/// More are counted, not told.
const MOST: usize = 40;

/// What differs, as `edge diff` writes it: `~ routes.a.max_body: 1MiB -> 2MiB (live)`. Secrets are hidden.
pub(super) fn changes(old: &Source, new: &Source) -> Vec<String> {
    let keys = diff(&old.config, &new.config)
        .into_iter()
        .map(|change| change.to_string());
    let schemas = new.other_files(old).into_iter();
    let schemas = schemas.map(|file| format!("~ {}: holds something else ({})", file.display(), Effect::Live));
    let mut all: Vec<String> = keys.chain(schemas).collect();
    if all.len() > MOST {
        let more = all.len() - MOST;
        all.truncate(MOST);
        all.push(format!("… and {more} more"));
    }
    all
}
