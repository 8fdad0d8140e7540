//! Adding and removing watched tasks.

use super::{Halt, Machine};
use crate::{
    poll::entry::Entry,
    task::{Snapshot, TaskId},
};

impl Machine {
    /// Adds a watcher of this task.
    pub(super) fn watch(&mut self, id: TaskId, snapshot: Option<Box<Snapshot>>, now: u64) -> bool {
        let clock = self.clock(now);
        let live = self.config.foreground;
        let entry = self.entry_or_new(id, now);
        entry.watchers = entry.watchers.saturating_add(1);
        entry.large |= live;
        // A later watcher's snapshot is as old as its page: applying the same version would set the
        // ages back.
        let known = entry.snapshot.as_ref().map(|known| (known.attempt, known.version));
        let news = |new: &Snapshot| known.is_none_or(|known| known < (new.attempt, new.version));
        if let Some(snapshot) = snapshot.filter(|snapshot| news(snapshot)) {
            entry.heard_at.get_or_insert(now);
            entry.apply(*snapshot, now, clock);
        }
        true
    }

    /// Asks for the log lines of a watched task, or for its preview, from now on.
    pub(super) fn follow(&mut self, id: TaskId, after: i64, preview: bool, now: u64) {
        let Some(entry) = self.entry(id) else { return };
        *(if preview { &mut entry.preview_after } else { &mut entry.log_after }) = Some(after);
        // What came with earlier responses would be missing.
        if entry.asked && entry.live() {
            entry.owed = true;
            self.hurry(now);
        }
    }

    /// Removes a watcher of this task.
    pub(super) fn unwatch(&mut self, id: TaskId) {
        if let Some(entry) = self.entry(id) {
            entry.watchers = entry.watchers.saturating_sub(1);
            self.drop_unwatched();
        }
    }

    pub(super) fn entry(&mut self, id: TaskId) -> Option<&mut Entry> {
        self.entries.iter_mut().find(|entry| entry.id == id)
    }

    /// Returns the entry of a task; creates it, and polls soon, if there is none.
    pub(super) fn entry_or_new(&mut self, id: TaskId, now: u64) -> &mut Entry {
        let at = self.entries.iter().position(|entry| entry.id == id).unwrap_or_else(|| {
            let reach = self.config.reach();
            self.entries.push(Entry::new(id, now, reach));
            self.polls = 0;
            self.hurry(now);
            self.entries.len() - 1
        });
        &mut self.entries[at]
    }

    /// Removes tasks that no watcher has, here or in another tab.
    pub(super) fn drop_unwatched(&mut self) {
        self.entries.retain(|entry| entry.watchers > 0 || entry.peers > 0);
        if let Some(flight) = &mut self.flight {
            let entries = &self.entries;
            flight.ids.retain(|id| entries.iter().any(|entry| entry.id == *id));
        }
        if self.entries.is_empty() {
            self.forget_failures();
            self.halt = Halt::None;
            self.woken = false;
        }
    }
}
