//! Changes to valid and to broken files, many and blind: nothing crashes, and what is told is well told. `TEST_FULL=1` tries many
//! more; `fuzz/` tries with a compass.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod laws;

use proptest::{prelude::*, test_runner::Config as Run};
use std::{fs, path::Path, sync::LazyLock};

/// The files to begin with.
static SEEDS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = ["tests/broken", "tests/fixtures", "../../conf", "../../bench/scenarios"];
    let files = folders
        .iter()
        .flat_map(|folder| fs::read_dir(here.join(folder)).unwrap());
    let files = files.map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = files
        .filter(|path| path.extension().is_some_and(|end| end == "yaml"))
        .collect();
    files.sort();
    files.iter().filter_map(|file| fs::read_to_string(file).ok()).collect()
});

#[derive(Debug, Clone)]
enum Change {
    /// Takes some characters out and puts others in.
    Replace(usize, usize, String),
    /// Puts a line somewhere else, once more.
    Copy(usize, usize),
    /// Takes a line out.
    Drop(usize),
    /// Moves a line in or out.
    Indent(usize, bool),
    /// Puts a line of another file in.
    Graft(usize, usize, usize),
}

fn change() -> impl Strategy<Value = Change> {
    let place = 0usize..4_000;
    prop_oneof![
        (
            place.clone(),
            0usize..12,
            "[ a-z0-9:{}\\[\\],\"'#$&*!|>%@\n\t\\-~.é/]{0,6}"
        )
            .prop_map(|(a, b, c)| Change::Replace(a, b, c)),
        (place.clone(), place.clone()).prop_map(|(a, b)| Change::Copy(a, b)),
        place.clone().prop_map(Change::Drop),
        (place.clone(), any::<bool>()).prop_map(|(a, b)| Change::Indent(a, b)),
        (place.clone(), place.clone(), place).prop_map(|(a, b, c)| Change::Graft(a, b, c)),
    ]
}

fn apply(text: &str, change: &Change) -> String {
    if let Change::Replace(at, length, with) = change {
        let chars: Vec<char> = text.chars().collect();
        let at = at % (chars.len() + 1);
        let end = (at + length).min(chars.len());
        return chars[..at]
            .iter()
            .chain(&with.chars().collect::<Vec<_>>())
            .chain(&chars[end..])
            .collect();
    }
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let count = lines.len().max(1);
    match change {
        Change::Copy(from, to) => {
            let line = lines.get(from % count).cloned().unwrap_or_default();
            lines.insert(to % count, line);
        }
        Change::Drop(at) if !lines.is_empty() => drop(lines.remove(at % count)),
        Change::Indent(at, more) => {
            if let Some(line) = lines.get_mut(at % count) {
                *line = if *more {
                    format!("  {line}")
                } else {
                    line.trim_start().to_owned()
                };
            }
        }
        Change::Graft(at, seed, line) => {
            let other: Vec<&str> = SEEDS[seed % SEEDS.len()].lines().collect();
            let line = other.get(line % other.len().max(1)).copied().unwrap_or_default();
            lines.insert(at % count, line.to_owned());
        }
        Change::Drop(_) | Change::Replace(..) => {}
    }
    lines.join("\n")
}

fn cases() -> u32 {
    if std::env::var_os("TEST_FULL").is_some() {
        50_000
    } else {
        400
    }
}

#[test]
fn the_seeds_hold() {
    assert!(SEEDS.len() > 100);
    SEEDS.iter().for_each(|seed| laws::hold(seed));
}

proptest! {
    #![proptest_config(Run { cases: cases(), ..Run::default() })]

    /// Law: whatever a file holds, it is read, or told what is wrong with it.
    #[test]
    fn changed_files_are_read_or_explained(seed in 0usize..10_000, changes in prop::collection::vec(change(), 1..6)) {
        let seed = SEEDS[seed % SEEDS.len()].clone();
        laws::hold(&changes.iter().fold(seed, |text, change| apply(&text, change)));
    }
}
