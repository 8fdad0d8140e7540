//! Ending several runs with as many statements as for one.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use serde_json::{Value, json};
use sqlx::Row as _;

use super::{
    This,
    connections::Session,
    end::{Outcome, finish_held, outcome_of, save_result},
    map::{self, storable},
    statements::{columns, next_generation},
    times::drop_old_times,
};
use crate::{
    engine::store::{Row, RunEnd, StoreError, StoredResult},
    task::TaskId,
};

/// Results up to this size are written together.
const SMALL_RESULT: usize = 16 << 10;

/// The runs among the tasks in $1, locked in the order of their ids, as for the reports.
pub(super) const HELD_RUNS: &str = concat!(
    "SELECT id, run_seq, cancel_requested_at IS NOT NULL AS cancel_asked FROM tasks WHERE ",
    in_json_list!("id", "$1"),
    " AND status IN ('running', 'cancelling')",
    for_update_by_id!()
);

/// The results in $1: task, media type, file name, bytes as hexadecimal digits.
pub(super) const SAVE_RESULTS: &str = concat!(
    "INSERT INTO results (task_id, media_type, file_name, bytes) ",
    "SELECT value ->> 0, value ->> 1, value ->> 2, ",
    from_hex!("value ->> 3"),
    " FROM ",
    json_rows!("$1"),
    " WHERE TRUE ON CONFLICT (task_id) DO UPDATE SET media_type = excluded.media_type, ",
    "file_name = excluded.file_name, bytes = excluded.bytes"
);

/// Of the tasks in $1; of those in $2 also what a rerun would take along.
pub(super) const DROP_CHECKPOINTS_OF: &str = concat!(
    "DELETE FROM checkpoints WHERE ",
    in_json_list!("task_id", "$1"),
    " AND (key NOT LIKE 'rerun:%' OR ",
    in_json_list!("task_id", "$2"),
    ")"
);

/// The endings in $1, of held runs, at time $2.
pub(super) const FINISH_ALL: &str = concat!(
    "UPDATE tasks SET status = ended.to_status, sealed = NULL, finished_at = $2, expires_at = $2 + keep_ms, updated_at = $2, ",
    "lease_owner = NULL, lease_until = NULL, error_code = ended.to_code, error_message = ended.to_message, ",
    "error_retryable = ended.to_retryable, result_media_type = ended.to_media_type, result_size = ended.to_size, ",
    "progress = CASE WHEN ended.to_status = 'completed' THEN 1.0 ELSE progress END, cancel_outcome = ended.to_outcome, ",
    next_generation!(),
    " FROM (SELECT value ->> 0 AS ended_id, value ->> 1 AS to_status, value ->> 2 AS to_code, ",
    "value ->> 3 AS to_message, CAST(value ->> 4 AS BOOLEAN) AS to_retryable, value ->> 5 AS to_media_type, ",
    "CAST(value ->> 6 AS BIGINT) AS to_size, value ->> 7 AS to_outcome FROM ",
    json_rows!("$1"),
    ") AS ended WHERE id = ended.ended_id RETURNING ",
    columns!()
);

/// The times in $1 (kind, stage, task, milliseconds), at time $2.
pub(super) const KEEP_STAGE_TIMES: &str = concat!(
    "INSERT INTO stage_times (kind, stage, at, task_id, ms) ",
    "SELECT value ->> 0, value ->> 1, $2, value ->> 2, CAST(value ->> 3 AS BIGINT) FROM ",
    json_rows!("$1"),
    " WHERE TRUE ON CONFLICT DO NOTHING"
);

/// The span $2 of the last run of the task $1.
pub(super) const KEEP_RUN_TRACE: &str = "UPDATE tasks SET run_traceparent = $2 WHERE id = $1";

/// A run that is still held, and how it ends.
struct Held<'e> {
    index: usize,
    end: &'e RunEnd,
    cancel_asked: bool,
}

impl This {
    /// Ends runs and returns their new rows. `None`: the run was lost.
    pub(super) async fn end_each(
        &self,
        tx: &mut Session<'_>,
        ends: &[Arc<RunEnd>],
        now: i64,
    ) -> Result<Vec<Option<Row>>, StoreError> {
        let (mut rows, mut over) = (vec![None; ends.len()], Vec::new());
        if ends.is_empty() {
            return Ok(rows);
        }
        for held in held(tx, ends).await? {
            match outcome_of(&held.end.ending, held.cancel_asked) {
                Some(outcome) => over.push((held, outcome)),
                // It returns to the queue, which is rare.
                None => {
                    let Held { index, end, cancel_asked } = held;
                    let row = finish_held(tx, end.id, &end.ending, cancel_asked, now).await?;
                    if let Some(parent) = end.traceparent {
                        let query = sqlx::query(KEEP_RUN_TRACE).bind(end.id.to_string());
                        tx.execute(query.bind(parent.to_string())).await?;
                    }
                    rows[index] = Some(row);
                }
            }
        }
        if !over.is_empty() {
            finish_over(tx, &over, &mut rows, now).await?;
        }
        Ok(rows)
    }
}

