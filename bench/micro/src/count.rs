//! Runs workloads a counted number of times between marks that a profiler can see.
//!
//! Valgrind's callgrind is told to begin a new account before each call of [`mark`] (`--dump-before`): the accounts of a
//! run are then, in turn, what comes before the first workload, its repetitions, its clearing up with the next one's
//! first run, the next one's repetitions, and so on.

use crate::Workload;
use std::hint::black_box;

/// Runs each workload once, then its iterations between two marks.
pub fn run(workloads: Vec<Workload>) {
    for mut workload in workloads {
        // Once for what is made on first use.
        workload.run();
        mark(black_box(true));
        for _ in 0..workload.iterations {
            workload.run();
        }
        mark(black_box(false));
    }
}

/// Where an account begins (`true`) or ends. Never inlined, so that it can be found by its name.
#[inline(never)]
pub fn mark(begins: bool) {
    black_box(begins);
}
