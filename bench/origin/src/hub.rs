//! Events that all who listen hear at once.

use bytes::Bytes;
use futures::{Stream, stream};
use std::{
    pin::Pin,
    sync::{Mutex, PoisonError},
};
use tokio::sync::watch;

/// What is heard: events as they are sent.
pub(crate) type Heard = Pin<Box<dyn Stream<Item = Bytes> + Send + Sync>>;

/// See the module. Its numbers count up from 0, the one that everybody hears first.
pub(crate) struct Hub {
    said: watch::Sender<Bytes>,
    last: Mutex<u64>,
}

impl Default for Hub {
    fn default() -> Self {
        Self {
            said: watch::Sender::new(event(0)),
            last: Mutex::new(0),
        }
    }
}

fn event(number: u64) -> Bytes {
    format!("data: {{\"n\":{number}}}\n\n").into()
}

impl Hub {
    /// Says the next number to all. What comes back is the number.
    pub(crate) fn say(&self) -> u64 {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        *last += 1;
        self.said.send_replace(event(*last));
        *last
    }

    /// The last number, and those that come.
    pub(crate) fn listen(&self) -> Heard {
        let mut said = self.said.subscribe();
        said.mark_changed();
        Box::pin(stream::unfold(said, async |mut said| {
            said.changed().await.ok()?;
            let event = said.borrow_and_update().clone();
            Some((event, said))
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::StreamExt;

    #[tokio::test]
    async fn all_hear_what_is_said() {
        let hub = Hub::default();
        let mut first = hub.listen();
        assert_eq!(first.next().await.unwrap(), event(0));
        assert_eq!(hub.say(), 1);
        let mut second = hub.listen();
        for heard in [&mut first, &mut second] {
            assert_eq!(heard.next().await.unwrap(), event(1));
        }
    }
}
