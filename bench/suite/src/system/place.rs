//! Where things are: the checkout, what was installed for the suite, and this run's own files.

use super::{process, signals};
use shared_stack::{Context, Error, Result, find::Need, install};
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
};

/// Names another directory for what the suite keeps; `.bench` in the checkout without it.
const STATE_VARIABLE: &str = "BENCH_STATE";

/// One run's directories. What it started is recorded there, so that a later run can end what a killed one left behind.
#[derive(Debug)]
pub(crate) struct Place {
    /// The checkout.
    pub(crate) root: PathBuf,
    /// Kept between runs.
    pub(crate) state: PathBuf,
    /// Logs and rendered configurations; gone with this value.
    pub(crate) run: PathBuf,
}

impl Place {
    /// Makes a run's directory, and ends what earlier runs left behind.
    ///
    /// # Errors
    /// Outside of a checkout, or where a directory cannot be made.
    pub(crate) fn open() -> Result<Self> {
        static RUNS: AtomicU32 = AtomicU32::new(0);
        signals::watch()?;
        let root = root()?;
        let state = env::var_os(STATE_VARIABLE).map_or_else(|| root.join(".bench"), PathBuf::from);
        let runs = state.join("runs");
        clear(&runs);
        let number = RUNS.fetch_add(1, Ordering::Relaxed);
        let run = runs.join(format!("{}-{number}", std::process::id()));
        fs::create_dir_all(&run).context(|| format!("cannot make {}", run.display()))?;
        let run = run
            .canonicalize()
            .context(|| format!("cannot find {}", run.display()))?;
        Ok(Self { root, state, run })
    }

    /// A directory for a tool that the suite installs; made if need be.
    pub(crate) fn tool(&self, name: &str) -> Result<PathBuf> {
        let dir = self.state.join("tools").join(name);
        fs::create_dir_all(&dir).context(|| format!("cannot make {}", dir.display()))?;
        dir.canonicalize().context(|| format!("cannot find {}", dir.display()))
    }

    /// Installs what is missing of the tools that Debian has.
    ///
    /// # Errors
    /// They cannot be installed from here; the command that would do it is told.
    pub(crate) fn need(&self, needs: &[Need]) -> Result<()> {
        install::install(&install::missing(needs), &self.install_log())
    }

    /// Where installations write what they say.
    pub(crate) fn install_log(&self) -> PathBuf {
        self.state.join("install.log")
    }

    /// A file of this run.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.run.join(name)
    }

    /// Writes a file of this run.
    pub(crate) fn write(&self, name: &str, text: &str) -> Result<PathBuf> {
        let file = self.file(name);
        fs::write(&file, text).context(|| format!("cannot write {}", file.display()))?;
        Ok(file)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // Left behind, the next run removes it.
        let _ = fs::remove_dir_all(&self.run);
    }
}

/// Ends the processes of runs whose program is gone, and removes their files.
fn clear(runs: &Path) {
    for run in fs::read_dir(runs).into_iter().flatten().flatten() {
        let name = run.file_name();
        let pid = name
            .to_str()
            .and_then(|name| name.split('-').next()?.parse::<u32>().ok());
        let is_running =
            pid.is_some_and(|pid| pid == std::process::id() || Path::new(&format!("/proc/{pid}")).exists());
        if !is_running {
            process::end_recorded(&run.path());
            let _ = fs::remove_dir_all(run.path());
        }
    }
}

/// The checkout that the current directory is in, else the one this program was built in.
pub(crate) fn root() -> Result<PathBuf> {
    let is_root = |dir: &&Path| dir.join("bench/suite/Cargo.toml").is_file();
    let here = env::current_dir().context(|| "cannot tell the current directory".to_owned())?;
    let built = Path::new(env!("CARGO_MANIFEST_DIR"));
    let found = here.ancestors().chain(built.ancestors()).find(is_root);
    found
        .map(Path::to_owned)
        .ok_or_else(|| Error::new("this is not inside a NewFeed checkout").cure("cd into the checkout"))
}

/// `cargo` in the checkout, without the variables that `cargo run` gave to this very program: build scripts that watch
/// them would run again each time the caller changes.
pub(crate) fn cargo(root: &Path) -> Command {
    const OWN: [&str; 5] = [
        "CARGO_MANIFEST_",
        "CARGO_PKG_",
        "CARGO_CRATE_",
        "CARGO_BIN_",
        "CARGO_PRIMARY_",
    ];
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root);
    for (name, _) in env::vars_os() {
        if name
            .to_str()
            .is_some_and(|name| OWN.iter().any(|own| name.starts_with(own)))
        {
            cargo.env_remove(&name);
        }
    }
    cargo
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_a_run_go_with_it() {
        let place = Place::open().unwrap();
        let file = place.write("a.conf", "text").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "text");
        assert!(place.root.join("Cargo.lock").is_file());
        drop(place);
        assert!(!file.exists());
    }
}
