//! Select and record: room at an upstream that gets so many requests at a time.

use crate::Workload;
use edge_policy::shed::{Bounds, Level, Limiter};
use std::{hint::black_box, time::Duration};

const BOUNDS: Bounds = Bounds { min: 8, max: 400 };
const TOOK: Duration = Duration::from_millis(20);

pub(super) fn workloads() -> Vec<Workload> {
    let (limiter, answering) = (Limiter::default(), Limiter::default());
    let mut tick = 0;
    vec![
        Workload::new("shed::enter and leave", move || {
            let entered = limiter.enter(black_box(Level::Read), BOUNDS);
            limiter.leave();
            entered
        }),
        // A thousand a second, so that one in a hundred ends a window.
        Workload::new("shed::answered", move || {
            tick += 1;
            answering.answered(black_box(TOOK), BOUNDS, Duration::from_millis(tick));
        }),
    ]
}
