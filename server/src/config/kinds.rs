//! `[kinds.*]`: how tasks of each kind run.

use std::{collections::BTreeMap, time::Duration};

use milepost::engine::{KindOptions, Task as _};
use milepost_dataset::Dataset;
use milepost_story::Story;
use serde::{Deserialize, Serialize};

const DAY_S: u64 = 86_400;

/// One table per kind, such as `[kinds.story]`. Unknown kinds are rejected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KindsSettings(BTreeMap<String, KindSettings>);

/// How tasks of one kind run. Variables contain the kind's name in capitals, with `_` for `-`:
/// `MILEPOST_KINDS_STORY_TIMEOUT_S`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KindSettings {
    /// Time limit of an attempt in seconds; beyond it the attempt fails with code `timeout`.
    /// `MILEPOST_KINDS_{KIND}_TIMEOUT_S`. Default: 3,600; for `dataset` 600.
    pub timeout_s: u64,
    /// Maximum number of tasks of this kind that run at once in one process.
    /// `MILEPOST_KINDS_{KIND}_CONCURRENCY`. Default: 4; for `dataset`, which takes a core and some
    /// 100 MB each, 2.
    pub concurrency: u32,
    /// Maximum number of attempts, including the first, fixed when the task is queued.
    /// `MILEPOST_KINDS_{KIND}_MAX_ATTEMPTS`. Default: 3.
    pub max_attempts: u32,
    /// Time in seconds that a cancelled task has to stop on its own before it is stopped by force.
    /// `MILEPOST_KINDS_{KIND}_CANCEL_GRACE_S`. Default: 10.
    pub cancel_grace_s: u64,
}

impl Default for KindSettings {
    fn default() -> Self {
        KindOptions::default().into()
    }
}

impl From<KindOptions> for KindSettings {
    fn from(options: KindOptions) -> Self {
        Self {
            timeout_s: options.timeout.as_secs(),
            concurrency: options.concurrency,
            max_attempts: options.max_attempts,
            cancel_grace_s: options.cancel_grace.as_secs(),
        }
    }
}

/// The built-in kinds and how their tasks run by default. No command may have one of these names.
fn built_in() -> [(&'static str, KindSettings); 2] {
    [(Story::KIND, KindSettings::default()), (Dataset::KIND, Dataset::default_options().into())]
}

/// Names of the built-in kinds.
pub(super) fn built_in_names() -> [&'static str; 2] {
    built_in().map(|(name, _)| name)
}

impl Default for KindsSettings {
    fn default() -> Self {
        Self(built_in().map(|(kind, settings)| (kind.to_owned(), settings)).into())
    }
}

impl KindsSettings {
    /// Options of a kind for the engine.
    pub fn options(&self, kind: &str) -> KindOptions {
        let KindSettings { timeout_s, concurrency, max_attempts, cancel_grace_s } =
            self.0.get(kind).cloned().unwrap_or_default();
        KindOptions::default().with(|o| {
            o.timeout = Duration::from_secs(timeout_s);
            o.concurrency = concurrency;
            o.max_attempts = max_attempts;
            o.cancel_grace = Duration::from_secs(cancel_grace_s);
        })
    }

    /// Validates the values; returns the invalid keys and what would be valid.
    pub(super) fn invalid(&self) -> Vec<(String, String)> {
        let mut invalid = Vec::new();
        for (kind, settings) in &self.0 {
            let numbers = [
                (settings.timeout_s, 1, 30 * DAY_S, "timeout_s"),
                (settings.concurrency.into(), 1, 10_000, "concurrency"),
                (settings.max_attempts.into(), 1, 100, "max_attempts"),
                (settings.cancel_grace_s, 0, 3_600, "cancel_grace_s"),
            ];
            for (value, min, max, key) in numbers {
                if !(min..=max).contains(&value) {
                    invalid.push((format!("kinds.{kind}.{key}"), format!("{min} to {max}")));
                }
            }
        }
        invalid
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_that_says_nothing_runs_as_the_engine_would_have_it() {
        let (ours, engines) = (KindsSettings::default(), KindOptions::default());
        let story = ours.options(Story::KIND);
        assert_eq!(
            (story.timeout, story.concurrency, story.max_attempts, story.cancel_grace),
            (engines.timeout, engines.concurrency, engines.max_attempts, engines.cancel_grace)
        );
        assert_eq!(ours.options(Dataset::KIND).concurrency, 2);
        assert_eq!(ours.options("unknown").max_attempts, engines.max_attempts);
    }

    #[test]
    fn a_kind_with_a_table_has_its_own_values() {
        let own = |settings| KindsSettings(BTreeMap::from([("nightly-copy".to_owned(), settings)]));
        let ours = own(KindSettings { timeout_s: 7, ..KindSettings::default() });
        assert_eq!(ours.options("nightly-copy").timeout, Duration::from_secs(7));
        let ours = own(KindSettings { concurrency: 0, ..KindSettings::default() });
        let fault = ("kinds.nightly-copy.concurrency".to_owned(), "1 to 10000".to_owned());
        assert_eq!(ours.invalid(), [fault]);
    }
}
