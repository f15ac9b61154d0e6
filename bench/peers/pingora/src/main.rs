//! The bare pass-through: pingora-proxy with two targets in turn and nothing else. What the edge costs above it is the
//! edge's own.

use async_trait::async_trait;
use pingora_core::{
    server::{Server, configuration::ServerConf},
    upstreams::peer::HttpPeer,
};
use pingora_proxy::{ProxyHttp, Session, http_proxy_service};
use std::{
    env,
    io::{Write, stderr},
    net::SocketAddr,
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

/// The edge's own.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// As many idle connections to the targets as the edge keeps, each worker thread.
const KEPT_CONNECTIONS: usize = 256;

struct PassThrough {
    targets: Vec<SocketAddr>,
    turn: AtomicUsize,
}

#[async_trait]
impl ProxyHttp for PassThrough {
    type CTX = ();

    fn new_ctx(&self) -> Self::CTX {}

    async fn upstream_peer(&self, _session: &mut Session, _ctx: &mut ()) -> pingora_core::Result<Box<HttpPeer>> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let target = self.targets[turn % self.targets.len()];
        Ok(Box::new(HttpPeer::new(target, false, String::new())))
    }
}

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    let usage = "usage: bench-pingora LISTEN THREADS TARGET...";
    let [listen, threads, targets @ ..] = args.as_slice() else {
        return refuse(usage);
    };
    let Some(threads) = threads.parse().ok().filter(|threads| *threads > 0) else {
        return refuse(usage);
    };
    let targets: Vec<SocketAddr> = targets.iter().filter_map(|target| target.parse().ok()).collect();
    if targets.is_empty() {
        return refuse(usage);
    }
    let conf = ServerConf {
        threads,
        upstream_keepalive_pool_size: KEPT_CONNECTIONS,
        grace_period_seconds: Some(0),
        graceful_shutdown_timeout_seconds: Some(1),
        ..ServerConf::default()
    };
    let mut server = Server::new_with_opt_and_conf(None, conf);
    server.bootstrap();
    let proxy = PassThrough {
        targets,
        turn: AtomicUsize::new(0),
    };
    let mut service = http_proxy_service(&Arc::clone(&server.configuration), proxy);
    service.add_tcp(listen);
    server.add_service(service);
    server.run_forever()
}

fn refuse(why: &str) -> ExitCode {
    // Where standard error is gone there is nobody to tell.
    let _ = writeln!(stderr(), "{why}");
    ExitCode::from(2)
}
