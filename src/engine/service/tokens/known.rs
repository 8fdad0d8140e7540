//! Tokens that were looked up lately, so that a request with one reads no store.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use crate::engine::store::StoredToken;

/// How long a token counts as known before it is looked up again, in milliseconds. A token that was
/// revoked is refused by all servers within 30 s.
const KNOWN_MS: i64 = 25_000;
/// Number of tokens that are remembered.
const MAX_KNOWN: usize = 10_000;

/// Tokens by their hash, with the time of the look-up by the store's clock.
pub(in crate::engine) struct KnownTokens {
    tokens: quick_cache::sync::Cache<String, (i64, Arc<StoredToken>)>,
    /// Counts removals: a token that was looked up before one may be the removed one.
    removals: AtomicU64,
}

/// A look-up that has begun: the number of removals before it.
#[derive(Clone, Copy)]
pub(super) struct LookUp(u64);

impl KnownTokens {
    /// No token is known yet.
    pub(in crate::engine) fn none() -> Self {
        Self { tokens: quick_cache::sync::Cache::new(MAX_KNOWN), removals: AtomicU64::new(0) }
    }

    /// Returns a token that was looked up lately and has not expired.
    pub(super) fn get(&self, hash: &str, now: i64) -> Option<Arc<StoredToken>> {
        let (at, token) = self.tokens.get(hash)?;
        let is_recent = (0..KNOWN_MS).contains(&now.saturating_sub(at));
        (is_recent && token.expires_at > now).then_some(token)
    }

    /// Begins a look-up; call it before the store is read.
    pub(super) fn look_up(&self) -> LookUp {
        LookUp(self.removals.load(Ordering::SeqCst))
    }

    /// Remembers what a look-up found, unless a token was removed meanwhile.
    pub(super) fn insert(&self, look_up: LookUp, hash: String, now: i64, token: Arc<StoredToken>) {
        if self.removals.load(Ordering::SeqCst) != look_up.0 {
            return;
        }
        self.tokens.insert(hash.clone(), (now, token));
        // A removal after the first comparison may have cleared the cache before the insert.
        if self.removals.load(Ordering::SeqCst) != look_up.0 {
            self.tokens.remove(&hash);
        }
    }

    /// Forgets all tokens, after one was removed from the store.
    pub(super) fn clear(&self) {
        self.removals.fetch_add(1, Ordering::SeqCst);
        self.tokens.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token() -> Arc<StoredToken> {
        Arc::new(StoredToken {
            id: "1".to_owned(),
            owner: "user:ada".to_owned(),
            groups: Vec::new(),
            name: "CI".to_owned(),
            scopes: Vec::new(),
            kinds: Vec::new(),
            created_at: 0,
            expires_at: 1_000_000,
            last_used_at: None,
        })
    }

    #[test]
    fn a_token_that_is_removed_while_it_is_looked_up_is_not_remembered() {
        let known = KnownTokens::none();
        let late = known.look_up();
        known.insert(known.look_up(), "other".to_owned(), 0, token());
        assert!(known.get("other", 1).is_some());
        known.clear();
        known.insert(late, "hash".to_owned(), 0, token());
        assert!(known.get("hash", 1).is_none() && known.get("other", 1).is_none());
        known.insert(known.look_up(), "hash".to_owned(), 0, token());
        assert!(known.get("hash", 1).is_some(), "one that is looked up afterwards");
        assert!(known.get("hash", KNOWN_MS).is_none());
    }
}
