//! Rows of tasks that ended lately, so that the crowd that comes for an end does not go to the store.
//!
//! An ended row changes only when its retention is extended. Where other processes may do that, a
//! row counts for a moment and is then read once for all.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use quick_cache::{Weighter, sync::Cache};

use super::store::Row;
use crate::task::TaskId;

/// How long a row counts where other processes may change it.
const FRESH: Duration = Duration::from_secs(1);
/// Size of a row besides its texts.
const ROW_BYTES: usize = 1_024;

/// See the module documentation.
pub(super) struct EndedRows {
    /// `None`: no row is retained.
    rows: Option<Cache<TaskId, Arc<Ended>, Bytes>>,
    is_shared: bool,
    /// Counts the changes, so that a row that was read before a change is not retained after it.
    changes: AtomicU64,
}

struct Ended {
    row: Row,
    read: Instant,
}

#[derive(Clone)]
struct Bytes;

impl Weighter<TaskId, Arc<Ended>> for Bytes {
    fn weight(&self, _: &TaskId, ended: &Arc<Ended>) -> u64 {
        let row = &ended.row;
        let texts = [&row.owner, &row.client, &row.message, &row.stopping.preserved];
        let texts = texts.into_iter().flatten().chain([&row.kind, &row.title]);
        let texts = texts.chain(&row.labels.tags).chain(&row.labels.note);
        let error = row.error.iter().map(|(code, message, _)| code.len() + message.len());
        let stages = row.stages.iter().map(|stage| stage.name.len() + size_of_val(stage));
        let bytes = ROW_BYTES + texts.map(String::len).chain(error).chain(stages).sum::<usize>();
        u64::try_from(bytes).unwrap_or(u64::MAX)
    }
}

impl EndedRows {
    pub(super) fn new(max_bytes: usize, is_shared: bool) -> Self {
        let bytes = u64::try_from(max_bytes).unwrap_or(u64::MAX);
        let rows = || Cache::with_weighter(max_bytes / ROW_BYTES, bytes, Bytes);
        let changes = AtomicU64::new(0);
        Self { rows: (max_bytes >= ROW_BYTES).then(rows), is_shared, changes }
    }

    /// Returns the row of a task that has ended and not expired, if it is known.
    pub(super) fn get(&self, id: TaskId, now_ms: i64) -> Option<Row> {
        let ended = self.rows.as_ref()?.get(&id)?;
        if self.is_shared && ended.read.elapsed() > FRESH {
            return None;
        }
        let row = Row { read_at: now_ms, ..ended.row.clone() };
        row.expired().is_none().then_some(row)
    }

    /// To be called before a row is read that may be retained.
    pub(super) fn reading(&self) -> Reading {
        Reading { changes: self.changes.load(Ordering::SeqCst), read: Instant::now() }
    }

    /// Retains a row that was just read, if it has ended.
    pub(super) fn put(&self, row: &Row, Reading { changes, read }: Reading) {
        let Some(rows) = &self.rows else { return };
        if !row.status.is_terminal() || row.expired().is_some() {
            return;
        }
        rows.insert(row.id, Arc::new(Ended { row: row.clone(), read }));
        if self.changes.load(Ordering::SeqCst) != changes {
            rows.remove(&row.id);
        }
    }

    /// The row has changed.
    pub(super) fn forget(&self, id: TaskId) {
        self.changes.fetch_add(1, Ordering::SeqCst);
        if let Some(rows) = &self.rows {
            rows.remove(&id);
        }
    }

    /// Any row may have changed.
    pub(super) fn forget_all(&self) {
        self.changes.fetch_add(1, Ordering::SeqCst);
        if let Some(rows) = &self.rows {
            rows.clear();
        }
    }
}

/// The moment at which a row was asked for.
pub(super) struct Reading {
    changes: u64,
    read: Instant,
}

#[cfg(test)]
#[path = "ended_tests.rs"]
mod tests;
