#![allow(clippy::unwrap_used)]
use super::*;
use crate::upstream::{PoolSettings, States};
use futures::FutureExt;
use tokio::{
    task::JoinHandle,
    time::{advance, sleep},
};

const WAIT: Duration = Duration::from_millis(100);

/// Room for two, one of them for whoever comes.
fn pool(queue: usize) -> Arc<Pool> {
    let settings = PoolSettings {
        room: Some(RoomSettings {
            bounds: Bounds { min: 2, max: 2 },
            queue,
            wait: WAIT,
        }),
        ..PoolSettings::default()
    };
    Arc::new(Pool::new("p", settings, None, &States::default(), Arc::default(), None))
}

fn ask(pool: &Arc<Pool>, level: Level) -> JoinHandle<(Result<Option<Slot>, Crowded>, Duration)> {
    let pool = Arc::clone(pool);
    let began = Instant::now();
    tokio::spawn(async move { (pool.enter(level).await, began.elapsed()) })
}

async fn fill(pool: &Arc<Pool>) -> [Option<Slot>; 2] {
    [
        pool.enter(Level::Critical).await.unwrap(),
        pool.enter(Level::Critical).await.unwrap(),
    ]
}

/// Lets all tasks run.
async fn settle() {
    sleep(Duration::from_micros(1)).await;
}

/// The line is held meanwhile: whoever wanted it would never be done.
#[tokio::test]
async fn where_there_is_room_nobody_takes_the_lock_of_the_line() {
    let pool = pool(4);
    let line = pool.state.room.line();
    let slot = pool.enter(Level::Critical).now_or_never().unwrap().unwrap();
    assert_eq!(pool.outlook(Level::Critical), Outlook::Free);
    drop(slot);
    assert_eq!(pool.state.room.limiter.in_flight(), 0);
    drop(line);
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_longer_than_the_bound() {
    let pool = pool(4);
    let held = fill(&pool).await;
    let (slot, waited) = ask(&pool, Level::Write).await.unwrap();
    assert!(slot.is_err() && waited >= WAIT && waited < WAIT * 2, "{waited:?}");
    assert_eq!((pool.state.room.queued(), pool.cells.shed[2].get()), (0, 1));
    // A line that stands: who comes to it hardly waits, who matters most does.
    let first = ask(&pool, Level::High);
    settle().await;
    advance(Duration::from_millis(60)).await;
    let second = ask(&pool, Level::High);
    settle().await;
    advance(Duration::from_millis(41)).await;
    assert!(first.await.unwrap().0.is_err());
    assert_eq!(pool.outlook(Level::Write), Outlook::Waits(Duration::from_millis(5)));
    let (slot, waited) = ask(&pool, Level::Write).await.unwrap();
    assert!(slot.is_err() && waited < Duration::from_millis(10), "{waited:?}");
    drop(held);
    assert!(second.await.unwrap().0.is_ok());
    assert_eq!(pool.state.room.limiter.in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn room_goes_to_who_matters_most_and_a_full_line_refuses_at_once() {
    let pool = pool(2);
    let held = fill(&pool).await;
    let (low, critical) = (ask(&pool, Level::Low), ask(&pool, Level::Critical));
    settle().await;
    assert_eq!(
        (pool.state.room.queued(), pool.outlook(Level::Low)),
        (2, Outlook::Refused)
    );
    let (refused, waited) = ask(&pool, Level::Low).await.unwrap();
    assert!(refused.is_err() && waited < Duration::from_millis(1), "{waited:?}");
    let [one, two] = held;
    drop(one);
    let slot = critical.await.unwrap().0.unwrap();
    assert!(!low.is_finished());
    drop((slot, two));
    assert!(low.await.unwrap().0.is_ok());
}

#[tokio::test(start_paused = true)]
async fn who_leaves_leaves_the_line_and_no_room_is_lost() {
    let pool = pool(4);
    let held = fill(&pool).await;
    let waiting = ask(&pool, Level::Critical);
    settle().await;
    assert_eq!(pool.state.room.queued(), 1);
    waiting.abort();
    assert!(waiting.await.is_err());
    assert_eq!(pool.state.room.queued(), 0);
    // One is given room and leaves before it looks.
    let waiting = ask(&pool, Level::Critical);
    settle().await;
    drop(held);
    waiting.abort();
    drop(waiting.await);
    assert_eq!((pool.state.room.queued(), pool.state.room.limiter.in_flight()), (0, 0));
}
