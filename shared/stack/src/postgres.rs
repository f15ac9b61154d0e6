//! PostgreSQL: a cluster of our own, one port on loopback, no sockets in the file system.

use std::{
    fs,
    os::unix::{fs::chown, process::CommandExt},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::{
    Context, Error, Result,
    account::{self, Account},
    find::{self, Need, Version},
    install, place, ports,
    process::{self, Launch, Process, Signal, Spawned},
    record::{Record, write_private},
    stack::Home,
};

/// The owner of every database; a superuser of this private cluster.
pub(crate) const USER: &str = "newfeed";

/// Starts the server, after making its cluster when there is none.
pub(crate) fn start(home: &Home, record: &mut Record, throwaway: bool) -> Result<Spawned> {
    let account = account::unprivileged()?;
    let data = data(home, record, account.as_ref())?;
    let bin = binaries(&data)?;
    if !data.join("PG_VERSION").exists() {
        create(&bin, &data, account.as_ref(), home, record, throwaway)?;
    }
    clear_stale_pid(&data);
    let port = record.settle_port("sql")?;
    let mut args = vec![
        "-D".into(),
        data.clone().into_os_string(),
        "-p".into(),
        port.to_string().into(),
    ];
    for setting in settings(throwaway) {
        args.extend(["-c".into(), setting.into()]);
    }
    let launch = Launch {
        program: bin.join("postgres"),
        args,
        env: vec![("LC_ALL".to_owned(), "C.UTF-8".to_owned())],
        without: vec![
            "PGDATA".to_owned(),
            "PGPORT".to_owned(),
            "PGHOST".to_owned(),
            "NOTIFY_SOCKET".to_owned(),
        ],
        cwd: data,
        log: home.log.clone(),
        account,
        state: home.state.clone(),
        name: "postgres".to_owned(),
    };
    launch.spawn()
}

/// Scales to six programs with pools and their further instances; a test cluster need not survive a power cut.
fn settings(throwaway: bool) -> Vec<&'static str> {
    let mut settings = vec![
        "listen_addresses=127.0.0.1",
        "unix_socket_directories=",
        "shared_buffers=128MB",
        "log_line_prefix=%m [%p] %q%u@%d ",
        "log_checkpoints=off",
        "timezone=UTC",
    ];
    if throwaway {
        settings.extend([
            "max_connections=500",
            "fsync=off",
            "synchronous_commit=off",
            "full_page_writes=off",
        ]);
    } else {
        settings.push("max_connections=300");
    }
    settings
}

/// The programs of the version that made the data, else of the newest.
fn binaries(data: &Path) -> Result<PathBuf> {
    let all = find::postgres_all();
    let made_by = fs::read_to_string(data.join("PG_VERSION")).ok();
    let major = made_by.as_deref().and_then(|text| text.trim().parse::<u32>().ok());
    let fits = |version: &Version| major.map_or(*version >= Need::Postgres.minimum(), |major| version.0 == major);
    if let Some((_, bin)) = all.into_iter().rev().find(|(version, _)| fits(version)) {
        return Ok(bin);
    }
    Err(match major {
        Some(major) => Error::new(format!(
            "{} was made by PostgreSQL {major}, which is not installed",
            data.display()
        ))
        .cure("cargo dev reset"),
        None => Error::new("PostgreSQL 15 or newer: not installed").cure(install::command(&[Need::Postgres])),
    })
}

fn data(home: &Home, record: &mut Record, account: Option<&Account>) -> Result<PathBuf> {
    // Decided anew when what was remembered is gone: `/var/tmp` may have been cleaned.
    let remembered = record.elsewhere.clone().filter(|dir| dir.is_dir());
    let dir = match remembered {
        Some(dir) => dir,
        None => place::for_account(&home.dir, "data", account)?,
    };
    record.elsewhere = (!dir.starts_with(&home.dir)).then(|| dir.clone());
    // One level below, so that a half-made cluster can be renamed into place.
    Ok(dir.join("cluster"))
}

