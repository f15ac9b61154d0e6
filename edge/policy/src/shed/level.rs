//! How much a request matters when not all can be served.

use http::{HeaderMap, HeaderName, Method};

/// The purpose of a request, as browsers tell it (WHATWG Fetch, `Sec-Purpose`), and as older ones did.
const PURPOSES: [HeaderName; 2] = [
    HeaderName::from_static("sec-purpose"),
    HeaderName::from_static("purpose"),
];

/// From what is refused first to what is refused last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Nobody waits for it: prefetches, and routes that say so.
    Low,
    /// Somebody reads.
    Read,
    /// Somebody writes: what was typed is lost if it fails.
    Write,
    /// Without it nobody can do anything: sign-in.
    High,
    /// Without it the service is taken for dead: health.
    Critical,
}

impl Level {
    /// All, the lowest first.
    pub const ALL: [Self; 5] = [Self::Low, Self::Read, Self::Write, Self::High, Self::Critical];

    /// One word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Read => "read",
            Self::Write => "write",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// The part of the limit that requests of this level may use, so that the rest stays free for those above.
    pub fn share(self) -> f32 {
        match self {
            Self::Low => 0.5,
            Self::Read => 0.8,
            Self::Write => 0.9,
            Self::High => 0.95,
            Self::Critical => 1.0,
        }
    }

    /// Of so many requests those that may be under way when one of this level comes. At least one place is kept for each level above, where
    /// there are enough of them: from five on the levels differ. Never less than 1.
    pub fn room(self, limit: u32) -> u32 {
        let above = Self::Critical as u32 - self as u32;
        let share = (limit as f32 * self.share()) as u32;
        share.min(limit.saturating_sub(above)).max(1)
    }

    /// What a method makes of a route without a level of its own.
    pub fn of_method(method: &Method) -> Self {
        match *method {
            Method::GET | Method::HEAD | Method::OPTIONS => Self::Read,
            _ => Self::Write,
        }
    }

    /// Whether a browser asks ahead of its user.
    pub fn is_prefetch(headers: &HeaderMap) -> bool {
        let told = |name| headers.get(name).is_some_and(|value| is_prefetch(value.as_bytes()));
        PURPOSES.iter().any(told)
    }
}

/// `prefetch`, maybe with parameters: `prefetch;prerender`.
fn is_prefetch(value: &[u8]) -> bool {
    let word = value.split(|byte| *byte == b';').next().unwrap_or_default();
    word.trim_ascii().eq_ignore_ascii_case(b"prefetch")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Laws: a higher level has more room, strictly so wherever each can have one; nobody has more than there is; alone, all are served.
        #[test]
        fn each_level_has_room_of_its_own(limit in 1u32..1_000) {
            let rooms = Level::ALL.map(|level| level.room(limit));
            prop_assert!(rooms.is_sorted() && rooms[0] >= 1 && rooms[4] == limit, "{rooms:?}");
            prop_assert!(limit < 5 || rooms.is_sorted_by(|below, above| below < above), "{limit}: {rooms:?}");
        }
    }

    #[test]
    fn browsers_tell_what_they_fetch_ahead() {
        let asked = |name: &'static str, value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.parse().unwrap());
            Level::is_prefetch(&headers)
        };
        assert!(asked("sec-purpose", "prefetch") && asked("purpose", "Prefetch"));
        assert!(asked("sec-purpose", "prefetch;prerender"));
        assert!(!asked("sec-purpose", "prefetched") && !asked("x-purpose", "prefetch"));
        assert!(!Level::is_prefetch(&HeaderMap::new()));
    }

    #[test]
    fn a_higher_level_may_use_more() {
        assert!(Level::ALL.is_sorted() && Level::ALL.is_sorted_by(|a, b| a.share() < b.share()));
        assert!(Level::of_method(&Method::POST) > Level::of_method(&Method::GET));
    }
}
