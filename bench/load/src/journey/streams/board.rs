//! What was published on a stream, and who has heard of it.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Instant,
};

/// A stream's board: publishers announce, subscribers look up what they heard.
#[derive(Debug, Default)]
pub(crate) struct Board(Mutex<Content>);

#[derive(Debug, Default)]
struct Content {
    topics: Vec<Topic>,
    by_name: HashMap<Vec<u8>, usize>,
    publications: HashMap<u64, Publication>,
    announced: u64,
}

#[derive(Debug, Default)]
struct Topic {
    /// Open subscriptions.
    listeners: u32,
    published: usize,
}

#[derive(Debug)]
struct Publication {
    topic: usize,
    /// Its number within the topic.
    number: usize,
    /// Its number within the stream.
    order: u64,
    publisher: u32,
    due: Instant,
    expected: u32,
    heard: u32,
    /// Whether the publisher was told that it is done.
    confirmed: bool,
    /// Whether the publisher will say nothing more.
    settled: bool,
}

/// What one subscription has heard.
#[derive(Debug)]
pub(crate) struct Ear {
    topic: usize,
    /// A bit for each publication of the topic.
    heard: Vec<u64>,
    /// Each publisher's latest.
    latest: HashMap<u32, u64>,
}

/// What an event was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Judged {
    /// The first of its publication.
    New,
    /// It came before, it overtook an earlier one of its publisher, or it is about another topic.
    Wrong,
}

/// What there is to tell of a stream.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) expected: u64,
    pub(crate) delivered: u64,
    /// Whether publishers still wait for an answer.
    pub(crate) pending: bool,
}

impl Board {
    fn lock(&self) -> MutexGuard<'_, Content> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A subscription is open from now on.
    pub(crate) fn subscribe(&self, topic: &[u8]) -> Ear {
        let mut content = self.lock();
        let topic = content.topic(topic);
        content.topics[topic].listeners += 1;
        Ear {
            topic,
            heard: Vec::new(),
            latest: HashMap::new(),
        }
    }

    /// A subscription is over.
    pub(crate) fn leave(&self, ear: &Ear) {
        if let Some(topic) = self.lock().topics.get_mut(ear.topic) {
            topic.listeners = topic.listeners.saturating_sub(1);
        }
    }

    /// Something is about to be published.
    pub(crate) fn announce(&self, nonce: u64, topic: &[u8], publisher: u32, due: Instant) {
        let mut content = self.lock();
        let topic = content.topic(topic);
        let (order, place) = (content.announced, &mut content.topics[topic]);
        let (number, expected) = (place.published, place.listeners);
        place.published += 1;
        content.announced += 1;
        let publication = Publication {
            topic,
            number,
            order,
            publisher,
            due,
            expected,
            heard: 0,
            confirmed: false,
            settled: false,
        };
        content.publications.insert(nonce, publication);
    }

    /// It is published, or it failed: then nobody need hear of it.
    pub(crate) fn confirm(&self, nonce: u64, done: bool) {
        if let Some(publication) = self.lock().publications.get_mut(&nonce) {
            publication.confirmed = done;
            publication.settled = true;
        }
    }

    /// A subscription heard of a publication: when that was due, and what became of it. `None` where nobody published it here.
    pub(crate) fn heard(&self, nonce: u64, ear: &mut Ear) -> Option<(Instant, Judged)> {
        let mut content = self.lock();
        let publication = content.publications.get_mut(&nonce)?;
        if publication.topic == ear.topic && ear.is_new(publication) {
            publication.heard += 1;
            return Some((publication.due, Judged::New));
        }
        Some((publication.due, Judged::Wrong))
    }

