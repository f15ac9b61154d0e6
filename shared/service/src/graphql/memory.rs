//! Answers given again, byte for byte, while all that they stand on still holds.
//!
//! A feed's first page is asked for again and again by the same few documents. To find out that nothing has changed
//! costs one look at a few stamps; to make the same answer again costs a hundred resolvers.

use super::reliance::{Ground, Mark};
use crate::UserDirectory;
use async_trait::async_trait;
use bytes::Bytes;
use moka::sync::Cache;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// Memory for answers of each kind, bytes of requests and answers together.
const CAPACITY: u64 = 8 << 20;
/// Longer requests carry data rather than structure and will not come again.
const MAX_REQUEST: usize = 8 << 10;
/// A longer answer would push out too many others.
const MAX_ANSWER: usize = 256 << 10;
/// Nothing is kept longer: what is out of date needs no room.
const KEPT: Duration = Duration::from_secs(10);

/// Whoever keeps the stamps that [`Mark`]s name.
#[async_trait]
pub trait Marks: Send + Sync {
    /// Whether each stamp still has its value. False where that cannot be found out.
    async fn hold(&self, marks: &[Mark]) -> bool;
}

/// Remembers answers by the bytes of their requests. Cheap to clone.
#[derive(Clone)]
pub struct AnswerMemory {
    marks: Arc<dyn Marks>,
    users: UserDirectory,
    everybody: Cache<Bytes, Arc<Known>>,
    anonymous: Cache<Bytes, Arc<Known>>,
}

struct Known {
    answer: Bytes,
    ground: Ground,
}

impl AnswerMemory {
    /// A memory that asks `marks` for its stamps and `users` for what changed.
    pub fn new(marks: Arc<dyn Marks>, users: UserDirectory) -> Self {
        Self {
            marks,
            users,
            everybody: cache(),
            anonymous: cache(),
        }
    }

    /// The answer to this request, if there is one that may be given again.
    pub(super) async fn recall(&self, request: &[u8], signed_in: bool) -> Option<Bytes> {
        let known = self.find(request, signed_in)?;
        let holds = self.marks.hold(&known.ground.marks).await;
        holds.then(|| known.answer.clone())
    }

    fn find(&self, request: &[u8], signed_in: bool) -> Option<Arc<Known>> {
        let for_all = self.everybody.get(request).filter(|known| self.is_fresh(known));
        for_all.or_else(|| {
            let anonymous = || self.anonymous.get(request).filter(|known| self.is_fresh(known));
            (!signed_in).then(anonymous).flatten()
        })
    }

    fn is_fresh(&self, known: &Known) -> bool {
        let users = known.ground.users;
        users.is_none_or(|changes| changes == self.users.changes()) && Instant::now() < known.ground.until
    }

    /// Remembers an answer that may be given again on this ground.
    pub(super) fn keep(&self, request: &[u8], answer: &Bytes, ground: Ground) {
        if request.len() > MAX_REQUEST || answer.len() > MAX_ANSWER {
            return;
        }
        let kind = if ground.anonymous {
            &self.anonymous
        } else {
            &self.everybody
        };
        // A copy: the request is a piece of its connection's buffer.
        let request = Bytes::copy_from_slice(request);
        let answer = answer.clone();
        kind.insert(request, Arc::new(Known { answer, ground }));
    }
}

fn cache() -> Cache<Bytes, Arc<Known>> {
    let weigh = |request: &Bytes, known: &Arc<Known>| {
        u32::try_from(request.len() + known.answer.len() + size_of::<Known>()).unwrap_or(u32::MAX)
    };
    Cache::builder()
        .max_capacity(CAPACITY)
        .weigher(weigh)
        .time_to_live(KEPT)
        .build()
}

#[cfg(test)]
mod tests {
    use super::super::reliance::Reliance;
    use super::*;
    use crate::PeerClient;
    use std::sync::atomic::{AtomicBool, Ordering};

    /// All stamps hold, or none does.
    #[derive(Default)]
    struct Switch(AtomicBool);

    #[async_trait]
    impl Marks for Switch {
        async fn hold(&self, marks: &[Mark]) -> bool {
            assert_eq!(marks.len(), 1);
            self.0.load(Ordering::SeqCst)
        }
    }

    struct World {
        holds: Arc<Switch>,
        users: UserDirectory,
        memory: AnswerMemory,
    }

    impl World {
        fn new() -> Self {
            let holds = Arc::new(Switch(AtomicBool::new(true)));
            let users = UserDirectory::new(PeerClient::new("http://127.0.0.1:1", ""));
            let memory = AnswerMemory::new(holds.clone(), users.clone());
            Self { holds, users, memory }
        }

        /// Keeps the answer `a` to the request `q`.
        fn keep(&self, until: Instant, more: impl FnOnce(&Reliance)) {
            let reliance = Reliance::default();
            let mark = Mark {
                name: "feed".into(),
                value: "1".into(),
            };
            reliance.root(&[mark], until);
            more(&reliance);
            let ground = reliance.ground(1).unwrap();
            self.memory.keep(b"q", &Bytes::from_static(b"a"), ground);
        }

        async fn recalls(&self, signed_in: bool) -> bool {
            let answer = self.memory.recall(b"q", signed_in).await;
            answer.inspect(|answer| assert_eq!(&**answer, b"a")).is_some()
        }
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(60)
    }

    #[tokio::test]
    async fn an_answer_is_given_again_while_its_stamps_hold() {
        let world = World::new();
        assert!(!world.recalls(false).await);
        world.keep(soon(), |_| ());
        assert!(world.recalls(false).await && world.recalls(true).await);
        assert!(world.memory.recall(b"another", false).await.is_none());
        world.holds.0.store(false, Ordering::SeqCst);
        assert!(!world.recalls(false).await && !world.recalls(true).await);
    }

    #[tokio::test]
    async fn an_answer_grows_old() {
        let world = World::new();
        world.keep(Instant::now(), |_| ());
        assert!(!world.recalls(false).await);
    }

    #[tokio::test]
    async fn an_answer_that_names_users_is_out_of_date_once_one_changed() {
        let world = World::new();
        world.keep(soon(), |reliance| reliance.users(world.users.changes(), soon()));
        assert!(world.recalls(true).await);
        world.users.forget(7);
        assert!(!world.recalls(true).await);
    }

    #[tokio::test]
    async fn what_nobody_in_particular_was_told_is_not_told_to_users() {
        let world = World::new();
        world.keep(soon(), Reliance::anonymous);
        assert!(world.recalls(false).await);
        assert!(!world.recalls(true).await);
    }

    #[tokio::test]
    async fn what_is_long_is_not_kept() {
        let world = World::new();
        let (long, short) = (Bytes::from(vec![b'x'; MAX_ANSWER + 1]), Bytes::from_static(b"a"));
        let reliance = Reliance::default();
        reliance.root(&[], soon());
        let ground = reliance.ground(1).unwrap();
        world.memory.keep(b"q", &long, ground.clone());
        world.memory.keep(&long, &short, ground);
        assert!(!world.recalls(false).await);
        assert!(world.memory.find(&long, false).is_none());
    }
}
