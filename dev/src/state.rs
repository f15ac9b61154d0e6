//! What is remembered of the programs between commands: `<state>/state.json`.

use std::{
    collections::BTreeMap,
    fs,
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use shared_stack::{
    Context, Error, Result, Wanted,
    process::{self, Process},
};

use crate::{
    args::BuildOptions,
    names::{Program, Target},
};

/// The platform as the last command left it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct State {
    /// Whether it was brought up and not taken down since.
    pub(crate) up: bool,
    /// The `up` that is at work or watches over it.
    pub(crate) supervisor: Option<Process>,
    /// Whether that `up` stays in the foreground.
    pub(crate) foreground: bool,
    /// The edge's configuration, relative to the checkout or absolute.
    pub(crate) config: PathBuf,
    /// Whether the optimised build runs.
    pub(crate) release: bool,
    /// Whether the edge is the one that a profile of itself optimised.
    pub(crate) pgo: bool,
    /// Whether the stores are containers.
    pub(crate) docker: bool,
    /// Whether programs take free ports.
    pub(crate) free_ports: bool,
    /// Whether `.env` and the environment are ignored, as in tests.
    pub(crate) hermetic: bool,
    /// Where the binaries are.
    pub(crate) binaries: PathBuf,
    /// The edge's binary, where it is not among the others.
    pub(crate) edge: Option<PathBuf>,
    /// Instances by program.
    pub(crate) scale: BTreeMap<Program, u32>,
    /// One entry an instance.
    pub(crate) programs: Vec<Entry>,
}

/// One instance of one program.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry {
    pub(crate) program: Program,
    /// From 1.
    pub(crate) instance: u32,
    /// Where it listens.
    pub(crate) bind: String,
    /// Where the edge's admin listener is.
    pub(crate) admin: Option<String>,
    pub(crate) process: Option<Process>,
    pub(crate) wanted: Wanted,
    /// Tells one build of the binary from another.
    pub(crate) build: String,
    /// Tells one set of arguments and variables from another.
    pub(crate) settings: String,
}

impl Entry {
    /// `posts.1`
    pub(crate) fn name(&self) -> String {
        format!("{}.{}", self.program, self.instance)
    }

    /// Its process, when that is still the one that was started.
    pub(crate) fn living(&self) -> Option<&Process> {
        self.process.as_ref().filter(|process| process.is_alive())
    }

    /// Where a client on this machine reaches it: an address for all interfaces is replaced by `host`.
    pub(crate) fn reachable(&self, host: &str) -> String {
        match self.bind.rsplit_once(':') {
            Some(("0.0.0.0" | "[::]", port)) => format!("{host}:{port}"),
            _ => self.bind.clone(),
        }
    }

    fn matches(&self, program: Program, instance: Option<u32>) -> bool {
        self.program == program && instance.is_none_or(|instance| instance == self.instance)
    }
}

impl State {
    /// How its programs are built.
    pub(crate) fn build(&self) -> BuildOptions {
        BuildOptions {
            release: self.release,
            pgo: self.pgo,
        }
    }

    /// Reads it; a platform that never ran has an empty one.
    pub(crate) fn load(dir: &Path) -> Result<Self> {
        let file = dir.join("state.json");
        match fs::read_to_string(&file) {
            Ok(text) => match serde_json::from_str::<Self>(&text) {
                Ok(mut state) => {
                    state.adopt(dir);
                    Ok(state)
                }
                Err(error) => Err(Error::new(format!("{} is damaged: {error}", file.display()))
                    .cure(format!("rm {}", file.display()))),
            },
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(Error::new(format!("cannot read {}: {error}", file.display()))),
        }
    }

    /// After `edge upgrade` a successor goes on in the place of the process that was started, with its mark.
    fn adopt(&mut self, dir: &Path) {
        let is_gone = |entry: &&mut Entry| {
            let was_started = entry.wanted == Wanted::Running && entry.process.is_some();
            was_started && entry.living().is_none()
        };
        let mut gone = self.programs.iter_mut().filter(is_gone).peekable();
        if gone.peek().is_none() {
            return;
        }
        let marked = process::marked(dir);
        for entry in gone {
            let name = entry.name();
            if let Some((_, successor)) = marked.iter().find(|(one, _)| *one == name) {
                entry.process = Some(successor.clone());
            }
        }
    }

