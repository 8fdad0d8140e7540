//! Tokens and sessions that were looked up lately, so that a request with one reads no store.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// How long one counts as known before it is looked up again, in milliseconds. One that was removed is
/// refused by all servers within 30 s.
const KNOWN_MS: i64 = 25_000;
/// Number that is remembered.
const MAX_KNOWN: usize = 10_000;

/// What was found by its hash, with the times of the look-up and of its expiry by the store's clock.
pub(in crate::engine) struct Known<T> {
    found: quick_cache::sync::Cache<String, ((i64, i64), Arc<T>)>,
    /// Counts removals: what was looked up before one may be the removed one.
    removals: AtomicU64,
}

/// A look-up that has begun: the number of removals before it.
#[derive(Clone, Copy)]
pub(super) struct LookUp(u64);

impl<T> Known<T> {
    /// Nothing is known yet.
    pub(in crate::engine) fn none() -> Self {
        Self { found: quick_cache::sync::Cache::new(MAX_KNOWN), removals: AtomicU64::new(0) }
    }

    /// Returns what was looked up lately and has not expired.
    pub(super) fn get(&self, hash: &str, now: i64) -> Option<Arc<T>> {
        let ((at, expires_at), found) = self.found.get(hash)?;
        let is_recent = (0..KNOWN_MS).contains(&now.saturating_sub(at));
        (is_recent && expires_at > now).then_some(found)
    }

    /// Begins a look-up; call it before the store is read.
    pub(super) fn look_up(&self) -> LookUp {
        LookUp(self.removals.load(Ordering::SeqCst))
    }

    /// Remembers what a look-up found, unless something was removed meanwhile. `times`: now, and when it
    /// expires.
    pub(super) fn insert(&self, look_up: LookUp, hash: String, times: (i64, i64), found: Arc<T>) {
        if self.removals.load(Ordering::SeqCst) != look_up.0 {
            return;
        }
        self.found.insert(hash.clone(), (times, found));
        // A removal after the first comparison may have cleared the cache before the insert.
        if self.removals.load(Ordering::SeqCst) != look_up.0 {
            self.found.remove(&hash);
        }
    }

    /// Forgets everything, after something was removed from the store.
    pub(super) fn clear(&self) {
        self.removals.fetch_add(1, Ordering::SeqCst);
        self.found.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_removed_while_it_is_looked_up_is_not_remembered() {
        let known = Known::none();
        let late = known.look_up();
        let insert = |look_up, hash: &str| {
            known.insert(look_up, hash.to_owned(), (0, 20_000), Arc::new(1));
        };
        insert(known.look_up(), "other");
        assert!(known.get("other", 1).is_some());
        known.clear();
        insert(late, "hash");
        assert!(known.get("hash", 1).is_none() && known.get("other", 1).is_none());
        insert(known.look_up(), "hash");
        assert!(known.get("hash", 1).is_some(), "one that is looked up afterwards");
        assert!(known.get("hash", 20_000).is_none(), "it has expired");
        known.insert(known.look_up(), "hash".to_owned(), (0, i64::MAX), Arc::new(1));
        assert!(known.get("hash", KNOWN_MS - 1).is_some() && known.get("hash", KNOWN_MS).is_none());
    }
}
