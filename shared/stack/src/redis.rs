//! Redis: one port on loopback; what it counted survives its restart.

use crate::{
    Error, Result,
    find::{Need, program},
    install, place,
    process::{Launch, Spawned},
    record::Record,
    stack::Home,
};

/// Starts the server.
pub(crate) fn start(home: &Home, record: &mut Record, throwaway: bool) -> Result<Spawned> {
    let program = program("redis-server")
        .ok_or_else(|| Error::new("Redis 7 or newer: not installed").cure(install::command(&[Need::Redis])))?;
    let data = place::for_account(&home.dir, "data", None)?;
    let port = record.settle_port("redis")?.to_string();
    // Tests share one server and some want a database of their own.
    let (persist, databases) = if throwaway { ("no", "64") } else { ("yes", "16") };
    let dir = data.to_string_lossy().into_owned();
    let mut args = vec!["--port", &port, "--bind", "127.0.0.1", "--dir", &dir];
    args.extend([
        "--appendonly",
        persist,
        "--appendfsync",
        "everysec",
        "--save",
        "",
        "--databases",
        databases,
    ]);
    // The title would overwrite the environment by which we recognise the process.
    args.extend(["--daemonize", "no", "--set-proc-title", "no"]);
    let launch = Launch {
        program,
        args: args.into_iter().map(Into::into).collect(),
        env: Vec::new(),
        without: vec!["NOTIFY_SOCKET".to_owned()],
        cwd: data,
        log: home.log.clone(),
        account: None,
        state: home.state.clone(),
        name: "redis".to_owned(),
    };
    launch.spawn()
}

/// The address without a database path.
pub(crate) fn url(record: &Record) -> Option<String> {
    Some(format!("redis://127.0.0.1:{}", record.port("redis")?))
}
