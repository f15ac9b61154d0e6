//! Programs that run beside this one and end with it: by drop, by Ctrl-C, and, if this one is killed, at the next run.

use super::{cpus::Cpus, place::Place, tree};
use shared_stack::{
    Context, Error, Result,
    process::{Launch, Process, Signal, Spawned, pause},
};
use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

/// All that run, for [`end_all`].
static RUNNING: Mutex<Vec<Process>> = Mutex::new(Vec::new());
const PATIENCE: Duration = Duration::from_secs(5);

/// A program to start.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    /// Its name in logs and messages; unique in a run.
    pub(crate) name: String,
    /// What to run.
    pub(crate) program: PathBuf,
    /// Its arguments.
    pub(crate) args: Vec<OsString>,
    /// Variables to set.
    pub(crate) env: Vec<(String, String)>,
    /// Where it runs; the run's directory without it.
    pub(crate) cwd: Option<PathBuf>,
    /// Where its threads run.
    pub(crate) cpus: Option<Cpus>,
    /// What asks it to end.
    pub(crate) stop: Signal,
}

impl Program {
    /// A program with arguments and nothing else.
    pub(crate) fn new(name: &str, program: impl Into<PathBuf>, args: &[&str]) -> Self {
        Self {
            name: name.to_owned(),
            program: program.into(),
            args: args.iter().map(Into::into).collect(),
            env: Vec::new(),
            cwd: None,
            cpus: None,
            stop: Signal::TERM,
        }
    }

    /// Adds an argument.
    pub(crate) fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Sets a variable.
    #[allow(
        clippy::needless_pass_by_value,
        reason = "callers give numbers and addresses as they are"
    )]
    pub(crate) fn env(mut self, name: &str, value: impl ToString) -> Self {
        self.env.push((name.to_owned(), value.to_string()));
        self
    }

    /// Binds it to processors.
    pub(crate) fn on(mut self, cpus: Option<&Cpus>) -> Self {
        self.cpus = cpus.cloned();
        self
    }

    /// Starts it.
    ///
    /// # Errors
    /// It cannot be run, or its log cannot be written.
    pub(crate) fn start(self, place: &Place) -> Result<Running> {
        let log = place.file(&format!("{}.log", self.name));
        let launch = Launch {
            program: self.program,
            args: self.args,
            env: self.env,
            without: vec!["NOTIFY_SOCKET".to_owned()],
            cwd: self.cwd.unwrap_or_else(|| place.run.clone()),
            log: log.clone(),
            account: None,
            state: place.run.clone(),
            name: self.name.clone(),
        };
        // A child inherits the processors of the thread that starts it.
        let spawned = thread::scope(|scope| {
            let start = || {
                if let Some(cpus) = &self.cpus {
                    cpus.bind_this_thread();
                }
                launch.spawn()
            };
            let started = scope.spawn(start).join();
            started.unwrap_or_else(|_| Err(Error::new(format!("{} cannot be started", self.name))))
        })?;
        let running = Running {
            name: self.name,
            spawned,
            log,
            stop: self.stop,
        };
        registry().push(running.spawned.process.clone());
        record(place, &running)?;
        Ok(running)
    }
}

/// A program that runs. It ends with this value.
pub(crate) struct Running {
    name: String,
    spawned: Spawned,
    log: PathBuf,
    stop: Signal,
}

impl Running {
    /// Its first process; [`tree::pids`] finds the others.
    pub(crate) fn pid(&self) -> u32 {
        self.spawned.process.pid
    }

    /// Its output.
    pub(crate) fn log(&self) -> &Path {
        &self.log
    }

    /// Whether it still runs.
    pub(crate) fn is_alive(&self) -> bool {
        self.spawned.process.is_alive()
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: Signal) -> bool {
        self.spawned.process.signal(signal)
    }

    /// Waits until `is_ready` says so.
    ///
    /// # Errors
    /// It ended first, or was not ready in time; its last lines are shown.
    pub(crate) fn await_ready(&self, patience: Duration, mut is_ready: impl FnMut() -> bool) -> Result<()> {
        let end = Instant::now() + patience;
        let mut wait = Duration::from_millis(2);
        while !is_ready() {
            if !self.is_alive() {
                let how = self.spawned.ending().unwrap_or_else(|| "ended".to_owned());
                return Err(self.failed(&format!("{} {how} before it was ready", self.name)));
            }
            if Instant::now() >= end {
                let text = format!("{} was not ready within {} s", self.name, patience.as_secs());
                return Err(self.failed(&text));
            }
            pause(wait);
            wait = (wait * 2).min(Duration::from_millis(50));
        }
        Ok(())
    }

