//! The SQL statements.
//!
//! The text is the same for both databases. Where their SQL differs, it uses a macro of the
//! database's module: `contains`, `in_json_list`, `json_lines`, `first_of_each`, `first_unlocked`,
//! `task_of_each`, `for_update`, `for_update_by_id`, `read_at`.

/// The account that limits and turns are counted by: the owner, else the client, else `''`.
macro_rules! account {
    () => {
        "coalesce(owner, client, '')"
    };
}
pub(super) use account;

pub(super) use super::map::columns;
use super::map::input_columns;

/// Skips one generation: a run that reports for weeks may have counted into the next one since its
/// last report was saved.
macro_rules! next_generation {
    () => {
        $crate::engine::store::version::later_generation!("2")
    };
}
pub(super) use next_generation;

/// The run $2 of the task $1, if it still holds its row.
macro_rules! for_held_run {
    () => {
        "WHERE id = $1 AND run_seq = $2 AND status IN ('running', 'cancelling')"
    };
}
pub(super) use for_held_run;

/// Records for the next run why the current one stopped and when it was last known to be alive.
macro_rules! to_resume {
    ($why:literal, $seen_at:literal) => {
        concat!(
            "resumed_at = NULL, resume_reason = ",
            $why,
            ", resume_step = step, resume_began_at = started_at, resume_checkpoint_at = ",
            "(SELECT max(saved_at) FROM checkpoints WHERE task_id = tasks.id), resume_seen_at = ",
            $seen_at,
            ", "
        )
    };
}

pub(super) const GET: &str = concat!("SELECT ", columns!(), " FROM tasks WHERE id = $1");

/// Among the ids in $1.
pub(super) const GET_ALL: &str =
    concat!("SELECT ", columns!(), " FROM tasks WHERE ", in_json_list!("id", "$1"));

/// Among the ids in $1.
pub(super) const INPUTS: &str =
    concat!("SELECT id, ", input_columns!(), " FROM tasks WHERE ", in_json_list!("id", "$1"));

pub(super) const BY_IDEMPOTENCY_KEY: &str = concat!(
    "SELECT request_hash, ",
    columns!(),
    " FROM tasks JOIN (SELECT task_id, request_hash FROM starts WHERE owner_or_none = $1",
    " AND key = $2) AS led ON id = led.task_id"
);

/// Frees a key whose task has expired.
pub(super) const DROP_KEY: &str = "DELETE FROM starts WHERE owner_or_none = $1 AND key = $2";

pub(super) const KEEP_KEY: &str =
    "INSERT INTO starts (owner_or_none, key, request_hash, task_id) VALUES ($1, $2, $3, $4)";

pub(super) const UNDER_WAY: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM tasks WHERE kind = $1 AND unique_key = $2 AND coalesce(owner, '') = coalesce($3, '')",
    " AND status IN ('queued', 'running')"
);

pub(super) const NEWEST: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM tasks WHERE kind = $1 AND lookup_key = $2 AND ",
    account!(),
    " = $3",
    " ORDER BY created_at DESC, id DESC LIMIT 1"
);

/// Locks rows in the order of their ids, as [`super::map::SAVE_PROGRESS`] does, so that
/// transactions cannot deadlock.
pub(super) const RENEW_LEASES: &str = concat!(
    "UPDATE tasks SET lease_until = $2, heartbeat_at = $3 WHERE id IN (SELECT id FROM tasks WHERE ",
    in_json_list!("id", "$4"),
    " AND lease_owner = $1 AND status IN ('running', 'cancelling')",
    for_update_by_id!(),
    ") RETURNING id, run_seq, version, cancel_requested_at, cancel_requested_by"
);

/// The runs of $1 among $2 for which cancellation was requested.
pub(super) const CANCELS: &str = concat!(
    "SELECT id, run_seq, version, cancel_requested_at, cancel_requested_by FROM tasks WHERE ",
    in_json_list!("id", "$2"),
    " AND lease_owner = $1 AND status = 'cancelling'"
);

/// Whether a lease expired before $1.
pub(super) const ENDED_LEASE: &str = "SELECT id FROM tasks \
    WHERE status IN ('running', 'cancelling') AND lease_until < $1 LIMIT 1";

/// Leases renewed in the future of $1: as if renewed at $1.
pub(super) const CLAMP_LEASES: &str = concat!(
    "UPDATE tasks SET lease_until = $1 + lease_until - heartbeat_at, heartbeat_at = $1 ",
    "WHERE id IN (SELECT id FROM tasks WHERE status IN ('running', 'cancelling') ",
    "AND heartbeat_at > $1",
    for_update_by_id!(),
    ")"
);

