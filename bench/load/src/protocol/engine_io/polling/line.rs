//! One HTTP connection of a polling session: a request at a time, under way until its answer is here, whoever waits for it.

use crate::{
    Failure,
    protocol::{Answer, Body, Connection, Connector},
};
use http::Request;
use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

type Exchange = Pin<Box<dyn Future<Output = (Option<Connection>, Result<Answer, Failure>)>>>;

/// A connection, opened by its first request.
#[derive(Default)]
pub(super) struct Line {
    connection: Option<Connection>,
    exchange: Option<Exchange>,
}

impl Line {
    /// Whether no request is under way.
    pub(super) fn is_idle(&self) -> bool {
        self.exchange.is_none()
    }

    /// Sends a request; none may be under way. [`poll`](Self::poll) brings its answer.
    pub(super) fn start(&mut self, connector: &Connector, request: Request<Body>, timeout: Duration) {
        let (connection, connector) = (self.connection.take(), connector.clone());
        self.exchange = Some(Box::pin(async move {
            let mut connection = match connection {
                Some(connection) => connection,
                None => match Connection::open(&connector).await {
                    Ok(connection) => connection,
                    Err(failure) => return (None, Err(failure)),
                },
            };
            let answer = connection.send(request, timeout).await;
            (Some(connection), answer)
        }));
    }

    /// The answer to the request that is under way; pending if there is none.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Answer, Failure>> {
        let Some(exchange) = &mut self.exchange else {
            return Poll::Pending;
        };
        let (connection, answer) = ready!(exchange.as_mut().poll(cx));
        self.connection = connection;
        self.exchange = None;
        Poll::Ready(answer)
    }
}