/// Writes the ends of tasks that are over.
async fn finish_over(
    tx: &mut Session<'_>,
    over: &[(Held<'_>, Outcome<'_>)],
    rows: &mut [Option<Row>],
    now: i64,
) -> Result<(), StoreError> {
    let results = over.iter().filter_map(|(held, outcome)| Some((held.end.id, outcome.result?)));
    save_results(tx, results).await?;
    let all: Vec<_> = over.iter().map(|(held, _)| held.end.id).collect();
    let completed = over.iter().filter(|(_, outcome)| outcome.result.is_some());
    let completed: Vec<_> = completed.map(|(held, _)| held.end.id).collect();
    let query = sqlx::query(DROP_CHECKPOINTS_OF).bind(map::ids(&all)?);
    tx.execute(query.bind(map::ids(&completed)?)).await?;
    let fields: Vec<_> = over.iter().map(|(held, outcome)| fields(held, outcome)).collect();
    let query = sqlx::query(FINISH_ALL).bind(as_json(&fields)?).bind(now);
    let mut ended = HashMap::new();
    for raw in tx.all(query).await? {
        let row = map::row(&raw, now)?;
        ended.insert(row.id, row);
    }
    for (held, _) in over {
        rows[held.index] = ended.remove(&held.end.id);
    }
    save_times(tx, over, now).await
}

/// The runs that are still held: fenced by their numbers.
async fn held<'e>(
    tx: &mut Session<'_>,
    ends: &'e [Arc<RunEnd>],
) -> Result<Vec<Held<'e>>, StoreError> {
    let ids: Vec<_> = ends.iter().map(|end| end.id).collect();
    let mut found = HashMap::new();
    for raw in tx.all(sqlx::query(HELD_RUNS).bind(map::ids(&ids)?)).await? {
        let run_seq: i64 = raw.try_get("run_seq")?;
        found.insert((map::task_id(&raw)?, run_seq), raw.try_get::<bool, _>("cancel_asked")?);
    }
    let held = ends.iter().enumerate().filter_map(|(index, end)| {
        // Removed, so that a run ends once.
        let cancel_asked = found.remove(&(end.id, end.run_seq))?;
        Some(Held { index, end, cancel_asked })
    });
    Ok(held.collect())
}

async fn save_results<'r>(
    tx: &mut Session<'_>,
    results: impl Iterator<Item = (TaskId, &'r StoredResult)>,
) -> Result<(), StoreError> {
    let mut small = Vec::new();
    for (id, result) in results {
        if result.bytes.len() > SMALL_RESULT {
            save_result(tx, id, result).await?;
        } else {
            let bytes = crate::engine::keyed_hash::hex(&result.bytes);
            small.push(json!([id, result.media_type, result.file_name, bytes]));
        }
    }
    if !small.is_empty() {
        tx.execute(sqlx::query(SAVE_RESULTS).bind(as_json(&small)?)).await?;
    }
    Ok(())
}

/// The fields of an ending in the order of [`FINISH_ALL`].
fn fields(held: &Held<'_>, outcome: &Outcome<'_>) -> Value {
    let (error, result) = (outcome.error, outcome.result);
    json!([
        held.end.id,
        outcome.status.as_str(),
        error.map(|(code, _, _)| code),
        error.map(|(_, message, _)| storable(message)),
        error.map(|(_, _, retryable)| retryable),
        result.map(|result| &result.media_type),
        result.map(|result| result.bytes.len()),
        held.cancel_asked.then_some(outcome.cancel),
    ])
}

/// Stores the stage times of completed runs.
async fn save_times(
    tx: &mut Session<'_>,
    over: &[(Held<'_>, Outcome<'_>)],
    now: i64,
) -> Result<(), StoreError> {
    let (mut times, mut stages) = (Vec::new(), BTreeMap::new());
    for (held, _) in over.iter().filter(|(_, outcome)| outcome.result.is_some()) {
        let end = held.end;
        for (stage, ms) in &end.stage_times {
            times.push(json!([end.kind, storable(stage), end.id, ms]));
            stages.insert((&end.kind, stage), end.stage_history);
        }
    }
    if times.is_empty() {
        return Ok(());
    }
    tx.execute(sqlx::query(KEEP_STAGE_TIMES).bind(as_json(&times)?).bind(now)).await?;
    for ((kind, stage), most) in stages {
        drop_old_times(tx, kind, stage, most).await?;
    }
    Ok(())
}

fn as_json(rows: &[Value]) -> Result<String, StoreError> {
    serde_json::to_string(rows).map_err(|error| map::corrupt("ending", error))
}
