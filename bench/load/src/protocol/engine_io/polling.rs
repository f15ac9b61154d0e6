//! Long polling: one connection always asks, another one posts; and the way from there to WebSocket.

mod line;
mod upgrade;

use super::{
    Handshake, Transports,
    packet::{self, Packet},
    request::Site,
};
use crate::{Failure, protocol::websocket::WebSocket};
use line::Line;
use std::{
    collections::VecDeque,
    future::poll_fn,
    task::{Context, Poll},
    time::{Duration, Instant},
};
use upgrade::Upgrade;

/// The answer to a post.
const CONFIRMED: &str = "ok";

/// A session's polling transport.
pub(super) struct Polling {
    site: Site,
    polls: Line,
    posts: Line,
    /// How long a poll may take: the server's patience, and then some.
    longest_poll: Duration,
    max_payload: Option<u64>,
    upgrade: Upgrade,
}

/// What happened.
pub(super) enum Step {
    /// Something that concerns nobody else.
    Done,
    /// A payload arrived.
    Received(String, Instant),
    /// The session lives on WebSocket now.
    Upgraded(WebSocket),
}

impl Polling {
    /// The first poll, and its payload: the handshake, and what else the server had to say.
    pub(super) async fn open(mut site: Site) -> Result<(Self, String), Failure> {
        let mut polls = Line::default();
        polls.start(&site.connector, site.request(None)?, site.options.timeout);
        let answer = poll_fn(|cx| polls.poll(cx)).await?;
        let payload = site.read(&answer)?;
        let polling = Self {
            longest_poll: site.options.timeout,
            site,
            polls,
            posts: Line::default(),
            max_payload: None,
            upgrade: Upgrade::Never,
        };
        Ok((polling, payload))
    }

    /// Polls for the session from now on, and begins the upgrade.
    pub(super) fn opened(&mut self, handshake: &Handshake) -> Result<(), Failure> {
        self.site.join(&handshake.sid);
        self.max_payload = handshake.max_payload;
        self.longest_poll = handshake.patience() + self.site.options.timeout;
        if self.site.options.transports == Transports::Upgrade {
            if !handshake.upgrades.iter().any(|transport| transport == "websocket") {
                return Err(Failure::new("protocol", "the server offers no upgrade to websocket"));
            }
            self.upgrade = Upgrade::begin(&self.site);
        }
        self.ask()
    }

    fn ask(&mut self) -> Result<(), Failure> {
        let request = self.site.request(None)?;
        self.polls.start(&self.site.connector, request, self.longest_poll);
        Ok(())
    }

    /// Whether no post is under way.
    pub(super) fn has_sent(&self) -> bool {
        self.posts.is_idle()
    }

    /// Whether the way to WebSocket has begun.
    pub(super) fn is_upgrading(&self) -> bool {
        !matches!(self.upgrade, Upgrade::Never)
    }

    /// Does whatever can be done now, one thing at a time. Once the server has answered the probe, neither polls nor posts
    /// begin any more: those under way end, then WebSocket takes over, and what is queued goes out there.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>, outbox: &mut VecDeque<String>) -> Poll<Result<Step, Failure>> {
        let pausing = self.upgrade.is_pausing();
        if self.posts.is_idle() && !outbox.is_empty() && !pausing {
            self.post(outbox)?;
        }
        if let Poll::Ready(answer) = self.posts.poll(cx) {
            let confirmed = self.site.read(&answer?)?;
            if confirmed != CONFIRMED {
                return Poll::Ready(Err(Failure::new(
                    "body",
                    format!("a post was answered with {confirmed:?}, not with ok"),
                )));
            }
            return Poll::Ready(Ok(Step::Done));
        }
        if let Poll::Ready(answer) = self.polls.poll(cx) {
            let (answer, at) = (answer?, Instant::now());
            let payload = self.site.read(&answer)?;
            // The payload that ends the session is no reason to ask for more.
            let ended = packet::split(&payload).any(|packet| Packet::decode(packet) == Ok(Packet::Close));
            if !pausing && !ended {
                self.ask()?;
            }
            return Poll::Ready(Ok(Step::Received(payload, at)));
        }
        let paused = pausing && self.polls.is_idle() && self.posts.is_idle();
        self.upgrade
            .poll(cx, paused)
            .map_ok(|socket| socket.map_or(Step::Done, Step::Upgraded))
    }

    fn post(&mut self, outbox: &mut VecDeque<String>) -> Result<(), Failure> {
        let count = packet::batch(outbox.iter().map(String::as_str), self.max_payload);
        let packets: Vec<String> = outbox.drain(..count).collect();
        let payload = packets.join(packet::SEPARATOR.encode_utf8(&mut [0; 4]));
        let request = self.site.request(Some(payload))?;
        self.posts
            .start(&self.site.connector, request, self.site.options.timeout);
        Ok(())
    }

    /// Ends the session.
    pub(super) async fn close(mut self) -> Result<(), Failure> {
        let mut farewell = VecDeque::from([Packet::Close.encode()]);
        self.post(&mut farewell)?;
        let answer = poll_fn(|cx| {
            // The poll under way ends too; what it brings, nobody wants any more.
            let _ = self.polls.poll(cx);
            self.posts.poll(cx)
        })
        .await?;
        self.site.read(&answer).map(drop)
    }
}
