//! `[kinds.*]`: how tasks of each kind run.

use std::{collections::BTreeMap, time::Duration};

use milepost::engine::{KindOptions, RetentionOptions, RunRate, Task as _, is_user_or_group};
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
    /// Maximum number of tasks of this kind that run at once in all processes of the database.
    /// `MILEPOST_KINDS_{KIND}_GLOBAL_CONCURRENCY`. Default: no limit.
    pub global_concurrency: Option<u32>,
    /// Maximum rate of runs in all processes of the database: a number and a unit (`s`, `min`, `h` or
    /// `d`), such as `10/min`. Further tasks wait in the queue; a retry counts.
    /// `MILEPOST_KINDS_{KIND}_AT_MOST`. Default: no limit.
    pub at_most: Option<RunRate>,
    /// The same for the runs of each owner, and of each client address of anonymous callers.
    /// `MILEPOST_KINDS_{KIND}_AT_MOST_PER_OWNER`. Default: no limit.
    pub at_most_per_owner: Option<RunRate>,
    /// Maximum number of attempts, including the first, fixed when the task is queued.
    /// `MILEPOST_KINDS_{KIND}_MAX_ATTEMPTS`. Default: 3.
    pub max_attempts: u32,
    /// Time in seconds that a cancelled task has to stop on its own before it is stopped by force.
    /// `MILEPOST_KINDS_{KIND}_CANCEL_GRACE_S`. Default: 10.
    pub cancel_grace_s: u64,
    /// Retention of a task of this kind and its result after its end, in seconds, fixed when the
    /// task is queued; 0: no limit. `MILEPOST_KINDS_{KIND}_KEEP_S`. Default: `retention.keep_s`.
    pub keep_s: Option<u64>,
    /// Users (`ada`) and groups (`group:ops`) who see this kind in the list of kinds and may start it,
    /// in addition to admins. `MILEPOST_KINDS_{KIND}_ALLOW`, separated by commas. Default: everybody.
    pub allow: Vec<String>,
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
            global_concurrency: options.global_concurrency,
            at_most: options.at_most,
            at_most_per_owner: options.at_most_per_owner,
            max_attempts: options.max_attempts,
            cancel_grace_s: options.cancel_grace.as_secs(),
            keep_s: options.keep.map(|keep| keep.as_secs()),
            allow: options.allow,
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
        let settings = self.0.get(kind).cloned().unwrap_or_default();
        KindOptions::default().with(|o| {
            o.timeout = Duration::from_secs(settings.timeout_s);
            o.concurrency = settings.concurrency;
            o.global_concurrency = settings.global_concurrency;
            o.at_most = settings.at_most;
            o.at_most_per_owner = settings.at_most_per_owner;
            o.max_attempts = settings.max_attempts;
            o.cancel_grace = Duration::from_secs(settings.cancel_grace_s);
            o.keep = settings.keep_s.map(Duration::from_secs);
            o.allow = settings.allow;
        })
    }

    /// Validates the values; returns the invalid keys and what would be valid.
    pub(super) fn invalid(&self) -> Vec<(String, String)> {
        let mut invalid = Vec::new();
        for (kind, settings) in &self.0 {
            let numbers = [
                (settings.timeout_s, 1, 30 * DAY_S, "timeout_s"),
                (settings.concurrency.into(), 1, 10_000, "concurrency"),
                (
                    settings.global_concurrency.unwrap_or(1).into(),
                    1,
                    1_000_000,
                    "global_concurrency",
                ),
                (settings.max_attempts.into(), 1, 100, "max_attempts"),
                (settings.cancel_grace_s, 0, 3_600, "cancel_grace_s"),
                (settings.keep_s.unwrap_or(0), 0, RetentionOptions::MAX_KEEP_S, "keep_s"),
            ];
            if !settings.allow.iter().all(|entry| is_user_or_group(entry)) {
                let right = "each a user, such as ada, or a group, such as group:ops".to_owned();
                invalid.push((format!("kinds.{kind}.allow"), right));
            }
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
        assert_eq!((story.keep, engines.keep), (None, None));
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
        let (at_most, global_concurrency) = ("10/min".parse().ok(), Some(0));
        let ours = own(KindSettings { at_most, global_concurrency, ..KindSettings::default() });
        assert_eq!(ours.options("nightly-copy").at_most, at_most);
        let fault = "kinds.nightly-copy.global_concurrency".to_owned();
        assert_eq!(ours.invalid(), [(fault, "1 to 1000000".to_owned())]);
    }
}
