//! The guard: counts against those of a file.

use bench_report::model::{InstructionCount, Instructions};

/// What a comparison found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Judgement {
    /// Why it fails; none, and it passes.
    pub(super) failures: Vec<String>,
    /// What a person should know all the same.
    pub(super) notes: Vec<String>,
}

/// Growth in percent; shrinking is negative.
pub(super) fn growth(before: f64, after: f64) -> f64 {
    (after / before - 1.0) * 100.0
}

/// Judges `after` by `before`: a count may grow by `limit` percent, and none may be missing.
pub(super) fn judge(before: &Instructions, after: &Instructions, limit: f64) -> Judgement {
    let mut judgement = Judgement::default();
    for known in &before.entries {
        match find(after, &known.name) {
            None => judgement
                .failures
                .push(format!("`{}` is in the baseline and was not counted", known.name)),
            Some(count) => judge_one(known, count.instructions, limit, &mut judgement),
        }
    }
    for new in after.entries.iter().filter(|new| find(before, &new.name).is_none()) {
        judgement
            .notes
            .push(format!("`{}` is not in the baseline yet", new.name));
    }
    if before.rustc != after.rustc {
        let text = format!(
            "the baseline is of another toolchain:\n    before {}\n    now    {}",
            before.rustc, after.rustc
        );
        // Alone it is no reason to fail; with a growth it may be the whole reason.
        let into = if judgement.failures.is_empty() {
            &mut judgement.notes
        } else {
            &mut judgement.failures
        };
        into.push(text);
    }
    judgement
}

fn judge_one(known: &InstructionCount, after: f64, limit: f64, judgement: &mut Judgement) {
    let (before, growth) = (known.instructions, growth(known.instructions, after));
    let text = format!("`{}`: {before:.0} before, {after:.0} now, {growth:+.1} %", known.name);
    // A growth of the limit itself is fine, whatever its last digit is as a binary number.
    let limit = limit + 1e-9;
    if growth > limit {
        judgement.failures.push(text);
    } else if growth < -limit {
        judgement
            .notes
            .push(format!("{text}; renew the baseline to hold on to it"));
    }
}

fn find<'a>(counts: &'a Instructions, name: &str) -> Option<&'a InstructionCount> {
    counts.entries.iter().find(|entry| entry.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bench_report::model::SCHEMA;

    fn counts(rustc: &str, entries: &[(&str, f64)]) -> Instructions {
        let entries = entries.iter().map(|(name, instructions)| InstructionCount {
            name: (*name).to_owned(),
            instructions: *instructions,
        });
        Instructions {
            schema: SCHEMA,
            rustc: rustc.to_owned(),
            entries: entries.collect(),
        }
    }

    #[test]
    fn a_growth_over_the_limit_fails_and_tells_the_numbers() {
        let before = counts("rustc 1", &[("a", 1000.0), ("b", 1000.0)]);
        let fine = judge(&before, &counts("rustc 1", &[("a", 1050.0), ("b", 960.0)]), 5.0);
        assert_eq!(fine, Judgement::default());
        let grown = judge(&before, &counts("rustc 1", &[("a", 1051.0), ("b", 1000.0)]), 5.0);
        assert_eq!(grown.failures, ["`a`: 1000 before, 1051 now, +5.1 %"]);
    }

    #[test]
    fn a_count_that_is_gone_fails_and_a_new_one_is_told() {
        let before = counts("rustc 1", &[("a", 1000.0)]);
        let judged = judge(&before, &counts("rustc 1", &[("b", 1.0)]), 5.0);
        assert_eq!(judged.failures, ["`a` is in the baseline and was not counted"]);
        assert_eq!(judged.notes, ["`b` is not in the baseline yet"]);
    }

    #[test]
    fn another_toolchain_is_told_with_the_failure() {
        let before = counts("rustc 1", &[("a", 1000.0)]);
        let grown = judge(&before, &counts("rustc 2", &[("a", 2000.0)]), 5.0);
        assert_eq!(grown.failures.len(), 2);
        assert!(grown.failures[1].contains("rustc 1") && grown.failures[1].contains("rustc 2"));
        let fine = judge(&before, &counts("rustc 2", &[("a", 900.0)]), 5.0);
        assert!(fine.failures.is_empty());
        assert_eq!(fine.notes.len(), 2, "smaller, and another toolchain: {:?}", fine.notes);
    }
}
