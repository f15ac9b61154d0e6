//! Tools written in Python: pinned, from PyPI, in environments of their own below the state directory.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use shared_stack::{Context, Error, Result, find::Need};

use crate::{build, output::step, platform::Platform, signals, stores};

/// The directory that holds the programs of `tests/requirements.txt`; they are installed when that file has changed.
///
/// # Errors
/// Python cannot be installed, or pip fails.
pub(crate) fn of_tests(platform: &Platform) -> Result<PathBuf> {
    let list = platform.root.join("tests/requirements.txt");
    let wanted = fs::read(&list).context(|| format!("cannot read {}", list.display()))?;
    let home = platform.dir.join("python");
    let programs = home.join("bin");
    // Written last, so that half an installation does not count as one.
    let installed = home.join("requirements.txt");
    // The interpreter is a link, which the system's next Python leaves dangling.
    if programs.join("python").exists() && fs::read(&installed).is_ok_and(|found| found == wanted) {
        return Ok(programs);
    }
    step("install", "the tools of tests/requirements.txt from PyPI");
    if !make(platform, &home, &["-r".as_ref(), list.as_os_str()])? {
        let error = Error::new("the tools of tests/requirements.txt cannot be installed; pip says why above");
        return Err(error.cure("see that pip reaches PyPI, then the same command again"));
    }
    fs::write(&installed, &wanted).context(|| format!("cannot write {}", installed.display()))?;
    Ok(programs)
}

/// Makes an environment, in place of the one that may be there, and lets pip install into it. False when a command failed.
///
/// # Errors
/// Python cannot be installed, or a command cannot be started.
pub(crate) fn make(platform: &Platform, home: &Path, what: &[&OsStr]) -> Result<bool> {
    stores::install(platform, &[Need::Python])?;
    let mut make = Command::new("python3");
    make.args(["-m", "venv", "--clear"]).arg(home);
    let mut fetch = Command::new(home.join("bin/pip"));
    fetch
        .args(["install", "--quiet", "--disable-pip-version-check"])
        .args(what);
    for command in [&mut make, &mut fetch] {
        if !build::wait(command.stdin(Stdio::null()), &signals::asked_to_stop)? {
            return Ok(false);
        }
    }
    Ok(true)
}
