//! Which of a run's steps are worth a line.

use crate::model::{ALL_STEPS, RunReport, Step};

impl RunReport {
    /// Its steps without what would be told twice: where there is one step, all together are that one.
    pub(crate) fn told_steps(&self) -> &[Step] {
        match self.steps.as_slice() {
            [all, only] if all.name == ALL_STEPS => std::slice::from_ref(only),
            steps => steps,
        }
    }

    /// The single step whose 99th percentile is largest; what is fast does not outweigh it.
    pub(crate) fn slowest_step(&self) -> Option<&Step> {
        let single = self.steps.iter().filter(|step| step.name != ALL_STEPS);
        single.max_by(|a, b| a.corrected.p99_us.total_cmp(&b.corrected.p99_us))
    }
}
