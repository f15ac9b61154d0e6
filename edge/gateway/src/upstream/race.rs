//! A call of the edge that is asked of two targets, where the first takes long.

use super::{
    Ask, CallError, Caller, OnBehalf, Subset,
    call::{Reply, Try},
    clock,
};
use crate::heads::{self, Head};
use edge_policy::{
    balance::RingKey,
    hedge::Terms,
    retry::{Cause, Statuses},
};
use pingora_http::RequestHeader;
use std::{net::SocketAddr, time::Duration};
use tokio::{sync::Notify, time::sleep};

/// What becomes of a call.
type Asked = Result<Reply, (Cause, CallError)>;

/// What it takes to ask a second target.
pub(super) struct Hedge<'a> {
    terms: &'a Terms,
    /// What keeps the call at one target, where anything does.
    key: u64,
    /// When, counted from the first try's begin; none where that is not known.
    delay: Option<Duration>,
    /// Statuses that are no answer while another one may come: those that are tried again, and those that are a target's failures.
    failures: [Statuses; 2],
}

impl<'a> Hedge<'a> {
    /// Of a call that may be hedged. It is counted.
    pub(super) fn of(ask: &Ask<'_>, client: Option<&OnBehalf<'a>>) -> Option<Self> {
        let client = client.filter(|_| ask.repeatable)?;
        let (terms, hedges, now) = (client.hedge?, &ask.pool.state.hedges, clock::now());
        hedges.request(now);
        Some(Self {
            terms,
            key: RingKey::of_client(client.client),
            delay: hedges.delay(terms.after, now),
            failures: [client.retry.on_status, ask.pool.settings.failures],
        })
    }

    /// The try at a second target, which is `tried` then too, and the head that it gets.
    fn second(&self, ask: &Ask<'_>, tried: &mut Vec<SocketAddr>) -> Option<(Try, RequestHeader)> {
        let (target, attempt) = ask.pool.hedge(Subset::ALL, tried, self.key, self.terms.share)?;
        tried.push(target.address);
        let mut head = ask.head.clone();
        head.change(|fields| {
            heads::time_left(fields, ask.deadline);
            fields.insert(&heads::REQUEST_ATTEMPT, 2.into());
        });
        let attempt = Some(attempt);
        Some((Try { target, attempt }, head))
    }

    fn is_good(&self, status: u16) -> bool {
        !self.failures.iter().any(|failures| failures.has(status))
    }
}

/// What was there first.
enum First {
    /// The head of a good answer, of the second target or not.
    Head { is_second: bool },
    /// The end of a try, of the second target or not.
    End { is_second: bool, asked: Asked },
}

impl Caller {
    /// Asks a target, and another one if no answer begins for long; that one is `tried` then too. The first good answer counts, and the
    /// other request is dropped with its connection.
    pub(super) async fn race(
        &self,
        ask: &Ask<'_>,
        hedge: &Hedge<'_>,
        mut one: Try,
        tried: &mut Vec<SocketAddr>,
    ) -> Asked {
        let (pool, heads) = (ask.pool, [Notify::new(), Notify::new()]);
        let hear = |head: &Notify, status, took| {
            if hedge.is_good(status) {
                pool.state.hedges.waited(took, clock::now());
                head.notify_one();
            }
        };
        let mut first = Box::pin(self.ask_target(ask, &mut one, |status, took| hear(&heads[0], status, took)));
        let Some(delay) = hedge.delay else {
            return first.await;
        };
        tokio::select! {
            biased;
            asked = &mut first => return asked,
            () = heads[0].notified() => return first.await,
            () = sleep(delay) => {}
        }
        let Some((mut other, head)) = hedge.second(ask, tried) else {
            return first.await;
        };
        let ask = Ask {
            head: &head,
            body: ask.body.clone(),
            ..*ask
        };
        let mut second = Box::pin(self.ask_target(&ask, &mut other, |status, took| hear(&heads[1], status, took)));
        let led = tokio::select! {
            biased;
            asked = &mut first => First::End { is_second: false, asked },
            () = heads[0].notified() => First::Head { is_second: false },
            asked = &mut second => First::End { is_second: true, asked },
            () = heads[1].notified() => First::Head { is_second: true },
        };
        let is_good = |asked: &Asked| asked.as_ref().is_ok_and(|reply| hedge.is_good(reply.status));
        let (asked, is_second) = match led {
            First::End { is_second, asked } if is_good(&asked) => {
                drop((first, second));
                if is_second { one } else { other }.overtaken();
                (asked, is_second)
            }
            // It failed, and the other one may still answer.
            First::End { is_second: true, .. } => (first.await, false),
            First::End { is_second: false, .. } => (second.await, true),
            First::Head { is_second: false } => {
                drop(second);
                other.overtaken();
                (first.await, false)
            }
            First::Head { is_second: true } => {
                drop(first);
                one.overtaken();
                (second.await, true)
            }
        };
        if is_second && is_good(&asked) {
            pool.cells.hedges_won.add();
        }
        asked
    }
}
