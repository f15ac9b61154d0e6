//! Micro-benchmarks of what one request costs in the edge's pure policies and in GraphQL.
//!
//! Each [`Workload`] is defined once. `cargo bench -p bench-micro` times them (criterion); the program `bench-micro` runs
//! them a counted number of times between two marks, which is what `bench instructions` counts under Valgrind's callgrind.
#![allow(
    clippy::expect_used,
    reason = "fixtures are literals: one that cannot be built must end the benchmark with a text"
)]

pub mod count;
pub mod token;
mod workload;
mod workloads;

pub use workload::Workload;
pub use workloads::all;
