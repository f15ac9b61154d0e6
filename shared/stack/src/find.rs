//! What is installed: where a program is and whether it is new enough.

use std::{
    env, fmt, fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Something this project needs from the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// Builds the edge's compression library.
    Cmake,
    /// PostgreSQL 15 or newer.
    Postgres,
    /// Redis 7 or newer.
    Redis,
    /// RabbitMQ 3.10 or newer.
    Rabbitmq,
    /// Node.js 18 or newer with npm, for the end-to-end tests.
    Node,
    /// For the examples of the README.
    Curl,
    /// The browser in which tests open the bench suite's reports.
    Chromium,
    /// Counts instructions, where time is too noisy.
    Valgrind,
    /// Samples where the time goes, for flame graphs.
    Perf,
    /// Python 3 that makes environments of its own, for tools that come from PyPI.
    Python,
    /// Plays both ends of an HTTP/1 exchange byte by byte, for the tests of conformity.
    Varnishtest,
    /// A client that speaks HTTP/2 strictly, for the tests of conformity.
    H2load,
    /// Scans what speaks TLS for weaknesses, for the tests of conformity.
    Testssl,
}

/// Major and minor number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub u32, pub u32);

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

impl Version {
    /// The first thing in a text that looks like a version: `v=7.0.15`, `(PostgreSQL) 15.18`, `v20.20.2`, `17beta1`.
    pub fn read(text: &str) -> Option<Self> {
        let start = text.find(|c: char| c.is_ascii_digit())?;
        let mut numbers = text[start..].splitn(3, '.').map(|part| {
            let end = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
            part[..end].parse().unwrap_or(0)
        });
        Some(Self(numbers.next()?, numbers.next().unwrap_or(0)))
    }
}

/// What [`Need::look`] saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// Installed and new enough.
    Good(PathBuf, Version),
    /// Installed, but too old.
    Old(PathBuf, Version),
    /// Not installed.
    Missing,
}

impl Need {
    /// Its name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cmake => "cmake",
            Self::Postgres => "PostgreSQL",
            Self::Redis => "Redis",
            Self::Rabbitmq => "RabbitMQ",
            Self::Node => "Node.js",
            Self::Curl => "curl",
            Self::Chromium => "Chromium",
            Self::Valgrind => "Valgrind",
            Self::Perf => "perf",
            Self::Python => "Python",
            Self::Varnishtest => "varnishtest",
            Self::H2load => "h2load",
            Self::Testssl => "testssl.sh",
        }
    }

    /// What its installation takes, where that is worth a word.
    pub fn size(self) -> Option<&'static str> {
        match self {
            Self::Chromium => Some("some 180 MB to fetch, 600 MB on disk"),
            _ => None,
        }
    }

    /// The oldest version that works.
    pub fn minimum(self) -> Version {
        match self {
            Self::Cmake => Version(3, 5),
            Self::Postgres => Version(15, 0),
            Self::Redis => Version(7, 0),
            Self::Rabbitmq => Version(3, 10),
            Self::Node => Version(18, 0),
            Self::Curl => Version(7, 0),
            Self::Chromium => Version(100, 0),
            Self::Valgrind => Version(3, 15),
            Self::Perf => Version(5, 0),
            Self::Python => Version(3, 10),
            Self::Varnishtest => Version(7, 1),
            Self::H2load => Version(1, 52),
            Self::Testssl => Version(3, 0),
        }
    }

    /// Looks for it.
    pub fn look(self) -> Finding {
        let found = match self {
            Self::Postgres => postgres_all()
                .into_iter()
                .next_back()
                .map(|(version, bin)| (bin.join("postgres"), version)),
            Self::Rabbitmq => rabbitmq(),
            Self::Redis => simple("redis-server"),
            Self::Cmake => simple("cmake"),
            Self::Curl => simple("curl"),
            Self::Node => program("npm").and_then(|_| simple("node")),
            Self::Chromium => simple("chromium"),
            Self::Valgrind => simple("valgrind"),
            Self::Perf => simple("perf"),
            Self::Python => python(),
            Self::Varnishtest => varnishtest(),
            Self::H2load => h2load(),
            Self::Testssl => testssl(),
        };
        match found {
            None => Finding::Missing,
            Some((path, version)) if version >= self.minimum() => Finding::Good(path, version),
            Some((path, version)) => Finding::Old(path, version),
        }
    }
}

