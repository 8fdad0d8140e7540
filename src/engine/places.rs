//! Places in the queue: the fair order of each kind, asked of the store now and then and shared by
//! all who ask meanwhile; and the version of a waiting task, which tells its place.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex as StdMutex, PoisonError},
};

use tokio::sync::Mutex;

use super::{
    EngineOptions, millis,
    store::{Row, Store},
};
use crate::task::{Snapshot, Status, TaskId};

/// The places that a version can tell apart; [`EngineOptions::max_queue_places`] is at most this.
pub const MOST_PLACES: u32 = 255;

/// A store's own changes count up the version from this bit on; those below are a run's, and of a
/// waiting task nobody's.
const GENERATION: u32 = 20;
const PLACE_BITS: u32 = 8;
const PLACE_MASK: i64 = (1 << PLACE_BITS) - 1;
const TICK_MASK: i64 = (1 << (GENERATION - PLACE_BITS)) - 1;

/// See the module.
#[derive(Default)]
pub(super) struct Places(StdMutex<HashMap<String, Arc<Mutex<Order>>>>);

/// The order of one kind, as it was at one moment.
#[derive(Default)]
struct Order {
    /// `None` before the first time.
    read_at: Option<i64>,
    places: HashMap<TaskId, u32>,
}

impl Places {
    fn order(&self, kind: &str) -> Arc<Mutex<Order>> {
        let mut orders = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(orders.entry(kind.to_owned()).or_default())
    }

    /// Where a task stands, from 1; `None` where it may not start yet, is too far back, or the store
    /// does not tell.
    pub(super) async fn of(
        &self,
        store: &dyn Store,
        options: &EngineOptions,
        row: &Row,
    ) -> Option<u32> {
        let limit = options.max_queue_places.min(MOST_PLACES);
        if row.status != Status::Queued || row.run_at > row.read_at || limit == 0 {
            return None;
        }
        let order = self.order(&row.kind);
        let mut order = order.lock().await;
        if !order.serves(row, options) {
            match store.queue(&row.kind, limit).await {
                Ok(ids) => {
                    order.read_at = Some(row.read_at);
                    order.places = ids.into_iter().zip(1..).collect();
                }
                Err(error) => {
                    tracing::warn!(%error, "the order of the queue could not be read");
                    return None;
                }
            }
        }
        order.places.get(&row.id).copied()
    }
}

impl Order {
    /// Whether it is young enough, and not older than the task's wait.
    fn serves(&self, row: &Row, options: &EngineOptions) -> bool {
        let Some(read_at) = self.read_at else { return false };
        let knows = self.places.contains_key(&row.id) || row.updated_at.max(row.run_at) < read_at;
        // Whoever asks at the same moment may have read the row a little earlier.
        knows && (row.read_at - read_at).abs() < millis(options.queue_order)
    }
}

/// Puts the place into a waiting task's snapshot, and into its version: a nearer place is a greater
/// version at once, a farther one as soon as the time that the version tells, too, has moved on.
/// Each process makes the same version of the same place, whoever was asked before.
pub(super) fn tell(snapshot: &mut Snapshot, place: Option<u32>, waited_ms: i64) {
    snapshot.queue_place = place;
    if snapshot.status == Status::Queued {
        let nearness = place.map_or(0, |place| (PLACE_MASK + 1 - i64::from(place)).max(0));
        // Fine at first and ever coarser: 4,095 ticks are twelve days.
        let tick = (4.0 * (waited_ms.max(0) as f64 / 1000.0).sqrt()) as i64;
        let low = tick.min(TICK_MASK) << PLACE_BITS | nearness.min(PLACE_MASK);
        snapshot.version = snapshot.version >> GENERATION << GENERATION | low;
    }
}

/// Leaves a waiting task's version as the client knows it, where there is nothing new to tell it.
pub(super) fn settle(snapshot: &mut Snapshot, known: i64) {
    let version = snapshot.version;
    let same_wait = known >> GENERATION == version >> GENERATION;
    let same_place = known & PLACE_MASK == version & PLACE_MASK;
    if snapshot.status == Status::Queued && same_wait && (same_place || version < known) {
        snapshot.version = known;
    }
}

#[cfg(test)]
#[path = "places_tests.rs"]
mod tests;