/// Runs `initdb` beside the final place and renames, so that a half-made cluster is never taken for a whole one.
fn create(
    bin: &Path,
    data: &Path,
    account: Option<&Account>,
    home: &Home,
    record: &mut Record,
    throwaway: bool,
) -> Result<()> {
    let parent = data.parent().unwrap_or(data);
    let new = parent.join("cluster.new");
    let secret = parent.join("password");
    if new.exists() {
        fs::remove_dir_all(&new).context(|| format!("cannot remove {}", new.display()))?;
    }
    let mut initdb = Command::new(bin.join("initdb"));
    initdb
        .arg("-D")
        .arg(&new)
        .args(["-U", USER, "-E", "UTF8", "--locale=C.UTF-8", "--no-instructions"]);
    if throwaway {
        initdb.args(["--auth=trust", "--no-sync"]);
        record.password = None;
    } else {
        let password = hex(&ports::random_bytes::<16>()?);
        write_private(&secret, &password)?;
        if let Some(account) = account {
            chown(&secret, Some(account.uid), Some(account.gid))
                .context(|| "cannot hand over the password".to_owned())?;
        }
        initdb.arg("--auth=scram-sha-256").arg("--pwfile").arg(&secret);
        record.password = Some(password);
    }
    if let Some(account) = account {
        initdb.uid(account.uid).gid(account.gid);
    }
    let log = fs::OpenOptions::new().create(true).append(true).open(&home.log);
    let log = log.context(|| format!("cannot write {}", home.log.display()))?;
    let errors = log
        .try_clone()
        .context(|| format!("cannot write {}", home.log.display()))?;
    initdb.env("LC_ALL", "C.UTF-8").env_remove("PGDATA").current_dir("/");
    let status = initdb
        .stdin(Stdio::null())
        .stdout(log)
        .stderr(errors)
        .status()
        .context(|| "cannot run initdb".to_owned())?;
    let _ = fs::remove_file(&secret);
    if !status.success() {
        return Err(Error::new("initdb failed").log(&home.log));
    }
    // Before the rename: a cluster whose password was forgotten would be lost.
    record.save(&home.dir)?;
    fs::rename(&new, data).context(|| format!("cannot rename {}", new.display()))
}

/// After a crash the pid in `postmaster.pid` may be another process's by now, and PostgreSQL would wait for it.
fn clear_stale_pid(data: &Path) {
    let file = data.join("postmaster.pid");
    let Ok(text) = fs::read_to_string(&file) else { return };
    let pid: Option<u32> = text.lines().next().and_then(|line| line.trim().parse().ok());
    let living = pid.filter(|pid| Process::of(*pid).is_some());
    match living {
        Some(pid) if process::command_line(pid).contains("postgres") => {}
        _ => {
            let _ = fs::remove_file(&file);
        }
    }
}

/// The signal for a fast shutdown: no new sessions, open ones rolled back.
pub(crate) const STOP: Signal = Signal::INT;

/// Makes those of `databases` that are not there yet.
pub(crate) fn ensure_databases(home: &Home, record: &Record, databases: &[String]) -> Result<()> {
    let Some(port) = record.port("sql") else { return Ok(()) };
    let data = record
        .elsewhere
        .clone()
        .unwrap_or_else(|| home.dir.join("data"))
        .join("cluster");
    let beside = binaries(&data)?.join("psql");
    let psql = if beside.exists() {
        beside
    } else {
        find::program("psql").unwrap_or(beside)
    };
    let run = |sql: &str| -> Result<String> {
        let mut command = Command::new(&psql);
        command.args([
            "-X",
            "-w",
            "-A",
            "-t",
            "-q",
            "-v",
            "ON_ERROR_STOP=1",
            "-h",
            "127.0.0.1",
            "-U",
            USER,
        ]);
        command
            .args(["-d", "postgres", "-p", &port.to_string(), "-c", sql])
            .stdin(Stdio::null());
        command
            .env("PGPASSWORD", record.password.as_deref().unwrap_or_default())
            .env_remove("PGOPTIONS");
        let output = command.output().context(|| format!("cannot run {}", psql.display()))?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        Err(Error::new(format!("PostgreSQL refused `{sql}`: {}", said.trim())).log(&home.log))
    };
    let there = run("SELECT datname FROM pg_database")?;
    for name in databases
        .iter()
        .filter(|name| !there.lines().any(|line| line == name.as_str()))
    {
        run(&format!("CREATE DATABASE \"{name}\""))?;
    }
    Ok(())
}

/// The address of one database.
pub(crate) fn url(record: &Record, database: &str) -> Option<String> {
    let port = record.port("sql")?;
    let password = record
        .password
        .as_ref()
        .map(|password| format!(":{password}"))
        .unwrap_or_default();
    Some(format!("postgres://{USER}{password}@127.0.0.1:{port}/{database}"))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
