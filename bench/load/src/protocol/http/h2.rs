//! HTTP/2: clients of one thread share connections, a stream each.

use super::{Attempt, Body, Source, chain, headless};
use crate::{Failure, protocol::Connector};
use http::{Request, Response, Uri, header::HOST, uri::Authority};
use hyper::{
    body::Incoming,
    client::conn::http2::{self, SendRequest},
    rt::Executor,
};
use hyper_util::rt::TokioIo;
use std::{
    cell::RefCell,
    collections::HashMap,
    rc::{Rc, Weak},
    time::Instant,
};
use tokio::sync::Mutex;

thread_local! {
    /// The shared connections of this thread, by connector.
    static SHARED: RefCell<HashMap<u64, Vec<Weak<Shared>>>> = RefCell::default();
}

/// A connection, or the place for one. Whoever finds it missing opens it while the others wait.
#[derive(Default)]
struct Shared {
    sender: Mutex<Option<SendRequest<Body>>>,
}

impl Shared {
    /// One with room for another client.
    fn join(connector: &Connector) -> Rc<Self> {
        let room = connector.options().streams.max(1) as usize;
        SHARED.with_borrow_mut(|all| {
            all.retain(|_, list| {
                list.retain(|shared| shared.strong_count() > 0);
                !list.is_empty()
            });
            let list = all.entry(connector.id()).or_default();
            let free = list
                .iter()
                .filter_map(Weak::upgrade)
                .find(|shared| Rc::strong_count(shared) <= room);
            free.unwrap_or_else(|| {
                let shared = Rc::new(Self::default());
                list.push(Rc::downgrade(&shared));
                shared
            })
        })
    }

    /// A sender of the connection. One that is closed, or that the caller found `dead`, is replaced.
    async fn sender(&self, connector: &Connector, reconnect: bool) -> Result<SendRequest<Body>, Failure> {
        let mut place = self.sender.lock().await;
        if let Some(sender) = place.as_ref()
            && !sender.is_closed()
        {
            return Ok(sender.clone());
        }
        *place = None;
        let sender = open(connector).await?;
        if reconnect {
            connector.count_reconnect();
        }
        Ok(place.insert(sender).clone())
    }
}

async fn open(connector: &Connector) -> Result<SendRequest<Body>, Failure> {
    let stream = connector.connect().await?;
    let (sender, driver) = http2::handshake(Local, TokioIo::new(stream))
        .await
        .map_err(|error| Failure::new("connect", chain(&error)))?;
    // Who waits for an answer is told of its end by their own channel.
    tokio::task::spawn_local(async move { driver.await.is_ok() });
    Ok(sender)
}

/// Runs hyper's parts on the thread's own runtime.
#[derive(Clone)]
struct Local;

impl<F: Future<Output: 'static> + 'static> Executor<F> for Local {
    fn execute(&self, future: F) {
        tokio::task::spawn_local(future);
    }
}

/// One client of a shared connection.
pub(super) struct Member {
    shared: Rc<Shared>,
    sender: Option<SendRequest<Body>>,
    authority: Authority,
    scheme: &'static str,
    left: bool,
}

impl Member {
    pub(super) async fn open(connector: &Connector) -> Result<Self, Failure> {
        let target = connector.target();
        let authority = target
            .authority()
            .parse()
            .map_err(|error| Failure::new("connect", format!("{error}")))?;
        let shared = Shared::join(connector);
        let sender = shared.sender(connector, false).await?;
        Ok(Self {
            shared,
            sender: Some(sender),
            authority,
            scheme: if target.is_tls() { "https" } else { "http" },
            left: false,
        })
    }

    /// Closes the connection if nobody else uses it.
    pub(super) fn disconnect(&mut self) {
        self.sender = None;
        if Rc::strong_count(&self.shared) == 1
            && let Ok(mut place) = self.shared.sender.try_lock()
        {
            *place = None;
            self.left = true;
        }
    }

    pub(super) async fn send(
        &mut self,
        connector: &Connector,
        request: Request<Body>,
        sent: &mut Instant,
    ) -> Result<(Response<Incoming>, Source), Attempt> {
        let request = self.address(request).map_err(Attempt::Failed)?;
        let mut sender = match self.sender.take() {
            Some(sender) if !sender.is_closed() => sender,
            _ => {
                let reconnect = !std::mem::take(&mut self.left);
                self.shared
                    .sender(connector, reconnect)
                    .await
                    .map_err(Attempt::Failed)?
            }
        };
        *sent = Instant::now();
        match sender.try_send_request(request).await {
            Ok(response) => {
                self.sender = Some(sender);
                Ok((response, Source::Shared))
            }
            Err(mut error) => {
                let failure = headless(error.error());
                Err(match error.take_message() {
                    Some(request) => Attempt::Unsent(Box::new(request), failure),
                    None => Attempt::Failed(failure),
                })
            }
        }
    }

    /// HTTP/2 names scheme and authority with each request; a `Host` that the request brings is the authority.
    fn address(&self, mut request: Request<Body>) -> Result<Request<Body>, Failure> {
        let authority = match request.headers_mut().remove(HOST) {
            None => self.authority.clone(),
            Some(host) => Authority::try_from(host.as_bytes())
                .map_err(|error| Failure::new("protocol", format!("the request's Host: {error}")))?,
        };
        let mut parts = std::mem::take(request.uri_mut()).into_parts();
        parts.scheme = self.scheme.parse().ok();
        parts.authority = Some(authority);
        *request.uri_mut() =
            Uri::from_parts(parts).map_err(|error| Failure::new("protocol", format!("the request's path: {error}")))?;
        Ok(request)
    }
}
