//! Who borrows: one key, on one edge.

use super::{AHEAD, Grant, HORIZON, PACE, Terms, demand::Demand, whole};
use crate::rate_limit::Decision;
use std::time::{Duration, Instant};

/// What an edge knows of one key.
#[derive(Debug, Clone, Copy)]
pub struct Lessee {
    tokens: u32,
    /// When they must go back.
    ends: Instant,
    demand: Demand,
    /// Whether an ask is on its way.
    asked: bool,
    /// What the dearest of the requests takes that wait.
    need: u32,
    /// Until then there is nothing to be had for those who need so many tokens more, or more than that.
    dry_until: Instant,
    dry_for: u32,
    /// When the authority's theoretical arrival time is, as far as is known.
    tat: Instant,
    /// The same of this edge's share, while the authority is away.
    alone: Option<Instant>,
    /// Up to where the authority knows of that.
    told: Instant,
    /// Debt of a time alone that is over.
    carried: u32,
}

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It is decided.
    Decided {
        /// How.
        decision: Decision,
        /// Whether more must be asked for, now.
        ask: bool,
    },
    /// It must wait for the authority: nothing is held, and nothing is known against it.
    Wait {
        /// Whether it must be asked; else it was already.
        ask: bool,
    },
}

/// What is asked of the authority for one key.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ask {
    /// Tokens wanted.
    pub want: u32,
    /// How many of them at least: fewer serve no request, and are of more use to others.
    pub least: u32,
    /// Tokens spent that were not borrowed, and have not come back by themselves since.
    pub debt: u32,
    /// Tokens that were borrowed and come back.
    pub returned: u32,
}

impl Lessee {
    /// Of a key that was not met before.
    pub fn new(now: Instant) -> Self {
        Self {
            tokens: 0,
            ends: now,
            demand: Demand::new(now),
            asked: false,
            need: 0,
            dry_until: now,
            dry_for: 1,
            tat: now,
            alone: None,
            told: now,
            carried: 0,
        }
    }

    /// Takes a request's tokens. After [`Taken::Wait`] this is called again once the authority has answered, with
    /// [`Lessee::take_again`].
    pub fn take(&mut self, terms: &Terms, fleet: u32, now: Instant) -> Taken {
        self.demand.count(terms.cost, now);
        self.take_again(terms, fleet, now)
    }

    /// The same for a request that has been counted.
    pub fn take_again(&mut self, terms: &Terms, fleet: u32, now: Instant) -> Taken {
        let held = if now < self.ends { self.tokens } else { 0 };
        if held >= terms.cost {
            self.tokens -= terms.cost;
            let ask = !self.asked && now >= self.dry_until && self.tokens <= self.demand.within(AHEAD);
            self.asked |= ask;
            let decision = self.decision(terms, Duration::ZERO, now);
            return Taken::Decided { decision, ask };
        }
        if now < self.dry_until && terms.cost - held >= self.dry_for {
            let decision = self.decision(terms, self.dry_until - now, now);
            return Taken::Decided { decision, ask: false };
        }
        if self.alone.is_some() {
            return self.take_alone(terms, fleet, now);
        }
        self.need = self.need.max(terms.cost);
        let ask = !self.asked;
        self.asked = true;
        Taken::Wait { ask }
    }

    /// By this edge's share: as many edges as are known divide rate and burst.
    fn take_alone(&mut self, terms: &Terms, fleet: u32, now: Instant) -> Taken {
        let fleet = fleet.max(1);
        let interval = terms.interval * fleet;
        let share = terms.burst / fleet;
        let tolerance = interval * share.saturating_sub(terms.cost);
        let tat = self.alone.unwrap_or(now).max(now);
        let wait = (tat - now).saturating_sub(tolerance);
        // The authority is asked again all the same, at a pace.
        let ask = !self.asked;
        self.asked = true;
        let taken = if wait.is_zero() {
            interval * terms.cost
        } else {
            Duration::ZERO
        };
        if wait.is_zero() {
            self.alone = Some(tat + taken);
        }
        let ahead = tat + taken - now;
        let decision = Decision {
            allowed: wait.is_zero(),
            remaining: whole((interval * share).saturating_sub(ahead), interval),
            reset: ahead,
            retry_after: wait,
        };
        Taken::Decided { decision, ask }
    }

