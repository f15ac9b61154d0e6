//! One platform: a checkout, a state directory, its stores and its settings.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use shared_stack::{Context, Error, Options, Result, Stack, Wanted, process};

use crate::{args::Global, names::Program, settings::Settings, state::State, workspace};

/// A file that marks a directory as ours, so that `reset` never deletes another.
const MARKER: &str = "newfeed-state";

/// What every command works on.
pub(crate) struct Platform {
    /// The checkout.
    pub(crate) root: PathBuf,
    /// Absolute, without links.
    pub(crate) dir: PathBuf,
    /// `.env` and the environment.
    pub(crate) settings: Settings,
    /// Whether `--free-ports` was given.
    pub(crate) free_ports: bool,
    /// The state directory as it was given, for the commands we suggest.
    given: Option<PathBuf>,
}

impl Platform {
    /// Opens the platform of this checkout, or of `--state`.
    pub(crate) fn open(global: &Global) -> Result<Self> {
        let root = workspace::root()?;
        let wanted = global.state.clone().unwrap_or_else(|| root.join(".run"));
        // The checkout's own is ours; another becomes ours when it is new or empty.
        let empty = fs::read_dir(&wanted).map_or(true, |mut entries| entries.next().is_none());
        if !(empty || global.state.is_none() || Self::is_ours(&wanted)) {
            let error = Error::new(format!("{} holds something else", wanted.display()));
            return Err(error.cure("choose an empty or new directory for --state"));
        }
        fs::create_dir_all(wanted.join("logs")).context(|| format!("cannot make {}", wanted.display()))?;
        let dir = wanted
            .canonicalize()
            .context(|| format!("cannot find {}", wanted.display()))?;
        let owner = fs::metadata(&dir)
            .context(|| format!("cannot read {}", dir.display()))?
            .uid();
        if owner != rustix::process::geteuid().as_raw() {
            let error = Error::new(format!("{} belongs to another user (uid {owner})", dir.display()));
            return Err(error.cure("work as that user, or choose another place: cargo dev --state DIR up"));
        }
        if !Self::is_ours(&dir) {
            fs::write(dir.join(MARKER), "").context(|| format!("cannot write in {}", dir.display()))?;
        }
        let hermetic = State::load(&dir)?.hermetic;
        let settings = if hermetic {
            Settings::default()
        } else {
            Settings::load(&root)?
        };
        Ok(Self {
            root,
            dir,
            settings,
            free_ports: global.free_ports,
            given: global.state.clone(),
        })
    }

    /// The platform in a directory below this one, as the tests use.
    pub(crate) fn below(&self, name: &str) -> Result<Self> {
        Self::open(&Global {
            state: Some(self.dir.join(name)),
            free_ports: true,
        })
    }

    /// Whether a directory was made by this program.
    pub(crate) fn is_ours(dir: &Path) -> bool {
        dir.join(MARKER).is_file()
    }

    /// Its stores.
    pub(crate) fn stack(&self) -> Result<Stack> {
        let databases = Program::SERVICES
            .iter()
            .filter_map(|service| service.database())
            .map(str::to_owned)
            .collect();
        let docker = self.state()?.docker;
        Stack::new(
            &self.dir,
            Options {
                throwaway: false,
                databases,
                docker,
            },
        )
    }

    /// What is remembered of it.
    pub(crate) fn state(&self) -> Result<State> {
        State::load(&self.dir)
    }

    /// Changes what is remembered.
    pub(crate) fn update<T>(&self, change: impl FnOnce(&mut State) -> T) -> Result<T> {
        State::update(&self.dir, change)
    }

    /// The log of one instance.
    pub(crate) fn log(&self, name: &str) -> PathBuf {
        self.dir.join("logs").join(format!("{name}.log"))
    }

    /// What to type for another command on this platform.
    pub(crate) fn command(&self, rest: &str) -> String {
        match &self.given {
            Some(dir) => format!("cargo dev --state {} {rest}", dir.display()),
            None => format!("cargo dev {rest}"),
        }
    }

    /// Ends programs of this platform that nothing recorded: an `up` was killed between starting one and noting it.
    pub(crate) fn end_unrecorded(&self) -> Result<usize> {
        let state = self.state()?;
        let known = |found: &process::Process| state.programs.iter().any(|entry| entry.process.as_ref() == Some(found));
        // Stores look after their own.
        let is_program = |name: &str| Program::ALL.iter().any(|program| name.starts_with(program.name()));
        let strays = process::marked(&self.dir)
            .into_iter()
            .filter(|(name, found)| is_program(name) && !known(found));
        let mut count = 0;
        for (_, stray) in strays {
            stray.stop(process::Signal::TERM, std::time::Duration::from_secs(5));
            count += 1;
        }
        Ok(count)
    }

    /// Notes that an instance shall run, stand still, or was killed.
    pub(crate) fn want(&self, program: Program, instance: u32, wanted: Wanted) -> Result<()> {
        self.update(|state| {
            if let Some(entry) = state.entry_mut(program, instance) {
                entry.wanted = wanted;
            }
        })
    }
}
