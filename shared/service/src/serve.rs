//! Serves a router over HTTP/1.1 and cleartext HTTP/2, and drains it.

use crate::{Settings, Shutdown};
use axum::{Router, body::Body};
use hyper::{Request, body::Incoming};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto, graceful::GracefulShutdown},
    service::TowerToHyperService,
};
use std::{io, net::SocketAddr, process::ExitCode, sync::Arc, time::Duration};
use tokio::{net::TcpListener, sync::Semaphore};
use tower::ServiceExt;

/// Time for a request's head; it also ends idle keep-alive connections, so it is longer than the edge keeps its own.
const HEAD_TIMEOUT: Duration = Duration::from_secs(75);

/// Why a service could not serve.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address is taken or not ours.
    #[error("cannot listen on {address}: {source}")]
    Bind {
        /// The wanted address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// A signal handler could not be installed.
    #[error("cannot watch for signals: {0}")]
    Signals(io::Error),
}

/// A token that is cancelled by SIGTERM or SIGINT.
pub fn shutdown_on_signal() -> Result<Shutdown, ServeError> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).map_err(ServeError::Signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(ServeError::Signals)?;
    let shutdown = Shutdown::new();
    let told = shutdown.clone();
    tokio::spawn(async move {
        tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
        tracing::info!("told to end; draining");
        told.cancel();
    });
    Ok(shutdown)
}

/// How a service's `main` ends: the reason of a failure goes to the log.
pub fn ended<E: std::fmt::Display>(result: Result<(), E>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "cannot run");
            ExitCode::FAILURE
        }
    }
}

/// Serves `app` until `shutdown`, then gives open requests `drain_seconds` to finish.
///
/// `default_port` is used on loopback where the settings name no address.
pub async fn serve(settings: &Settings, default_port: u16, app: Router, shutdown: Shutdown) -> Result<(), ServeError> {
    let address = settings.address(default_port);
    let listener = TcpListener::bind(address)
        .await
        .map_err(|source| ServeError::Bind { address, source })?;
    tracing::info!(%address, "serving");
    serve_on(listener, settings, app, shutdown).await;
    Ok(())
}

/// As [`serve`], where listening has begun.
pub async fn serve_on(listener: TcpListener, settings: &Settings, app: Router, shutdown: Shutdown) {
    // Makes routes and layers once, as axum's own server does. Otherwise each request makes its own, and a layer that
    // keeps something from one request to the next, as Socket.IO's does, forgets it.
    let app = app.with_state(());
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(Duration::from_secs(30))
        .max_concurrent_streams(250)
        .max_header_list_size(64 << 10);
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(settings.max_connections));
    loop {
        let place = tokio::select! {
            place = Arc::clone(&places).acquire_owned() => place,
            () = shutdown.cancelled() => break,
        };
        let accepted = tokio::select! { accepted = listener.accept() => accepted, () = shutdown.cancelled() => break };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Out of descriptors, most likely: waiting lets others close; spinning would not.
                tracing::warn!(%error, "accept failed");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let _ = stream.set_nodelay(true);
        let service = TowerToHyperService::new(
            app.clone()
                .map_request(|request: Request<Incoming>| request.map(Body::new)),
        );
        let connection = builder
            .serve_connection_with_upgrades(TokioIo::new(stream), service)
            .into_owned();
        let watched = graceful.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = watched.await {
                tracing::debug!(error, "connection ended");
            }
            drop(place);
        });
    }
    drop(listener);
    let drained = tokio::time::timeout(Duration::from_secs(settings.drain_seconds), graceful.shutdown()).await;
    if drained.is_err() {
        tracing::warn!("some connections were still open at the end of the drain");
    }
}