    /// What the authority is asked now. What is told with it counts as told: the call must be repeated until it is answered.
    pub fn ask(&mut self, terms: &Terms, fleet: u32, now: Instant) -> Ask {
        let returned = if now < self.ends {
            0
        } else {
            std::mem::take(&mut self.tokens)
        };
        let expected = self.demand.within(HORIZON).max(self.demand.just_now());
        // What a request takes at least: of those that wait, or of the next one.
        let need = std::mem::take(&mut self.need).max(terms.cost);
        let wanted = if self.asked {
            expected.clamp(1, terms.most()).max(need)
        } else {
            0
        };
        let want = wanted.saturating_sub(self.tokens);
        self.asked = want > 0;
        Ask {
            want,
            least: want.min(need.saturating_sub(self.tokens).max(1)),
            debt: std::mem::take(&mut self.carried) + self.debt(terms, fleet, now),
            returned,
        }
    }

    /// What passed alone and would not have come back by now, as the share counts it: told once.
    fn debt(&mut self, terms: &Terms, fleet: u32, now: Instant) -> u32 {
        let Some(alone) = self.alone else { return 0 };
        let untold = alone.saturating_duration_since(self.told.max(now));
        self.told = self.told.max(alone);
        let interval = terms.interval * fleet.max(1);
        whole(untold + interval - Duration::from_nanos(1), interval)
    }

    /// The authority has answered.
    pub fn settle(&mut self, terms: &Terms, fleet: u32, ask: &Ask, grant: &Grant, now: Instant) {
        self.asked = false;
        // What passed alone while the call was under way.
        self.carried += self.debt(terms, fleet, now);
        self.alone = None;
        self.tat = now + grant.ahead;
        self.tokens = self.tokens.saturating_add(grant.tokens);
        if grant.tokens > 0 {
            self.ends = now + HORIZON;
        }
        if grant.tokens < ask.want {
            self.dry_for = if grant.tokens == 0 { ask.least.max(1) } else { 1 };
            let room = terms.burst.saturating_sub(self.dry_for);
            let wait = grant.ahead.saturating_sub(terms.interval * room);
            let pace = if grant.shared || !wait.is_zero() {
                PACE
            } else {
                Duration::ZERO
            };
            self.dry_until = now + wait.max(pace);
        }
    }

    /// The call that asked was not answered: another one may ask.
    pub fn unanswered(&mut self, now: Instant) {
        self.not_asked();
        self.goes_alone(now);
    }

    /// There was no call: the next request that needs one asks.
    pub fn not_asked(&mut self) {
        self.asked = false;
    }

    /// The authority is away, or too slow for a request to wait any longer: until it answers, this edge's share counts.
    pub fn goes_alone(&mut self, now: Instant) {
        if self.alone.is_none() {
            let tat = self.tat.max(now);
            (self.alone, self.told) = (Some(tat), tat);
        }
    }

    /// Until when something is held that must go back, if anything is.
    pub fn holds_until(&self) -> Option<Instant> {
        (self.tokens > 0).then_some(self.ends)
    }

    /// Tokens held.
    pub fn held(&self) -> u32 {
        self.tokens
    }

    /// Whether something was spent that the authority has not been told of.
    pub fn owes(&self) -> bool {
        self.carried > 0 || self.alone.is_some_and(|alone| alone > self.told)
    }

    /// When it may be forgotten: nothing is held or owed, and the quota is whole again.
    pub fn ends(&self) -> Instant {
        self.ends.max(self.tat).max(self.dry_until)
    }

    fn decision(&self, terms: &Terms, wait: Duration, now: Instant) -> Decision {
        let ahead = self.tat.saturating_duration_since(now);
        let room = whole((terms.interval * terms.burst).saturating_sub(ahead), terms.interval);
        let allowed = wait.is_zero();
        Decision {
            allowed,
            remaining: room
                .saturating_add(self.tokens)
                .min(if allowed { terms.burst } else { terms.cost - 1 }),
            reset: ahead,
            retry_after: wait,
        }
    }
}
