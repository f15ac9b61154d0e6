//! One client's life.

use super::queue::Queue;
use crate::{
    Recorder, Workload,
    record::{ClientRecorder, Job},
};
use std::{
    rc::Rc,
    time::{Duration, Instant},
};

/// In a closed loop a client whose iteration fails faster than this rests as long: a target that refuses connections would
/// otherwise be asked as fast as a processor can.
const REST: Duration = Duration::from_millis(2);

/// Takes up iterations until there are no more.
pub(super) async fn attend<W: Workload>(
    workload: &W,
    mut client: W::Client,
    queue: &Queue,
    recorder: Rc<ClientRecorder>,
    closed: bool,
) {
    let seat = queue.seat();
    let pen: Rc<dyn Recorder> = Rc::clone(&recorder) as Rc<dyn Recorder>;
    while let Some(job) = queue.take(&seat).await {
        let Job { due, .. } = job;
        let taken = Instant::now();
        recorder.take_up(job, taken);
        let result = workload.iterate(&mut client, due, &pen).await;
        let ended = Instant::now();
        recorder.put_down(ended, result.is_ok());
        if closed && result.is_err() && ended - taken < REST {
            tokio::time::sleep(REST).await;
        }
    }
}
