//! Processes that outlive the command that started them: spawned apart, recognised again, signalled safely.
//!
//! A process is its pid *and* the moment it started ([proc_pid_stat(5)], field 22) within one boot, so that a recycled
//! pid is never signalled. Everything we spawn carries two environment variables, by which it is found even when the
//! file that recorded it is lost.
//!
//! [proc_pid_stat(5)]: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html

use std::{
    ffi::OsString,
    fs,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
    sync::{Arc, OnceLock},
    thread,
    time::{Duration, Instant},
};

pub use rustix::process::Signal;
use rustix::process::{Pid, kill_process, kill_process_group};
use serde::{Deserialize, Serialize};

use crate::{Context, Error, Result, account::Account, find};

/// Names the state directory in the environment of each process of ours.
pub const STATE_VARIABLE: &str = "NEWFEED_STATE";
/// Names the program (`posts.1`, `redis`) in the environment of each process of ours.
pub const NAME_VARIABLE: &str = "NEWFEED_NAME";

/// One process of this boot, safe against pid reuse.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// The process id; it is also the id of its process group when [`Launch::spawn`] made it.
    pub pid: u32,
    /// Boot id and start time in clock ticks since boot.
    started: String,
}

/// How a process came to its end under [`Process::stop`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It was not running.
    Already,
    /// It left by itself within the patience.
    Gracefully,
    /// It had to be killed.
    Killed,
}

impl Process {
    /// The process that has this pid now; `None` when there is none or only a zombie.
    pub fn of(pid: u32) -> Option<Self> {
        let (state, started) = stat(pid)?;
        (state != 'Z' && state != 'X').then_some(Self { pid, started })
    }

    /// This very process.
    pub fn current() -> Option<Self> {
        Self::of(std::process::id())
    }

    /// Whether this process, and not another one with its pid, still runs.
    pub fn is_alive(&self) -> bool {
        Self::of(self.pid).as_ref() == Some(self)
    }

    /// How long it has been running.
    pub fn uptime(&self) -> Option<Duration> {
        let ticks: u64 = self.started.rsplit('/').next()?.parse().ok()?;
        let uptime: f64 = fs::read_to_string("/proc/uptime")
            .ok()?
            .split(' ')
            .next()?
            .parse()
            .ok()?;
        let since_boot = Duration::from_millis(ticks * 1000 / rustix::param::clock_ticks_per_second());
        Some(Duration::from_secs_f64(uptime).saturating_sub(since_boot))
    }

    /// Sends a signal, unless the process is gone. Returns whether it was sent.
    pub fn signal(&self, signal: Signal) -> bool {
        let Some(pid) = self.checked_pid() else { return false };
        kill_process(pid, signal).is_ok()
    }

    /// SIGKILL to the process and the group it leads.
    pub fn kill(&self) -> bool {
        let Some(pid) = self.checked_pid() else { return false };
        let group = kill_process_group(pid, Signal::KILL).is_ok();
        kill_process(pid, Signal::KILL).is_ok() || group
    }

    /// Asks with `signal`, waits up to `patience`, then kills.
    pub fn stop(&self, signal: Signal, patience: Duration) -> Ended {
        if !self.signal(signal) {
            return Ended::Already;
        }
        if self.wait_gone(patience) {
            return Ended::Gracefully;
        }
        self.kill();
        self.wait_gone(Duration::from_secs(5));
        Ended::Killed
    }

    /// Waits until it is gone; false when it is still there after `patience`.
    pub fn wait_gone(&self, patience: Duration) -> bool {
        let end = Instant::now() + patience;
        while self.is_alive() {
            if Instant::now() >= end {
                return false;
            }
            pause(Duration::from_millis(20));
        }
        true
    }

    fn checked_pid(&self) -> Option<Pid> {
        if !self.is_alive() {
            return None;
        }
        Pid::from_raw(i32::try_from(self.pid).ok()?)
    }
}

/// Waits a moment between two looks at something that cannot be waited for.
#[allow(clippy::disallowed_methods, reason = "no async runtime here")]
pub fn pause(moment: Duration) {
    thread::sleep(moment);
}

