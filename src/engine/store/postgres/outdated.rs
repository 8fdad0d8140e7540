//! Which connections are too old to be used.

use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// The moment before which connections led to a server that takes no writes any more. They are
/// replaced, the reading ones too: what they read would grow old.
#[derive(Debug, Default)]
pub(super) struct Outdated(Mutex<Option<Instant>>);

impl Outdated {
    /// Every connection that is open now is outdated.
    pub(super) fn note(&self) {
        *self.0.lock() = Some(Instant::now());
    }

    /// Whether a connection of this age is.
    pub(super) fn includes(&self, age: Duration) -> bool {
        let noted = *self.0.lock();
        noted.is_some_and(|noted| age >= noted.elapsed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_from_before_the_moment_are_outdated_and_later_ones_are_not() {
        let outdated = Outdated::default();
        assert!(!outdated.includes(Duration::MAX));
        outdated.note();
        assert!(outdated.includes(Duration::from_secs(3_600)));
        assert!(!outdated.includes(Duration::ZERO));
    }
}
