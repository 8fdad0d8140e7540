//! How long things are kept.

use std::time::Duration;

use milepost::engine::EngineOptions;
use serde::{Deserialize, Serialize};

/// The longest that can be asked for: a hundred years.
const MAX_S: u64 = 100 * 365 * DAY_S;
const DAY_S: u64 = 86_400;

/// How long tasks and their results are kept after their end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RetentionSettings {
    /// How long a task and its result are kept after the end, in seconds, as it stands when the task
    /// is queued; 0: for ever. `MILEPOST_RETENTION_KEEP_S`. Default: 2,592,000 (30 days).
    pub keep_s: u64,
    /// How long from now a task is kept that somebody asks to keep longer, in seconds.
    /// `MILEPOST_RETENTION_EXTEND_S`. Default: 7,776,000 (90 days).
    pub extend_s: u64,
    /// How long it is known of an expired task what it was, in seconds; after that it is as if it
    /// had never been. `MILEPOST_RETENTION_TOMBSTONES_S`. Default: 7,776,000 (90 days).
    pub tombstones_s: u64,
    /// How often expired tasks are looked for, in seconds. `MILEPOST_RETENTION_PRUNE_INTERVAL_S`. Default: 60.
    pub prune_interval_s: u64,
    /// Tasks removed in one transaction. `MILEPOST_RETENTION_PRUNE_BATCH`. Default: 50.
    pub prune_batch: u32,
}

impl Default for RetentionSettings {
    fn default() -> Self {
        Self {
            keep_s: 30 * DAY_S,
            extend_s: 90 * DAY_S,
            tombstones_s: 90 * DAY_S,
            prune_interval_s: 60,
            prune_batch: 50,
        }
    }
}

impl RetentionSettings {
    /// The engine's options with these.
    pub fn options(&self, rest: EngineOptions) -> EngineOptions {
        EngineOptions {
            keep: Duration::from_secs(self.keep_s),
            keep_longer: Duration::from_secs(self.extend_s),
            tombstones: Duration::from_secs(self.tombstones_s),
            clean: Duration::from_secs(self.prune_interval_s),
            prune_batch: self.prune_batch,
            ..rest
        }
    }

    pub(super) fn faults(&self) -> Vec<(&'static str, String)> {
        let spans = [
            (self.keep_s, 0, "retention.keep_s"),
            (self.extend_s, 1, "retention.extend_s"),
            (self.tombstones_s, 0, "retention.tombstones_s"),
            (self.prune_interval_s, 1, "retention.prune_interval_s"),
        ];
        let mut faults = Vec::new();
        for (seconds, least, key) in spans {
            if !(least..=MAX_S).contains(&seconds) {
                faults.push((key, format!("{least} to {MAX_S}")));
            }
        }
        if !(1..=10_000).contains(&self.prune_batch) {
            faults.push(("retention.prune_batch", "1 to 10000".to_owned()));
        }
        faults
    }
}
