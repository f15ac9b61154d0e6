//! Active health checks: one small HTTP request a target and interval.

use super::{HealthSettings, Pool, Target};
use crate::keeper::Begun;
use futures::future::join_all;
use std::{io, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    time::{sleep, timeout},
};

/// A sick target is asked more often, so that a service that came back is used at once.
const SICK_INTERVAL: Duration = Duration::from_secs(1);
/// More than this of an answer is not read.
const MAX_ANSWER: u64 = 64 * 1024;
/// Nor what comes later than this.
const REST: Duration = Duration::from_millis(50);
/// `HTTP/1.1 200`: its width up to the code is fixed (RFC 9112, section 4).
const STATUS_LINE: usize = 12;

/// What is left to read of a target's connection, with TLS or without.
type Rest = Box<dyn AsyncRead + Send + Unpin>;

/// Probes the targets of `pool`, for ever. Comes back at once if it has no health check. `begun` goes after the first round.
pub(crate) async fn watch(pool: Arc<Pool>, begun: Begun) {
    let Some(settings) = pool.settings.health.clone() else {
        return;
    };
    let mut begun = Some(begun);
    loop {
        let targets = pool.rotation().targets.clone();
        join_all(targets.iter().map(|target| probe(&pool, target, &settings))).await;
        drop(begun.take());
        let well = targets.iter().all(|target| target.is_available());
        sleep(if well {
            settings.interval
        } else {
            SICK_INTERVAL.min(settings.interval)
        })
        .await;
    }
}

async fn probe(pool: &Pool, target: &Target, settings: &HealthSettings) {
    let (answer, connection) = match timeout(settings.timeout, ask(pool, target, &settings.path)).await {
        Ok(Ok((status, connection))) => (Ok(status), Some(connection)),
        Ok(Err(error)) => (Err(error), None),
        Err(_) => (Err(io::ErrorKind::TimedOut.into()), None),
    };
    let ok = matches!(answer, Ok(200..=299));
    if let Some(well) = target.probed(ok, settings.thresholds) {
        let (upstream, name) = (&*pool.name, &*target.name);
        if well {
            pool.revived(target);
            tracing::info!(upstream, target_name = name, "target is healthy");
        } else {
            tracing::warn!(upstream, target_name = name, ?answer, "target is unhealthy");
        }
    }
    if let Some(connection) = connection {
        part(connection).await;
    }
}

/// The status that `path` is answered with, and the connection.
async fn ask(pool: &Pool, target: &Target, path: &str) -> io::Result<(u16, Rest)> {
    let stream = TcpStream::connect(target.address).await?;
    match &pool.identity {
        None => exchange(stream, target, path).await,
        Some(identity) => {
            let stream = identity.connect(&target.server_name, stream).await?;
            exchange(stream, target, path).await
        }
    }
}

async fn exchange(
    mut stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    target: &Target,
    path: &str,
) -> io::Result<(u16, Rest)> {
    let head = format!(
        "GET {path} HTTP/1.1\r\nhost: {}\r\nuser-agent: edge-health\r\nconnection: close\r\n\r\n",
        target.name
    );
    stream.write_all(head.as_bytes()).await?;
    stream.flush().await?;
    let mut answer = Vec::with_capacity(512);
    while answer.len() < STATUS_LINE && stream.read_buf(&mut answer).await? > 0 {}
    let line = answer
        .get(..STATUS_LINE)
        .and_then(|line| std::str::from_utf8(line).ok());
    let status = line.and_then(|line| line.strip_prefix("HTTP/1.")?.get(2..5)?.parse().ok());
    let status = status.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "no HTTP status line"))?;
    Ok((status, Box::new(stream)))
}

/// Reads the rest: closing on unread bytes would be a reset in the service's log, at every probe. Not all servers close as they are asked
/// to, so it is not waited for.
async fn part(stream: Rest) {
    let _ = timeout(REST, stream.take(MAX_ANSWER).read_to_end(&mut Vec::new())).await;
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::{PoolSettings, States, TargetSpec, UpstreamState};
    use super::*;
    use tokio::net::TcpListener;

    #[tokio::test]
    async fn reads_the_status() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let state = UpstreamState::default().target(listener.local_addr().unwrap());
        let target = Target::new(&TargetSpec::plain("t:1"), 1, state);
        let pool = Pool::new(
            "p",
            PoolSettings::default(),
            None,
            &States::default(),
            Arc::default(),
            None,
        );
        let server = async {
            for answer in [
                "HTTP/1.1 204 No Content\r\n\r\n",
                "HTTP/1.0 503 Busy\r\n\r\n",
                "SSH-2.0-OpenSSH_9\r\n",
            ] {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut head = [0; 256];
                let read = stream.read(&mut head).await.unwrap();
                assert!(head[..read].starts_with(b"GET /health/ready HTTP/1.1\r\nhost: t:1\r\n"));
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
            let (mut open, _) = listener.accept().await.unwrap();
            let kept = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
            open.write_all(kept).await.unwrap();
            open
        };
        let client = async {
            let asked = async || ask(&pool, &target, "/health/ready").await.map(|(status, _)| status);
            assert_eq!(asked().await.unwrap(), 204);
            assert_eq!(asked().await.unwrap(), 503);
            assert!(asked().await.is_err());
            let (status, open) = ask(&pool, &target, "/health/ready").await.unwrap();
            assert_eq!(status, 200);
            // It does not close, and is not waited for.
            part(open).await;
        };
        tokio::join!(server, client);
    }
}
