//! How the engine behaves: each limit and period, with its default.

use std::{sync::Arc, time::Duration};

use super::{Artifacts, Disk, FileOptions, RateOptions};

const DAY: Duration = Duration::from_secs(86_400);

/// Settings of one engine. `Default` gives the documented values.
#[derive(Clone, Debug)]
pub struct EngineOptions {
    /// Tasks that run at once in this process, whatever their kind. Default: 8.
    pub concurrency: u32,
    /// How long a worker may be silent before its tasks are taken back. Default: 30 s.
    pub lease: Duration,
    /// How often a worker renews its leases. Default: 6 s.
    pub heartbeat: Duration,
    /// How often progress is written to the store at most. Default: 250 ms.
    pub flush: Duration,
    /// How often the queue is looked at when nobody rang. Default: 1 s.
    pub queue_poll: Duration,
    /// How long running tasks may go on after a shutdown was asked for. Default: 10 s.
    pub drain: Duration,
    /// First delay before a failed attempt is repeated; doubles each time. Default: 2 s.
    pub retry_base: Duration,
    /// Longest delay before a failed attempt is repeated. Default: 5 min.
    pub retry_max: Duration,
    /// Tasks of one owner that may wait in the queue. Default: 100.
    pub max_queued_per_owner: u32,
    /// Tasks that may wait in the queue of all who come from one client address, whatever their
    /// owners. Where many processes start tasks at the same moment, a few more. Default: 1,000.
    pub max_queued_per_client: u32,
    /// Tasks that may wait in the queue in all; a few more, as above. Default: 10,000.
    pub max_queued: u32,
    /// Waiting tasks of each kind that are told their place in the queue; those behind are told none.
    /// At most [`MAX_PLACES`](super::MAX_PLACES). Default: 100.
    pub max_queue_positions: u32,
    /// How old the order may be that a place is told from. Default: 250 ms.
    pub queue_order: Duration,
    /// Bytes of one task's input as JSON. Default: 1 MiB.
    pub max_input_bytes: usize,
    /// Bytes of one task's result. Default: 16 MiB.
    pub max_result_bytes: usize,
    /// Bytes of one checkpoint as JSON. Default: 4 MiB.
    pub max_checkpoint_bytes: usize,
    /// Characters of a message or a log line; the rest is cut off. Default: 2,000.
    pub max_message_chars: usize,
    /// Log lines kept of one run: the first half of them and the latest half; how many are missing
    /// between is told. Default: 10,000.
    pub max_log_lines: u32,
    /// Bytes of log kept of one run, likewise. Default: 4 MiB.
    pub max_log_bytes: usize,
    /// Earlier runs of a kind whose stages' durations are kept for estimates; 0 = none.
    /// Default: 100.
    pub stage_history: u32,
    /// Tasks that one poll may watch. Default: 100.
    pub max_watched: usize,
    /// Tasks that are started together; a page follows them with one poll. Default: 100.
    pub max_batch: usize,
    /// Bytes of an idempotency key. Default: 255.
    pub max_idempotency_key_bytes: usize,
    /// Characters of a text searched for in a list. Default: 200.
    pub max_search_chars: usize,
    /// Rows on one page of a list, unless the caller asks for another number. Default: 50.
    pub list_rows: u32,
    /// Rows on one page of a list at most. Default: 200.
    pub max_list_rows: u32,
    /// Log lines in one answer at most. Default: 1,000.
    pub max_log_lines_per_response: u32,
    /// How long a task and its result are kept after the end, as it stands when the task is queued;
    /// zero: for ever. Default: 30 days.
    pub keep: Duration,
    /// How long from now a task is kept that somebody asks to keep longer. Default: 90 days.
    pub keep_longer: Duration,
    /// How long it is known of an expired task what it was. Default: 90 days.
    pub tombstones: Duration,
    /// How often expired tasks are looked for. Default: 1 min.
    pub clean: Duration,
    /// Tasks removed in one transaction. Default: 50.
    pub prune_batch: u32,
    /// Where the bytes of files are kept; without a place there are no files. Default: none.
    pub artifacts: Option<Artifacts>,
    /// Limits of files.
    pub files: FileOptions,
    /// How often one client may start something.
    pub rates: RateOptions,
    /// Limits of what is stored.
    pub storage: StorageOptions,
    /// How requests are held that wait for news.
    pub long_poll: LongPollOptions,
    /// Whether callers without a session may start tasks that belong to nobody. Default: true.
    pub allow_anonymous: bool,
    /// Whether this process runs tasks. Default: true.
    pub worker: bool,
}

