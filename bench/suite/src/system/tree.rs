//! What a process and all below it use.
//!
//! CPU comes from each process's own clock ([clock_getcpuclockid(3)]): the scheduler's sum over all threads, ended ones
//! included, in nanoseconds. `/proc/PID/stat` shows the same sum in ticks of 10 ms, which at a low rate is several per
//! cent of what is measured.
//!
//! [clock_getcpuclockid(3)]: https://man7.org/linux/man-pages/man3/clock_getcpuclockid.3.html

use nix::{time::clock_getcpuclockid, unistd::Pid};
use std::{collections::BTreeMap, fs, time::Duration};

/// A process and all below it that live now, it first. Looks through all of `/proc`: not every kernel lists children.
pub(crate) fn pids(root: u32) -> Vec<u32> {
    let mut children: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        if let Some(parent) = parent(pid) {
            children.entry(parent).or_default().push(pid);
        }
    }
    let mut found = vec![root];
    let mut next = 0;
    while let Some(pid) = found.get(next) {
        found.extend(children.get(pid).into_iter().flatten());
        next += 1;
    }
    found
}

/// The parent's pid: the field behind the command (in parentheses, which may hold anything) and the state.
fn parent(pid: u32) -> Option<u32> {
    let line = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    line[line.rfind(')')? + 1..]
        .split_ascii_whitespace()
        .nth(1)?
        .parse()
        .ok()
}

/// User and system time of these processes since they began. One that is gone counts nothing.
pub(crate) fn cpu(pids: &[u32]) -> Duration {
    let one = |pid: &u32| {
        let clock = clock_getcpuclockid(Pid::from_raw(i32::try_from(*pid).ok()?)).ok()?;
        Some(Duration::from(clock.now().ok()?))
    };
    pids.iter().filter_map(one).sum()
}

/// Bytes that are resident now, over all of these processes; what several share is counted for each.
pub(crate) fn resident(pids: &[u32]) -> u64 {
    pids.iter().filter_map(|pid| status(*pid, "VmRSS:")).sum()
}

/// The most that was ever resident: by the kernel's own mark where there is one process. Several peak at different
/// moments, so that the sum of their marks would be too much; a sampled sum is taken for them.
pub(crate) fn peak(pids: &[u32]) -> Option<u64> {
    match pids {
        [one] => status(*one, "VmHWM:"),
        _ => None,
    }
}

fn status(pid: u32, name: &str) -> Option<u64> {
    Some(field(pid, name)? * 1024)
}

fn field(pid: u32, name: &str) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{hint::black_box, time::Instant};

    #[test]
    fn work_of_any_thread_is_counted_even_after_its_end() {
        let own = [std::process::id()];
        let before = cpu(&own);
        let worked = std::thread::spawn(|| {
            let clock = nix::time::ClockId::CLOCK_THREAD_CPUTIME_ID;
            let end = Instant::now() + Duration::from_secs(20);
            let mut sum = 0_u64;
            while Duration::from(clock.now().unwrap()) < Duration::from_millis(30) && Instant::now() < end {
                sum = black_box(sum + 1);
            }
            Duration::from(clock.now().unwrap())
        });
        let worked = worked.join().unwrap();
        assert!(worked >= Duration::from_millis(30));
        assert!(cpu(&own) - before >= worked);
    }

    #[test]
    fn memory_and_threads_are_those_of_the_process() {
        let own = [std::process::id()];
        let block = black_box(vec![1_u8; 32 << 20]);
        assert!(resident(&own) >= 32 << 20);
        drop(block);
        assert!(peak(&own).unwrap() >= 32 << 20);
        assert_eq!(peak(&[1, own[0]]), None);
    }

    #[test]
    fn processes_that_are_gone_count_nothing() {
        // Above the largest pid that Linux gives.
        assert_eq!(cpu(&[5_000_000]), Duration::ZERO);
        assert_eq!(resident(&[5_000_000]), 0);
    }
}