    /// With the log's last lines as they are now: the log goes with the run, before anybody reads the error.
    fn failed(&self, text: &str) -> Error {
        Error::new(Error::new(text).log(&self.log).to_string())
    }

    /// Asks it to end, and kills it where it does not.
    pub(crate) fn stop(&self) {
        end(&self.spawned.process, self.stop, PATIENCE);
        registry().retain(|process| *process != self.spawned.process);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop();
    }
}

fn registry() -> std::sync::MutexGuard<'static, Vec<Process>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ends a process and all below it: a master that is killed leaves its workers.
fn end(process: &Process, signal: Signal, patience: Duration) {
    let below: Vec<Process> = tree::pids(process.pid).into_iter().filter_map(Process::of).collect();
    process.stop(signal, patience);
    for child in below {
        child.stop(Signal::KILL, PATIENCE);
    }
}

/// Processes that another program started for this one: a signal that ends this program ends them too.
pub(crate) fn adopt(processes: impl IntoIterator<Item = Process>) {
    registry().extend(processes);
}

/// Leaves them alone again.
pub(crate) fn release(processes: &[Process]) {
    registry().retain(|process| !processes.contains(process));
}

/// Ends everything at once, for a signal that ends this program.
pub(crate) fn end_all() {
    let all: Vec<Process> = registry().drain(..).collect();
    for process in all {
        end(&process, Signal::TERM, Duration::from_millis(500));
    }
}

fn record(place: &Place, running: &Running) -> Result<()> {
    let text = serde_json::to_string(&running.spawned.process).map_err(|error| Error::new(error.to_string()))?;
    let file = place.file(&format!("{}.process", running.name));
    fs::write(&file, text).context(|| format!("cannot write {}", file.display()))
}

/// Ends what a run recorded that was killed itself.
pub(crate) fn end_recorded(run: &Path) {
    for file in fs::read_dir(run).into_iter().flatten().flatten() {
        if file.path().extension().is_some_and(|extension| extension == "process")
            && let Ok(text) = fs::read_to_string(file.path())
            && let Ok(process) = serde_json::from_str::<Process>(&text)
        {
            end(&process, Signal::TERM, Duration::from_secs(1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_secs(20);

    /// A shell with a child, like a master with a worker.
    fn family(place: &Place, name: &str) -> (Running, Vec<Process>) {
        let program = Program::new(name, "sh", &["-c", "sleep 600 & echo up; wait"]);
        let running = program.start(place).unwrap();
        running
            .await_ready(SOON, || !shared_stack::tail(running.log(), 1).is_empty())
            .unwrap();
        let all: Vec<Process> = tree::pids(running.pid()).into_iter().filter_map(Process::of).collect();
        assert_eq!(all.len(), 2, "{all:?}");
        (running, all)
    }

    #[test]
    fn a_program_ends_with_its_value_and_its_children_too() {
        let place = Place::open().unwrap();
        let (running, all) = family(&place, "family");
        drop(running);
        assert!(all.iter().all(|process| !process.is_alive()));
    }

    #[test]
    fn what_a_killed_run_left_behind_is_ended() {
        let place = Place::open().unwrap();
        let (running, all) = family(&place, "left-behind");
        end_recorded(&place.run);
        assert!(all.iter().all(|process| !process.is_alive()));
        assert!(!running.is_alive());
    }

    #[test]
    fn one_that_ends_early_shows_its_last_words() {
        let place = Place::open().unwrap();
        let running = Program::new("early", "sh", &["-c", "echo no such port; exit 3"])
            .start(&place)
            .unwrap();
        let error = running.await_ready(SOON, || false).unwrap_err().to_string();
        assert!(
            error.contains("before it was ready") && error.contains("no such port"),
            "{error}"
        );
    }

    #[test]
    fn one_that_is_never_ready_is_given_up() {
        let place = Place::open().unwrap();
        let running = Program::new("late", "sleep", &["600"]).start(&place).unwrap();
        let error = running.await_ready(Duration::from_millis(20), || false).unwrap_err();
        assert!(error.to_string().contains("late was not ready"));
    }
}
