#![allow(clippy::unwrap_used)]
use super::*;
use crate::cache::{Cache, entry::Head};
use edge_policy::cache::Digest;
use pingora_cache::CacheMeta;
use pingora_http::ResponseHeader;

const AGE: Duration = Duration::from_secs(9);

/// A lock on a store that keeps an answer of this age, and that answer's key.
fn lock(age: Duration) -> (Lock, CacheKey) {
    let store = Arc::new(Store::new(1 << 20, Arc::default()));
    let key = Cache::key(Digest(7));
    let came = SystemTime::now() - age;
    let response = ResponseHeader::build(200, None).unwrap();
    let head = Head::of(&CacheMeta::new(came + AGE, came, 0, 0, response));
    store.keep(number(&key), head, &[], Arc::default(), store.mark());
    (Lock::new(store, AGE), key)
}

#[test]
fn who_is_late_finds_what_another_one_fetched() {
    let (lock, key) = lock(Duration::ZERO);
    for _ in 0..2 {
        let Locked::Read(read) = lock.lock(&key, false) else {
            panic!("it fetches once more")
        };
        assert!(!read.locked());
        assert_eq!(read.lock_status(), LockStatus::Done);
    }
}

#[test]
fn what_is_old_or_not_there_is_fetched_by_one() {
    let (lock, old) = lock(JUST * 2);
    for key in [old, Cache::key(Digest(8))] {
        let Locked::Write(permit) = lock.lock(&key, false) else {
            panic!("nobody fetches it")
        };
        assert!(matches!(lock.lock(&key, false), Locked::Read(read) if read.locked()));
        lock.release(&key, permit, LockStatus::Done);
    }
}

#[test]
fn what_is_stale_is_renewed() {
    let (lock, key) = lock(Duration::ZERO);
    let Locked::Write(permit) = lock.lock(&key, true) else {
        panic!("nobody renews it")
    };
    lock.release(&key, permit, LockStatus::Done);
}
