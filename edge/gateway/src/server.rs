//! Listeners and services: builds the server, runs it, and ends it.

use crate::{
    access_log::AccessLog,
    admin::{Admin, Guard, Token, USUAL_TOKEN_FILE},
    connections::Connections,
    drain::{self, Drain},
    edge::{Edge, Making},
    front::Front,
    generation::{BuildError, Generation, Parts, Source},
    handover::{
        Handover,
        heir::{Heir, notify_systemd},
    },
    keeper::Keeper,
    metrics::Metrics,
    overrides::{Audit, Overrides},
    public::{self, KEPT_CONNECTIONS},
    reload::{Board, Reloads, Requests, Start},
    settings::Settings,
    store::{Links, Quotas, SharedSessions},
};
use async_trait::async_trait;
use pingora_core::{
    listeners::{L4BufferSettings, ListenerConfig, TcpSocketOptions},
    protocols::TcpKeepalive,
    server::{
        RunArgs, Server, ShutdownWatch,
        configuration::{Opt, ServerConf},
    },
    services::{
        background::{BackgroundService, background_service},
        listening::Service,
    },
};
use std::{
    io,
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

/// Pingora's last line of defence; [`crate::phase::select`] decides about retries long before.
const MAX_TRIES: usize = 16;
/// Read and write buffers of a client connection. Pingora's default of 64 KiB is most of what an idle one costs.
const CLIENT_BUFFERS: (usize, usize) = (4096, 1460);
/// The same with TLS, which reads into a buffer of its own. What it writes gathers here: head and body are records by themselves, and
/// leave together.
const TLS_BUFFERS: (usize, usize) = (0, 1460);
/// Where operators' deeds are written down unless the configuration says; against the working directory.
const USUAL_AUDIT_FILE: &str = ".run/audit.jsonl";
/// Descriptors the edge needs beside those of connections: listeners, stores, probes, logs.
const OTHER_DESCRIPTORS: u64 = 256;

/// Why the edge does not start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    /// The configuration builds nothing.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// A listener's address cannot be had.
    #[error("listeners: {address} ({name}) cannot be used: {source}")]
    Bind {
        /// Which listener.
        name: &'static str,
        /// Its address.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// A thread cannot be started.
    #[error("a thread cannot be started: {0}")]
    Thread(io::Error),
}

/// Tells those who wait for it that the edge serves.
struct Ready(Option<Heir>);

#[async_trait]
impl BackgroundService for Ready {
    async fn start(&self, _: ShutdownWatch) {
        if let Some(heir) = &self.0 {
            heir.tell_ready();
        }
        notify_systemd();
    }
}

/// Serves until told to stop.
pub(crate) fn run(source: Source, start: Start, settings: &Settings) -> Result<(), StartError> {
    let (edge, requests) = assemble(source, &start, settings)?;
    let source = Arc::clone(&edge.generation.load().source);
    let config = &source.config;
    let (http, admin) = (config.listeners.http.bind, config.admin.bind);
    let heir = Heir::here();
    can_bind("http", http, heir.as_ref())?;
    if let Some(https) = &config.listeners.https {
        can_bind("https", https.bind, heir.as_ref())?;
    }
    can_bind("admin", admin, heir.as_ref())?;
    let metrics = Arc::clone(&edge.metrics);
    let connections = connection_limit(config.limits.connections);
    let connections = Arc::new(Connections::new(
        connections,
        config.limits.connections_per_ip,
        Arc::clone(&metrics),
    ));

    let options = Opt {
        upgrade: heir.is_some(),
        ..Opt::default()
    };
    let mut server = Server::new_with_opt_and_conf(options, server_conf(heir.as_ref()));
    // A successor takes the listeners of the edge before.
    server.bootstrap();
    let front = Front {
        connections,
        edge: Arc::clone(&edge),
        listeners: config.listeners.clone(),
    };
    // One service for both, so that they share threads and pooled connections.
    let mut service = public::service(&server.configuration, &edge, front);
    service.add_listener(listener(http, CLIENT_BUFFERS));
    if let Some(https) = &config.listeners.https {
        service.add_listener(listener(https.bind, TLS_BUFFERS));
    }
    let serving = server.add_service(service);
    let operators = Admin {
        edge: Arc::clone(&edge),
        guard: Guard::new(admin, token_file(&config.admin)),
    };
    server.add_service(listening("admin", operators, admin, Some(1)));
    let access_log = edge.access_log.clone();
    let (drained, is_drained) = drain::channel();
    server.add_service(background_service(
        "drain",
        Drain {
            edge: Arc::clone(&edge),
            drained: drained.clone(),
        },
    ));
    let succeeded = Arc::clone(&edge.handover.done);
    let keeping = server.add_service(background_service(
        "keeper",
        Keeper {
            heir: heir.is_some(),
            edge,
            redis_url: config.redis.url.clone(),
            redis_prefix: settings.redis_prefix.clone(),
            reloads: Mutex::new(Some((start, requests))),
        },
    ));
    let ready = server.add_service(background_service("ready", Ready(heir)));
    serving.add_dependency(&keeping);
    ready.add_dependency(&serving);
    let https = { &config.listeners.https }.as_ref().map(|https| https.bind.to_string());
    tracing::info!(public = %http, https, %admin, routes = config.routes.len(), upstreams = config.upstreams.len(), "listening");

    // Pingora sleeps its whole grace period, however early the last request ends. So it runs on a thread of its own,
    // and the process ends as soon as either says so.
    let runner = thread::Builder::new().name("server".into()).spawn(move || {
        server.run(RunArgs {
            shutdown_signal: Box::new(drain::Signals {
                done: drained.clone(),
                succeeded,
            }),
        });
        drained.tell();
    });
    runner.map_err(StartError::Thread)?;
    is_drained.wait();
    access_log.flush();
    tracing::info!("stopped");
    Ok(())
}

/// The edge with its first generation, and where reloads will be asked for.
fn assemble(source: Source, start: &Start, settings: &Settings) -> Result<(Arc<Edge>, Requests), StartError> {
    let metrics = Arc::new(Metrics::default());
    let parts = Parts {
        affinity_key: settings.affinity_key.clone(),
        metrics: Arc::clone(&metrics),
        ..Parts::default()
    };
    let generation = Arc::new(Generation::build(Arc::new(source), 1, &parts, None)?);
    let config = &generation.source.config;
    let links = Arc::new(Links::default());
    // Redis counts as there until the first look shows otherwise, so that the news is told.
    links.quotas.set(true);
    let access_log = AccessLog::start(Arc::clone(&metrics)).map_err(StartError::Thread)?;
    let quotas = Quotas::new(&config.redis.url, &settings.redis_prefix, metrics, Arc::clone(&links));
    let sessions = SharedSessions::new(&config.redis.url, &settings.redis_prefix, Arc::clone(&links));
    let audit_file = config.admin.audit_file.clone();
    let audit = Audit::new(audit_file.unwrap_or_else(|| USUAL_AUDIT_FILE.into()));
    let https = config.listeners.https.iter().map(|https| https.bind);
    let handover = Handover::new(
        [config.listeners.http.bind, config.admin.bind]
            .into_iter()
            .chain(https)
            .collect(),
    );
    let (reloads, requests) = Reloads::channel();
    let edge = Edge::new(Making {
        board: Board::new(start.file.clone(), &generation),
        generation,
        parts,
        reloads,
        handover,
        overrides: Overrides::new(audit),
        links,
        quotas,
        sessions,
        access_log,
        service_token: settings.service_token.clone(),
    });
    Ok((Arc::new(edge), requests))
}

/// The file with the operators' token; made if it is not there.
fn token_file(admin: &edge_config::Admin) -> PathBuf {
    let file = admin.token_file.clone().unwrap_or_else(|| USUAL_TOKEN_FILE.into());
    if let Err(error) = Token::read_or_make(&file) {
        // Clients are served all the same; who would change something is told the same again.
        tracing::error!(%error, "operators cannot change anything until this is mended");
    }
    file
}

fn server_conf(heir: Option<&Heir>) -> ServerConf {
    ServerConf {
        upgrade_sock: heir.map_or_else(String::new, |heir| heir.socket.clone()),
        threads: thread::available_parallelism().map_or(1, usize::from),
        upstream_keepalive_pool_size: KEPT_CONNECTIONS,
        max_retries: MAX_TRIES,
        grace_period_seconds: Some(drain::GRACE.as_secs()),
        graceful_shutdown_timeout_seconds: Some(1),
        ..ServerConf::default()
    }
}

fn listening<A>(name: &str, app: A, address: SocketAddr, threads: Option<usize>) -> Service<A> {
    let mut service = Service::new(name.to_owned(), app);
    service.add_listener(listener(address, CLIENT_BUFFERS));
    service.threads = threads;
    service
}

fn listener(address: SocketAddr, (read, write): (usize, usize)) -> ListenerConfig {
    let mut options = TcpSocketOptions::default();
    options.tcp_keepalive = Some(TcpKeepalive {
        idle: Duration::from_secs(60),
        interval: Duration::from_secs(10),
        count: 3,
        #[cfg(target_os = "linux")]
        user_timeout: Duration::ZERO,
    });
    let buffers = L4BufferSettings::new(read, write);
    ListenerConfig::tcp(address.to_string())
        .tcp_socket_options(options)
        .l4_buffer(buffers)
}

/// Pingora panics where an address cannot be bound, after half a minute of trying: so it is tried here first.
fn can_bind(name: &'static str, address: SocketAddr, heir: Option<&Heir>) -> Result<(), StartError> {
    if heir.is_some_and(|heir| heir.listeners.contains(&address)) {
        return Ok(());
    }
    match std::net::TcpListener::bind(address) {
        Ok(_) => Ok(()),
        Err(source) => Err(StartError::Bind { name, address, source }),
    }
}

/// Raises the descriptor limit as far as it goes, and cuts the wanted number of connections to what it allows: a
/// connection needs two, and running out would stop the listener.
fn connection_limit(wanted: usize) -> usize {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    let descriptors = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(_) => limit.current,
    };
    let Some(descriptors) = descriptors else { return wanted };
    let possible = usize::try_from(descriptors.saturating_sub(OTHER_DESCRIPTORS) / 2)
        .unwrap_or(usize::MAX)
        .max(1);
    if possible < wanted {
        tracing::warn!(
            descriptors,
            wanted,
            possible,
            "limits.connections is more than the descriptor limit allows"
        );
    }
    wanted.min(possible)
}
