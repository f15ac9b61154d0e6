//! HTTP/2: many requests at once on one connection, and bounds for each thing a client can make the edge keep or do.
//! [`edge_policy::wire::frames`] bounds frames that carry nothing, the h2 library what is kept for each stream.

use super::{
    Proxy,
    stream::{Bounds, ClientStream},
    wire::Wire,
};
use crate::edge::Edge;
use edge_policy::wire::Fault;
use pingora_core::{
    apps::HttpServerApp,
    protocols::{
        Digest, GetProxyDigest, GetSocketDigest, GetTimingDigest, Ssl,
        http::{
            ServerSession,
            v2::server::{H2Accept, H2Options, HttpSession, default_h2_options, handshake},
        },
    },
    server::ShutdownWatch,
};
use pingora_timeout::{sleep, timeout};
use std::{future::poll_fn, pin::pin, sync::Arc, task::Poll, time::Duration};

/// Malformed requests after which a connection ends.
const MAX_MALFORMED: u32 = 32;
/// What is kept of an answer that the client does not take, bytes a stream.
const SEND_BUFFER: usize = 64 << 10;
/// Streams that were reset before a request was made of them.
const PENDING_RESETS: usize = 20;
/// Streams that the edge itself had to reset.
const OWN_RESETS: usize = 64;
/// How long a last word may take to leave.
const LAST_WORD: Duration = Duration::from_secs(1);
/// `ENHANCE_YOUR_CALM` of RFC 9113, section 7.
const CALM: u32 = 0xb;
/// `NO_ERROR`.
const NO_ERROR: u32 = 0;
/// `PROTOCOL_ERROR`.
const PROTOCOL: u32 = 1;

fn options(bounds: Bounds, max_streams: u32) -> H2Options {
    let mut options = default_h2_options();
    options
        .max_concurrent_streams(max_streams)
        .max_header_list_size(u32::try_from(bounds.head.max_bytes).unwrap_or(u32::MAX))
        .max_send_buffer_size(SEND_BUFFER)
        .max_pending_accept_reset_streams(PENDING_RESETS)
        .max_local_error_reset_streams(Some(OWN_RESETS));
    options
}

/// Serves a connection to its end.
pub(super) async fn serve(
    edge: &Edge,
    proxy: &Arc<Proxy>,
    client: ClientStream,
    wire: &Arc<Wire>,
    mut shutdown: ShutdownWatch,
    bounds: Bounds,
) {
    let digest = Arc::new(Digest {
        ssl_digest: client.get_ssl_digest(),
        timing_digest: client.get_timing_digest(),
        proxy_digest: client.get_proxy_digest(),
        socket_digest: client.get_socket_digest(),
    });
    let (max_streams, keep_alive) = {
        let generation = edge.generation.load();
        (generation.max_streams, generation.keep_alive)
    };
    let greeting = handshake(Box::new(client), Some(options(bounds, max_streams)));
    let Ok(Ok(mut connection)) = timeout(bounds.header_timeout, greeting).await else {
        return;
    };
    // Held by each request under way.
    let active = Arc::new(());
    let (mut draining, mut malformed) = (false, 0);
    let reason = loop {
        let accepted = tokio::select! {
            biased;
            _ = shutdown.changed(), if !draining => {
                connection.graceful_shutdown();
                draining = true;
                continue;
            }
            accepted = async {
                let mut accept = pin!(HttpSession::from_h2_conn(&mut connection, Arc::clone(&digest)));
                // A fault in the bytes shows beside the connection, which knows nothing of it.
                poll_fn(|cx| match accept.as_mut().poll(cx) {
                    Poll::Pending if wire.fault().is_some() => Poll::Ready(None),
                    Poll::Pending => Poll::Pending,
                    Poll::Ready(accepted) => Poll::Ready(Some(accepted)),
                })
                .await
            } => accepted,
            () = sleep(keep_alive) => {
                if Arc::strong_count(&active) > 1 {
                    continue;
                }
                break NO_ERROR;
            }
        };
        match accepted {
            Some(Ok(Some(H2Accept::Session(session)))) => {
                spawn(proxy, ServerSession::new_http2(session), &shutdown, Arc::clone(&active));
            }
            Some(Ok(Some(H2Accept::Rejected))) => {
                malformed += 1;
                if malformed == MAX_MALFORMED {
                    break CALM;
                }
            }
            Some(Ok(None) | Err(_)) => return,
            None => {
                break match wire.fault() {
                    Some(Fault::Flood) => CALM,
                    Some(Fault::Ambiguous) => PROTOCOL,
                    Some(Fault::TooLarge | Fault::TooSlow) | None => NO_ERROR,
                };
            }
        }
    };
    tracing::debug!(fault = ?wire.fault(), reason, "an HTTP/2 connection is ended");
    connection.abrupt_shutdown(reason.into());
    let _ = timeout(LAST_WORD, poll_fn(|cx| connection.poll_closed(cx))).await;
}

fn spawn(proxy: &Arc<Proxy>, session: ServerSession, shutdown: &ShutdownWatch, active: Arc<()>) {
    let (proxy, shutdown) = (Arc::clone(proxy), shutdown.clone());
    tokio::spawn(async move {
        proxy.process_new_http(session, &shutdown).await;
        drop(active);
    });
}