    /// How it stands with what was due from `begun` on.
    pub(crate) fn tally(&self, begun: Instant) -> Tally {
        let content = self.lock();
        let mut tally = Tally::default();
        for publication in content
            .publications
            .values()
            .filter(|publication| publication.due >= begun)
        {
            tally.pending |= !publication.settled;
            if publication.confirmed {
                tally.expected += u64::from(publication.expected);
                // One that was opened after the announcement may have heard it too.
                tally.delivered += u64::from(publication.heard.min(publication.expected));
            }
        }
        tally
    }
}

impl Content {
    fn topic(&mut self, name: &[u8]) -> usize {
        if let Some(topic) = self.by_name.get(name) {
            return *topic;
        }
        self.topics.push(Topic::default());
        self.by_name.insert(name.to_owned(), self.topics.len() - 1);
        self.topics.len() - 1
    }
}

impl Ear {
    /// Takes note of a publication; whether it is the first time, and in its publisher's order.
    fn is_new(&mut self, publication: &Publication) -> bool {
        let (word, bit) = (publication.number / 64, 1 << (publication.number % 64));
        if self.heard.len() <= word {
            self.heard.resize(word + 1, 0);
        }
        if self.heard[word] & bit != 0 {
            return false;
        }
        self.heard[word] |= bit;
        let latest = self.latest.entry(publication.publisher).or_default();
        // Orders count from 0, what is kept from 1.
        let in_order = publication.order + 1 > *latest;
        *latest = (*latest).max(publication.order + 1);
        in_order
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn delivered(board: &Board, begun: Instant) -> (u64, u64) {
        let tally = board.tally(begun);
        (tally.delivered, tally.expected)
    }

    #[test]
    fn each_subscription_of_the_topic_must_hear_each_publication_once() {
        let (board, now) = (Board::default(), Instant::now());
        let (mut one, mut other, mut elsewhere) = (board.subscribe(b"7"), board.subscribe(b"7"), board.subscribe(b"8"));
        board.announce(1, b"7", 0, now);
        assert!(board.tally(now).pending);
        board.confirm(1, true);
        assert_eq!(board.heard(1, &mut one), Some((now, Judged::New)));
        assert_eq!(delivered(&board, now), (1, 2));
        assert_eq!(board.heard(1, &mut one), Some((now, Judged::Wrong)), "twice");
        assert_eq!(
            board.heard(1, &mut elsewhere),
            Some((now, Judged::Wrong)),
            "another topic"
        );
        assert_eq!(board.heard(2, &mut other), None, "nobody published it");
        assert_eq!(delivered(&board, now), (1, 2));
        assert_eq!(board.heard(1, &mut other), Some((now, Judged::New)));
        assert_eq!(delivered(&board, now), (2, 2));
    }

    #[test]
    fn one_publishers_order_is_kept_and_anothers_is_its_own() {
        let (board, now) = (Board::default(), Instant::now());
        let mut ear = board.subscribe(b"");
        for (nonce, publisher) in [(1, 0), (2, 0), (3, 9)] {
            board.announce(nonce, b"", publisher, now);
            board.confirm(nonce, true);
        }
        let judged: Vec<_> = [3, 2, 1].map(|nonce| board.heard(nonce, &mut ear).unwrap().1).into();
        assert_eq!(judged, [Judged::New, Judged::New, Judged::Wrong]);
    }

    #[test]
    fn what_failed_or_came_before_is_not_expected() {
        let (board, now) = (Board::default(), Instant::now());
        let ear = board.subscribe(b"");
        board.announce(1, b"", 0, now);
        board.confirm(1, true);
        let begun = now + Duration::from_secs(1);
        assert_eq!(delivered(&board, begun), (0, 0), "the warm-up");
        board.announce(2, b"", 0, begun);
        board.confirm(2, false);
        assert_eq!(delivered(&board, begun), (0, 0), "it failed");
        board.leave(&ear);
        board.announce(3, b"", 0, begun);
        board.confirm(3, true);
        assert_eq!(delivered(&board, begun), (0, 0), "nobody was there");
        assert_eq!(delivered(&board, now), (0, 1));
    }
}
