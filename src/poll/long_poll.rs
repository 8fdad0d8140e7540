//! How long requests may wait, learned from the network between client and server.

use super::HoldConfig;

/// What was learned about long polls.
#[derive(Clone, Debug, Default)]
pub(super) struct Holding {
    /// The current wait, if it was shortened.
    shortened_ms: Option<u64>,
    /// No long polls before this moment.
    off_until: u64,
    /// The age at which the last waiting request was cut.
    cut_age_ms: Option<u64>,
    /// Waiting requests cut since the last response.
    cuts: u32,
    /// Since when no waiting request has been cut.
    clean_from: u64,
    /// Number of unchanged responses in a row that came immediately and did not report a wait.
    instant: u32,
    /// Number of waiting requests in a row without any response.
    lost: u32,
}

/// How an unanswered request ended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Loss {
    /// The connection was cut, possibly by an intermediary.
    Cut,
    /// Nothing arrived before the client's timeout.
    Timeout,
    /// The server responded with an error.
    Refused,
}

impl Holding {
    /// The wait to ask for now; 0: none.
    pub(super) fn wait_ms(&self, config: Option<&HoldConfig>, now: u64) -> u64 {
        match config {
            Some(config) if now >= self.off_until => {
                self.shortened_ms.unwrap_or(config.longest_ms).min(config.longest_ms)
            }
            _ => 0,
        }
    }

    /// Takes a response after `age_ms`, to a request that could wait. `idle`: it contained nothing.
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

    /// Takes the loss of a request that could wait, after `age_ms`. Returns whether it counts as a
    /// first cut instead of a failure.
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

/// Whether two cuts look like the same time limit: both too early for long polls, or within a fifth
/// of each other.
fn about_the_same(config: &HoldConfig, a: u64, b: u64) -> bool {
    let (less, more) = (a.min(b), a.max(b));
    more < config.shortest_ms || more - less <= more / 5
}