impl EngineOptions {
    /// A text that somebody else made and people read, no longer than such texts may be.
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
            drain: Duration::from_secs(10),
            retry_base: Duration::from_secs(2),
            retry_max: Duration::from_secs(300),
            max_queued_per_owner: 100,
            max_queued_per_client: 1_000,
            max_queued: 10_000,
            max_queue_positions: 100,
            queue_order: Duration::from_millis(250),
            max_input_bytes: 1 << 20,
            max_result_bytes: 16 << 20,
            max_checkpoint_bytes: 4 << 20,
            max_message_chars: 2_000,
            max_log_lines: 10_000,
            max_log_bytes: 4 << 20,
            stage_history: 100,
            max_watched: 100,
            max_batch: 100,
            max_idempotency_key_bytes: 255,
            max_search_chars: 200,
            list_rows: 50,
            max_list_rows: 200,
            max_log_lines_per_response: 1_000,
            keep: DAY * 30,
            keep_longer: DAY * 90,
            tombstones: DAY * 90,
            clean: Duration::from_secs(60),
            prune_batch: 50,
            artifacts: None,
            files: FileOptions::default(),
            rates: RateOptions::default(),
            storage: StorageOptions::default(),
            long_poll: LongPollOptions::default(),
            allow_anonymous: true,
            worker: true,
        }
    }
}

/// How much may be stored before nothing new is taken in. What was taken in may come to its end.
/// `Default` gives the documented values.
#[derive(Clone, Debug)]
pub struct StorageOptions {
    /// Bytes in the database of all tasks of one owner: inputs, logs, checkpoints and results, and
    /// 1,024 for each task. Default: 1 GiB.
    pub max_bytes_per_owner: u64,
    /// The same of all who come from one client address. Default: 4 GiB.
    pub max_bytes_per_client: u64,
    /// The same in all. Default: 64 GiB.
    pub max_bytes: u64,
    /// Bytes of the disk that stay free for what runs; of a small disk a tenth. 0: none. Default:
    /// 512 MiB.
    pub min_free_bytes: u64,
    /// Who knows how much of the disk is free; without anybody nothing is kept free. Default: none.
    pub disk: Option<Arc<dyn Disk>>,
}

impl Default for StorageOptions {
    fn default() -> Self {
        Self {
            max_bytes_per_owner: 1 << 30,
            max_bytes_per_client: 4 << 30,
            max_bytes: 64 << 30,
            min_free_bytes: 512 << 20,
            disk: None,
        }
    }
}

/// Limits and timing of long polls: requests that wait for news. `Default` gives the documented values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LongPollOptions {
    /// Longest wait of one request, whatever it asks for. Default: 20 s.
    pub max_wait: Duration,
    /// Requests waiting at once in this process; further ones are answered immediately. Default: 20,000.
    pub max_waiting: usize,
    /// Requests waiting at once for all callers from one client address. Default: 5,000.
    pub max_waiting_per_client: usize,
    /// Requests waiting at once for one owner; a browser needs one. Default: 20.
    pub max_waiting_per_owner: usize,
    /// Requests waiting at once for all callers without a session together. Default: 2,000.
    pub max_waiting_anonymous: usize,
    /// Of these, from one client address. Default: 500.
    pub max_waiting_anonymous_per_client: usize,
    /// How often the watched tasks are looked at for bars that have become wrong. Default: 50 ms.
    pub tick: Duration,
    /// How often the watched tasks that run in other processes are read when no notification came.
    /// Default: 1 s.
    pub poll: Duration,
    /// On shutdown, clients are told to come back after up to this long, each at another moment.
    /// Default: 8 s.
    pub drain_spread: Duration,
}

impl Default for LongPollOptions {
    fn default() -> Self {
        Self {
            max_wait: Duration::from_secs(20),
            max_waiting: 20_000,
            max_waiting_per_client: 5_000,
            max_waiting_per_owner: 20,
            max_waiting_anonymous: 2_000,
            max_waiting_anonymous_per_client: 500,
            tick: Duration::from_millis(50),
            poll: Duration::from_secs(1),
            drain_spread: Duration::from_secs(8),
        }
    }
}
