//! RabbitMQ: a node of its own with its own name registry (epmd), cookie and management port, all on loopback.

use std::{fs, path::Path};

use crate::{
    Context, Error, Result,
    find::{Finding, Need},
    install, place,
    process::{Launch, Spawned},
    record::Record,
    stack::Home,
};

/// Starts the node. Erlang starts the name registry beside it.
pub(crate) fn start(home: &Home, record: &mut Record) -> Result<Spawned> {
    let Finding::Good(program, _) = Need::Rabbitmq.look() else {
        return Err(Error::new("RabbitMQ 3.10 or newer: not installed").cure(install::command(&[Need::Rabbitmq])));
    };
    let remembered = record.elsewhere.clone().filter(|dir| dir.is_dir());
    let data = match remembered {
        Some(dir) => dir,
        None => place::for_scripts(&home.dir, "data")?,
    };
    record.elsewhere = (!data.starts_with(&home.dir)).then(|| data.clone());
    // The data carries the node's name, so it stays when the directory moves.
    let node = record
        .node
        .get_or_insert_with(|| format!("newfeed-{}@localhost", place::fingerprint(&home.state)))
        .clone();
    let (amqp, admin) = (record.settle_port("amqp")?, record.settle_port("admin")?);
    let (dist, epmd) = (record.settle_port("dist")?, record.settle_port("epmd")?);
    configure(&data, amqp, admin)?;
    let inside = |name: &str| data.join(name).to_string_lossy().into_owned();
    let env = [
        ("HOME", data.to_string_lossy().into_owned()),
        ("LC_ALL", "C.UTF-8".to_owned()),
        ("ERL_EPMD_PORT", epmd.to_string()),
        ("ERL_EPMD_ADDRESS", "127.0.0.1".to_owned()),
        // The start script then becomes the server instead of waiting for it, so that its pid is the server's.
        ("RUNNING_UNDER_SYSTEMD", "true".to_owned()),
        ("RABBITMQ_NODENAME", node),
        ("RABBITMQ_DIST_PORT", dist.to_string()),
        ("RABBITMQ_CONFIG_FILE", inside("rabbitmq.conf")),
        ("RABBITMQ_ADVANCED_CONFIG_FILE", inside("advanced.config")),
        ("RABBITMQ_CONF_ENV_FILE", inside("rabbitmq-env.conf")),
        ("RABBITMQ_ENABLED_PLUGINS_FILE", inside("enabled_plugins")),
        ("RABBITMQ_MNESIA_BASE", inside("mnesia")),
        ("RABBITMQ_LOG_BASE", inside("log")),
        ("RABBITMQ_LOGS", "-".to_owned()),
        ("RABBITMQ_PID_FILE", inside("pid")),
        // Schedulers that spin while idle would take a small machine's cores from the programs.
        (
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS",
            "+sbwt none +sbwtdcpu none +sbwtdio none -kernel inet_dist_use_interface {127,0,0,1}".to_owned(),
        ),
    ];
    let foreign = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    let foreign = foreign.filter(|name| name.starts_with("RABBITMQ_") || name.starts_with("ERL_"));
    let launch = Launch {
        program,
        args: Vec::new(),
        env: env.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        without: foreign.chain(["NOTIFY_SOCKET".to_owned()]).collect(),
        cwd: data,
        log: home.log.clone(),
        account: None,
        state: home.state.clone(),
        name: "rabbitmq".to_owned(),
    };
    launch.spawn()
}

fn configure(data: &Path, amqp: u16, admin: u16) -> Result<()> {
    let config = format!(
        "listeners.tcp.1 = 127.0.0.1:{amqp}\n\
         management.tcp.ip = 127.0.0.1\n\
         management.tcp.port = {admin}\n\
         log.console = true\n\
         log.console.level = warning\n"
    );
    let files = [
        ("rabbitmq.conf", config.as_str()),
        ("enabled_plugins", "[rabbitmq_management].\n"),
        // Empty, so that the system's own files are not read in their place.
        ("rabbitmq-env.conf", ""),
        ("advanced.config", "[].\n"),
    ];
    for (name, text) in files {
        let file = data.join(name);
        fs::write(&file, text).context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(())
}

/// The broker's address.
pub(crate) fn url(record: &Record) -> Option<String> {
    Some(format!("amqp://guest:guest@127.0.0.1:{}", record.port("amqp")?))
}

/// The address of its management API.
pub(crate) fn admin_url(record: &Record) -> Option<String> {
    Some(format!("http://guest:guest@127.0.0.1:{}", record.port("admin")?))
}
