//! What is paused, as this process last read it.

use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::store::{PauseScope, Row, Store};
use crate::task::{Snapshot, Status};

/// How long the pauses are remembered.
const FRESH: Duration = Duration::from_millis(500);

/// The paused kinds, read at most once in [`FRESH`].
#[derive(Default)]
pub(super) struct PausedKinds(Mutex<Option<(Instant, Vec<String>)>>);

impl PausedKinds {
    /// Forgets what was read.
    pub(super) fn forget(&self) {
        *self.0.lock() = None;
    }

    /// Adds the reason to a queued task that could run now but for a pause of its kind.
    pub(super) async fn explain(&self, store: &dyn Store, row: &Row, snapshot: &mut Snapshot) {
        if row.status != Status::Queued || row.run_at > row.read_at {
            return;
        }
        if self.read(store).await.contains(&row.kind) {
            snapshot.message = Some("waits: an operator has paused this kind of task".to_owned());
        }
    }

    /// Empty if the store fails: the task is shown without a reason.
    async fn read(&self, store: &dyn Store) -> Vec<String> {
        if let Some((read, kinds)) = &*self.0.lock()
            && read.elapsed() < FRESH
        {
            return kinds.clone();
        }
        let pauses = match store.pauses().await {
            Ok(pauses) => pauses,
            Err(error) => {
                tracing::warn!(%error, "the pauses could not be read");
                return Vec::new();
            }
        };
        let kinds = pauses.into_iter().filter(|pause| pause.scope == PauseScope::Kind);
        let kinds: Vec<_> = kinds.map(|pause| pause.name).collect();
        *self.0.lock() = Some((Instant::now(), kinds.clone()));
        kinds
    }
}
