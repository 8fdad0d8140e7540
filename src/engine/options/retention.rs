//! Retention of ended tasks.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Invalid, in_range, seconds};
use crate::engine::KindOptions;

const DAY_S: u64 = 86_400;
/// 100 years.
const MAX_S: u64 = 100 * 365 * DAY_S;

/// How long ended tasks and their results are retained. `Default` gives the documented values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct RetentionOptions {
    /// Retention of a task and its result after its end, in seconds; 0: no limit. Fixed when the
    /// task is queued. A kind may have its own ([`KindOptions::keep`]). Default: 2,592,000 (30
    /// days).
    #[serde(rename = "keep_s", with = "seconds")]
    pub keep: Duration,
    /// Retention from now of a task that its owner extends, in seconds. Default: 7,776,000 (90
    /// days).
    #[serde(rename = "extend_s", with = "seconds")]
    pub extend: Duration,
    /// How long an expired task is answered with 410 and a summary, in seconds; afterwards it is
    /// not found. Default: 7,776,000 (90 days).
    #[serde(rename = "tombstones_s", with = "seconds")]
    pub tombstones: Duration,
    /// Retention of the rows of the audit log, in days, at most 36,500; 0: no limit. Default: 90.
    pub audit_days: u32,
    /// Time between two runs of the pruner, in seconds. Default: 60.
    #[serde(rename = "prune_interval_s", with = "seconds")]
    pub prune_interval: Duration,
    /// Maximum number of tasks removed in one transaction, 1 to 10,000. Default: 50.
    pub prune_batch: u32,
}

crate::with::with!(RetentionOptions);

impl Default for RetentionOptions {
    fn default() -> Self {
        Self {
            keep: Duration::from_secs(30 * DAY_S),
            extend: Duration::from_secs(90 * DAY_S),
            tombstones: Duration::from_secs(90 * DAY_S),
            audit_days: 90,
            prune_interval: Duration::from_secs(60),
            prune_batch: 50,
        }
    }
}

impl RetentionOptions {
    /// The longest retention of a task, in seconds: 100 years.
    pub const MAX_KEEP_S: u64 = MAX_S;

    /// Returns how long a task of a kind with these options is retained after its end; `None`: no
    /// limit.
    pub(in crate::engine) fn keep_of(&self, kind: &KindOptions) -> Option<Duration> {
        let keep = kind.keep.unwrap_or(self.keep);
        // An end plus a longer one might be no number of the database, and the task could not end.
        (!keep.is_zero()).then(|| keep.min(Duration::from_secs(Self::MAX_KEEP_S)))
    }

    /// Returns settings that are out of range: the key and the accepted values.
    pub fn invalid(&self) -> Vec<Invalid> {
        in_range([
            ("keep_s", self.keep.as_secs(), 0, Self::MAX_KEEP_S),
            ("extend_s", self.extend.as_secs(), 1, MAX_S),
            ("tombstones_s", self.tombstones.as_secs(), 0, MAX_S),
            ("audit_days", self.audit_days.into(), 0, 36_500),
            ("prune_interval_s", self.prune_interval.as_secs(), 1, MAX_S),
            ("prune_batch", self.prune_batch.into(), 1, 10_000),
        ])
    }
}
