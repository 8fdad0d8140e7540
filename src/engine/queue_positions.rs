//! Places in the queue: the fair order of each kind, asked of the store now and then and shared by
//! all who ask meanwhile; and the version of a waiting task, which tells its place.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex as StdMutex, PoisonError},
    time::Instant,
};

use tokio::sync::Mutex;

use super::{
    EngineOptions, millis,
    store::{Row, Store},
};
use crate::task::{Snapshot, Status, TaskId};

/// The places that a version can tell apart; [`EngineOptions::max_queue_positions`] is at most this.
pub const MAX_PLACES: u32 = 255;

/// A store's own changes count up the version from this bit on; those below are a run's, and of a
/// waiting task nobody's.
const GENERATION: u32 = 20;
const PLACE_BITS: u32 = 8;
const PLACE_MASK: i64 = (1 << PLACE_BITS) - 1;
/// Ticks are so many times the root of the seconds.
const TICKS: f64 = 4.0;
const TICK_MASK: i64 = (1 << (GENERATION - PLACE_BITS)) - 1;

/// See the module.
#[derive(Default)]
pub(super) struct Places(StdMutex<HashMap<String, Arc<Mutex<Order>>>>);

/// The order of one kind, as it was at one moment.
#[derive(Default)]
struct Order {
    /// `None` before the first time, and after one that failed.
    read_at: Option<i64>,
    /// When the store was asked last, whether it answered or not.
    asked: Option<Instant>,
    places: HashMap<TaskId, u32>,
    /// What was told last, of those whose versions have not moved on by themselves since.
    told: HashMap<TaskId, Told>,
}

/// What was told of a waiting task.
struct Told {
    version: i64,
    place: Option<u32>,
    /// From then on every version is greater.
    until: i64,
}

impl Places {
    fn order(&self, kind: &str) -> Arc<Mutex<Order>> {
        let mut orders = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(orders.entry(kind.to_owned()).or_default())
    }

    /// Puts the place of a waiting task into its snapshot, and into its version. Rows that were read
    /// together by `read` ask the store for the order of a kind once together.
    pub(super) async fn tell(
        &self,
        store: &dyn Store,
        options: &EngineOptions,
        row: &Row,
        read: Instant,
        snapshot: &mut Snapshot,
    ) {
        if row.status != Status::Queued {
            return;
        }
        let order = self.order(&row.kind);
        let mut order = order.lock().await;
        let place = order.place(store, options, row, read).await;
        let waited_ms = row.read_at - row.updated_at;
        tell(snapshot, place, waited_ms);
        order.hold_back(snapshot, row.updated_at.saturating_add(next_tick_ms(waited_ms)));
    }
}

impl Order {
    /// Where a task stands, from 1; `None` where it may not start yet, is too far back, or the store
    /// does not tell.
    async fn place(
        &mut self,
        store: &dyn Store,
        options: &EngineOptions,
        row: &Row,
        read: Instant,
    ) -> Option<u32> {
        let limit = options.max_queue_positions.min(MAX_PLACES);
        if row.run_at > row.read_at || limit == 0 {
            return None;
        }
        let asked_since = self.asked.is_some_and(|asked| asked >= read);
        if !asked_since && !self.serves(row, options) {
            self.asked = Some(Instant::now());
            match store.queue(&row.kind, limit).await {
                Ok(ids) => {
                    self.read_at = Some(row.read_at);
                    self.places = ids.into_iter().zip(1..).collect();
                    self.told.retain(|_, told| told.until > row.read_at);
                }
                Err(error) => {
                    tracing::warn!(%error, "the order of the queue could not be read");
                    self.read_at = None;
                    self.places.clear();
                }
            }
        }
        self.places.get(&row.id).copied()
    }

    /// Tells what was told before where the version of what there is now would be smaller: a farther
    /// place has to wait until the time that the version tells, too, has moved on.
    fn hold_back(&mut self, snapshot: &mut Snapshot, until: i64) {
        match self.told.get(&snapshot.id) {
            Some(told) if told.is_of_wait(snapshot.version) && told.version > snapshot.version => {
                (snapshot.version, snapshot.queue_position) = (told.version, told.place);
            }
            _ => {
                let Snapshot { version, queue_position: place, .. } = *snapshot;
                self.told.insert(snapshot.id, Told { version, place, until });
            }
        }
    }

    /// Whether it is young enough, and not older than the task's wait.
    fn serves(&self, row: &Row, options: &EngineOptions) -> bool {
        let Some(read_at) = self.read_at else { return false };
        let knows = self.places.contains_key(&row.id) || row.updated_at.max(row.run_at) < read_at;
        // Whoever asks at the same moment may have read the row a little earlier.
        knows && (row.read_at - read_at).abs() < millis(options.queue_order)
    }
}

impl Told {
    /// Whether it was told of the same wait as this version.
    const fn is_of_wait(&self, version: i64) -> bool {
        self.version >> GENERATION == version >> GENERATION
    }
}

/// A waiting task's version tells the time, too: finely at first and ever more coarsely, so that
/// 4,095 ticks are twelve days.
fn tick(waited_ms: i64) -> i64 {
    (TICKS * (waited_ms.max(0) as f64 / 1000.0).sqrt()) as i64
}

/// After how much waiting the tick has moved on, in milliseconds.
fn next_tick_ms(waited_ms: i64) -> i64 {
    let next = (tick(waited_ms) + 1) as f64 / TICKS;
    (next * next * 1000.0).ceil() as i64 + 1
}

/// Puts the place into a waiting task's snapshot, and into its version: a nearer place is a greater
/// version at once, a farther one as soon as the time that the version tells, too, has moved on.
/// Each process makes the same version of the same place, whoever was asked before.
fn tell(snapshot: &mut Snapshot, place: Option<u32>, waited_ms: i64) {
    snapshot.queue_position = place;
    if snapshot.status == Status::Queued {
        let nearness = place.map_or(0, |place| (PLACE_MASK + 1 - i64::from(place)).max(0));
        let low = tick(waited_ms).min(TICK_MASK) << PLACE_BITS | nearness.min(PLACE_MASK);
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
#[path = "queue_positions_tests.rs"]
mod tests;