/// State letter and start identity of a pid, zombies included.
fn stat(pid: u32) -> Option<(char, String)> {
    static BOOT: OnceLock<String> = OnceLock::new();
    let boot = BOOT.get_or_init(|| {
        let id = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        id.trim().to_owned()
    });
    let line = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the command in parentheses and may itself hold spaces and parentheses.
    let mut fields = line[line.rfind(')')? + 1..].split_ascii_whitespace();
    let mut state = fields.next()?.chars().next()?;
    let threads: u32 = fields.nth(16)?.parse().ok()?;
    let ticks = fields.nth(1)?;
    if state == 'Z' && threads > 1 {
        // Only its first thread has ended: the others still hold its ports.
        state = 'R';
    }
    Some((state, format!("{boot}/{ticks}")))
}

/// The command line of a pid as one readable line, cut to 120 characters.
pub fn command_line(pid: u32) -> String {
    let bytes = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let words: Vec<String> = bytes
        .split(|b| *b == 0)
        .filter(|w| !w.is_empty())
        .map(|w| String::from_utf8_lossy(w).into_owned())
        .collect();
    words.join(" ").chars().take(120).collect()
}

/// The value of a variable in the environment that a process was started with.
pub fn variable_of(pid: u32, name: &str) -> Option<String> {
    let bytes = fs::read(format!("/proc/{pid}/environ")).ok()?;
    bytes.split(|b| *b == 0).find_map(|entry| {
        let rest = entry.strip_prefix(name.as_bytes())?.strip_prefix(b"=")?;
        Some(String::from_utf8_lossy(rest).into_owned())
    })
}

/// All living processes that were started for this state directory, with their names.
pub fn marked(state: &Path) -> Vec<(String, Process)> {
    let state = state.to_string_lossy();
    pids()
        .filter(|pid| *pid != std::process::id())
        .filter(|pid| variable_of(*pid, STATE_VARIABLE).as_deref() == Some(&*state))
        .filter_map(|pid| Some((variable_of(pid, NAME_VARIABLE)?, Process::of(pid)?)))
        .collect()
}

/// All pids of the machine that this user can see.
pub(crate) fn pids() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// A program about to be started in a session of its own, with its output in a log.
pub struct Launch {
    /// What to run.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// Variables to set.
    pub env: Vec<(String, String)>,
    /// Variables that must not reach it: exact names.
    pub without: Vec<String>,
    /// Where it runs.
    pub cwd: PathBuf,
    /// Output and errors are appended here.
    pub log: PathBuf,
    /// Runs as this user; `None`: as the caller.
    pub account: Option<Account>,
    /// The state directory it belongs to.
    pub state: PathBuf,
    /// Its name there.
    pub name: String,
}

/// A started program.
pub struct Spawned {
    /// Who it is.
    pub process: Process,
    exit: Arc<OnceLock<ExitStatus>>,
}

impl Spawned {
    /// "exited with code 3" or "was ended by signal 9", when it has ended.
    pub fn ending(&self) -> Option<String> {
        use std::os::unix::process::ExitStatusExt;
        let status = self.exit.get()?;
        Some(match (status.code(), status.signal()) {
            (Some(code), _) => format!("exited with code {code}"),
            (None, Some(signal)) => format!("was ended by signal {signal}"),
            (None, None) => "ended".to_owned(),
        })
    }
}

