//! Compression that compresses.

use super::Report;
use crate::Compression;
use edge_policy::compression::MediaRange;

pub(super) fn check(path: &[&str], compression: &Compression, report: &mut Report<'_>) {
    let algorithms = &compression.algorithms;
    let key = [path, &["algorithms"]].concat();
    for (index, algorithm) in algorithms.iter().enumerate() {
        if algorithms[..index].contains(algorithm) {
            let index = index.to_string();
            let item = [&key[..], &[&index]].concat();
            report.bad_value(&item, "here twice; keep one");
        }
    }
    for (index, range) in compression.types.iter().enumerate() {
        let index = index.to_string();
        let item = [path, &["types", &index]].concat();
        super::judge(
            report,
            &item,
            range.parse::<MediaRange>().map(drop).map_err(|error| error.to_string()),
        );
    }
    let levels = &compression.levels;
    for (coding, level, range) in [
        ("zstd", levels.zstd, 1..=19),
        ("br", levels.br, 0..=11),
        ("gzip", levels.gzip, 1..=9),
    ] {
        if !range.contains(&level) {
            let words = format!("{level}; it goes from {} to {}", range.start(), range.end());
            report.bad_value(&[path, &["levels", coding]].concat(), words);
        }
    }
}
