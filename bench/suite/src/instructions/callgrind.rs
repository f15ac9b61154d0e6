//! Programs under Valgrind's callgrind, which counts every instruction they execute in user space.
//!
//! The counts hold on a busy machine: nothing depends on time or on other processes. They hold on another processor of the
//! same architecture too, since Valgrind shows programs a processor of its own (with AVX2 where the real one has it, and
//! never AVX-512 or the SHA extensions), and the C library picks its functions by that.

use crate::system::{
    cpus::Cpus,
    place::Place,
    process::{Program, Running},
};
use shared_stack::{Context, Error, Result, find, install};
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// Where accounts are written: `account`, `account.<part>` or, by thread, `account.<part>-<thread>`.
const ACCOUNT: &str = "account";

/// Valgrind itself.
///
/// # Errors
/// It is not installed.
fn valgrind() -> Result<PathBuf> {
    installed("valgrind")
}

fn installed(program: &str) -> Result<PathBuf> {
    let cure = install::command(&[find::Need::Valgrind]);
    find::program(program).ok_or_else(|| Error::new(format!("{program} is not installed")).cure(cure))
}

/// Runs a program to its end, with a new account before each call of the functions that `marks` names (a pattern over
/// mangled names). What comes back are the accounts in their order, the last one excepted.
///
/// # Errors
/// It cannot be run or fails, or the accounts cannot be read.
pub(super) fn accounts(place: &Place, program: &Path, args: &[&str], marks: &str) -> Result<Vec<u64>> {
    let dir = place.file("marked");
    fs::create_dir_all(&dir).context(|| format!("cannot make {}", dir.display()))?;
    let output = Command::new(valgrind()?)
        .args(["--tool=callgrind", "--demangle=no", &format!("--dump-before={marks}")])
        .arg(format!("--callgrind-out-file={}", dir.join(ACCOUNT).display()))
        .arg(program)
        .args(args)
        .stdin(Stdio::null())
        .output()
        .context(|| "cannot run valgrind".to_owned())?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let end = said.lines().rev().take(20).collect::<Vec<_>>();
        let end = end.into_iter().rev().collect::<Vec<_>>().join("\n");
        return Err(Error::new(format!(
            "{} failed under valgrind:\n{end}",
            program.display()
        )));
    }
    let parts = (1..).map(|part| dir.join(format!("{ACCOUNT}.{part}")));
    parts
        .take_while(|file| file.is_file())
        .map(|file| total(&file))
        .collect()
}

/// A program that is counted while it serves.
pub(super) struct Counted {
    running: Running,
    dir: PathBuf,
    parts: u32,
}

impl Counted {
    /// Starts `program` under callgrind, on these processors, with what is set in `program`.
    ///
    /// # Errors
    /// It cannot be started.
    pub(super) fn start(place: &Place, mut program: Program, cpus: &Cpus) -> Result<Self> {
        let dir = place.file(&format!("{}.accounts", program.name));
        fs::create_dir_all(&dir).context(|| format!("cannot make {}", dir.display()))?;
        let out = format!("--callgrind-out-file={}", dir.join(ACCOUNT).display());
        // By thread: timers and background tasks have threads of their own and tick by the clock.
        let mut args = vec!["--tool=callgrind".into(), "--separate-threads=yes".into(), out.into()];
        args.push(program.program.into_os_string());
        args.append(&mut program.args);
        program.program = valgrind()?;
        program.args = args;
        Ok(Self {
            running: program.on(Some(cpus)).start(place)?,
            dir,
            parts: 0,
        })
    }

    /// The process.
    pub(super) fn running(&self) -> &Running {
        &self.running
    }

    /// Ends the present account and begins the next; what comes back are the instructions of the thread that executed
    /// most since the last call.
    ///
    /// # Errors
    /// callgrind cannot be reached or wrote nothing.
    pub(super) fn account(&mut self) -> Result<u64> {
        let mut vgdb = Command::new(installed("vgdb")?);
        vgdb.arg(format!("--pid={}", self.running.pid())).arg("dump");
        let output = vgdb
            .stdin(Stdio::null())
            .output()
            .context(|| "cannot run vgdb".to_owned())?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(Error::new(format!("vgdb cannot reach callgrind: {}", said.trim())).log(self.running.log()));
        }
        self.parts += 1;
        let prefix = format!("{ACCOUNT}.{}-", self.parts);
        let entries = fs::read_dir(&self.dir).context(|| format!("cannot read {}", self.dir.display()))?;
        let files = entries.flatten().map(|entry| entry.path());
        let threads = files.filter(|file| {
            file.file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with(&prefix))
        });
        let totals: Vec<u64> = threads.map(|file| total(&file)).collect::<Result<_>>()?;
        let most = totals.into_iter().max();
        most.ok_or_else(|| Error::new("callgrind wrote no account").log(self.running.log()))
    }
}

/// The instructions of one account.
fn total(file: &Path) -> Result<u64> {
    let text = fs::read_to_string(file).context(|| format!("cannot read {}", file.display()))?;
    read_total(&text).ok_or_else(|| Error::new(format!("{} is no account of callgrind", file.display())))
}

/// See callgrind's format specification, "totals".
fn read_total(text: &str) -> Option<u64> {
    let line = text.lines().rev().find_map(|line| line.strip_prefix("totals:"))?;
    line.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_of_an_account_is_read() {
        let text = "version: 1\nevents: Ir\nsummary: 12\nfn=(1) main\n0 12\n\ntotals: 12\n";
        assert_eq!(read_total(text), Some(12));
        assert_eq!(read_total("version: 1\n"), None);
        assert_eq!(read_total("totals: many"), None);
    }
}
