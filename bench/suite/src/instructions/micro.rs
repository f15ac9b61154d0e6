//! Instructions of one call of each pure policy: the workloads of `bench-micro`.

use super::callgrind;
use crate::system::place::Place;
use bench_report::model::InstructionCount;
use shared_stack::{Context, Error, Result};
use std::{path::Path, process::Command};

/// The function that stands between the workloads, mangled either way.
const MARK: &str = "*bench_micro*count*mark*";

/// Counts every workload of the program.
///
/// # Errors
/// It cannot be run, or the accounts do not fit what it says it ran.
pub(super) fn count(place: &Place, program: &Path) -> Result<Vec<InstructionCount>> {
    let output = Command::new(program).arg("list").output();
    let output = output.context(|| format!("cannot run {}", program.display()))?;
    let list = String::from_utf8_lossy(&output.stdout).into_owned();
    let workloads: Vec<(f64, &str)> = list.lines().filter_map(workload).collect();
    let accounts = callgrind::accounts(place, program, &["count"], MARK)?;
    if workloads.is_empty() || accounts.len() != workloads.len() * 2 {
        let text = format!("{} accounts for {} workloads", accounts.len(), workloads.len());
        return Err(Error::new(format!(
            "{text}: callgrind did not see every call of `bench_micro::count::mark`"
        )));
    }
    // In turn: what comes before a workload, and its iterations.
    let counted = workloads.iter().zip(accounts.chunks_exact(2));
    Ok(counted
        .map(|((iterations, name), account)| InstructionCount {
            name: (*name).to_owned(),
            instructions: super::rounded(account[1] as f64 / iterations),
        })
        .collect())
}

fn workload(line: &str) -> Option<(f64, &str)> {
    let (iterations, name) = line.split_once(' ')?;
    Some((iterations.parse().ok()?, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_hold_spaces() {
        assert_eq!(
            workload("2000 route::exact, 10 routes"),
            Some((2000.0, "route::exact, 10 routes"))
        );
        assert_eq!(workload("route"), None);
    }
}