    /// Changes it, whole or not at all, while no other command does.
    pub(crate) fn update<T>(dir: &Path, change: impl FnOnce(&mut Self) -> T) -> Result<T> {
        let file = dir.join("state.json");
        let lock = fs::OpenOptions::new()
            .create(true)
            .write(true)
            .truncate(false)
            .open(dir.join("state.lock"));
        let lock = lock.context(|| format!("cannot write in {}", dir.display()))?;
        lock.lock().context(|| format!("cannot lock {}", file.display()))?;
        let mut state = Self::load(dir)?;
        let result = change(&mut state);
        let text = serde_json::to_string_pretty(&state).map_err(|error| Error::new(error.to_string()))?;
        let new = dir.join("state.json.new");
        let write = || -> std::io::Result<()> {
            let mut out = fs::OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(true)
                .mode(0o600)
                .open(&new)?;
            out.write_all(text.as_bytes())?;
            fs::rename(&new, &file)
        };
        write().context(|| format!("cannot write {}", file.display()))?;
        Ok(result)
    }

    /// The entry of one instance.
    pub(crate) fn entry(&self, program: Program, instance: u32) -> Option<&Entry> {
        self.programs
            .iter()
            .find(|entry| entry.matches(program, Some(instance)))
    }

    /// The same, to change it.
    pub(crate) fn entry_mut(&mut self, program: Program, instance: u32) -> Option<&mut Entry> {
        self.programs
            .iter_mut()
            .find(|entry| entry.matches(program, Some(instance)))
    }

    /// All instances of a program.
    pub(crate) fn instances(&self, program: Program) -> impl Iterator<Item = &Entry> {
        self.programs.iter().filter(move |entry| entry.program == program)
    }

    /// How many instances a program shall have.
    pub(crate) fn count(&self, program: Program) -> u32 {
        self.scale.get(&program).copied().unwrap_or(1)
    }

    /// The entries that a target means.
    ///
    /// # Errors
    /// When there is no such instance.
    pub(crate) fn select(&self, program: Program, target: Target) -> Result<Vec<Entry>> {
        let found: Vec<Entry> = self
            .programs
            .iter()
            .filter(|entry| entry.matches(program, target.instance))
            .cloned()
            .collect();
        if let (true, Some(instance)) = (found.is_empty(), target.instance) {
            let there = self.instances(program).count();
            let error = Error::new(format!(
                "{program}.{instance} does not exist: {program} has {there} instance(s)"
            ));
            return Err(error.cure(format!("cargo dev up --scale {program}={instance}")));
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::Part;

    fn entry(instance: u32, process: Option<Process>) -> Entry {
        Entry {
            program: Program::Posts,
            instance,
            bind: "127.0.0.1:3002".to_owned(),
            admin: None,
            process,
            wanted: Wanted::Running,
            build: String::new(),
            settings: String::new(),
        }
    }

    #[test]
    fn a_recycled_pid_is_not_our_program() {
        let dir = tempfile::tempdir().unwrap();
        State::update(dir.path(), |state| state.programs.push(entry(1, Process::current()))).unwrap();
        assert!(
            State::load(dir.path())
                .unwrap()
                .entry(Program::Posts, 1)
                .unwrap()
                .living()
                .is_some()
        );
        // The same pid, started at another time: as if the number had been given to somebody else.
        let file = dir.path().join("state.json");
        let text = fs::read_to_string(&file).unwrap();
        let mut value: serde_json::Value = serde_json::from_str(&text).unwrap();
        value["programs"][0]["process"]["started"] = "another-boot/1".into();
        fs::write(&file, value.to_string()).unwrap();
        assert!(
            State::load(dir.path())
                .unwrap()
                .entry(Program::Posts, 1)
                .unwrap()
                .living()
                .is_none()
        );
    }

    #[test]
    fn a_missing_instance_is_named_with_its_cure() {
        let state = State {
            programs: vec![entry(1, None)],
            ..State::default()
        };
        let target = Target {
            part: Part::Program(Program::Posts),
            instance: Some(2),
        };
        let said = state.select(Program::Posts, target).unwrap_err().to_string();
        assert!(
            said.contains("posts.2 does not exist") && said.contains("--scale posts=2"),
            "{said}"
        );
        let all = Target {
            instance: None,
            ..target
        };
        assert_eq!(state.select(Program::Posts, all).unwrap().len(), 1);
    }

    #[test]
    fn changes_from_many_commands_are_all_kept() {
        let dir = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for instance in 1..=20 {
                let dir = dir.path();
                scope.spawn(move || State::update(dir, |state| state.programs.push(entry(instance, None))).unwrap());
            }
        });
        assert_eq!(State::load(dir.path()).unwrap().programs.len(), 20);
    }

    #[test]
    fn a_wildcard_address_is_reached_by_name() {
        let mut edge = entry(1, None);
        edge.bind = "0.0.0.0:8080".to_owned();
        assert_eq!(edge.reachable("localhost"), "localhost:8080");
        edge.bind = "127.0.0.1:20005".to_owned();
        assert_eq!(edge.reachable("localhost"), "127.0.0.1:20005");
    }
}
