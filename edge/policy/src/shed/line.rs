//! Those that wait for room: few, for a moment, the most important first.
//!
//! After the controlled delay of Nichols and Jacobson (RFC 8289) as servers use it (Maurer, "Fail at Scale", ACM Queue 2015): a line that
//! empties now and then is a burst, and may be waited out; one that stands is overload. Then waiting helps nobody: who comes waits
//! hardly, and the newest goes first, whose client is the likeliest to be there still.

use super::Level;
use std::time::Duration;

/// A line that was never empty for this long stands.
const STANDS_AFTER: Duration = Duration::from_millis(100);
/// Longest wait in one that stands.
const STANDING_WAIT: Duration = Duration::from_millis(5);

/// A place in the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticket {
    /// Its number.
    pub number: u64,
    /// How long to wait at most.
    pub patience: Duration,
}

/// The line. Short, so it is looked through.
#[derive(Debug)]
pub struct Line<T> {
    waiting: Vec<Waiting<T>>,
    next: u64,
    /// Since when it is not empty.
    busy_since: Duration,
}

#[derive(Debug)]
struct Waiting<T> {
    number: u64,
    level: Level,
    what: T,
}

impl<T> Default for Line<T> {
    fn default() -> Self {
        Self {
            waiting: Vec::new(),
            next: 0,
            busy_since: Duration::ZERO,
        }
    }
}

impl<T> Line<T> {
    /// Joins a line of at most `most`, to wait `wait` at most. A full line drops one of a lower level for it.
    ///
    /// # Errors
    /// It is full, and nobody there matters less.
    pub fn join(&mut self, level: Level, what: T, most: usize, wait: Duration, now: Duration) -> Result<Ticket, T> {
        if self.waiting.len() >= most {
            let least = self.waiting.iter().enumerate().min_by_key(|(_, one)| one.level);
            match least {
                Some((index, one)) if most > 0 && one.level < level => drop(self.waiting.remove(index)),
                _ => return Err(what),
            }
        }
        if self.waiting.is_empty() {
            self.busy_since = now;
        }
        let number = self.next;
        self.next += 1;
        self.waiting.push(Waiting { number, level, what });
        Ok(Ticket {
            number,
            patience: self.patience(level, wait, now),
        })
    }

    /// How long one of this level would wait at most. Those that matter most may wait in any case.
    pub fn patience(&self, level: Level, wait: Duration, now: Duration) -> Duration {
        match self.stands(now) && level < Level::High {
            true => wait.min(STANDING_WAIT),
            false => wait,
        }
    }

    /// Whether there would be a place for this level.
    pub fn takes(&self, level: Level, most: usize) -> bool {
        most > 0 && (self.waiting.len() < most || self.waiting.iter().any(|one| one.level < level))
    }

    /// Who is next, if it may go: of the highest level the first to come, or the last in a line that stands.
    pub fn next(&mut self, may: impl FnOnce(Level) -> bool, now: Duration) -> Option<T> {
        let waiting = self.waiting.iter().enumerate();
        let (index, one) = match self.stands(now) {
            true => waiting.max_by_key(|(_, one)| (one.level, one.number)),
            false => waiting.max_by_key(|(_, one)| (one.level, u64::MAX - one.number)),
        }?;
        may(one.level).then(|| self.waiting.remove(index).what)
    }

    /// Waits no longer.
    pub fn leave(&mut self, number: u64) {
        self.waiting.retain(|one| one.number != number);
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether nobody does.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    fn stands(&self, now: Duration) -> bool {
        !self.waiting.is_empty() && now.saturating_sub(self.busy_since) >= STANDS_AFTER
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const WAIT: Duration = Duration::from_millis(100);

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn line(levels: &[Level]) -> Line<usize> {
        let mut line = Line::default();
        for (index, level) in levels.iter().enumerate() {
            line.join(*level, index, 8, WAIT, ms(0)).unwrap();
        }
        line
    }

    #[test]
    fn a_burst_is_served_in_turn_and_a_standing_line_from_its_end() {
        let mut waiting = line(&[Level::Read, Level::Read, Level::Write, Level::Read]);
        let mut go = |now| waiting.next(|_| true, ms(now));
        assert_eq!([go(1), go(1)], [Some(2), Some(0)], "what matters most first");
        assert_eq!([go(100), go(100), go(100)], [Some(3), Some(1), None]);
    }

    #[test]
    fn who_joins_a_standing_line_waits_hardly() {
        let mut line = line(&[Level::Read]);
        let mut join = |level, now| line.join(level, 9, 8, WAIT, ms(now)).unwrap().patience;
        assert_eq!(join(Level::Read, 99), WAIT);
        assert_eq!((join(Level::Read, 100), join(Level::High, 100)), (ms(5), WAIT));
        while line.next(|_| true, ms(100)).is_some() {}
        assert_eq!(line.join(Level::Read, 9, 8, WAIT, ms(101)).unwrap().patience, WAIT);
    }

    #[test]
    fn a_full_line_drops_who_matters_less() {
        let mut line = line(&[Level::Read; 8]);
        assert!(!line.takes(Level::Read, 8) && line.takes(Level::Write, 8));
        assert_eq!(line.join(Level::Read, 8, 8, WAIT, ms(1)), Err(8));
        line.join(Level::Write, 9, 8, WAIT, ms(1)).unwrap();
        assert_eq!((line.len(), line.next(|_| true, ms(1))), (8, Some(9)));
        assert_eq!(line.next(|_| false, ms(1)), None);
        assert!(line.join(Level::Critical, 1, 0, WAIT, ms(1)).is_err());
    }

    proptest! {
        /// Laws: nobody is told to wait longer than the bound, no more wait than may, and nobody goes before one that matters more.
        #[test]
        fn laws(steps in prop::collection::vec((0u64..60, 0usize..5, 0u8..3), 1..200), most in 0usize..6) {
            let (mut line, mut now) = (Line::default(), 0);
            for (step, level, what) in steps {
                now += step;
                if what == 0 {
                    let best = line.waiting.iter().map(|one: &Waiting<Level>| one.level).max();
                    prop_assert_eq!(line.next(|_| true, ms(now)), best);
                } else if let Ok(ticket) = line.join(Level::ALL[level], Level::ALL[level], most, WAIT, ms(now)) {
                    prop_assert!(ticket.patience <= WAIT);
                    if what == 2 {
                        line.leave(ticket.number);
                    }
                }
                prop_assert!(line.len() <= most);
            }
        }
    }
}
