//! Queuing several tasks with one statement.

use std::{collections::BTreeSet, sync::Arc};

use super::{
    This, audit,
    connections::Session,
    insert::{keep_key, queue},
    labels::store_tags,
    map::{self, storable},
    try_lock_owners,
    waiting::Waiting,
};
use crate::engine::store::{
    Inserted, NewTask, Row, StoreError, search_text::searchable, version::first_version,
};

/// Rows and bytes of input per statement.
const MAX_ROWS: usize = 1_000;
const MAX_BYTES: usize = 4 << 20;

/// The tasks in $1, an array of arrays, at time $2.
pub(super) const INSERT_ROWS: &str = concat!(
    "INSERT INTO tasks (id, owner, kind, title, input, stages, unique_key, ",
    "status, run_at, max_attempts, version, created_at, updated_at, priority, keep_ms, ",
    "batch_id, batch_index, client, lookup_key, sealed, search_title, traceparent) ",
    "SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 14, ",
    "'queued', CASE WHEN CAST(value ->> 16 AS BIGINT) > $2 THEN CAST(value ->> 16 AS BIGINT) ELSE $2 END, ",
    "CAST(value ->> 6 AS BIGINT), ",
    first_version!(),
    ", $2, $2, CAST(value ->> 7 AS BIGINT), ",
    "CAST(value ->> 8 AS BIGINT), value ->> 9, CAST(value ->> 10 AS BIGINT), value ->> 11, ",
    "value ->> 12, value ->> 13, value ->> 15, value ->> 17 FROM ",
    json_rows!("$1")
);

/// Whether a task depends on no other row: only the limits can keep it out.
pub(super) fn is_plain(new: &NewTask) -> bool {
    new.idempotency.is_none()
        && new.unique_key.is_none()
        && new.rerun_of.is_none()
        && new.uploads.is_empty()
}

/// Queues a task.
pub(super) async fn insert_row(
    tx: &mut Session<'_>,
    new: &NewTask,
    now: i64,
) -> Result<Row, StoreError> {
    let row = insert_rows(tx, &[(0, new)], now).await?.pop();
    row.map(|(_, row)| row).ok_or_else(|| map::corrupt("task", new.id))
}

/// Queues tasks, whose keys are free; returns each row with its task's index.
pub(super) async fn insert_rows(
    tx: &mut Session<'_>,
    new: &[(usize, &NewTask)],
    now: i64,
) -> Result<Vec<(usize, Row)>, StoreError> {
    let mut inserted = Vec::with_capacity(new.len());
    let mut rest = new;
    while !rest.is_empty() {
        let mut bytes = 0;
        let fits = |(_, new): &&(usize, &NewTask)| {
            bytes += new.input_bytes();
            bytes <= MAX_BYTES
        };
        let count = rest.iter().take(MAX_ROWS).take_while(fits).count().max(1);
        let (some, others) = rest.split_at(count);
        let fields = some.iter().map(|(_, new)| fields(new)).collect::<Result<Vec<_>, _>>()?;
        let rows = serde_json::to_string(&fields).map_err(|error| map::corrupt("task", error))?;
        tx.execute(sqlx::query(INSERT_ROWS).bind(rows).bind(now)).await?;
        store_tags(tx, some).await?;
        audit::write(tx, some.iter().filter_map(|(_, new)| new.audit.as_ref()), now).await?;
        let row = |new: &NewTask| new.queued(storable(&new.title).into_owned(), now);
        inserted.extend(some.iter().map(|(index, new)| (*index, row(new))));
        rest = others;
    }
    Ok(inserted)
}

/// The fields of a row in the order of [`INSERT_ROWS`].
fn fields(new: &NewTask) -> Result<serde_json::Value, StoreError> {
    let stages =
        serde_json::to_string(&new.stages).map_err(|error| map::corrupt("stages", error))?;
    Ok(serde_json::json!([
        new.id,
        new.owner,
        new.kind,
        storable(&new.title),
        new.input,
        stages,
        new.max_attempts,
        new.priority,
        new.keep_ms,
        new.batch.map(|(id, _)| id),
        new.batch.map(|(_, index)| index),
        new.client,
        new.lookup_key.as_deref().map(storable),
        new.sealed,
        new.unique_key,
        storable(&searchable(&new.title)),
        new.run_at,
        new.traceparent.map(|parent| parent.to_string()),
    ]))
}

impl This {
    /// Queues tasks of several callers. `None`: this one is to be queued by itself.
    pub(super) async fn insert_each(
        &self,
        tx: &mut Session<'_>,
        new: &[Arc<NewTask>],
        now: i64,
    ) -> Result<Vec<Option<Inserted>>, StoreError> {
        if new.is_empty() {
            return Ok(Vec::new());
        }
        let accounts: BTreeSet<&str> = new.iter().map(|new| new.account()).collect();
        let accounts: Vec<&str> = accounts.into_iter().collect();
        let locked = try_lock_owners(tx, &accounts).await?;
        let all = || new.iter().map(|new| &**new).enumerate();
        let mine = || all().filter(|(_, new)| locked.contains(new.account()));
        let mut waiting = Waiting::unknown(now);
        waiting.count(tx, &mine().map(|(_, new)| new).collect::<Vec<_>>()).await?;
        let (mut inserted, mut plain) = (vec![None; new.len()], Vec::new());
        for (index, task) in mine() {
            let outcome = if is_plain(task) {
                waiting.admit(tx, task).await?
            } else if task.uploads.is_empty() {
                Some(queue(tx, task, &mut waiting, now).await?)
            } else {
                // What it has written would have to be undone alone.
                continue;
            };
            if let Some(Inserted::UnderWay(row)) = &outcome {
                keep_key(tx, task, row.id).await?;
            }
            if outcome.is_none() {
                plain.push((index, task));
            }
            inserted[index] = outcome;
        }
        for (index, row) in insert_rows(tx, &plain, now).await? {
            inserted[index] = Some(Inserted::Queued(row));
        }
        Ok(inserted)
    }
}