pub(super) const LATEST_IN_QUEUE: &str =
    "SELECT max(updated_at) FROM tasks WHERE status = 'queued'";

/// Tasks queued in the future of $1: earlier by $2, in the same order, and none later than $1.
pub(super) const CLAMP_QUEUE: &str = concat!(
    "UPDATE tasks SET run_at = run_at - $2, updated_at = updated_at - $2, ",
    next_generation!(),
    " WHERE id IN (SELECT id FROM tasks WHERE status = 'queued' AND updated_at > $1 ORDER BY run_at, id",
    for_update!(),
    ")"
);

/// The leases to reclaim: expired before $3, except those of $1.
macro_rules! takeable {
    () => {
        " WHERE status IN ('running', 'cancelling') AND lease_owner <> $1 AND lease_until < $3"
    };
}

// Each row matches exactly one of the three, even if a cancel comes in between.
pub(super) const TAKE_CANCELLED: &str = concat!(
    "UPDATE tasks SET status = 'cancelled', sealed = NULL, finished_at = $2, expires_at = $2 + keep_ms, updated_at = $2, ",
    "lease_owner = NULL, lease_until = NULL, cancel_outcome = 'worker_lost', ",
    next_generation!(),
    takeable!(),
    " AND cancel_requested_at IS NOT NULL RETURNING id"
);

pub(super) const TAKE_EXHAUSTED: &str = concat!(
    "UPDATE tasks SET status = 'error', sealed = NULL, error_code = 'worker_lost', error_message = ",
    "CASE max_attempts WHEN 1 THEN ",
    "'The worker was lost. The task is not retried automatically.' ELSE ",
    "'The worker was lost, and all ' || max_attempts || ' attempts are used up.' END, ",
    "error_retryable = TRUE, finished_at = $2, expires_at = $2 + keep_ms, updated_at = $2, lease_owner = NULL, ",
    "lease_until = NULL, ",
    next_generation!(),
    takeable!(),
    " AND attempt >= max_attempts AND cancel_requested_at IS NULL RETURNING id"
);

pub(super) const TAKE_AGAIN: &str = concat!(
    "UPDATE tasks SET status = 'queued', run_at = $2, updated_at = $2, message = ",
    "'The worker was lost; the task is retried from its last checkpoint, if it has one.', ",
    to_resume!(
        "'worker_lost'",
        "CASE WHEN heartbeat_at > updated_at THEN heartbeat_at ELSE updated_at END"
    ),
    "lease_owner = NULL, lease_until = NULL, ",
    next_generation!(),
    takeable!(),
    " AND attempt < max_attempts AND cancel_requested_at IS NULL RETURNING id"
);

// Locks the run's row, so that it is not reclaimed between the check and the write.
pub(super) const SAVE_LOG_LINES: &str = concat!(
    "INSERT INTO log_lines (task_id, seq, at, stream, text) ",
    "SELECT tasks.id, line.seq, line.at, line.stream, line.text FROM tasks, ",
    json_lines!("$3"),
    " WHERE tasks.id = $1 AND run_seq = $2 AND status IN ('running', 'cancelling')",
    for_update!(),
    " ON CONFLICT DO NOTHING"
);

/// In the transaction of [`super::map::SAVE_PROGRESS`] or [`SAVE_LOG_LINES`].
pub(super) const DROP_LOG_LINES: &str = "DELETE FROM log_lines \
    WHERE task_id = $1 AND seq > $3 AND seq < $4 AND EXISTS (SELECT 1 FROM tasks \
    WHERE id = $1 AND run_seq = $2 AND status IN ('running', 'cancelling'))";

/// See [`SAVE_LOG_LINES`].
pub(super) const SAVE_CHECKPOINT: &str = concat!(
    "INSERT INTO checkpoints (task_id, key, value, saved_at) SELECT id, $3, $4, $5 FROM tasks ",
    "WHERE id = $1 AND run_seq = $2 AND status IN ('running', 'cancelling')",
    for_update!(),
    " ON CONFLICT (task_id, key) DO UPDATE SET value = excluded.value, saved_at = excluded.saved_at"
);

pub(super) const CHECKPOINT: &str = "SELECT value FROM checkpoints WHERE task_id = $1 AND key = $2";

pub(super) const RERUN_CHECKPOINT: &str =
    "SELECT 1 FROM checkpoints WHERE task_id = $1 AND key LIKE 'rerun:%' LIMIT 1";

