//! System calls of a running system, counted by the kernel's own tracepoint through `perf stat`.
//!
//! Counting costs each call some tenths of a microsecond, so it is done in a part of its own and never where time or
//! CPU is measured. `strace -c` would stop every call twice and change what it counts.

use super::tree;
use shared_stack::{Context, Error, Result, find, process::pause};
use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::OnceLock,
    time::{Duration, Instant},
};

const EVENT: &str = "raw_syscalls:sys_enter";

/// Whether they can be counted here.
///
/// # Errors
/// Why not.
pub(crate) fn available() -> Result<(), &'static str> {
    static ANSWER: OnceLock<Result<(), &'static str>> = OnceLock::new();
    *ANSWER.get_or_init(|| {
        let perf = find::program("perf").ok_or("`perf` is not installed (Debian: linux-perf)")?;
        let mut probe = Command::new(perf);
        probe.args(["stat", "-x,", "-e", EVENT, "--", "true"]);
        let output = probe.output().map_err(|_| "`perf` cannot be run")?;
        let text = String::from_utf8_lossy(&output.stderr);
        match count(&text) {
            Some(1..) if output.status.success() => Ok(()),
            _ => Err("the kernel does not let `perf` use its tracepoints"),
        }
    })
}

/// A count under way.
pub(crate) struct Counting {
    perf: Child,
    out: PathBuf,
}

impl Counting {
    /// Begins to count what a process and all below it call; `out` is a file for perf to write. Returns once perf is
    /// attached.
    ///
    /// # Errors
    /// They cannot be counted.
    pub(crate) fn begin(pid: u32, out: &Path) -> Result<Self> {
        available().map_err(Error::new)?;
        let program = find::program("perf").ok_or_else(|| Error::new("perf is gone"))?;
        let pids: Vec<String> = tree::pids(pid).iter().map(ToString::to_string).collect();
        let mut perf = Command::new(program);
        perf.args(["stat", "-x,", "-e", EVENT, "-p", &pids.join(","), "-o"])
            .arg(out)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let counting = Self {
            perf: perf.spawn().context(|| "cannot run perf".to_owned())?,
            out: out.to_owned(),
        };
        counting.await_attached();
        Ok(counting)
    }

    /// perf says nothing when it is ready; one descriptor a thread is open by then.
    fn await_attached(&self) {
        let end = Instant::now() + Duration::from_secs(2);
        while events_open(self.perf.id()) == 0 && Instant::now() < end {
            pause(Duration::from_millis(5));
        }
        pause(Duration::from_millis(50));
    }

    /// Ends it and tells the count; `None` where perf says none.
    pub(crate) fn end(mut self) -> Option<u64> {
        let process = shared_stack::process::Process::of(self.perf.id())?;
        process.signal(shared_stack::process::Signal::INT);
        // Its exit code tells of the signal alone.
        let _ = self.perf.wait();
        count(&std::fs::read_to_string(&self.out).ok()?)
    }
}

impl Drop for Counting {
    fn drop(&mut self) {
        if let Ok(None) = self.perf.try_wait() {
            let _ = self.perf.kill();
            let _ = self.perf.wait();
        }
    }
}

fn events_open(pid: u32) -> usize {
    let open = std::fs::read_dir(format!("/proc/{pid}/fd"))
        .into_iter()
        .flatten()
        .flatten();
    open.filter_map(|fd| std::fs::read_link(fd.path()).ok())
        .filter(|target| target.to_string_lossy().contains("perf_event"))
        .count()
}

/// The count in perf's CSV: the first field of the event's line; `<not counted>` is none.
fn count(text: &str) -> Option<u64> {
    let line = text.lines().find(|line| line.contains(EVENT))?;
    line.split(',').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::{place::Place, process::Program};

    #[test]
    fn a_count_is_read_from_what_perf_writes() {
        let text = "# started on Mon\n\n2046,,raw_syscalls:sys_enter,512,100.00,,\n";
        assert_eq!(count(text), Some(2046));
        assert_eq!(count("<not counted>,,raw_syscalls:sys_enter,0,0.00,,"), None);
    }

    #[test]
    fn calls_of_a_process_are_counted_where_the_machine_allows() {
        let Ok(()) = available() else { return };
        let place = Place::open().unwrap();
        let program = Program::new("calls", "sh", &["-c", "while :; do kill -0 $$; done"]);
        let running = program.start(&place).unwrap();
        running
            .await_ready(Duration::from_secs(20), || tree::cpu(&[running.pid()]) > Duration::ZERO)
            .unwrap();
        let counting = Counting::begin(running.pid(), &place.file("calls")).unwrap();
        let begun = tree::cpu(&[running.pid()]);
        let worked = || tree::cpu(&[running.pid()]) > begun + Duration::from_millis(50);
        running.await_ready(Duration::from_secs(20), worked).unwrap();
        assert!(counting.end().unwrap() > 1000);
    }
}
