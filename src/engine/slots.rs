//! The free slots of this worker, for claims. Slots that a claim under way may fill are reserved, so
//! that claims at the same time never run more tasks than configured.

use std::{collections::HashMap, sync::Arc};

use parking_lot::{Mutex, MutexGuard};

use tokio_util::task::task_tracker::TaskTrackerToken;

use super::{inner::Inner, store::CommitGroup};

/// Slots that claims under way may fill.
#[derive(Default)]
pub(super) struct Reserved(Mutex<HashMap<String, u32>>);

impl Reserved {
    // The guarded map is valid even after a panic.
    fn lock(&self) -> MutexGuard<'_, HashMap<String, u32>> {
        self.0.lock()
    }
}

/// Slots that are reserved for a claim until they are dropped.
pub(super) struct Slots {
    inner: Arc<Inner>,
    /// By kind.
    pub(super) by_kind: Vec<(String, u32)>,
    /// In total.
    pub(super) total: u32,
    /// The engine does not stop while it claims.
    _claiming: TaskTrackerToken,
}

impl Drop for Slots {
    fn drop(&mut self) {
        let mut reserved = self.inner.reserved.lock();
        for (kind, slots) in &self.by_kind {
            if let Some(count) = reserved.get_mut(kind) {
                *count = count.saturating_sub(*slots);
            }
        }
        reserved.retain(|_, count| *count > 0);
    }
}

/// Reserves all free slots; `None` if there are none, or if nothing is to be claimed any more.
pub(super) fn free(inner: &Arc<Inner>) -> Option<Slots> {
    reserve(inner, &CommitGroup::default(), |_| true)
}

/// Reserves the slots that a group commit can fill: those of the kinds that it starts or ends, or
/// all if the total was used up.
pub(super) fn freed_by(inner: &Arc<Inner>, group: &CommitGroup) -> Option<Slots> {
    let starts = group.starts.iter().map(|new| &new.kind);
    let kinds: Vec<_> = starts.chain(group.ends.iter().map(|end| &end.kind)).collect();
    let is_full = inner.running.running_in_all() >= inner.options.concurrency;
    reserve(inner, group, |kind| is_full || kinds.iter().any(|known| *known == kind))
}

/// The runs that the group ends leave their slots.
fn reserve(
    inner: &Arc<Inner>,
    group: &CommitGroup,
    is_wanted: impl Fn(&str) -> bool,
) -> Option<Slots> {
    if !inner.options.worker {
        return None;
    }
    // In this order: who stops the engine first says so, then waits for the claims under way.
    let claiming = inner.claimer.token();
    if inner.closing.is_cancelled() {
        return None;
    }
    let ending = |kind: &str| group.ends.iter().filter(|end| end.kind == kind).count();
    let free = |limit: u32, running: u32, reserved: u32, ending: usize| {
        let ending = u32::try_from(ending).unwrap_or(u32::MAX);
        limit.saturating_add(ending).saturating_sub(running.saturating_add(reserved))
    };
    let mut reserved = inner.reserved.lock();
    let in_all = reserved.values().fold(0, |sum: u32, count| sum.saturating_add(*count));
    let running = inner.running.running_in_all();
    let total = free(inner.options.concurrency, running, in_all, group.ends.len());
    let kinds = inner.kinds.now();
    let by_kind = kinds.claimable().filter(|kind| is_wanted(&kind.info.kind)).map(|kind| {
        let name = &kind.info.kind;
        let of_kind = reserved.get(name).copied().unwrap_or_default();
        let running = inner.running.running(name);
        let slots = free(kind.options.concurrency, running, of_kind, ending(name));
        (name.clone(), slots.min(total))
    });
    let by_kind: Vec<_> = by_kind.filter(|(_, slots)| *slots > 0).collect();
    if by_kind.is_empty() {
        return None;
    }
    for (kind, slots) in &by_kind {
        let count = reserved.entry(kind.clone()).or_default();
        *count = count.saturating_add(*slots);
    }
    drop(reserved);
    Some(Slots { inner: Arc::clone(inner), by_kind, total, _claiming: claiming })
}
