//! Tries that fit.

use super::{Report, matching};
use crate::Retries;

pub(super) fn check(path: &[&str], retries: &Retries, report: &mut Report<'_>) {
    if !(1..=5).contains(&retries.attempts) {
        let words = "attempts is 1 to 5, the first included; write `1` for no retry";
        report.bad_value(&[path, &["attempts"]].concat(), words);
    }
    for (index, method) in retries.methods.iter().enumerate() {
        let index = index.to_string();
        let path = [path, &["methods", &index]].concat();
        matching::method(method, &path, report);
    }
}