impl Launch {
    /// Starts it. A session of its own keeps it alive and out of reach of the terminal's Ctrl-C.
    pub fn spawn(self) -> Result<Spawned> {
        rotate(&self.log);
        let open = || fs::OpenOptions::new().create(true).append(true).open(&self.log);
        let log = open().context(|| format!("cannot write {}", self.log.display()))?;
        let errors = log
            .try_clone()
            .context(|| format!("cannot write {}", self.log.display()))?;
        let mut command = match find::program("setsid") {
            Some(setsid) => {
                let mut command = Command::new(setsid);
                command.arg(&self.program);
                command
            }
            None => {
                let mut command = Command::new(&self.program);
                command.process_group(0);
                command
            }
        };
        command
            .args(&self.args)
            .current_dir(&self.cwd)
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors);
        for name in &self.without {
            command.env_remove(name);
        }
        command.envs(self.env.iter().map(|(k, v)| (k, v)));
        command.env(STATE_VARIABLE, &self.state).env(NAME_VARIABLE, &self.name);
        if let Some(account) = &self.account {
            command.uid(account.uid).gid(account.gid);
        }
        let mut child = command
            .spawn()
            .context(|| format!("cannot start {}", self.program.display()))?;
        let pid = child.id();
        let (_, started) = stat(pid).ok_or_else(|| Error::new(format!("{} vanished as it started", self.name)))?;
        let exit = Arc::new(OnceLock::new());
        let told = Arc::clone(&exit);
        // Reaps the child whenever it ends, for as long as we are here; afterwards init does.
        thread::spawn(move || child.wait().ok().map(|status| told.set(status)));
        Ok(Spawned {
            process: Process { pid, started },
            exit,
        })
    }
}

/// Keeps one older log when a log has grown over 20 MiB.
fn rotate(log: &Path) {
    if fs::metadata(log).is_ok_and(|found| found.len() > 20 << 20) {
        // Failing leaves a long log, which is no reason not to start.
        let _ = fs::rename(log, log.with_extension("log.old"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sleeper(dir: &Path, name: &str) -> Spawned {
        let launch = Launch {
            program: "sleep".into(),
            args: vec!["60".into()],
            env: Vec::new(),
            without: Vec::new(),
            cwd: "/".into(),
            log: dir.join("sleep.log"),
            account: None,
            state: dir.to_owned(),
            name: name.to_owned(),
        };
        launch.spawn().unwrap()
    }

    #[test]
    fn a_recycled_pid_is_another_process() {
        let own = Process::current().unwrap();
        assert!(own.is_alive());
        let older = Process {
            pid: own.pid,
            started: "another-boot/1".to_owned(),
        };
        assert!(!older.is_alive());
        assert!(!older.signal(Signal::KILL), "would have killed this test");
        assert_eq!(older.stop(Signal::KILL, Duration::ZERO), Ended::Already);
    }

    #[test]
    fn what_we_start_is_found_by_its_mark_and_stopped() {
        let dir = tempfile::tempdir().unwrap();
        let spawned = sleeper(dir.path(), "posts.1");
        // The mark is visible once the new program image is in place.
        let end = Instant::now() + Duration::from_secs(5);
        while marked(dir.path()).is_empty() && Instant::now() < end {
            pause(Duration::from_millis(10));
        }
        assert_eq!(
            marked(dir.path()),
            vec![("posts.1".to_owned(), spawned.process.clone())]
        );
        assert!(spawned.process.uptime().unwrap() < Duration::from_secs(60));
        assert_eq!(
            spawned.process.stop(Signal::TERM, Duration::from_secs(5)),
            Ended::Gracefully
        );
        assert!(!spawned.process.is_alive() && marked(dir.path()).is_empty());
    }

    #[test]
    fn one_that_ignores_the_request_is_killed() {
        let dir = tempfile::tempdir().unwrap();
        let mut launch = Launch {
            program: "sh".into(),
            args: vec![
                "-c".into(),
                "trap '' TERM; echo ready; while :; do sleep 1; done".into(),
            ],
            env: Vec::new(),
            without: Vec::new(),
            cwd: "/".into(),
            log: dir.path().join("stubborn.log"),
            account: None,
            state: dir.path().to_owned(),
            name: "stubborn".to_owned(),
        };
        launch.env.push(("X".to_owned(), "1".to_owned()));
        let log = launch.log.clone();
        let spawned = launch.spawn().unwrap();
        let end = Instant::now() + Duration::from_secs(5);
        while crate::tail(&log, 1).is_empty() && Instant::now() < end {
            pause(Duration::from_millis(10));
        }
        assert_eq!(
            spawned.process.stop(Signal::TERM, Duration::from_millis(200)),
            Ended::Killed
        );
        assert!(!spawned.process.is_alive());
    }
}
