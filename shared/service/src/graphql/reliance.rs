//! What an answer stands on, gathered while it is made: whether it may be given again, to whom and for how long.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Instant,
};

/// A stamp that must still have this value for an answer to be given again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// The stamp's name, for whoever keeps it.
    pub name: String,
    /// What it was when the answer was made.
    pub value: String,
}

/// All that an answer stands on.
#[derive(Debug, Clone)]
pub(super) struct Ground {
    /// Stamps, each of which must still hold.
    pub(super) marks: Vec<Mark>,
    /// [`crate::UserDirectory::changes`] before users were looked up.
    pub(super) users: Option<u64>,
    /// Made for callers who are not signed in, and right for those alone.
    pub(super) anonymous: bool,
    /// Not to be given again from then on.
    pub(super) until: Instant,
}

/// Gathers it. Nothing is given again unless every root field of the operation says what it stands on, so that a
/// resolver which knows nothing of this is safe.
#[derive(Debug, Default)]
pub struct Reliance(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    roots: usize,
    marks: Vec<Mark>,
    users: Option<u64>,
    anonymous: bool,
    until: Option<Instant>,
    once: bool,
}

impl Reliance {
    /// A root field stands on `marks`, and not beyond `until`. Called once by each root field that can say so.
    pub fn root(&self, marks: &[Mark], until: Instant) {
        let mut state = self.state();
        state.roots += 1;
        for mark in marks {
            if !state.marks.contains(mark) {
                state.marks.push(mark.clone());
            }
        }
        state.bound(until);
    }

    /// The answer is for this request alone: it shows a user's own things, was pieced together without a part of the
    /// platform, or changed something.
    pub fn once(&self) {
        self.state().once = true;
    }

    /// The answer would be another for somebody signed in.
    pub(super) fn anonymous(&self) {
        self.state().anonymous = true;
    }

    /// The answer names users as they were known at this count of changes, and not beyond `until`.
    pub(super) fn users(&self, changes: u64, until: Instant) {
        let mut state = self.state();
        // Of two counts the lower one: what has changed since either is to be seen.
        state.users = Some(state.users.map_or(changes, |known| known.min(changes)));
        state.bound(until);
    }

    /// The ground of an answer with this many root fields; `None` where it is not to be given again.
    pub(super) fn ground(&self, roots: usize) -> Option<Ground> {
        let state = self.state();
        if state.once || state.roots != roots {
            return None;
        }
        Some(Ground {
            marks: state.marks.clone(),
            users: state.users,
            anonymous: state.anonymous,
            until: state.until?,
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn bound(&mut self, until: Instant) {
        self.until = Some(self.until.map_or(until, |bound| bound.min(until)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn mark(value: &str) -> Mark {
        Mark {
            name: "feed".into(),
            value: value.into(),
        }
    }

    #[test]
    fn what_all_parts_stand_on_counts() {
        let (reliance, now) = (Reliance::default(), Instant::now());
        let later = now + Duration::from_secs(1);
        reliance.root(&[mark("1")], later);
        reliance.root(&[mark("1"), mark("2")], later);
        reliance.users(7, now);
        reliance.users(6, later);
        let ground = reliance.ground(2).unwrap();
        assert_eq!(ground.marks, [mark("1"), mark("2")]);
        assert_eq!((ground.users, ground.until, ground.anonymous), (Some(6), now, false));
    }

    #[test]
    fn an_answer_that_a_root_field_does_not_vouch_for_is_given_once() {
        let now = Instant::now();
        assert!(Reliance::default().ground(0).is_none(), "it stands on nothing");
        let reliance = Reliance::default();
        reliance.root(&[], now);
        assert!(reliance.ground(2).is_none(), "the other one said nothing");
        assert!(reliance.ground(1).is_some());
        reliance.once();
        assert!(reliance.ground(1).is_none());
    }
}
