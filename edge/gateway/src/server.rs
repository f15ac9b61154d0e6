//! Listeners and services: builds the server, runs it, and ends it.

use crate::{
    admin::Admin,
    connections::Connections,
    drain::{self, Drain},
    edge::Edge,
    front::Front,
    generation::{BuildError, Generation},
    keeper::Keeper,
    metrics::Metrics,
    proxy::EdgeProxy,
    settings::Settings,
    store::{Links, Quotas},
};
use edge_config::Loaded;
use pingora_core::{
    listeners::{L4BufferSettings, ListenerConfig, TcpSocketOptions},
    protocols::TcpKeepalive,
    server::{RunArgs, Server, configuration::ServerConf},
    services::{background::background_service, listening::Service},
};
use pingora_proxy::http_proxy;
use std::{io, net::SocketAddr, sync::Arc, thread, time::Duration};

/// Idle connections to services kept, each worker thread.
const KEPT_CONNECTIONS: usize = 256;
/// Pingora's last line of defence; [`crate::phase::select`] decides about retries long before.
const MAX_TRIES: usize = 16;
/// Read and write buffers of a client connection. Pingora's default of 64 KiB is most of what an idle one costs.
const CLIENT_BUFFERS: (usize, usize) = (4096, 1460);
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

/// Serves until told to stop.
pub(crate) fn run(loaded: &Loaded, settings: &Settings) -> Result<(), StartError> {
    let config = &loaded.config;
    let metrics = Arc::new(Metrics::default());
    let generation = Generation::build(loaded, 1, &settings.affinity_key, &metrics)?;
    let (public, admin) = (config.listeners.http.bind, config.admin.bind);
    can_bind("http", public)?;
    can_bind("admin", admin)?;

    let links = Arc::new(Links::default());
    // Redis counts as there until the first look shows otherwise, so that the news is told.
    links.quotas.set(true);
    let quotas = Quotas::new(
        &config.redis.url,
        &settings.redis_prefix,
        Arc::clone(&metrics),
        Arc::clone(&links),
    );
    let edge = Arc::new(Edge::new(
        generation,
        Arc::clone(&metrics),
        links,
        quotas,
        settings.service_token.clone(),
    ));
    let connections = connection_limit(config.limits.connections);
    let connections = Arc::new(Connections::new(
        connections,
        config.limits.connections_per_ip,
        Arc::clone(&metrics),
    ));

    let mut server = Server::new_with_opt_and_conf(None, server_conf());
    server.bootstrap();
    let front = Front {
        proxy: Arc::new(http_proxy(&server.configuration, EdgeProxy(Arc::clone(&edge)))),
        connections,
        header_timeout: *config.limits.header_timeout,
    };
    server.add_service(listening("edge", front, public, None));
    server.add_service(listening("admin", Admin(Arc::clone(&edge)), admin, Some(1)));
    let revocation_channels = config.jwt.iter().filter_map(|(name, jwt)| {
        let revocation = jwt.revocation.as_ref()?;
        Some((name.clone(), revocation.redis_channel.clone()))
    });
    let closing = edge.closing.clone();
    server.add_service(background_service(
        "keeper",
        Keeper {
            edge,
            redis_url: config.redis.url.clone(),
            redis_prefix: settings.redis_prefix.clone(),
            revocation_channels: revocation_channels.collect(),
        },
    ));
    let (drained, is_drained) = drain::channel();
    server.add_service(background_service(
        "drain",
        Drain {
            metrics,
            closing,
            drained: drained.clone(),
        },
    ));
    tracing::info!(%public, %admin, routes = config.routes.len(), upstreams = config.upstreams.len(), "listening");

    // Pingora sleeps its whole grace period, however early the last request ends. So it runs on a thread of its own,
    // and the process ends as soon as either says so.
    let runner = thread::Builder::new().name("server".into()).spawn(move || {
        server.run(RunArgs {
            shutdown_signal: Box::new(drain::Signals(drained.clone())),
        });
        drained.tell();
    });
    runner.map_err(StartError::Thread)?;
    is_drained.wait();
    tracing::info!("stopped");
    Ok(())
}

fn server_conf() -> ServerConf {
    ServerConf {
        threads: thread::available_parallelism().map_or(1, usize::from),
        upstream_keepalive_pool_size: KEPT_CONNECTIONS,
        max_retries: MAX_TRIES,
        grace_period_seconds: Some(drain::GRACE.as_secs()),
        graceful_shutdown_timeout_seconds: Some(1),
        ..ServerConf::default()
    }
}

fn listening<A>(name: &str, app: A, address: SocketAddr, threads: Option<usize>) -> Service<A> {
    let mut options = TcpSocketOptions::default();
    options.tcp_keepalive = Some(TcpKeepalive {
        idle: Duration::from_secs(60),
        interval: Duration::from_secs(10),
        count: 3,
        #[cfg(target_os = "linux")]
        user_timeout: Duration::ZERO,
    });
    let buffers = L4BufferSettings::new(CLIENT_BUFFERS.0, CLIENT_BUFFERS.1);
    let listener = ListenerConfig::tcp(address.to_string())
        .tcp_socket_options(options)
        .l4_buffer(buffers);
    let mut service = Service::new(name.to_owned(), app);
    service.add_listener(listener);
    service.threads = threads;
    service
}

/// Pingora panics where an address cannot be bound, after half a minute of trying: so it is tried here first.
fn can_bind(name: &'static str, address: SocketAddr) -> Result<(), StartError> {
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
