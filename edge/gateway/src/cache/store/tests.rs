#![allow(clippy::unwrap_used)]
use super::*;
use pingora_cache::CacheMeta;
use pingora_http::ResponseHeader;
use std::{
    thread,
    time::{Duration, SystemTime},
};

const MIB: u64 = 1 << 20;

fn store(max_size: u64) -> Store {
    Store::new(max_size, Arc::default())
}

fn head() -> Head {
    let now = SystemTime::now();
    let response = ResponseHeader::build(200, None).unwrap();
    Head::of(&CacheMeta::new(now + Duration::from_secs(60), now, 0, 0, response))
}

fn keep(store: &Store, key: u128, size: usize, tags: &[u128]) {
    let body = [Bytes::from(vec![0; size])];
    store.keep(
        key,
        head(),
        &body,
        tags.iter().map(|tag| Digest(*tag)).collect(),
        store.mark(),
    );
}

#[test]
fn memory_is_bounded_whatever_comes() {
    let store = store(4 * MIB);
    thread::scope(|scope| {
        for thread in 0..4u128 {
            let store = &store;
            scope.spawn(move || {
                for key in 0..500 {
                    keep(store, thread * 1000 + key, 10_000 + key as usize * 50, &[key % 7]);
                    assert!(store.size().1 <= 3 * MIB + 200_000, "{:?}", store.size());
                }
            });
        }
    });
    let (entries, bytes) = store.size();
    assert!(entries > 50 && bytes <= 3 * MIB, "{entries} {bytes}");
    assert!(store.cells.evictions.get() > 1000);
    // The index holds what is there and nothing else.
    assert_eq!(store.purge(Purged::All), entries);
    assert_eq!((store.size(), store.index.len()), ((0, 0), 0));
}

#[test]
fn what_is_asked_for_often_is_not_driven_out_by_what_is_asked_for_once() {
    let store = store(4 * MIB);
    for key in 0..20 {
        keep(&store, key, 100_000, &[]);
    }
    for _ in 0..10 {
        for key in 0..20 {
            assert!(store.entry(key).is_some());
        }
    }
    for key in 1000..1300 {
        assert!(store.entry(key).is_none());
        keep(&store, key, 100_000, &[]);
    }
    let left = (0..20).filter(|key| store.entry(*key).is_some()).count();
    assert!(left >= 18, "{left} of 20");
}

#[test]
fn a_purge_takes_what_has_the_tag_and_nothing_else() {
    let store = store(4 * MIB);
    keep(&store, 1, 10, &[1, 2]);
    keep(&store, 2, 10, &[2]);
    keep(&store, 3, 10, &[3]);
    // Replaced: the tag of the one before is not the one of this.
    keep(&store, 3, 10, &[4]);
    assert_eq!(store.purge(Purged::Tag(Digest(3))), 0);
    assert_eq!(store.purge(Purged::Tag(Digest(2))), 2);
    assert!(store.entry(1).is_none() && store.entry(2).is_none() && store.entry(3).is_some());
    assert_eq!(store.purge(Purged::Tag(Digest(4))), 1);
    assert_eq!(store.index.len(), 0);
}

#[test]
fn what_is_purged_on_its_way_is_not_kept() {
    let store = store(4 * MIB);
    let tags: Arc<[Digest]> = [Digest(1)].into();
    let fill = Arc::new(Fill::new(store.next_id(), head()));
    store.show(5, &fill, &tags);
    let asked = store.mark();
    assert!(store.fill(5, None).is_some() && store.fill(5, Some(fill.id + 1)).is_none());
    store.purge(Purged::Tag(Digest(1)));
    assert!(store.fill(5, None).is_none());
    store.keep(5, head(), &[Bytes::from_static(b"old")], tags, asked);
    assert!(store.entry(5).is_none());
    assert!(
        !store.renew(5, head()),
        "nor is what is gone brought back by a word that it still holds"
    );
    keep(&store, 5, 3, &[1]);
    assert!(store.entry(5).is_some() && store.renew(5, head()));
    assert_eq!(store.entry(5).unwrap().length, 3);
}
