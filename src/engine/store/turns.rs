//! Scheduling of callers' writes: they have a bounded share of the connections, and those with the
//! same key run one after another, so that a caller with many requests occupies one position in the
//! queue.

use std::{
    collections::HashMap,
    sync::{Arc, Weak},
};

use parking_lot::Mutex;
use tokio::sync::{Mutex as Queue, OwnedMutexGuard, Semaphore, SemaphorePermit};

/// See the module.
pub(super) struct Turns {
    queues: Mutex<Queues>,
    places: Semaphore,
}

#[derive(Default)]
struct Queues {
    by_key: HashMap<String, Weak<Queue<()>>>,
    /// Size of the map at which unused queues are removed.
    sweep_at: usize,
}

/// Held while a caller is the only one with its key.
pub(super) struct Alone {
    _guard: OwnedMutexGuard<()>,
}

/// Held during a write.
pub(super) struct Place<'t> {
    /// Always `Some`: the semaphore is never closed.
    _permit: Option<SemaphorePermit<'t>>,
}

impl Turns {
    /// At most `places` writes run at once.
    pub(super) fn new(places: usize) -> Self {
        Self { queues: Mutex::default(), places: Semaphore::new(places) }
    }

    /// Waits for earlier callers with the same key.
    pub(super) async fn alone(&self, key: &str) -> Alone {
        Alone { _guard: self.queue(key).lock_owned().await }
    }

    /// Waits for a free write slot; first come, first served.
    pub(super) async fn place(&self) -> Place<'_> {
        Place { _permit: self.places.acquire().await.ok() }
    }

    fn queue(&self, key: &str) -> Arc<Queue<()>> {
        let mut queues = self.queues.lock();
        if let Some(queue) = queues.by_key.get(key).and_then(Weak::upgrade) {
            return queue;
        }
        if queues.by_key.len() >= queues.sweep_at {
            queues.by_key.retain(|_, queue| queue.strong_count() > 0);
            queues.sweep_at = queues.by_key.len() * 2 + 64;
        }
        let queue = Arc::default();
        queues.by_key.insert(key.to_owned(), Arc::downgrade(&queue));
        queue
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    async fn take<'t>(turns: &'t Turns, key: &str) -> (Alone, Place<'t>) {
        (turns.alone(key).await, turns.place().await)
    }

    #[tokio::test]
    async fn one_of_each_key_writes_at_a_time_and_no_more_than_there_are_places() {
        let turns = Turns::new(2);
        let ada = take(&turns, "ada").await;
        let mut adas_next = Box::pin(take(&turns, "ada"));
        assert!(adas_next.as_mut().now_or_never().is_none());
        // However many of Ada's requests wait, the second slot is Bob's.
        let _bob = take(&turns, "bob").now_or_never().unwrap();
        let mut eve = Box::pin(take(&turns, "eve"));
        assert!(eve.as_mut().now_or_never().is_none());
        drop(ada);
        // Eve has waited longer than Ada's next request.
        assert!(adas_next.as_mut().now_or_never().is_none());
        let eve = eve.now_or_never().unwrap();
        drop(eve);
        adas_next.now_or_never().unwrap();
    }

    #[tokio::test]
    async fn keys_that_nobody_waits_for_are_forgotten() {
        let turns = Turns::new(1);
        for n in 0..10_000 {
            take(&turns, &n.to_string()).await;
        }
        assert!(turns.queues.lock().by_key.len() <= 65);
    }
}
