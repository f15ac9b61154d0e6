//! `bench-micro`: the workloads for a profiler.
//!
//! `bench-micro list` writes a line `<iterations> <name>` for each workload, `bench-micro count` runs them all, or those
//! whose names begin with what follows.

use bench_micro::{Workload, all, count};
use std::{
    env,
    io::{self, Write, stderr, stdout},
    process::ExitCode,
};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments[..] {
        ["list"] => list(&all()),
        ["count"] => {
            count::run(all());
            Ok(())
        }
        ["count", prefix] => {
            count::run(all().into_iter().filter(|one| one.name.starts_with(prefix)).collect());
            Ok(())
        }
        _ => Err(io::Error::other("use: bench-micro list | count [PREFIX]")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(stderr(), "bench-micro: {error}");
            ExitCode::FAILURE
        }
    }
}

fn list(workloads: &[Workload]) -> io::Result<()> {
    let mut out = stdout().lock();
    for workload in workloads {
        writeln!(out, "{} {}", workload.iterations, workload.name)?;
    }
    Ok(())
}
