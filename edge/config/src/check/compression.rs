//! Compression that compresses.

use super::Report;
use crate::Compression;

pub(super) fn check(path: &[&str], compression: &Compression, report: &mut Report<'_>) {
    let algorithms = &compression.algorithms;
    let key = [path, &["algorithms"]].concat();
    if algorithms.is_empty() && report.is_whole(&key) {
        report.bad_value(
            &key,
            "none: nothing would be compressed; name one, or take `compression` out",
        );
    }
    for (index, algorithm) in algorithms.iter().enumerate() {
        if algorithms[..index].contains(algorithm) {
            let index = index.to_string();
            let item = [&key[..], &[&index]].concat();
            report.bad_value(&item, "here twice; keep one");
        }
    }
}
