//! HTTP/1.1: a connection that its client drives itself.

use super::{Attempt, Body, Source, chain, headless};
use crate::{
    Failure,
    protocol::{Connector, Stream},
};
use http::{HeaderValue, Request, Response, header::HOST};
use hyper::{
    body::Incoming,
    client::conn::http1::{self, SendRequest},
};
use hyper_util::rt::TokioIo;
use std::{
    future::poll_fn,
    pin::{Pin, pin},
    task::{Context, Poll},
    time::Instant,
};

/// An open connection.
pub(super) struct Line {
    sender: SendRequest<Body>,
    driver: Pin<Box<http1::Connection<TokioIo<Stream>, Body>>>,
    ended: bool,
}

impl Line {
    async fn open(connector: &Connector) -> Result<Self, Failure> {
        let stream = connector.connect().await?;
        let (sender, driver) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| Failure::new("connect", chain(&error)))?;
        Ok(Self {
            sender,
            driver: Box::pin(driver),
            ended: false,
        })
    }

    /// Polls something that waits for this connection, and the connection as long as it waits.
    pub(super) fn poll_with<T>(
        &mut self,
        cx: &mut Context<'_>,
        mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        let ready = poll(cx);
        if ready.is_ready() {
            return ready;
        }
        self.drive(cx);
        poll(cx)
    }

    /// Reads and writes what can be. An error ends the connection; who waits for it is told by its own channel.
    fn drive(&mut self, cx: &mut Context<'_>) {
        if !self.ended {
            self.ended = self.driver.as_mut().poll(cx).is_ready();
        }
    }

    /// Whether a request can go out now. Notices what the target did while nobody looked.
    async fn usable(&mut self) -> bool {
        poll_fn(|cx| {
            self.drive(cx);
            if self.ended {
                return Poll::Ready(false);
            }
            self.sender.poll_ready(cx).map(|ready| ready.is_ok())
        })
        .await
    }
}

/// A client's place for its connection.
pub(super) struct Exclusive {
    line: Option<Line>,
    host: HeaderValue,
    /// Whether the connection is missing by the client's own will.
    left: bool,
}

impl Exclusive {
    pub(super) async fn open(connector: &Connector) -> Result<Self, Failure> {
        let host = HeaderValue::from_str(connector.target().authority())
            .map_err(|error| Failure::new("connect", error.to_string()))?;
        Ok(Self {
            line: Some(Line::open(connector).await?),
            host,
            left: false,
        })
    }

    pub(super) fn disconnect(&mut self) {
        self.line = None;
        self.left = true;
    }

    /// Keeps the connection for the next request.
    pub(super) fn put_back(&mut self, line: Line) {
        if !line.ended {
            self.line = Some(line);
        }
    }

    /// The connection leaves its place until the answer is complete: whatever ends the exchange early closes it.
    pub(super) async fn send(
        &mut self,
        connector: &Connector,
        mut request: Request<Body>,
        sent: &mut Instant,
    ) -> Result<(Response<Incoming>, Source), Attempt> {
        let mut line = self.take(connector).await.map_err(Attempt::Failed)?;
        if !request.headers().contains_key(HOST) {
            request.headers_mut().insert(HOST, self.host.clone());
        }
        *sent = Instant::now();
        let mut answer = pin!(line.sender.try_send_request(request));
        match poll_fn(|cx| line.poll_with(cx, |cx| answer.as_mut().poll(cx))).await {
            Ok(response) => Ok((response, Source::Exclusive(line))),
            Err(mut error) => {
                let failure = headless(error.error());
                Err(match error.take_message() {
                    Some(request) => Attempt::Unsent(Box::new(request), failure),
                    None => Attempt::Failed(failure),
                })
            }
        }
    }

    async fn take(&mut self, connector: &Connector) -> Result<Line, Failure> {
        if let Some(mut line) = self.line.take()
            && line.usable().await
        {
            return Ok(line);
        }
        let line = Line::open(connector).await?;
        if !std::mem::take(&mut self.left) {
            connector.count_reconnect();
        }
        Ok(line)
    }
}
