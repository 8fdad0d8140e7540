//! How long a request may be held, learned from what lies between client and server.

use super::HoldConfig;

/// What was learned about holding.
#[derive(Clone, Debug, Default)]
pub(super) struct Holding {
    /// The hold in use, where it was shortened.
    shortened_ms: Option<u64>,
    /// No holding before this moment.
    off_until: u64,
    /// The age at which the last held request was cut.
    cut_age_ms: Option<u64>,
    /// Held requests that were cut since the last answer.
    cuts: u32,
    /// Since when no held request has been cut.
    clean_from: u64,
    /// Unchanged answers in a row that came at once and did not say that they were held.
    instant: u32,
    /// Held requests in a row of which nothing was heard.
    lost: u32,
}

/// How a held request ended that was not answered.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Loss {
    /// The connection, or somebody between, ended it.
    Cut,
    /// Nothing came until the client ended it.
    Timeout,
    /// The server answered with an error.
    Refused,
}

impl Holding {
    /// How long to ask for now; 0 = no holding.
    pub(super) fn wait_ms(&self, config: Option<&HoldConfig>, now: u64) -> u64 {
        match config {
            Some(config) if now >= self.off_until => {
                self.shortened_ms.unwrap_or(config.longest_ms).min(config.longest_ms)
            }
            _ => 0,
        }
    }

    /// A request that might be held was answered after `age_ms`. `idle`: it told nothing.
    pub(super) fn answered(
        &mut self,
        config: &HoldConfig,
        age_ms: u64,
        held: bool,
        idle: bool,
        now: u64,
    ) {
        self.cuts = 0;
        self.lost = 0;
        if !held && idle && age_ms < config.cut_from_ms {
            self.instant += 1;
            if self.instant >= 2 {
                self.give_up(config, now);
            }
            return;
        }
        if held {
            self.instant = 0;
        }
        if now.saturating_sub(self.clean_from) >= config.clean_ms {
            self.cut_age_ms = None;
            self.clean_from = now;
            if let Some(ms) = self.shortened_ms {
                let more = ms + config.give_back_ms;
                self.shortened_ms = (more < config.longest_ms).then_some(more);
            }
        }
    }

    /// A request that might be held was lost after `age_ms`. Returns whether that is no failure but
    /// a first cut.
    pub(super) fn lost(&mut self, config: &HoldConfig, age_ms: u64, loss: Loss, now: u64) -> bool {
        if loss == Loss::Timeout {
            self.lost += 1;
            if self.lost >= 2 {
                self.give_up(config, now);
            }
            return false;
        }
        if loss == Loss::Refused || age_ms < config.cut_from_ms {
            return false;
        }
        self.clean_from = now;
        self.cuts += 1;
        let first = self.cuts == 1;
        match self.cut_age_ms.take() {
            Some(before) if about_the_same(config, before, age_ms) => {
                let age = before.min(age_ms);
                if age < config.shortest_ms {
                    self.give_up(config, now);
                } else {
                    self.shortened_ms = Some((age * 3 / 4).max(config.shortest_ms));
                }
            }
            _ => self.cut_age_ms = Some(age_ms),
        }
        first
    }

    fn give_up(&mut self, config: &HoldConfig, now: u64) {
        self.off_until = now.saturating_add(config.retry_after_ms);
        self.cut_age_ms = None;
        self.instant = 0;
        self.lost = 0;
    }
}

/// Whether two cuts look like the work of one rule: both too early to hold at all, or within a
/// fifth of each other.
fn about_the_same(config: &HoldConfig, a: u64, b: u64) -> bool {
    let (less, more) = (a.min(b), a.max(b));
    more < config.shortest_ms || more - less <= more / 5
}
