//! Profile-guided optimisation of the edge: built with counters, trained by the bench suite's scenarios, built again by
//! what they counted ([rustc's guide](https://doc.rust-lang.org/rustc/profile-guided-optimization.html)).
//!
//! Everything lies in `target/pgo`, apart from the usual builds, and survives until `cargo clean`.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant,
};

use shared_stack::{Context, Error, Result};

use crate::{bench, build, names::Program, output::step, platform::Platform, up::seconds, workspace};
use llvm::Toolchain;

mod llvm;

/// What the edge is trained by, each as fast as it goes: the suite's own roads, with the access log written and `/graphql`
/// answered, and scenarios. What no training meets is taken for rare, and built small instead of fast, so that they are to
/// cover whatever is asked often.
const TRAINING: [&[&str]; 5] = [
    &["train"],
    &["run", "pass-through", "--rate", "max"],
    &["run", "admitted", "--rate", "max"],
    &["run", "full-policy", "--rate", "max"],
    &["run", "websocket-echo", "--rate", "max"],
];
/// For how long. Long enough to drown what happens only at the start, short enough to wait for.
const DURATION: &str = "10s";
/// The suite's exit code where its figures may not be believed, as on a busy machine. The edge has worked nevertheless.
const INVALID: i32 = 3;

/// Where the edge that its profile optimised is put.
pub(crate) fn edge(platform: &Platform) -> Result<PathBuf> {
    Ok(home(platform)?.join(Program::Edge.name()))
}

/// The same, for one who wants to run it.
///
/// # Errors
/// When there was no training yet.
pub(crate) fn trained(platform: &Platform) -> Result<PathBuf> {
    if profile(&home(platform)?).is_file() {
        return edge(platform);
    }
    Err(Error::new("the edge has no profile yet").cure(platform.command("build --pgo")))
}

fn home(platform: &Platform) -> Result<PathBuf> {
    Ok(workspace::target_dir(&platform.root)?.join("pgo"))
}

fn profile(home: &Path) -> PathBuf {
    home.join("edge.profdata")
}

/// Builds the suite and an edge that counts, trains the edge, and builds it again by the new profile.
pub(crate) fn train(platform: &Platform, cancel: &dyn Fn() -> bool) -> Result<()> {
    let toolchain = Toolchain::find(&platform.root)?;
    // Looked for first: without it, all the rest would be in vain.
    let profdata = llvm::profdata(platform, &toolchain)?;
    let home = home(platform)?;
    let raw = home.join("raw");
    let suite = bench::build(platform)?;

    let begun = Instant::now();
    step("pgo", "an edge that counts");
    // The profile tool from PyPI is built without zlib, so names must not be compressed.
    let counting = [
        format!("-Cprofile-generate={}", raw.display()),
        "-Cllvm-args=-enable-name-compression=false".to_owned(),
    ];
    let counting = build_edge(platform, &toolchain, &home.join("counting"), &counting, cancel)?;
    step("pgo", &format!("built in {}", seconds(begun.elapsed())));
    fresh(&raw)?;
    for lesson in TRAINING {
        teach(&suite, lesson, &counting, cancel)?;
    }
    merge(&profdata, &raw, &profile(&home), cancel)?;
    // The compiler sees the path of the profile, not that its content has changed.
    fresh(&home.join("optimised").join(&toolchain.host))?;
    rebuild(platform, cancel)
}

/// Builds the edge by the profile there is; quick when nothing has changed.
pub(crate) fn rebuild(platform: &Platform, cancel: &dyn Fn() -> bool) -> Result<()> {
    let begun = Instant::now();
    let home = home(platform)?;
    let toolchain = Toolchain::find(&platform.root)?;
    let by_profile = [format!("-Cprofile-use={}", profile(&home).display())];
    step("pgo", "the edge by its profile");
    let built = build_edge(platform, &toolchain, &home.join("optimised"), &by_profile, cancel)?;
    replace(&built, &edge(platform)?)?;
    step("pgo", &format!("done in {}", seconds(begun.elapsed())));
    Ok(())
}