pub(super) const HELD_RUN: &str = concat!(
    "SELECT cancel_requested_at IS NOT NULL FROM tasks ",
    "WHERE id = $1 AND run_seq = $2 AND status IN ('running', 'cancelling')",
    for_update!()
);

pub(super) const FINISH: &str = concat!(
    "UPDATE tasks SET status = $2, sealed = NULL, finished_at = $3, expires_at = $3 + keep_ms, updated_at = $3, lease_owner = NULL, ",
    "lease_until = NULL, error_code = $4, error_message = $5, error_retryable = $6, ",
    "result_media_type = $7, result_size = $8, ",
    "progress = CASE WHEN $2 = 'completed' THEN 1.0 ELSE progress END, cancel_outcome = $9, ",
    next_generation!(),
    " WHERE id = $1 RETURNING ",
    columns!()
);

pub(super) const SAVE_RESULT: &str = "INSERT INTO results (task_id, media_type, file_name, bytes) VALUES ($1, $2, $3, $4) \
     ON CONFLICT (task_id) DO UPDATE SET media_type = excluded.media_type, \
     file_name = excluded.file_name, bytes = excluded.bytes";

/// With $2 also those that a rerun would take along.
pub(super) const DROP_CHECKPOINTS: &str =
    "DELETE FROM checkpoints WHERE task_id = $1 AND ($2 OR key NOT LIKE 'rerun:%')";

/// Of the tasks in $1.
pub(super) const DROP_ALL_CHECKPOINTS: &str = concat!(
    "DELETE FROM checkpoints WHERE key NOT LIKE 'rerun:%' AND ",
    in_json_list!("task_id", "$1")
);

pub(super) const REQUEUE: &str = concat!(
    "UPDATE tasks SET status = 'queued', run_at = $2, updated_at = $3, attempt = attempt - $4, ",
    "message = $5, lease_owner = NULL, lease_until = NULL, ",
    to_resume!("$6", "$3"),
    next_generation!(),
    " WHERE id = $1 RETURNING ",
    columns!()
);

/// Locks a task's status until the transaction ends.
pub(super) const LOCK: &str = concat!("SELECT id FROM tasks WHERE id = $1", for_update!());

pub(super) const CANCEL_QUEUED: &str = concat!(
    "UPDATE tasks SET status = 'cancelled', sealed = NULL, finished_at = $2, expires_at = $2 + keep_ms, updated_at = $2, ",
    "cancel_requested_at = $2, cancel_requested_by = $3, cancel_outcome = ",
    "CASE WHEN run_seq = 0 THEN 'never_started' ELSE 'between_attempts' END, ",
    next_generation!(),
    " WHERE id = $1 AND status = 'queued' RETURNING ",
    columns!()
);

pub(super) const CANCEL_RUNNING: &str = concat!(
    "UPDATE tasks SET status = 'cancelling', updated_at = $2, ",
    "cancel_requested_at = $2, cancel_requested_by = $3, ",
    next_generation!(),
    " WHERE id = $1 AND status = 'running' RETURNING ",
    columns!()
);

pub(super) const RESULT: &str =
    "SELECT media_type, file_name, bytes FROM results WHERE task_id = $1";

pub(super) const KEEP_STAGE_TIME: &str = "INSERT INTO stage_times (kind, stage, at, task_id, ms) \
    VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";

/// All but the newest $3 of a stage.
pub(super) const DROP_STAGE_TIMES: &str = "DELETE FROM stage_times WHERE kind = $1 AND stage = $2 \
    AND at < (SELECT min(at) FROM (SELECT at FROM stage_times WHERE kind = $1 AND stage = $2 \
    ORDER BY at DESC LIMIT $3) AS newest)";

pub(super) const STAGE_TIMES: &str = "SELECT stage, ms FROM stage_times WHERE kind = $1";

pub(super) const MAKE_SECRET: &str =
    "INSERT INTO secrets (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING";

pub(super) const SECRET: &str = "SELECT value FROM secrets WHERE name = $1";

pub(super) const COUNTS: &str = "SELECT \
    (SELECT count(*) FROM tasks WHERE status = 'queued'), \
    (SELECT count(*) FROM tasks WHERE status IN ('running', 'cancelling'))";

/// The kinds of queued tasks.
pub(super) const WAITING_KINDS: &str =
    "SELECT DISTINCT kind FROM tasks WHERE status = 'queued' ORDER BY kind";
