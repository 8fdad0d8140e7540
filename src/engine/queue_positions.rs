//! Queue positions: the fair order of each kind, read from the store occasionally and shared by all
//! requests meanwhile; and the version of a queued task, which encodes its position.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::Mutex as StdMutex;
use tokio::sync::Mutex;

use super::{
    EngineOptions, millis,
    store::{GENERATION_SHIFT, Row, Store, generation},
};
use crate::task::{Snapshot, Status, TaskId};

/// Maximum number of positions that a version can encode; upper bound of
/// [`EngineOptions::max_queue_positions`].
pub const MAX_PLACES: u32 = 255;

/// The bits of a version below its generation belong to a run, and are free while the task is
/// queued.
const PLACE_BITS: u32 = 8;
const PLACE_MASK: i64 = (1 << PLACE_BITS) - 1;
/// Ticks per square root of the waiting time in seconds.
const TICKS: f64 = 4.0;
const TICK_MASK: i64 = (1 << (GENERATION_SHIFT - PLACE_BITS)) - 1;

/// For tasks that are in no older order it is read sooner, as long as that takes at most this much of
/// each period: many starts do not read the order as often. A task in between has no position yet.
const SOONER: Duration = Duration::from_millis(50);
const PERIOD: Duration = Duration::from_secs(1);

/// See the module documentation.
#[derive(Default)]
pub(super) struct Places(StdMutex<HashMap<String, Arc<Mutex<Order>>>>);

/// The order of one kind at one moment.
#[derive(Default)]
struct Order {
    /// `None` before the first read, and after a failed one.
    read_at: Option<i64>,
    /// When the store was last asked, successfully or not.
    asked: Option<Instant>,
    places: HashMap<TaskId, u32>,
    /// When the present period began, and how long reading has taken in it.
    period: Option<Instant>,
    reading: Duration,
    /// What was last reported, for tasks whose version has not advanced since.
    told: HashMap<TaskId, LastReported>,
}

/// The version and position last reported for a queued task.
struct LastReported {
    version: i64,
    place: Option<u32>,
    /// From this time on every new version is greater.
    until: i64,
}

impl Places {
    fn order(&self, kind: &str) -> Arc<Mutex<Order>> {
        let mut orders = self.0.lock();
        Arc::clone(orders.entry(kind.to_owned()).or_default())
    }

    /// Adds the position of a queued task to its snapshot and its version. Rows that were read
    /// together by `read` cause at most one read of the order of their kind.
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
    /// Returns the position of a task, from 1; `None` if it may not start yet, is too far back, or
    /// the store fails.
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
            let asked = Instant::now();
            self.asked = Some(asked);
            let order = store.queue(&row.kind, limit).await;
            self.reading += asked.elapsed();
            match order {
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

    /// Repeats the last report if the new version would be smaller: a position farther back is
    /// reported once the time encoded in the version has advanced.
    fn hold_back(&mut self, snapshot: &mut Snapshot, until: i64) {
        match self.told.get(&snapshot.id) {
            Some(told) if told.is_of_wait(snapshot.version) && told.version > snapshot.version => {
                (snapshot.version, snapshot.queue_position) = (told.version, told.place);
            }
            _ => {
                let Snapshot { version, queue_position: place, .. } = *snapshot;
                self.told.insert(snapshot.id, LastReported { version, place, until });
            }
        }
    }

    /// Whether the order is recent enough, and not older than the task's wait.
    fn serves(&mut self, row: &Row, options: &EngineOptions) -> bool {
        let Some(read_at) = self.read_at else { return false };
        // A concurrent request may have read the row slightly earlier.
        if (row.read_at - read_at).abs() >= millis(options.queue_order) {
            return false;
        }
        let knows = self.places.contains_key(&row.id) || row.updated_at.max(row.run_at) < read_at;
        knows || self.has_read_enough(Instant::now())
    }
}

impl Order {
    /// Whether reading has taken its share of the present period.
    fn has_read_enough(&mut self, now: Instant) -> bool {
        if self.period.is_none_or(|period| now.duration_since(period) >= PERIOD) {
            (self.period, self.reading) = (Some(now), Duration::ZERO);
        }
        self.reading >= SOONER
    }
}

impl LastReported {
    /// Whether it was reported for the same wait as this version.
    const fn is_of_wait(&self, version: i64) -> bool {
        generation(self.version) == generation(version)
    }
}

/// The time encoded in a queued task's version: fine at first, then ever coarser, so that 4,095
/// ticks are twelve days.
fn tick(waited_ms: i64) -> i64 {
    (TICKS * (waited_ms.max(0) as f64 / 1000.0).sqrt()) as i64
}

/// The waiting time at which the tick advances, in milliseconds.
fn next_tick_ms(waited_ms: i64) -> i64 {
    let next = (tick(waited_ms) + 1) as f64 / TICKS;
    (next * next * 1000.0).ceil() as i64 + 1
}

/// Adds the position to a queued task's snapshot and its version: a position nearer the front gives
/// a greater version at once, one farther back as soon as the encoded time has advanced. Every
/// process computes the same version from the same position.
fn tell(snapshot: &mut Snapshot, place: Option<u32>, waited_ms: i64) {
    snapshot.queue_position = place;
    if snapshot.status == Status::Queued {
        let nearness = place.map_or(0, |place| (PLACE_MASK + 1 - i64::from(place)).max(0));
        let low = tick(waited_ms).min(TICK_MASK) << PLACE_BITS | nearness.min(PLACE_MASK);
        snapshot.version = snapshot.version >> GENERATION_SHIFT << GENERATION_SHIFT | low;
    }
}

/// Sets a queued task's version to the one that the client has if nothing new can be reported.
pub(super) fn settle(snapshot: &mut Snapshot, known: i64) {
    let version = snapshot.version;
    let same_wait = generation(known) == generation(version);
    let same_place = known & PLACE_MASK == version & PLACE_MASK;
    if snapshot.status == Status::Queued && same_wait && (same_place || version < known) {
        snapshot.version = known;
    }
}

#[cfg(test)]
#[path = "queue_positions_tests.rs"]
mod tests;
