//! The stores in containers, for machines where packages cannot be installed.

use std::{
    fs,
    path::Path,
    process::{Command, Output, Stdio},
};

use crate::{Context, Error, Result, Store, find, place, ports, postgres, record::Record, stack::Home};

/// The compose command of this machine: the plugin, else the older program.
fn compose() -> Result<Command> {
    if let Some(docker) = find::program("docker") {
        let mut asked = Command::new(&docker);
        asked
            .args(["compose", "version"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if asked.status().is_ok_and(|status| status.success()) {
            let mut command = Command::new(docker);
            command.arg("compose");
            return Ok(command);
        }
    }
    find::program("docker-compose").map(Command::new).ok_or_else(|| {
        Error::new("--docker needs Docker with compose, and neither `docker compose` nor `docker-compose` is here")
            .cure("install Docker Engine: https://docs.docker.com/engine/install/")
    })
}

/// Whether a container engine answers.
///
/// # Errors
/// Says what is missing.
pub fn check() -> Result<()> {
    compose()?;
    let docker = find::program("docker").ok_or_else(|| Error::new("--docker needs the program `docker`"))?;
    let output = Command::new(docker)
        .args(["info", "--format", "{{.ServerVersion}}"])
        .stdin(Stdio::null())
        .output();
    let output = output.context(|| "cannot run docker".to_owned())?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(
        Error::new(format!("the container engine does not answer: {}", said.trim()))
            .cure("start Docker, then try again"),
    )
}

/// Starts one store as a container that publishes its ports on loopback.
pub(crate) fn start(home: &Home, record: &mut Record, store: Store) -> Result<()> {
    let (image, purposes): (&str, &[(&str, u16)]) = match store {
        Store::Postgres => ("postgres:15", &[("sql", 5432)]),
        Store::Redis => ("redis:7", &[("redis", 6379)]),
        Store::Rabbitmq => ("rabbitmq:3-management", &[("amqp", 5672), ("admin", 15672)]),
    };
    let mut published = Vec::new();
    for (purpose, inner) in purposes {
        published.push(format!("\"127.0.0.1:{}:{inner}\"", record.settle_port(purpose)?));
    }
    let extra = match store {
        Store::Postgres => {
            let bytes = ports::random_bytes::<16>()?;
            let fresh = || bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            let password: &String = record.password.get_or_insert_with(fresh);
            let user = postgres::USER;
            format!(
                "    command: [postgres, -c, max_connections=300]\n    \
                 environment: {{POSTGRES_USER: {user}, POSTGRES_DB: postgres, POSTGRES_PASSWORD: \"{password}\"}}\n    \
                 volumes: [\"data:/var/lib/postgresql/data\"]\n"
            )
        }
        Store::Redis => {
            "    command: [redis-server, --appendonly, \"yes\"]\n    volumes: [\"data:/data\"]\n".to_owned()
        }
        Store::Rabbitmq => "    hostname: rabbitmq\n    volumes: [\"data:/var/lib/rabbitmq\"]\n".to_owned(),
    };
    let ports = published.join(", ");
    let text = format!("services:\n  {store}:\n    image: {image}\n    ports: [{ports}]\n{extra}volumes:\n  data:\n");
    let file = home.dir.join("compose.yml");
    fs::write(&file, text).context(|| format!("cannot write {}", file.display()))?;
    run(home, store, &["up", "--detach"]).map(drop)
}

/// Stops the container and keeps its data.
pub(crate) fn stop(home: &Home, store: Store) -> Result<()> {
    run(home, store, &["stop"]).map(drop)
}

/// Kills the container and keeps its data.
pub(crate) fn kill(home: &Home, store: Store) -> Result<()> {
    run(home, store, &["kill"]).map(drop)
}

/// Removes the container and its data.
pub(crate) fn remove(home: &Home, store: Store) -> Result<()> {
    run(home, store, &["down", "--volumes"]).map(drop)
}

/// Makes those of `databases` that are not there yet.
pub(crate) fn ensure_databases(home: &Home, databases: &[String]) -> Result<()> {
    let run_sql = |sql: &str| {
        let psql = [
            "psql",
            "-h",
            "127.0.0.1",
            "-X",
            "-A",
            "-t",
            "-q",
            "-v",
            "ON_ERROR_STOP=1",
            "-U",
            postgres::USER,
        ];
        let args: Vec<&str> = ["exec", "-T", "postgres"]
            .into_iter()
            .chain(psql)
            .chain(["-d", "postgres", "-c", sql])
            .collect();
        run(home, Store::Postgres, &args)
    };
    let there = run_sql("SELECT datname FROM pg_database")?;
    let there = String::from_utf8_lossy(&there.stdout).into_owned();
    for name in databases
        .iter()
        .filter(|name| !there.lines().any(|line| line == name.as_str()))
    {
        run_sql(&format!("CREATE DATABASE \"{name}\""))?;
    }
    Ok(())
}

fn run(home: &Home, store: Store, args: &[&str]) -> Result<Output> {
    let file = home.dir.join("compose.yml");
    let mut command = compose()?;
    let project = format!("newfeed-{}-{store}", place::fingerprint(Path::new(&home.state)));
    command
        .args(["--project-name", &project])
        .arg("--file")
        .arg(&file)
        .args(args)
        .stdin(Stdio::null());
    let output = command.output().context(|| "cannot run docker compose".to_owned())?;
    if output.status.success() {
        return Ok(output);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last: Vec<&str> = said
        .lines()
        .rev()
        .take(20)
        .collect::<Vec<_>>()
        .into_iter()
        .rev()
        .collect();
    Err(Error::new(format!(
        "docker compose {} failed for {store}:\n    {}",
        args.join(" "),
        last.join("\n    ")
    )))
}
