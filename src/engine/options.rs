//! Options of the engine: limits and periods, each with its default.

mod duration;
mod long_poll;
mod retention;
mod storage;
mod usable;

use std::{sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};

use duration::whole_ms;
pub(super) use duration::{milliseconds, seconds};
pub use long_poll::LongPollOptions;
pub use retention::RetentionOptions;
pub use storage::StorageOptions;

use super::{Artifacts, FileOptions, RateOptions, RunTracer};

/// Upper bound of [`EngineOptions::max_batch`].
const MAX_BATCH: usize = 10_000;

/// A setting that is out of range: its key and the accepted values.
pub type Invalid = (&'static str, String);

/// Returns the settings outside their range; each entry is key, value, minimum, maximum.
pub(super) fn in_range<const N: usize>(
    settings: [(&'static str, u64, u64, u64); N],
) -> Vec<Invalid> {
    let wrong = settings.into_iter().filter(|(_, value, min, max)| !(min..=max).contains(&value));
    wrong.map(|(key, _, min, max)| (key, format!("{min} to {max}"))).collect()
}

/// Options of one engine. `Default` gives the documented values. In a configuration table
/// (`Deserialize`) the keys of durations end with their unit: `lease_s`.
///
/// ```
/// use milepost::prelude::*;
///
/// let options = EngineOptions::default().with(|options| options.concurrency = 2);
/// assert_eq!(options.invalid(), []);
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct EngineOptions {
    /// Maximum number of tasks running at once in this process, over all kinds. Default: 8.
    pub concurrency: u32,
    /// Duration of a lease. A task whose lease is not renewed for this long may be reclaimed, in
    /// seconds, 2 to 3,600. Default: 30.
    #[serde(rename = "lease_s", with = "seconds")]
    pub lease: Duration,
    /// Time between two renewals of the leases, in seconds; at most a third of `lease_s`. Default: 6.
    #[serde(rename = "heartbeat_s", with = "seconds")]
    pub heartbeat: Duration,
    /// Minimum time between two writes of progress to the store. Default: 250 ms.
    #[serde(skip)]
    pub flush: Duration,
    /// Time between two checks of the queue when nothing wakes the claimer. Default: 1 s.
    #[serde(skip)]
    pub queue_poll: Duration,
    /// Maximum time that running tasks may continue after TERM or
    /// [`Engine::shutdown`](super::Engine::shutdown), in seconds, 0 to 3,600. Default: 20.
    #[serde(rename = "drain_s", with = "seconds")]
    pub drain: Duration,
    /// Delay before the first retry of a failed attempt; doubles with each retry. Default: 2 s.
    #[serde(skip)]
    pub retry_base: Duration,
    /// Maximum delay before a retry. Default: 5 min.
    #[serde(skip)]
    pub retry_max: Duration,
    /// Maximum number of queued tasks per owner; tasks that start later are counted apart until their time has come.
    /// Default: 100.
    pub max_queued_per_owner: u32,
    /// Maximum number of queued tasks per client address, over all owners. Processes that start
    /// tasks at the same moment may exceed it slightly. Default: 1,000.
    pub max_queued_per_client: u32,
    /// Maximum number of queued tasks in total; may be exceeded slightly, as above. Default:
    /// 10,000.
    pub max_queued: u32,
    /// Maximum number of scheduled tasks per owner: those that were started for a later time, which has not come. Default:
    /// 100.
    pub max_scheduled_per_owner: u32,
    /// Maximum number of scheduled tasks per client address, over all owners; may be exceeded slightly, as above.
    /// Default: 1,000.
    pub max_scheduled_per_client: u32,
    /// Maximum number of scheduled tasks in total; may be exceeded slightly, as above. Default: 10,000.
    pub max_scheduled: u32,
    /// Number of queued tasks per kind that have a queue position; those behind have none. At most
    /// [`MAX_PLACES`](super::MAX_PLACES). Default: 100.
    pub max_queue_positions: u32,
    /// Maximum age of the queue order from which positions are computed, in milliseconds. Default:
    /// 250.
    #[serde(rename = "queue_order_ms", with = "milliseconds")]
    pub queue_order: Duration,
    /// Maximum size of one task's input as JSON, in bytes. Default: 1 MiB.
    pub max_input_bytes: usize,
    /// Maximum size of one task's result, in bytes. Default: 16 MiB.
    pub max_result_bytes: usize,
    /// Maximum size of one checkpoint as JSON, in bytes. Default: 4 MiB.
    pub max_checkpoint_bytes: usize,
    /// Memory for tasks that ended lately, so that status reads of them do not go to the store, in
    /// bytes; 0: none. Default: 16 MiB.
    pub ended_cache_bytes: usize,
    /// Maximum length of a message or a log line, in characters; longer ones are cut. Default:
    /// 2,000.
    pub max_message_chars: usize,
    /// Maximum number of log lines retained per run: the first half and the latest half. The log
    /// reports how many lines are missing between them. Default: 10,000.
    pub max_log_lines: u32,
    /// Maximum log size retained per run, in bytes, halved the same way. Default: 4 MiB.
    pub max_log_bytes: usize,
    /// Maximum size of a task's preview, in bytes; a longer one is cut. Default: 256 KiB.
    pub max_preview_bytes: usize,
    /// Minimum time between two writes of a task's preview, in milliseconds. Default: 1,000.
    #[serde(rename = "preview_interval_ms", with = "milliseconds")]
    pub preview_interval: Duration,
    /// Number of earlier runs per kind whose stage durations are stored for estimates; 0: none.
    /// Default: 100.
    pub stage_history: u32,
    /// Maximum number of tasks watched by one poll. Default: 100.
    pub max_watched: usize,
    /// Maximum number of tasks in a batch, 1 to 10,000; the limits of the queue and of a request's
    /// body apply, too. Default: 100.
    pub max_batch: usize,
    /// Maximum length of an idempotency key, in bytes. Default: 255.
    pub max_idempotency_key_bytes: usize,
    /// Maximum number of unexpired tokens of one owner. Default: 50.
    pub max_tokens_per_owner: u32,
    /// Maximum length of a search text, in characters. Default: 200.
    pub max_search_chars: usize,
    /// Maximum number of tasks that one page of a search by words examines; the next page goes on
    /// behind them. With a status or a kind beside the words, and with both and no words, half of it.
    /// Default: 5,000.
    pub max_searched_tasks: u32,
    /// Rows per page of a list, unless the caller asks for another number. Default: 50.
    pub list_rows: u32,
    /// Maximum number of rows per page of a list. Default: 200.
    pub max_list_rows: u32,
    /// Maximum number of log lines per response. Default: 1,000.
    pub max_log_lines_per_response: u32,
    /// Maximum number of tags of a task; 0: none. Default: 10.
    pub max_tags: usize,
    /// Maximum length of a tag, in characters. Default: 50.
    pub max_tag_chars: usize,
    /// Maximum length of a task's note, in characters; 0: none. Default: 2,000.
    pub max_note_chars: usize,
    /// Maximum time from a start until the task may run, in seconds, 0 to 3,153,600,000; 0: every task starts at once.
    /// Default: 2,592,000, 30 days.
    #[serde(rename = "max_start_delay_s", with = "seconds")]
    pub max_start_delay: Duration,
    /// How long ended tasks are retained.
    #[serde(skip)]
    pub retention: RetentionOptions,
    /// Where the bytes of files are stored; without it, files are not available. Default: none.
    #[serde(skip)]
    pub artifacts: Option<Artifacts>,
    /// Limits of files.
    #[serde(skip)]
    pub files: FileOptions,
    /// Rate limits per client.
    #[serde(skip)]
    pub rates: RateOptions,
    /// Limits of stored data.
    #[serde(skip)]
    pub storage: StorageOptions,
    /// Limits and timing of long polls.
    #[serde(skip)]
    pub long_poll: LongPollOptions,
    /// Maximum number of unexpired share links of one task or batch; 0: none. Default: 20.
    pub max_shares: u32,
    /// Longest lifetime of a share link, in seconds, 1 to 3,153,600,000. Default: 7,776,000, 90 days.
    #[serde(rename = "max_share_lifetime_s", with = "seconds")]
    pub max_share_lifetime: Duration,
    /// Whether callers without a session may start tasks. Default: true.
    pub allow_anonymous: bool,
    /// Name of this worker, by which it can be paused; workers of one name are paused together. Default: empty, the name
    /// of the machine.
    pub worker_name: String,
    /// After what time without news a running task counts as stuck for operators while fewer than three completed runs show
    /// the habit of its kind, in seconds, at least 1. With more it is twice the longest silence of those, at least 60 s. Default: 600.
    #[serde(rename = "stuck_after_s", with = "seconds")]
    pub stuck_after: Duration,
    /// Records a span of each run of this process. Default: none.
    #[serde(skip)]
    pub run_tracer: Option<Arc<dyn RunTracer>>,
    /// Whether this process runs tasks. Default: true.
    pub worker: bool,
}

crate::with::with!(EngineOptions);

impl EngineOptions {
    /// Returns settings that are out of range or contradict each other: the key and the accepted
    /// values. [`Engine::start`](super::Engine::start) accepts wider ranges, for tests.
    pub fn invalid(&self) -> Vec<Invalid> {
        let ranges = in_range([
            ("lease_s", self.lease.as_secs(), 2, 3_600),
            ("drain_s", self.drain.as_secs(), 0, 3_600),
            ("stuck_after_s", self.stuck_after.as_secs(), 1, 30 * 86_400),
            ("max_start_delay_s", self.max_start_delay.as_secs(), 0, 100 * 365 * 86_400),
            ("max_share_lifetime_s", self.max_share_lifetime.as_secs(), 1, 100 * 365 * 86_400),
            ("max_queue_positions", self.max_queue_positions.into(), 0, super::MAX_PLACES.into()),
        ]);
        let fits = self.heartbeat.as_secs() >= 1 && self.heartbeat_fits();
        let right = "at least 1 and at most a third of engine.lease_s";
        ranges.into_iter().chain(self.contradictory(fits, ("heartbeat_s", right))).collect()
    }

    /// Whether a lease is renewed in time. Settings are whole seconds, so one of 2 s is renewed each
    /// second.
    fn heartbeat_fits(&self) -> bool {
        self.heartbeat.saturating_mul(3) <= self.lease.max(Duration::from_secs(3))
    }

    /// Counts of zero, and options that contradict each other. `heartbeat`: the error if that does
    /// not fit.
    fn contradictory(
        &self,
        heartbeat_fits: bool,
        heartbeat: (&'static str, &'static str),
    ) -> impl Iterator<Item = Invalid> {
        let at_least_one = [
            ("concurrency", self.concurrency as usize),
            ("max_queued_per_owner", self.max_queued_per_owner as usize),
            ("max_queued_per_client", self.max_queued_per_client as usize),
            ("max_queued", self.max_queued as usize),
            ("max_scheduled_per_owner", self.max_scheduled_per_owner as usize),
            ("max_scheduled_per_client", self.max_scheduled_per_client as usize),
            ("max_scheduled", self.max_scheduled as usize),
            ("max_watched", self.max_watched),
            ("max_message_chars", self.max_message_chars),
            ("max_log_lines_per_response", self.max_log_lines_per_response as usize),
            ("max_idempotency_key_bytes", self.max_idempotency_key_bytes),
            ("max_search_chars", self.max_search_chars),
            ("max_searched_tasks", self.max_searched_tasks as usize),
            ("max_tag_chars", self.max_tag_chars),
        ];
        let zero = at_least_one.into_iter().filter(|(_, value)| *value == 0);
        let zero = zero.map(|(key, _)| (key, "at least 1"));
        let relations = [
            (heartbeat_fits, heartbeat),
            ((1..=MAX_BATCH).contains(&self.max_batch), ("max_batch", "1 to 10000")),
            (
                (1..=self.max_list_rows).contains(&self.list_rows),
                ("list_rows", "at least 1 and at most engine.max_list_rows"),
            ),
        ];
        let broken = relations.into_iter().filter(|(fine, _)| !fine).map(|(_, error)| error);
        zero.chain(broken).map(|(key, right)| (key, right.to_owned()))
    }

    /// Cuts a text to [`Self::max_message_chars`].
    pub(super) fn cut(&self, text: String) -> String {
        match text.char_indices().nth(self.max_message_chars) {
            Some((end, _)) => format!("{}…", &text[..end]),
            None => text,
        }
    }
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self {
            concurrency: 8,
            lease: Duration::from_secs(30),
            heartbeat: Duration::from_secs(6),
            flush: Duration::from_millis(250),
            queue_poll: Duration::from_secs(1),
            drain: Duration::from_secs(20),
            retry_base: Duration::from_secs(2),
            retry_max: Duration::from_secs(300),
            max_queued_per_owner: 100,
            max_queued_per_client: 1_000,
            max_queued: 10_000,
            max_scheduled_per_owner: 100,
            max_scheduled_per_client: 1_000,
            max_scheduled: 10_000,
            max_queue_positions: 100,
            queue_order: Duration::from_millis(250),
            max_input_bytes: 1 << 20,
            max_result_bytes: 16 << 20,
            max_checkpoint_bytes: 4 << 20,
            ended_cache_bytes: 16 << 20,
            max_message_chars: 2_000,
            max_log_lines: 10_000,
            max_log_bytes: 4 << 20,
            max_preview_bytes: 256 << 10,
            preview_interval: Duration::from_secs(1),
            stage_history: 100,
            max_watched: 100,
            max_batch: 100,
            max_idempotency_key_bytes: 255,
            max_tokens_per_owner: 50,
            max_search_chars: 200,
            max_searched_tasks: 5_000,
            list_rows: 50,
            max_list_rows: 200,
            max_log_lines_per_response: 1_000,
            max_tags: 10,
            max_tag_chars: 50,
            max_note_chars: 2_000,
            max_start_delay: Duration::from_secs(30 * 86_400),
            retention: RetentionOptions::default(),
            artifacts: None,
            files: FileOptions::default(),
            rates: RateOptions::default(),
            storage: StorageOptions::default(),
            long_poll: LongPollOptions::default(),
            max_shares: 20,
            max_share_lifetime: Duration::from_secs(90 * 86_400),
            allow_anonymous: true,
            worker_name: String::new(),
            stuck_after: Duration::from_secs(600),
            run_tracer: None,
            worker: true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_valid() {
        let options = EngineOptions::default();
        assert_eq!(options.invalid(), []);
        assert_eq!(options.files.invalid(), []);
        assert_eq!(options.long_poll.invalid(), []);
        assert_eq!(options.retention.invalid(), []);
    }

    #[test]
    fn what_is_out_of_range_is_named_with_what_would_be_right() {
        let options = EngineOptions {
            heartbeat: Duration::from_secs(11),
            max_watched: 0,
            ..EngineOptions::default()
        };
        let invalid = options.invalid();
        let keys: Vec<_> = invalid.iter().map(|(key, _)| *key).collect();
        assert_eq!(keys, ["max_watched", "heartbeat_s"]);
        let files =
            FileOptions { writer_idle_timeout: Duration::from_secs(1), ..FileOptions::default() };
        assert_eq!(files.invalid(), [("writer_idle_timeout_s", "5 to 86400".to_owned())]);
    }

    #[test]
    fn a_table_has_the_units_in_its_keys_and_refuses_what_it_does_not_know() {
        let table = serde_json::json!({ "lease_s": 5, "queue_order_ms": 7 });
        let options: EngineOptions = serde_json::from_value(table).expect("options");
        assert_eq!(options.lease, Duration::from_secs(5));
        assert_eq!(options.queue_order, Duration::from_millis(7));
        assert_eq!(options.drain, Duration::from_secs(20), "the default");
        let unknown = serde_json::json!({ "lease": 5 });
        assert!(serde_json::from_value::<EngineOptions>(unknown).is_err());
    }
}