/// A program by name: on `PATH`, or where system programs are although a user's `PATH` may lack it.
pub fn program(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let system = ["/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/bin", "/bin"].map(PathBuf::from);
    env::split_paths(&path)
        .chain(system)
        .map(|dir| dir.join(name))
        .find(|file| is_executable(file))
}

fn is_executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(file).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

/// Debian ships the module that makes environments apart from the interpreter.
fn python() -> Option<(PathBuf, Version)> {
    let found = simple("python3")?;
    let modules = Command::new(&found.0)
        .args(["-c", "import ensurepip, venv"])
        .output()
        .ok()?;
    modules.status.success().then_some(found)
}

/// It does not tell its version; the server it comes with does.
fn varnishtest() -> Option<(PathBuf, Version)> {
    let told = Command::new(program("varnishd")?).arg("-V").output().ok()?;
    let version = Version::read(&String::from_utf8_lossy(&told.stderr))?;
    Some((program("varnishtest")?, version))
}

/// `h2load nghttp2/1.52.0`: its name has a digit of its own.
fn h2load() -> Option<(PathBuf, Version)> {
    let path = program("h2load")?;
    let told = Command::new(&path).arg("--version").output().ok()?;
    let version = Version::read(String::from_utf8_lossy(&told.stdout).split_once('/')?.1)?;
    Some((path, version))
}

/// It tells its version behind its name, in colours.
fn testssl() -> Option<(PathBuf, Version)> {
    let path = program("testssl")?;
    let told = Command::new(&path).arg("-v").output().ok()?;
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    let line = told
        .lines()
        .find_map(|line| line.trim_start().strip_prefix("testssl"))?;
    Some((path, Version::read(line)?))
}

fn simple(name: &str) -> Option<(PathBuf, Version)> {
    let path = program(name)?;
    let version = ask_version(&path)?;
    Some((path, version))
}

fn ask_version(path: &Path) -> Option<Version> {
    let output = Command::new(path).arg("--version").output().ok()?;
    Version::read(&String::from_utf8_lossy(&output.stdout))
}

/// The `bin` directories of all installed PostgreSQL servers, oldest first. Debian keeps them off `PATH`.
pub(crate) fn postgres_all() -> Vec<(Version, PathBuf)> {
    let debian = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|e| e.path().join("bin"));
    // A link on `PATH` stands beside other things: the directory behind it holds the rest.
    let path = program("postgres").and_then(|file| Some(fs::canonicalize(file).ok()?.parent()?.to_owned()));
    let mut found: Vec<(Version, PathBuf)> = debian
        .chain(path)
        .filter(|bin| is_executable(&bin.join("initdb")))
        .filter_map(|bin| Some((ask_version(&bin.join("postgres"))?, bin)))
        .collect();
    found.sort();
    found.dedup();
    found
}

/// The server's start script and its version, which its directory carries: asking the program would boot Erlang.
/// Debian's `/usr/sbin` wrapper switches to the user `rabbitmq`, so the script behind it is taken.
fn rabbitmq() -> Option<(PathBuf, Version)> {
    let debian = PathBuf::from("/usr/lib/rabbitmq/bin/rabbitmq-server");
    let script = if is_executable(&debian) {
        debian
    } else {
        program("rabbitmq-server")?
    };
    let real = fs::canonicalize(&script).ok()?;
    let version = real
        .iter()
        .find_map(|part| Version::read(part.to_str()?.strip_prefix("rabbitmq_server-")?));
    let version = version.or_else(|| {
        let output = Command::new(script.with_file_name("rabbitmqctl"))
            .arg("version")
            .output()
            .ok()?;
        Version::read(&String::from_utf8_lossy(&output.stdout))
    })?;
    Some((script, version))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_what_programs_print() {
        let read = |text| Version::read(text).unwrap();
        assert_eq!(
            read("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"),
            Version(15, 18)
        );
        assert_eq!(
            read("Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0"),
            Version(7, 0)
        );
        assert_eq!(read("cmake version 3.25.1\n\nCMake suite"), Version(3, 25));
        assert_eq!(read("v20.20.2"), Version(20, 20));
        assert_eq!(read("postgres (PostgreSQL) 17beta1"), Version(17, 0));
        assert_eq!(Version::read("nothing here"), None);
    }

    #[test]
    fn programs_are_found_by_name() {
        assert!(program("sh").is_some());
        assert_eq!(program("no-such-program-anywhere"), None);
    }
}