/// Builds the edge with flags of its own. `--target` keeps the flags from build scripts and macros.
fn build_edge(
    platform: &Platform,
    toolchain: &Toolchain,
    dir: &Path,
    flags: &[String],
    cancel: &dyn Fn() -> bool,
) -> Result<PathBuf> {
    let mut cargo = workspace::cargo(&platform.root);
    cargo
        .args(["build", "--release", "-p", Program::Edge.package()])
        .args(["--target", &toolchain.host, "--target-dir"])
        .arg(dir)
        .env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f"))
        .stdin(Stdio::null());
    if !build::wait(&mut cargo, cancel)? {
        return Err(Error::new("the edge does not build; cargo says why above"));
    }
    Ok(dir.join(&toolchain.host).join("release").join(Program::Edge.name()))
}

/// Lets the suite put load on an edge. It stops the edge in good order, which is when the counts are written.
fn teach(suite: &Path, lesson: &[&str], edge: &Path, cancel: &dyn Fn() -> bool) -> Result<()> {
    let name = lesson.join(" ");
    step("pgo", &format!("trained by `bench {name}`, {DURATION}"));
    let mut bench = Command::new(suite);
    workspace::forget_caller(&mut bench);
    bench.args(lesson).args(["--duration", DURATION, "--edge"]).arg(edge);
    let status = build::outcome(bench.stdin(Stdio::null()), cancel)?;
    if status.success() || status.code() == Some(INVALID) {
        return Ok(());
    }
    Err(Error::new(format!(
        "the training by `bench {name}` failed; the suite says why above"
    )))
}

/// Turns raw counts into a profile.
fn merge(profdata: &Path, raw: &Path, into: &Path, cancel: &dyn Fn() -> bool) -> Result<()> {
    let entries = fs::read_dir(raw).context(|| format!("cannot read {}", raw.display()))?;
    let counts: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    if counts.is_empty() {
        return Err(Error::new(format!("the edge left no counts in {}", raw.display())));
    }
    let mut merge = Command::new(profdata);
    merge.args(["merge", "-o"]).arg(into).args(counts).stdin(Stdio::null());
    if build::wait(&mut merge, cancel)? {
        return Ok(());
    }
    Err(Error::new("the counts cannot be merged; llvm-profdata says why above"))
}

/// An empty directory, whatever was there.
fn fresh(dir: &Path) -> Result<()> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(Error::new(format!("cannot remove {}: {error}", dir.display())));
        }
        _ => {}
    }
    fs::create_dir_all(dir).context(|| format!("cannot make {}", dir.display()))
}

/// Puts a binary in its place at one stroke, also when the one before it runs. Leaves alone what is the same, so that
/// nothing takes it for a new build.
fn replace(built: &Path, place: &Path) -> Result<()> {
    let content = fs::read(built).context(|| format!("cannot read {}", built.display()))?;
    if fs::read(place).is_ok_and(|there| there == content) {
        return Ok(());
    }
    let new = place.with_extension("new");
    fs::copy(built, &new)
        .and_then(|_| fs::rename(&new, place))
        .context(|| format!("cannot write {}", place.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::MetadataExt;

    #[test]
    fn a_binary_is_replaced_only_by_another() {
        let dir = tempfile::tempdir().unwrap();
        let (built, place) = (dir.path().join("built"), dir.path().join("edge"));
        fs::write(&built, "one").unwrap();
        replace(&built, &place).unwrap();
        let first = fs::metadata(&place).unwrap().ino();
        replace(&built, &place).unwrap();
        assert_eq!(fs::metadata(&place).unwrap().ino(), first);
        fs::write(&built, "two").unwrap();
        replace(&built, &place).unwrap();
        assert_eq!(fs::read_to_string(&place).unwrap(), "two");
        assert_ne!(
            fs::metadata(&place).unwrap().ino(),
            first,
            "written into a running program"
        );
    }

    #[test]
    fn an_edge_that_counted_nothing_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let raw = dir.path().join("raw");
        fs::create_dir(&raw).unwrap();
        let said = merge(Path::new("true"), &raw, &dir.path().join("edge.profdata"), &|| false);
        assert!(said.unwrap_err().to_string().contains("left no counts"));
    }

    #[test]
    fn figures_that_may_not_be_believed_train_as_well() {
        // What follows the script are its own arguments.
        let taught = |code| teach(Path::new("sh"), &["-c", code], Path::new("edge"), &|| false);
        taught("exit 0").unwrap();
        taught("exit 3").unwrap();
        for code in ["exit 1", "exit 2"] {
            assert!(taught(code).unwrap_err().to_string().contains("failed"), "{code}");
        }
    }
}
