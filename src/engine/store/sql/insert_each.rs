//! Queuing several tasks with one statement, and the tasks of several callers in one transaction.

use std::collections::BTreeSet;

use super::{
    This,
    connections::Session,
    insert::{keep_key, queue},
    map::{self, storable},
    try_lock_owners,
    waiting::Waiting,
};
use crate::engine::store::{Change, Inserted, NewTask, Row, StoreError, search_text::searchable};

/// Rows and bytes of input per statement.
const MAX_ROWS: usize = 1_000;
const MAX_BYTES: usize = 4 << 20;

/// The tasks in $1, an array of arrays, at time $2.
pub(super) const INSERT_ROWS: &str = concat!(
    "INSERT INTO tasks (id, owner, kind, title, input, stages, unique_key, ",
    "status, run_at, max_attempts, version, created_at, updated_at, priority, keep_ms, ",
    "batch_id, batch_index, client, lookup_key, sealed, search_title) ",
    "SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 14, ",
    "'queued', $2, CAST(value ->> 6 AS BIGINT), 1 << 20, $2, $2, CAST(value ->> 7 AS BIGINT), ",
    "CAST(value ->> 8 AS BIGINT), value ->> 9, CAST(value ->> 10 AS BIGINT), value ->> 11, ",
    "value ->> 12, value ->> 13, value ->> 15 FROM ",
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
    ]))
}

impl This {
    /// See [`Store::insert_each`](crate::engine::store::Store::insert_each).
    pub(super) async fn insert_each_task(
        &self,
        new: &[&NewTask],
    ) -> Vec<Option<Result<Inserted, StoreError>>> {
        if let [new] = new {
            return vec![Some(self.insert_task(new).await)];
        }
        match self.insert_set(new).await {
            Ok(inserted) => inserted.into_iter().map(|inserted| inserted.map(Ok)).collect(),
            Err(error) if error.is_of_one_row() => new.iter().map(|_| None).collect(),
            Err(error) => new.iter().map(|_| Some(Err(error.copy()))).collect(),
        }
    }

    async fn insert_set(&self, new: &[&NewTask]) -> Result<Vec<Option<Inserted>>, StoreError> {
        let mut tx = self.db.write_for_several().await?;
        let accounts: BTreeSet<&str> = new.iter().map(|new| new.account()).collect();
        let accounts: Vec<&str> = accounts.into_iter().collect();
        let locked = try_lock_owners(&mut tx, &accounts).await?;
        let now = self.begun_at(&tx);
        let all = || new.iter().copied().enumerate();
        let mine = || all().filter(|(_, new)| locked.contains(new.account()));
        let mut waiting = Waiting::unknown();
        waiting.count(&mut tx, &mine().map(|(_, new)| new).collect::<Vec<_>>()).await?;
        let (mut inserted, mut plain) = (vec![None; new.len()], Vec::new());
        for (index, task) in mine() {
            let outcome = if is_plain(task) {
                waiting.admit(&mut tx, task).await?
            } else if task.uploads.is_empty() {
                Some(queue(&mut tx, task, &mut waiting, now).await?)
            } else {
                // What it has written would have to be undone alone.
                continue;
            };
            if let Some(Inserted::UnderWay(row)) = &outcome {
                keep_key(&mut tx, task, row.id).await?;
            }
            if outcome.is_none() {
                plain.push((index, task));
            }
            inserted[index] = outcome;
        }
        for (index, row) in insert_rows(&mut tx, &plain, now).await? {
            inserted[index] = Some(Inserted::Queued(row));
        }
        if inserted.iter().any(|outcome| matches!(outcome, Some(Inserted::Queued(_)))) {
            self.announce(&mut tx, &[Change::Queued]).await?;
        }
        tx.commit().await?;
        Ok(inserted)
    }
}
