//! How tasks are queued and run.

use std::time::Duration;

use milepost::engine::EngineOptions;
use serde::{Deserialize, Serialize};

/// How tasks are queued and run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EngineSettings {
    /// Whether this process runs tasks. `MILEPOST_ENGINE_WORKER`, `--no-worker`. Default: true.
    pub worker: bool,
    /// Tasks that run at once. `MILEPOST_ENGINE_CONCURRENCY`. Default: 8.
    pub concurrency: u32,
    /// How long a worker may be silent before its tasks are taken back.
    /// `MILEPOST_ENGINE_LEASE_S`. Default: 30.
    pub lease_s: u64,
    /// How often a worker renews its leases; at most a third of `lease_s`.
    /// `MILEPOST_ENGINE_HEARTBEAT_S`. Default: 6.
    pub heartbeat_s: u64,
    /// How long running tasks may go on after TERM. `MILEPOST_ENGINE_DRAIN_S`. Default: 20.
    pub drain_s: u64,
    /// Tasks of one owner that may wait in the queue. `MILEPOST_ENGINE_MAX_QUEUED_PER_OWNER`.
    /// Default: 100.
    pub max_queued_per_owner: u32,
    /// Tasks that may wait in the queue of all who come from one client address (IPv6: one /64
    /// network), whatever their owners. `MILEPOST_ENGINE_MAX_QUEUED_PER_CLIENT`. Default: 1,000.
    pub max_queued_per_client: u32,
    /// Tasks that may wait in the queue in all. `MILEPOST_ENGINE_MAX_QUEUED`. Default: 10,000.
    pub max_queued: u32,
    /// Waiting tasks of each kind that are told their place in the queue, at most 255; 0: none.
    /// `MILEPOST_ENGINE_MAX_QUEUE_PLACES`. Default: 100.
    pub max_queue_positions: u32,
    /// How old the order may be that a place is told from, in milliseconds.
    /// `MILEPOST_ENGINE_QUEUE_ORDER_MS`. Default: 250.
    pub queue_order_ms: u64,
    /// Bytes of one task's input as JSON. `MILEPOST_ENGINE_MAX_INPUT_BYTES`. Default: 1,048,576.
    pub max_input_bytes: usize,
    /// Bytes of one task's result. `MILEPOST_ENGINE_MAX_RESULT_BYTES`. Default: 16,777,216.
    pub max_result_bytes: usize,
    /// Bytes of one checkpoint as JSON. `MILEPOST_ENGINE_MAX_CHECKPOINT_BYTES`. Default: 4,194,304.
    pub max_checkpoint_bytes: usize,
    /// Characters of a message, a log line, a title, an error. `MILEPOST_ENGINE_MAX_MESSAGE_CHARS`.
    /// Default: 2,000.
    pub max_message_chars: usize,
    /// Log lines kept of one run: the first half and the latest half.
    /// `MILEPOST_ENGINE_MAX_LOG_LINES`. Default: 10,000.
    pub max_log_lines: u32,
    /// Bytes of log kept of one run, likewise. `MILEPOST_ENGINE_MAX_LOG_BYTES`. Default: 4,194,304.
    pub max_log_bytes: usize,
    /// Log lines in one answer. `MILEPOST_ENGINE_MAX_LOG_LINES_PER_RESPONSE`. Default: 1,000.
    pub max_log_lines_per_response: u32,
    /// Earlier runs of a kind whose stages' durations are kept, for estimates of the next; 0 = none.
    /// `MILEPOST_ENGINE_STAGE_HISTORY`. Default: 100.
    pub stage_history: u32,
    /// Tasks that one poll may watch. `MILEPOST_ENGINE_MAX_WATCHED`. Default: 100.
    pub max_watched: usize,
    /// Tasks that are started together, at most `max_watched`. `MILEPOST_ENGINE_MAX_BATCH`.
    /// Default: 100.
    pub max_batch: usize,
    /// Bytes of an `Idempotency-Key`. `MILEPOST_ENGINE_MAX_IDEMPOTENCY_KEY_BYTES`. Default: 255.
    pub max_idempotency_key_bytes: usize,
    /// Characters of a text searched for in a list. `MILEPOST_ENGINE_MAX_SEARCH_CHARS`.
    /// Default: 200.
    pub max_search_chars: usize,
    /// Rows on one page of a list, unless the caller asks for another number.
    /// `MILEPOST_ENGINE_LIST_ROWS`. Default: 50.
    pub list_rows: u32,
    /// Rows on one page of a list at most. `MILEPOST_ENGINE_MAX_LIST_ROWS`. Default: 200.
    pub max_list_rows: u32,
    /// Whether callers without a session or a token may start tasks that belong to nobody.
    /// `MILEPOST_ENGINE_ALLOW_ANONYMOUS`. Default: true.
    pub allow_anonymous: bool,
}

impl Default for EngineSettings {
    fn default() -> Self {
        Self {
            worker: true,
            concurrency: 8,
            lease_s: 30,
            heartbeat_s: 6,
            drain_s: 20,
            max_queued_per_owner: 100,
            max_queued_per_client: 1_000,
            max_queued: 10_000,
            max_queue_positions: 100,
            queue_order_ms: 250,
            max_input_bytes: 1 << 20,
            max_result_bytes: 16 << 20,
            max_checkpoint_bytes: 4 << 20,
            max_message_chars: 2_000,
            max_log_lines: 10_000,
            max_log_bytes: 4 << 20,
            max_log_lines_per_response: 1_000,
            stage_history: 100,
            max_watched: 100,
            max_batch: 100,
            max_idempotency_key_bytes: 255,
            max_search_chars: 200,
            list_rows: 50,
            max_list_rows: 200,
            allow_anonymous: true,
        }
    }
}

impl EngineSettings {
    /// As the engine takes them; what cannot be configured keeps the engine's default.
    pub fn options(&self) -> EngineOptions {
        EngineOptions {
            concurrency: self.concurrency,
            lease: Duration::from_secs(self.lease_s),
            heartbeat: Duration::from_secs(self.heartbeat_s),
            drain: Duration::from_secs(self.drain_s),
            max_queued_per_owner: self.max_queued_per_owner,
            max_queued_per_client: self.max_queued_per_client,
            max_queued: self.max_queued,
            max_queue_positions: self.max_queue_positions,
            queue_order: Duration::from_millis(self.queue_order_ms),
            max_input_bytes: self.max_input_bytes,
            max_result_bytes: self.max_result_bytes,
            max_checkpoint_bytes: self.max_checkpoint_bytes,
            max_message_chars: self.max_message_chars,
            max_log_lines: self.max_log_lines,
            max_log_bytes: self.max_log_bytes,
            max_log_lines_per_response: self.max_log_lines_per_response,
            stage_history: self.stage_history,
            max_watched: self.max_watched,
            max_batch: self.max_batch,
            max_idempotency_key_bytes: self.max_idempotency_key_bytes,
            max_search_chars: self.max_search_chars,
            list_rows: self.list_rows,
            max_list_rows: self.max_list_rows,
            allow_anonymous: self.allow_anonymous,
            worker: self.worker,
            ..EngineOptions::default()
        }
    }
}
